"""report figures and the plan."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('report_figure',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('measure', sa.String(length=24), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('commune_code', sa.String(length=8), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('part', sa.String(length=80), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_report_figure_measure_day', 'report_figure', ['measure', 'day'], unique=False)
    op.create_table('report_plan',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('commune_code', sa.String(length=8), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('period', sa.String(length=8), nullable=False),
    sa.Column('books', sa.Integer(), nullable=False),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('set_by', sa.String(length=80), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('commune_code', 'kind', 'period')
    )


def downgrade() -> None:
    op.drop_table('report_plan')
    op.drop_index('ix_report_figure_measure_day', table_name='report_figure')
    op.drop_table('report_figure')
