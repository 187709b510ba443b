"""a second person's check of entries."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('check_policy',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('body', JSON, nullable=False),
    sa.PrimaryKeyConstraint('version')
    )
    op.create_table('entry_version',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('entry_id', KEY, nullable=False),
    sa.Column('stage', sa.String(length=8), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('event_seq', sa.BigInteger(), nullable=False),
    sa.Column('values', JSON, nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_entry_version_entry', 'entry_version', ['entry_id', 'stage'], unique=False)
    op.create_table('second_check',
    sa.Column('entry_id', KEY, autoincrement=False, nullable=False),
    sa.Column('policy_version', sa.Integer(), nullable=False),
    sa.Column('drawn', sa.String(length=8), nullable=False),
    sa.Column('blind', sa.Boolean(), nullable=False),
    sa.Column('needs', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('risk', sa.Float(), nullable=False),
    sa.Column('first_seq', sa.BigInteger(), nullable=False),
    sa.Column('first_by', sa.String(length=80), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('second_by', sa.String(length=80), nullable=True),
    sa.Column('second_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.String(length=80), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('draft', JSON, nullable=False),
    sa.Column('outcome', JSON, nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('entry_id')
    )
    op.create_index(op.f('ix_second_check_first_by'), 'second_check', ['first_by'], unique=False)
    op.create_index(op.f('ix_second_check_second_by'), 'second_check', ['second_by'], unique=False)
    op.create_index('ix_second_check_waiting', 'second_check', ['state', 'asked_at'], unique=False)
    op.create_table('second_check_hand',
    sa.Column('entry_id', KEY, autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('stage', sa.String(length=8), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['second_check.entry_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('entry_id', 'name')
    )


def downgrade() -> None:
    op.drop_table('second_check_hand')
    op.drop_index('ix_second_check_waiting', table_name='second_check')
    op.drop_index(op.f('ix_second_check_second_by'), table_name='second_check')
    op.drop_index(op.f('ix_second_check_first_by'), table_name='second_check')
    op.drop_table('second_check')
    op.drop_index('ix_entry_version_entry', table_name='entry_version')
    op.drop_table('entry_version')
    op.drop_table('check_policy')
