"""Extracts in the change feed: every state, to the program that asked alone, in one order with the records; written again when lost."""
from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from extract_house import CLERK, HEAD, PURPOSE, Unsigned, archived, at, identity, on_both

from storage import change_feed, events
from storage.change_feed import Place, Reach
from storage.clients import client_actor
from storage.database import alembic_config
from storage.extracts import requests, steps
from storage.extracts.requests import Request
from storage.models import Event, RecordChange
from storage.policy import Actor

__all__ = ["at", "identity", "on_both"]
MINE, THEIRS = (client_actor(name, ["KS:extract", "KT:extract"]) for name in ("motcua", "khac"))
STATES = ["requested", "signed", "numbered", "issued", "delivered"]


def asked(office, kind: str = "KS", who: Actor = MINE, dossier: str = PURPOSE.dossier) -> str:
    return requests.take(office, who, Request(archived(office.ledger, kind), dossier), PURPOSE)[0].id


def all_the_way(office, extract_id: str) -> None:
    for step, actor in ((steps.sign, HEAD), (steps.number, CLERK), (steps.issue, CLERK), (steps.deliver, CLERK)):
        step(office, actor, extract_id)


def told(office, reach: Reach, limit: int = 2) -> list[tuple[str, str | None]]:
    """Everything, a few lines at a time."""
    found, place, more = [], Place(), True
    while more:
        with office.database.reading() as session:
            page = change_feed.read(session, reach, place, limit)
        found += [(c.what.removeprefix("extract_"), c.extract) for c in page.changes]
        place, more = page.next, page.more
    return found


def test_every_state_is_told_to_the_one_who_asked_and_to_nobody_else(on_both):
    office = replace(on_both, signer=Unsigned())
    first, second, other = asked(office), asked(office, "KT"), asked(office, who=THEIRS, dossier="d-9")
    all_the_way(office, first)
    steps.refuse(office, CLERK, second, "Không đủ giấy tờ")
    for step, actor, *more in ((steps.sign, HEAD), (steps.number, CLERK), (steps.cancel, CLERK, "In sai họ tên")):
        step(office, actor, other, *more)
    whole = [("requested", first), ("requested", second), *((s, first) for s in STATES[1:]), ("refused", second)]
    assert told(office, Reach((), MINE.name, ["KS", "KT"])) == whole
    assert told(office, Reach((), MINE.name, ["KT"])) == [x for x in whole if x[1] == second]
    assert told(office, Reach((), THEIRS.name, ["KS"])) == [(s, other) for s in ("requested", "signed", "numbered", "cancelled")]
    assert told(office, Reach(["KS", "KT"])) == []               # who may read records of a kind is told of no extract


def test_records_and_extracts_come_in_one_order(at):
    office = replace(at, signer=Unsigned())
    extract = asked(office)
    with office.database.session() as session:
        event = events.append(session, "t", "entry.archive", "entry:1", {"package": "p"})
        change_feed.publish(session, event, "archived", "KS", "p")
    steps.refuse(office, CLERK, extract, "Không đủ giấy tờ")
    for limit in (1, 2, 3):
        assert told(office, Reach(["KS"], MINE.name, ["KS"]), limit) == [("requested", extract), ("archived", None), ("refused", extract)]


def test_a_lost_feed_is_written_again_also_where_the_logs_tail_was_lost(on_both):
    office = replace(on_both, signer=Unsigned())
    extract, reach = asked(office), Reach((), MINE.name, ["KS"])
    all_the_way(office, extract)
    before = told(office, reach)
    with office.database.session() as session:
        session.execute(sa.delete(RecordChange))
        assert change_feed.rebuild(session, "restore") == 6 and change_feed.rebuild(session, "restore") == 0     # and the record
    assert told(office, reach) == before
    with office.database.session() as session:
        session.execute(sa.delete(RecordChange))
        session.execute(sa.update(Event).where(Event.action == "extract.deliver").values(action="x"))     # as if it had never come
        assert change_feed.rebuild(session, "restore") == 6
    assert told(office, reach) == before


def test_the_upgrade_tells_what_the_log_knows(on_both):
    office, reach = replace(on_both, signer=Unsigned()), Reach((), MINE.name, ["KS"])
    all_the_way(office, asked(office))
    before = told(office, reach)
    step = ScriptDirectory.from_config(alembic_config()).get_revision("0022").module
    with office.database.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        connection.execute(sa.delete(RecordChange))
        step._what_the_log_tells()
    assert told(office, reach) == before and len(before) == 5


def test_what_is_no_state_is_not_told(at):
    with pytest.raises(ValueError, match="does not tell"), at.database.session() as session:
        change_feed.publish_extract(session, events.append(session, "t", "x", "y", {}), None, "extract_lost")
