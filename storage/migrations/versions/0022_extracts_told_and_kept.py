"""extracts in the change feed, and what the object store has of them."""
from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

UNRECORDED = sa.text("recorded < moves")
_STATES = {"extract.request": "requested", "extract.sign": "signed", "extract.number": "numbered", "extract.issue": "issued",
           "extract.deliver": "delivered", "extract.refuse": "refused", "extract.cancel": "cancelled"}
_BLOCK = 500


def upgrade() -> None:
    with op.batch_alter_table('record_change') as change:
        change.add_column(sa.Column('extract', sa.String(length=36), nullable=True))
        change.add_column(sa.Column('owner', sa.String(length=80), nullable=True))
    op.create_index('ix_record_change_owner_seq', 'record_change', ['owner', 'seq'])
    op.add_column('extract', sa.Column('moves', sa.Integer(), nullable=False, server_default='1'))       # none of them is in the store yet
    op.add_column('extract', sa.Column('recorded', sa.Integer(), nullable=False, server_default='0'))
    op.create_index('ix_extract_unrecorded', 'extract', ['id'], postgresql_where=UNRECORDED, sqlite_where=UNRECORDED)
    op.create_table('extract_signature',
    sa.Column('extract_id', sa.String(length=36), nullable=False),
    sa.Column('pdf_key', sa.String(length=300), nullable=False),
    sa.Column('level', sa.String(length=5), nullable=False),
    sa.Column('stamp_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['extract_id'], ['extract.id'], ),
    sa.ForeignKeyConstraint(['pdf_key'], ['stored_object.key'], ),
    sa.PrimaryKeyConstraint('extract_id')
    )
    op.create_index(op.f('ix_extract_signature_level'), 'extract_signature', ['level'], unique=False)
    op.create_index(op.f('ix_extract_signature_stamp_until'), 'extract_signature', ['stamp_until'], unique=False)
    _what_the_log_tells()


def _what_the_log_tells() -> None:
    """The feed tells of extracts from the first one: a program that replays from a time finds those it asked for before."""
    connection = op.get_bind()
    extract = "e.detail ->> 'extract'" if connection.dialect.name == "postgresql" else "json_extract(e.detail, '$.extract')"
    rows = connection.execute(sa.text(
        f"select e.seq, e.at, e.hash, e.action, e.detail, x.id, x.kind, x.package_id, x.requested_by from event e join extract x "
        f"on x.id = {extract} where e.action in :actions order by e.seq").bindparams(
            sa.bindparam("actions", list(_STATES), expanding=True))).all()
    names = ('seq', 'at', 'mark', 'what', 'kind', 'record', 'version', 'extract', 'owner')
    table = sa.table('record_change', *(sa.column(n) for n in names))
    block = []
    for r in rows:
        detail = json.loads(r.detail) if isinstance(r.detail, str) else r.detail
        if detail.get("decision") != "refused":
            block.append({"seq": r.seq, "at": r.at, "mark": r.hash[:8], "what": f"extract_{_STATES[r.action]}", "kind": r.kind,
                          "record": r.package_id, "version": 1, "extract": r.id, "owner": r.requested_by})
    for start in range(0, len(block), _BLOCK):
        op.bulk_insert(table, block[start:start + _BLOCK])


def downgrade() -> None:
    op.execute("delete from record_change where owner is not null")
    op.drop_table('extract_signature')
    op.drop_index('ix_extract_unrecorded', table_name='extract')
    with op.batch_alter_table('extract') as extract:
        extract.drop_column('recorded')
        extract.drop_column('moves')
    op.drop_index('ix_record_change_owner_seq', table_name='record_change')
    with op.batch_alter_table('record_change') as change:
        change.drop_column('owner')
        change.drop_column('extract')
