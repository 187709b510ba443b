"""decisions with a stated error."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('link_check',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('entry_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('event_seq', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.String(length=20), nullable=False),
    sa.Column('probability', sa.Float(), nullable=False),
    sa.Column('rate', sa.Float(), nullable=False),
    sa.Column('blind', sa.Boolean(), nullable=False),
    sa.Column('right', sa.Boolean(), nullable=False),
    sa.Column('link_model', sa.String(length=40), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_link_check_entry_id'), 'link_check', ['entry_id'], unique=False)
    op.create_index(op.f('ix_link_check_event_seq'), 'link_check', ['event_seq'], unique=False)
    op.create_table('link_policy',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('why', sa.String(length=40), nullable=False),
    sa.Column('body', JSON, nullable=False),
    sa.PrimaryKeyConstraint('version')
    )
    op.add_column('link', sa.Column('linker_probability', sa.Float(), nullable=False, server_default='0'))
    op.add_column('link', sa.Column('joint_probability', sa.Float(), nullable=False, server_default='0'))
    op.add_column('link', sa.Column('reasons', JSON, nullable=False, server_default='[]'))
    op.add_column('link', sa.Column('excluded', JSON, nullable=False, server_default='[]'))
    op.add_column('link', sa.Column('blind', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute('update link set linker_probability = probability, joint_probability = probability')


def downgrade() -> None:
    op.drop_column('link', 'blind')
    op.drop_column('link', 'excluded')
    op.drop_column('link', 'reasons')
    op.drop_column('link', 'joint_probability')
    op.drop_column('link', 'linker_probability')
    op.drop_table('link_policy')
    op.drop_index(op.f('ix_link_check_event_seq'), table_name='link_check')
    op.drop_index(op.f('ix_link_check_entry_id'), table_name='link_check')
    op.drop_table('link_check')
