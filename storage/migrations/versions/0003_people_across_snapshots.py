"""people keep their key across snapshots; what changed; links to check again."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('person_history',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('key', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('personal_id', sa.String(length=20), nullable=False),
    sa.Column('now', sa.String(length=20), nullable=True),
    sa.Column('before', JSON, nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_person_history_key'), 'person_history', ['key'], unique=False)
    op.create_index(op.f('ix_person_history_personal_id'), 'person_history', ['personal_id'], unique=False)
    op.create_index('ix_person_history_version_number', 'person_history', ['version', 'personal_id'], unique=False)
    op.create_table('link_recheck',
    sa.Column('entry_id', KEY, autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('entry_id')
    )
    op.add_column('person', sa.Column('key', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('person', sa.Column('digest', sa.BigInteger(), nullable=True))
    op.drop_index(op.f('ix_person_personal_id'), table_name='person')
    op.add_column('population_snapshot', sa.Column('version', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('came', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('changed', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('renumbered', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('went', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('links_rechecked', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('population_snapshot', sa.Column('links_without_person', sa.Integer(), nullable=False, server_default='0'))
    op.execute('update person set key = id')
    op.execute("update population_snapshot set version = 1 where state = 'current'")


def downgrade() -> None:
    op.drop_column('population_snapshot', 'links_without_person')
    op.drop_column('population_snapshot', 'links_rechecked')
    op.drop_column('population_snapshot', 'went')
    op.drop_column('population_snapshot', 'renumbered')
    op.drop_column('population_snapshot', 'changed')
    op.drop_column('population_snapshot', 'came')
    op.drop_column('population_snapshot', 'version')
    op.create_index(op.f('ix_person_personal_id'), 'person', ['personal_id'], unique=False)
    op.drop_column('person', 'digest')
    op.drop_column('person', 'key')
    op.drop_table('link_recheck')
    op.drop_index('ix_person_history_version_number', table_name='person_history')
    op.drop_index(op.f('ix_person_history_personal_id'), table_name='person_history')
    op.drop_index(op.f('ix_person_history_key'), table_name='person_history')
    op.drop_table('person_history')
