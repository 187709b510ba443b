"""the change feed, pushes to the Ministry's software, questions to the population database."""
from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0020'
down_revision = "0019"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
_BLOCK = 1000


def upgrade() -> None:
    op.create_table('record_change',
    sa.Column('seq', KEY, autoincrement=False, nullable=False),
    sa.Column('at', TIME, nullable=False),
    sa.Column('mark', sa.String(length=8), nullable=False),
    sa.Column('what', sa.String(length=24), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('record', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('seq')
    )
    op.create_index(op.f('ix_record_change_at'), 'record_change', ['at'], unique=False)
    op.create_index('ix_record_change_kind_seq', 'record_change', ['kind', 'seq'], unique=False)
    op.create_table('ministry_push',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('module', sa.String(length=8), nullable=False),
    sa.Column('dossier', sa.String(length=80), nullable=False),
    sa.Column('entry_id', KEY, nullable=True),
    sa.Column('content', JSON, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_at', TIME, nullable=False),
    sa.Column('claimed_until', TIME, nullable=True),
    sa.Column('endpoint', sa.String(length=40), nullable=True),
    sa.Column('again', sa.Boolean(), nullable=False),
    sa.Column('problem', sa.String(length=40), nullable=True),
    sa.Column('said', JSON, nullable=False),
    sa.Column('result', JSON, nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.Column('sent_at', TIME, nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('dossier')
    )
    op.create_index('ix_ministry_push_due', 'ministry_push', ['state', 'next_at'], unique=False)
    op.create_index(op.f('ix_ministry_push_entry_id'), 'ministry_push', ['entry_id'], unique=False)
    op.create_table('population_question',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('entry_id', KEY, nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('service', sa.String(length=40), nullable=False),
    sa.Column('officer', sa.String(length=80), nullable=False),
    sa.Column('dossier', sa.String(length=80), nullable=False),
    sa.Column('asked', JSON, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_at', TIME, nullable=False),
    sa.Column('problem', sa.String(length=40), nullable=True),
    sa.Column('said', sa.Text(), nullable=True),
    sa.Column('answer', JSON, nullable=False),
    sa.Column('asked_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.Column('answered_at', TIME, nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_population_question_due', 'population_question', ['state', 'next_at'], unique=False)
    op.create_index('ix_population_question_entry', 'population_question', ['entry_id', 'role'], unique=False)
    _what_the_log_tells()


def _what_the_log_tells() -> None:
    """The feed begins with everything that was archived and corrected before there was a feed."""
    connection = op.get_bind()
    rows = connection.execute(sa.text(
        "select e.seq, e.at, e.hash, e.action, e.detail, n.kind, c.kind as basis from event e join entry n on e.subject = 'entry:' || n.id "
        "left join archive_correction c on c.entry_id = n.id and e.action = 'entry.correct' "
        "and c.package_id = " + ("e.detail ->> 'package'" if connection.dialect.name == "postgresql"
                                 else "json_extract(e.detail, '$.package')") +
        " where e.action in ('entry.archive', 'entry.correct') order by e.seq"))
    table = sa.table('record_change', *(sa.column(n) for n in ('seq', 'at', 'mark', 'what', 'kind', 'record', 'version', 'previous')))
    block = []
    for r in rows:
        detail = json.loads(r.detail) if isinstance(r.detail, str) else r.detail
        if not detail.get("package"):
            continue
        corrected = "withdrawn" if r.basis == "thu_hoi_huy_bo" else "corrected"
        block.append({"seq": r.seq, "at": r.at, "mark": r.hash[:8], "what": "archived" if r.action == "entry.archive" else corrected,
                      "kind": r.kind, "record": detail["package"], "version": detail.get("version", 1),
                      "previous": detail.get("previous")})
    for start in range(0, len(block), _BLOCK):
        op.bulk_insert(table, block[start:start + _BLOCK])


def downgrade() -> None:
    for name in ('population_question', 'ministry_push', 'record_change'):
        op.drop_table(name)
