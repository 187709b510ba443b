"""what people say beside deciding."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('review_decision',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entry_id', sa.BigInteger(), nullable=False),
    sa.Column('what', sa.String(length=12), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('steps', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_review_decision_at'), 'review_decision', ['at'], unique=False)
    op.create_index(op.f('ix_review_decision_entry_id'), 'review_decision', ['entry_id'], unique=False)
    op.create_table('entry_comment',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('entry_id', KEY, nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_entry_comment_entry_id'), 'entry_comment', ['entry_id'], unique=False)
    op.create_table('entry_unsure',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('entry_id', KEY, nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('event_seq', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_entry_unsure_by_at', 'entry_unsure', ['by', 'at'], unique=False)
    op.create_index('ix_entry_unsure_entry_by', 'entry_unsure', ['entry_id', 'by'], unique=False)
    op.create_index(op.f('ix_entry_unsure_event_seq'), 'entry_unsure', ['event_seq'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_entry_unsure_event_seq'), table_name='entry_unsure')
    op.drop_index('ix_entry_unsure_entry_by', table_name='entry_unsure')
    op.drop_index('ix_entry_unsure_by_at', table_name='entry_unsure')
    op.drop_table('entry_unsure')
    op.drop_index(op.f('ix_entry_comment_entry_id'), table_name='entry_comment')
    op.drop_table('entry_comment')
    op.drop_index(op.f('ix_review_decision_entry_id'), table_name='review_decision')
    op.drop_index(op.f('ix_review_decision_at'), table_name='review_decision')
    op.drop_table('review_decision')
