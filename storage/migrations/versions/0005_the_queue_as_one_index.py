"""the queue as one index: what it is ordered and filtered by on the entry itself, kept by triggers; how many wait, as sums.

Triggers, because pages are set aside, books renamed and entries written in many places, one of them SQL in bulk. Of a row that is
inserted PostgreSQL sets the columns before, SQLite after (its triggers cannot change the new row).
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only
BITS = {"unknown_form": 1, "low_confidence": 2, "link_review": 4, "link_changed": 8, "finding": 16, "poor_image": 32}
WAITS = "queue_place is not null"
QUEUES = {"": ([], WAITS), "_commune": (["commune_code"], WAITS), "_kind": (["kind"], WAITS),
          "_commune_kind": (["commune_code", "kind"], WAITS), "_batch": (["batch_id"], WAITS),
          **{f"_{code}": ([], f"{WAITS} and (reason_bits & {bit}) <> 0") for code, bit in BITS.items()}}

# Those that need a person before those that only want confirming, in each the riskiest first: smaller is sooner.
PLACE = """case when {row}set_aside then null when {row}status = 'review' then -{row}risk
  when {row}status = 'draft' then 1000000.0 - {row}risk end"""
SEEN = "commune_code, kind, status, reason_bits"
TALLY = "insert into queue_tally (commune_code, kind, status, reason_bits, n)"
CHANGED = """(old.queue_place is null) <> (new.queue_place is null) or old.kind <> new.kind or old.status <> new.status
  or old.reason_bits <> new.reason_bits or coalesce(old.commune_code, '') <> coalesce(new.commune_code, '')"""

_PG_BITS = " | ".join(f"""case when reasons @? '$[*][0] ? (@ == "{code}")' then {bit} else 0 end""" for code, bit in BITS.items())
POSTGRESQL = [
    f"""create function entry_reason_bits(reasons jsonb) returns integer language sql immutable parallel safe as
$$ select {_PG_BITS} $$""",
    f"""create function entry_queue() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.page_id is distinct from old.page_id then
    select p.batch_id, b.commune_code, p.state = 'set_aside' into new.batch_id, new.commune_code, new.set_aside
      from page p join batch b on b.id = p.batch_id where p.id = new.page_id for share of p;
    new.set_aside := coalesce(new.set_aside, false);
  end if;
  new.reason_bits := entry_reason_bits(new.reasons);
  new.queue_place := {PLACE.format(row="new.")};
  return new;
end $$""",
    """create trigger entry_queue before insert or update of page_id, status, risk, reasons, set_aside on entry
for each row execute function entry_queue()""",
    """create function page_queue() returns trigger language plpgsql as $$
begin
  update entry set set_aside = new.state = 'set_aside', batch_id = new.batch_id,
    commune_code = (select commune_code from batch where id = new.batch_id) where page_id = new.id;
  return null;
end $$""",
    """create trigger page_queue after update of state, batch_id on page for each row
when ((old.state = 'set_aside') <> (new.state = 'set_aside') or old.batch_id <> new.batch_id) execute function page_queue()""",
    """create function batch_queue() returns trigger language plpgsql as $$
begin
  update entry set commune_code = new.commune_code where batch_id = new.id;
  return null;
end $$""",
    """create trigger batch_queue after update of commune_code on batch for each row
when (old.commune_code is distinct from new.commune_code) execute function batch_queue()""",
    f"""create function queue_tally_many() returns trigger language plpgsql as $$
begin
  {TALLY} select coalesce(commune_code, ''), kind, status, reason_bits, case tg_op when 'INSERT' then count(*) else -count(*) end
    from seen where {WAITS} group by 1, 2, 3, 4;
  return null;
end $$""",
    """create trigger queue_tally_insert after insert on entry referencing new table as seen for each statement
execute function queue_tally_many()""",
    """create trigger queue_tally_delete after delete on entry referencing old table as seen for each statement
execute function queue_tally_many()""",
    f"""create function queue_tally_one() returns trigger language plpgsql as $$
begin
  if old.queue_place is not null then
    {TALLY} values (coalesce(old.commune_code, ''), old.kind, old.status, old.reason_bits, -1);
  end if;
  if new.queue_place is not null then
    {TALLY} values (coalesce(new.commune_code, ''), new.kind, new.status, new.reason_bits, 1);
  end if;
  return null;
end $$""",
    f"""create trigger queue_tally_update after update of kind, page_id, status, reasons, set_aside, commune_code on entry for each row
when ({CHANGED}) execute function queue_tally_one()""",
]

# JSON functions are not for triggers here (trusted_schema is off); as the text is written, only the start of a reason reads ["code"
_LITE_BITS = " | ".join(f"""(instr(coalesce(new.reasons, ''), '["{code}"') > 0) * {bit}""" for code, bit in BITS.items())
_LITE_PAGE = """batch_id = (select batch_id from page where id = new.page_id),
  commune_code = (select b.commune_code from page p join batch b on b.id = p.batch_id where p.id = new.page_id),
  set_aside = coalesce((select state = 'set_aside' from page where id = new.page_id), 0)"""
SQLITE = [
    f"create trigger entry_queue_insert after insert on entry begin update entry set {_LITE_PAGE} where id = new.id; end",
    f"create trigger entry_queue_page after update of page_id on entry begin update entry set {_LITE_PAGE} where id = new.id; end",
    f"""create trigger entry_queue_update after update of status, risk, reasons, set_aside on entry begin
  update entry set reason_bits = {_LITE_BITS}, queue_place = {PLACE.format(row="")} where id = new.id; end""",
    """create trigger page_queue after update of state, batch_id on page
when (old.state = 'set_aside') <> (new.state = 'set_aside') or old.batch_id <> new.batch_id begin
  update entry set set_aside = new.state = 'set_aside', batch_id = new.batch_id,
    commune_code = (select commune_code from batch where id = new.batch_id) where page_id = new.id; end""",
    """create trigger batch_queue after update of commune_code on batch when old.commune_code is not new.commune_code begin
  update entry set commune_code = new.commune_code where batch_id = new.id; end""",
    # `kind` and `commune_code` are counted when they change, the rest with the place: each change of an entry passes here once
    f"""create trigger queue_tally_update after update of kind, commune_code, reason_bits, queue_place on entry
when old.queue_place is not null or new.queue_place is not null begin
  {TALLY} select coalesce(old.commune_code, ''), old.kind, case when old.queue_place > 0 then 'draft' else 'review' end,
    old.reason_bits, -1 where old.queue_place is not null;
  {TALLY} select coalesce(new.commune_code, ''), new.kind, case when new.queue_place > 0 then 'draft' else 'review' end,
    new.reason_bits, 1 where new.queue_place is not null; end""",
    f"""create trigger queue_tally_delete after delete on entry when old.queue_place is not null begin
  {TALLY} values (coalesce(old.commune_code, ''), old.kind, case when old.queue_place > 0 then 'draft' else 'review' end,
    old.reason_bits, -1); end""",
]


def upgrade() -> None:
    op.create_table(
        'queue_tally',
        sa.Column('id', KEY, autoincrement=True, nullable=False),
        sa.Column('commune_code', sa.String(length=8), nullable=False),
        sa.Column('kind', sa.String(length=8), nullable=False),
        sa.Column('status', sa.String(length=12), nullable=False),
        sa.Column('reason_bits', sa.Integer(), nullable=False),
        sa.Column('n', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id'))
    op.add_column('entry', sa.Column('batch_id', sa.String(length=120), nullable=True))
    op.add_column('entry', sa.Column('commune_code', sa.String(length=8), nullable=True))
    op.add_column('entry', sa.Column('set_aside', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('entry', sa.Column('reason_bits', sa.Integer(), server_default='0', nullable=False))
    op.add_column('entry', sa.Column('queue_place', sa.Float(), nullable=True))
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL if postgresql else SQLITE:
        op.execute(statement)
    op.execute("""update entry set batch_id = (select batch_id from page where page.id = entry.page_id),
  commune_code = (select b.commune_code from page p join batch b on b.id = p.batch_id where p.id = entry.page_id),
  set_aside = (select state = 'set_aside' from page where page.id = entry.page_id)""")      # the entries there are; triggers do the rest
    op.execute("delete from queue_tally")
    op.execute(f"""{TALLY} select coalesce(commune_code, ''), kind, status, reason_bits, count(*) from entry where {WAITS}
  group by 1, 2, 3, 4""")
    op.drop_index(op.f('ix_entry_risk'), table_name='entry')
    op.create_index('ix_entry_batch', 'entry', ['batch_id'])
    for name, (before, where) in QUEUES.items():
        op.create_index(f'ix_entry_queue{name}', 'entry', [*before, 'queue_place', 'id'], postgresql_where=sa.text(where),
                        sqlite_where=sa.text(where))
    verified = sa.text("status = 'verified'")
    op.create_index('ix_entry_verified', 'entry', ['verified_at', 'id'], postgresql_where=verified, sqlite_where=verified)
    for column in ('action', 'actor', 'subject'):
        op.drop_index(op.f(f'ix_event_{column}'), table_name='event')
        op.create_index(f'ix_event_{column}_seq', 'event', [column, 'seq'])
    op.create_index(op.f('ix_finding_entry_id'), 'finding', ['entry_id'])


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.drop_index(op.f('ix_finding_entry_id'), table_name='finding')
    for column in ('action', 'actor', 'subject'):
        op.drop_index(f'ix_event_{column}_seq', table_name='event')
        op.create_index(op.f(f'ix_event_{column}'), 'event', [column])
    op.drop_index('ix_entry_verified', table_name='entry')
    for name in QUEUES:
        op.drop_index(f'ix_entry_queue{name}', table_name='entry')
    op.drop_index('ix_entry_batch', table_name='entry')
    op.create_index(op.f('ix_entry_risk'), 'entry', ['risk'])
    for statement in POSTGRESQL if postgresql else SQLITE:
        what, name = statement.split()[1:3]
        if what == "trigger":
            table = next(words[n + 1] for words in [statement.split()] for n, word in enumerate(words) if word == "on")
            op.execute(f"drop trigger {name}{f' on {table}' if postgresql else ''}")
    for statement in POSTGRESQL if postgresql else ():
        if statement.startswith("create function"):
            op.execute(f"drop function {statement.split()[2].partition('(')[0]}")
    for column in ('queue_place', 'reason_bits', 'set_aside', 'commune_code', 'batch_id'):
        op.drop_column('entry', column)
    op.drop_table('queue_tally')
