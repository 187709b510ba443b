"""what officers do to pages, what a book lacks, how far it is."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('page_look',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('frame', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('look', JSON, nullable=False),
    sa.PrimaryKeyConstraint('sha256', 'frame')
    )
    op.create_table('book_step',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('batch_id', sa.String(length=120), nullable=False),
    sa.Column('what', sa.String(length=12), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_book_step_batch_id'), 'book_step', ['batch_id'], unique=False)
    op.create_table('book_work',
    sa.Column('batch_id', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('declared_total', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('batch_id')
    )
    op.create_index(op.f('ix_book_work_state'), 'book_work', ['state'], unique=False)
    op.create_table('hole_reason',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('batch_id', sa.String(length=120), nullable=False),
    sa.Column('hole', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.String(length=12), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('batch_id', 'hole')
    )
    op.create_table('page_step',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('batch_id', sa.String(length=120), nullable=False),
    sa.Column('page_id', KEY, nullable=False),
    sa.Column('what', sa.String(length=12), nullable=False),
    sa.Column('before', JSON, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_page_step_batch', 'page_step', ['batch_id', 'id'], unique=False)
    op.create_table('page_work',
    sa.Column('page_id', KEY, autoincrement=False, nullable=False),
    sa.Column('turn', sa.Integer(), nullable=True),
    sa.Column('corners', JSON, nullable=True),
    sa.Column('mark', sa.String(length=12), nullable=True),
    sa.Column('part', sa.String(length=12), nullable=True),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('replaced_by', KEY, nullable=True),
    sa.Column('aside', JSON, nullable=True),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['replaced_by'], ['page.id'], ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('page_id')
    )


def downgrade() -> None:
    op.drop_table('page_work')
    op.drop_index('ix_page_step_batch', table_name='page_step')
    op.drop_table('page_step')
    op.drop_table('hole_reason')
    op.drop_index(op.f('ix_book_work_state'), table_name='book_work')
    op.drop_table('book_work')
    op.drop_index(op.f('ix_book_step_batch_id'), table_name='book_step')
    op.drop_table('book_step')
    op.drop_table('page_look')
