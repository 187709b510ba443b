"""copies of extracts and their numbers."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only
LIVE = sa.text("state not in ('refused', 'cancelled')")


def upgrade() -> None:
    op.create_table('extract_number',
    sa.Column('agency_code', sa.String(length=40), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('agency_code', 'year')
    )
    op.create_table('extract',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('entry_id', KEY, nullable=False),
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('commune_code', sa.String(length=8), nullable=True),
    sa.Column('agency_code', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('requested_by', sa.String(length=80), nullable=False),
    sa.Column('request_key', sa.String(length=120), nullable=True),
    sa.Column('request_digest', sa.String(length=64), nullable=False),
    sa.Column('dossier', sa.String(length=80), nullable=False),
    sa.Column('copies', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('check_code', sa.String(length=32), nullable=False),
    sa.Column('values_digest', sa.String(length=64), nullable=True),
    sa.Column('signed_by', sa.String(length=80), nullable=True),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signed_key', sa.String(length=300), nullable=True),
    sa.Column('hint', sa.String(length=120), nullable=False),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('number_year', sa.Integer(), nullable=True),
    sa.Column('suffix', sa.String(length=16), nullable=False),
    sa.Column('issue_day', sa.Date(), nullable=True),
    sa.Column('numbered_by', sa.String(length=80), nullable=True),
    sa.Column('numbered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pdf_key', sa.String(length=300), nullable=True),
    sa.Column('code_text', sa.Text(), nullable=True),
    sa.Column('issued_by', sa.String(length=80), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_by', sa.String(length=80), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ),
    sa.ForeignKeyConstraint(['package_id'], ['archive_package.id'], ),
    sa.ForeignKeyConstraint(['pdf_key'], ['stored_object.key'], ),
    sa.ForeignKeyConstraint(['signed_key'], ['stored_object.key'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('agency_code', 'number_year', 'number'),
    sa.UniqueConstraint('requested_by', 'request_key')
    )
    op.create_index(op.f('ix_extract_entry_id'), 'extract', ['entry_id'], unique=False)
    op.create_index('ix_extract_live', 'extract', ['requested_by', 'dossier', 'entry_id'], unique=True,
                    postgresql_where=LIVE, sqlite_where=LIVE)
    op.create_index('ix_extract_state_due', 'extract', ['state', 'due_on'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_extract_state_due', table_name='extract')
    op.drop_index('ix_extract_live', table_name='extract')
    op.drop_index(op.f('ix_extract_entry_id'), table_name='extract')
    op.drop_table('extract')
    op.drop_table('extract_number')
