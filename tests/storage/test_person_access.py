"""Whoever looked at a person's records is in the person's report, nobody who looked at others' is; also when old lines lie in the store."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registers import add_entry, add_page, page_image

from storage import events
from storage.access_log import Purpose, log_access
from storage.archive import ArchiveOptions
from storage.errors import ChainBroken
from storage.event_subjects import named
from storage.log_seal import keep_log
from storage.models import Entry, Event, EventSubject, Field, Link
from storage.person_access import entries_of_person, entries_with, looks_at, person_report
from storage.policy import Actor, Grant
from storage.review_errors import NoSuchEntry, NotAllowed
from storage.signing import Signer, create_demo_identity

OPTIONS = ArchiveOptions(retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu", fonds_code="THU")
AUDITOR, CLERK = Actor("kiem.toan", "auditor"), Actor("tp.lan", "reviewer")
PEOPLE = ("051317000001", "051317000002", "051185000003")
LONG_AGO, NOW = datetime(2026, 1, 10, 3, tzinfo=UTC), datetime(2026, 8, 20, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


def village(ledger) -> list[int]:
    """Six entries on four pages (two of them share one), of which each is about one or two of PEOPLE by link or by written number."""
    shared = add_page(ledger, "KS.2017.01", "1.jpg", page_image("1"))
    pages = [shared, shared, *(add_page(ledger, f"KS.2017.0{n}", f"{n}.jpg", page_image(str(n))) for n in (2, 3, 4, 5))]
    ids = [add_entry(ledger, p, str(n + 1), row=n + 1) for n, p in enumerate(pages)]
    with ledger.database.session() as s:
        for table in (Link, Event, EventSubject):       # a log that begins here
            s.execute(sa.delete(table))
        s.execute(sa.delete(Field).where(Field.code.endswith("SoDinhDanh")))
        for n, entry in enumerate(ids[:5]):
            s.add(Link(entry_id=entry, role="nks" if n < 3 else "me", decision="accept", personal_id=PEOPLE[n % 3], probability=0.99))
        s.add(Link(entry_id=ids[0], role="me", decision="review", personal_id=PEOPLE[2], probability=0.6))      # nobody said it is her
        s.add(Field(entry_id=ids[5], code="nycSoGiayToTuyThan", value=PEOPLE[0], confidence=1, source="ocr"))
    return ids


def expected(session, personal_id: str) -> set[int]:
    """By the words of the rule, the slow way: every line that names an entry of the person, its page, its book's or every export."""
    mine = {i for i, in session.execute(sa.select(Link.entry_id).where(Link.decision == "accept", Link.personal_id == personal_id))}
    mine |= {f.entry_id for f in session.scalars(sa.select(Field)) if f.value == personal_id and f.code.endswith("SoGiayToTuyThan")}
    pages = {f"page:{session.get(Entry, i).page_id}" for i in mine}
    books = {f"batch:{session.get(Entry, i).batch_id}" for i in mine}
    names = {f"entry:{i}" for i in mine}
    return {e.seq for e in session.scalars(sa.select(Event)) if e.actor not in ("sogoc", "portal") and (
        e.subject in names | pages or names & set(e.detail.get("found") or ())
        or (e.action == "records.export" and e.subject in books | {"records"}))}


def write(session, what: int, who: int, entry: Entry, others: list[int]) -> None:
    actor = Actor("sogoc") if who == 9 else Actor(f"cb.{who}", "reviewer")
    if what == 0:
        log_access(session, actor, "record.view", f"entry:{entry.id}", Purpose("review"), fields=["nksHoTen"])
    elif what == 1:
        log_access(session, actor, "page.view", f"page:{entry.page_id}", Purpose("review"), fields=["page image"])
    elif what == 2:
        log_access(session, actor, "record.search", "records", records=[f"entry:{i}" for i in others], count=len(others))
    elif what == 3:
        log_access(session, actor, "records.export", f"batch:{entry.batch_id}", count=1)
    elif what == 4:
        log_access(session, actor, "records.export", "records", count=6)
    elif what == 5:
        log_access(session, actor, "user.login", f"user:{actor.name}")
    elif what == 6:
        events.append(session, actor.name, "book.describe", f"batch:{entry.batch_id}", {"fields": ["nam"]})
    else:
        log_access(session, actor, "access.refused", f"entry:{entry.id}", refused="no_such_entry")


looks = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.integers(0, 5), st.lists(st.integers(0, 5), max_size=4)), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=looks)
def test_exactly_the_looks_at_the_person(made, data):
    ledger, ids = made
    with ledger.database.session() as s:
        for what, who, entry, others in data:
            write(s, what, who, s.get(Entry, ids[entry]), [ids[n] for n in others])
    for person in PEOPLE:
        with ledger.database.reading() as s:
            wanted, entries = expected(s, person), entries_of_person(s, person)
        assert {x.seq for x in looks_at(ledger, entries).looks} == wanted


@pytest.fixture
def made(sqlite_ledger):
    return sqlite_ledger, village(sqlite_ledger)


def test_on_both_databases_with_old_looks_in_the_store(ledger, signer):
    ids = village(ledger)
    with ledger.database.session() as s:
        for n in range(40):
            at = LONG_AGO + timedelta(days=5 * n)
            events.append(s, f"cb.{n % 4}", "record.view", f"entry:{ids[n % 6]}", {"fields": ["so"]}, at)
            events.append(s, f"client:{n % 3}", "record.search", "records", {"found": [f"entry:{ids[n % 6]}", f"entry:{ids[0]}"]}, at)
        wanted = {p: expected(s, p) for p in PEOPLE}
        indexed = {(r, n) for e in s.scalars(sa.select(Event)) for r, n in ((r, e.seq) for r in named(e.action, e.subject, e.detail))}
        assert indexed == {(r, n) for r, n in s.execute(sa.select(EventSubject.record, EventSubject.seq))}
    assert keep_log(ledger, signer, OPTIONS, 3, NOW).pruned > 10
    with ledger.database.reading() as s:
        entries = {p: entries_of_person(s, p) for p in PEOPLE}
    for person in PEOPLE:
        assert {x.seq for x in looks_at(ledger, entries[person]).looks} == wanted[person]
    first, last = LONG_AGO + timedelta(days=20), LONG_AGO + timedelta(days=60)
    some = looks_at(ledger, entries[PEOPLE[0]], first, last)
    assert some.looks and {x.seq for x in some.looks} < wanted[PEOPLE[0]] and all(first <= x.at < last for x in some.looks)
    newest = looks_at(ledger, entries[PEOPLE[0]], limit=3)
    older = looks_at(ledger, entries[PEOPLE[0]], before=newest.looks[-1].seq)
    assert newest.more and not older.more and {x.seq for x in (*newest.looks, *older.looks)} == wanted[PEOPLE[0]]


def test_a_report_says_which_time_it_could_not_read(sqlite_ledger, signer):
    ids = village(sqlite_ledger)
    with sqlite_ledger.database.session() as s:
        for n in range(3):
            events.append(s, "cb.1", "record.view", f"entry:{ids[0]}", {}, LONG_AGO + timedelta(days=31 * n))
        events.append(s, "cb.1", "record.view", f"entry:{ids[0]}", {})
    keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW)
    with sqlite_ledger.database.session() as s:
        s.execute(sa.text("update log_segment set sha256 = prev_hash where first_at < '2026-02-01'"))
    report = looks_at(sqlite_ledger, [ids[0]])
    assert len(report.looks) == 3 and [(a.month, b.month) for a, b in report.unread] == [(1, 1)]
    assert not looks_at(sqlite_ledger, [ids[0]], first=datetime(2026, 2, 1, tzinfo=UTC)).unread
    with sqlite_ledger.database.session() as s:
        s.add(EventSubject(record=f"entry:{ids[0]}", seq=10**6))
    with pytest.raises(ChainBroken):
        looks_at(sqlite_ledger, [ids[0]])


def test_who_asks_is_asked_and_is_in_the_next_report(made):
    ledger, ids = made
    with ledger.database.reading() as s:
        mine = entries_of_person(s, PEOPLE[0])
        assert entries_with(s, ids[3], "me") == mine == (ids[0], ids[3], ids[5])     # by link, by link, by number
        assert entries_with(s, ids[0], "me") == (ids[0],) == entries_with(s, ids[0])
        assert entries_of_person(s, "000000000000") == () == looks_at(ledger, ()).looks
        with pytest.raises(NoSuchEntry):
            entries_with(s, 10**6)
    program = Actor("client:x", "", grants=(Grant("program.report"),))
    for nobody in (CLERK, Actor("client:y", "", grants=(Grant("program.read"),)), Actor("a", grants=(Grant("auditor", frozenset({"1"})),))):
        with pytest.raises(NotAllowed):
            person_report(ledger, nobody, mine, Purpose("x"))
    assert person_report(ledger, AUDITOR, mine, Purpose("don", basis="Luật 91/2025/QH15")).looks == ()
    said = person_report(ledger, program, mine, Purpose("don", basis="Luật 91/2025/QH15")).looks
    assert [(x.actor, x.action, x.detail["basis"]) for x in said] == [("kiem.toan", "log.person", "Luật 91/2025/QH15")]
    with ledger.database.reading() as s:
        text = str([(e.subject, e.detail) for e in s.scalars(sa.select(Event))])
    assert not any(number in text for number in PEOPLE)
