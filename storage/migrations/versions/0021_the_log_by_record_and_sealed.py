"""lines of the log by the record they name; sealed stretches of the log."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

_SUBJECTS = """insert into event_subject (record, seq) select subject, seq from event
    where subject like 'entry:%' or subject like 'page:%' or subject like 'dossier:%'
       or (action = 'records.export' and (subject = 'records' or subject like 'batch:%'))"""
_FOUND = {
    "sqlite": """insert or ignore into event_subject (record, seq) select f.value, e.seq from event e, json_each(e.detail, '$.found') f
        where json_type(e.detail, '$.found') = 'array' and f.type = 'text' and length(f.value) <= 120""",
    "postgresql": """insert into event_subject (record, seq) select f, e.seq
        from (select seq, detail from event where jsonb_typeof(detail -> 'found') = 'array') e,
             jsonb_array_elements_text(e.detail -> 'found') f
        where length(f) <= 120 on conflict do nothing""",
}


def upgrade() -> None:
    op.create_table('event_subject',
    sa.Column('record', sa.String(length=120), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('record', 'seq'),
    sqlite_with_rowid=False
    )
    op.create_table('log_segment',
    sa.Column('first_seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('last_hash', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=300), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pruned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pruned', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('first_seq'),
    sa.UniqueConstraint('last_seq')
    )
    op.execute(_SUBJECTS)
    op.execute(_FOUND[op.get_bind().dialect.name])


def downgrade() -> None:
    op.drop_table('log_segment')
    op.drop_table('event_subject')
