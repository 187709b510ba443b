"""The change feed: the order of commits, nothing skipped and nothing doubled, whoever ends first and whoever is killed."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from ministry_dossiers import archived_entries
from registers import add_entry, add_page, page_image

from storage import change_feed, events
from storage.archive import archive_entry
from storage.archive_package import ArchiveOptions
from storage.change_feed import BadCursor, CursorElsewhere, Place, Reach
from storage.corrections import Correction, correct_archived
from storage.database import Database, alembic_config
from storage.models import ArchivePackage, Event, EventSubject, RecordChange, StoredObject, utc_now
from storage.policy import Actor
from storage.signing import Signer, create_demo_identity

ALL = ("KS", "KH", "KT")


def publish(session, record, kind="KS", what="archived", **more):
    event = events.append(session, "t", "entry.archive", "entry:1", {"package": record})
    change_feed.publish(session, event, what, kind, record, **more)


def add(database, *records, **more):
    with database.session() as session:
        for record in records:
            publish(session, record, **more)


def read(database, after=Place(), limit=100, kinds=ALL):    # noqa: B008
    with database.reading() as session:
        return change_feed.read(session, Reach(kinds), after, limit)


def names(page):
    return [c.record for c in page.changes]


def follow(database, after=Place(), limit=7, kinds=ALL):    # noqa: B008
    """Everything from a place on, a page at a time, the place sent as a client sends it."""
    found, more = [], True
    while more:
        page = read(database, Place.of(after.cursor()), limit, kinds)
        found += names(page)
        after, more = page.next, page.more
    return found, after


def test_pages_follow_one_another_without_gap_or_double(database):
    add(database, *(f"r{n}" for n in range(23)))
    found, place = follow(database)
    assert found == [f"r{n}" for n in range(23)]
    assert follow(database, place) == ([], place)
    add(database, "later")
    assert names(read(database, place)) == ["later"]


def test_transactions_that_end_in_another_order_than_they_began(database):
    """The one that began first ends last; a reader between the two must not pass it by."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    slow = database._sessions()
    slow.execute(sa.text("insert into cursor (name, value, updated_at) values ('slow', '{}', now())"))     # its transaction has begun
    add(database, "quick")
    between, place = follow(database)
    publish(slow, "slow")
    other = threading.Thread(target=add, args=(database, "third"))
    other.start()                       # has to wait for the slow one's commit
    time.sleep(0.3)
    while_open, same = follow(database, place)
    slow.commit()
    other.join(timeout=20)
    slow.close()
    rest, _ = follow(database, same)
    assert (between, while_open, rest) == (["quick"], [], ["slow", "third"])


def test_a_reader_beside_many_writers_sees_everything_once(database):
    wanted = {f"w{n}.{k}" for n in range(4) for k in range(12)}

    def write(n):
        for k in range(12):
            try:
                with database.session() as session:
                    session.execute(sa.text("select 1"))
                    publish(session, f"w{n}.{k}")
                    if k == 5:
                        publish(session, f"lost{n}")
                        raise ZeroDivisionError
            except ZeroDivisionError:
                add(database, f"w{n}.{k}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    seen, place = [], Place()
    while any(t.is_alive() for t in threads):
        found, place = follow(database, place, limit=3)
        seen += found
    found, _ = follow(database, place)
    assert len(seen + found) == len(wanted) and set(seen + found) == wanted


def test_lines_of_other_kinds_are_passed_by_and_not_told(sqlite_database):
    add(sqlite_database, "a", kind="KS")
    add(sqlite_database, "b", kind="KT")
    page = read(sqlite_database, kinds=["KS"])
    assert names(page) == ["a"] and page.next.seq == 2
    add(sqlite_database, "c", kind="KS")
    assert names(read(sqlite_database, page.next, kinds=["KS"])) == ["c"] and names(read(sqlite_database, kinds=["KH"])) == []


def test_replay_from_a_time(sqlite_database):
    add(sqlite_database, "old")
    with sqlite_database.session() as session:
        session.execute(sa.update(RecordChange).values(at=utc_now() - timedelta(days=9)))
    week = utc_now() - timedelta(days=7)
    add(sqlite_database, "new", "newer")
    with sqlite_database.reading() as session:
        assert [follow(sqlite_database, change_feed.place_at(session, at))[0] for at in (week - timedelta(days=9), week, utc_now())] == [
            ["old", "new", "newer"], ["new", "newer"], []]


def test_a_cursor_of_another_history_is_refused(sqlite_database):
    add(sqlite_database, "a", "b")
    _, place = follow(sqlite_database)
    with sqlite_database.session() as session:         # restored from an older copy, then something else happened
        session.execute(sa.delete(RecordChange).where(RecordChange.seq == 2))
        session.execute(sa.delete(EventSubject).where(EventSubject.seq == 2))
        session.execute(sa.delete(Event).where(Event.seq == 2))
    for _ in range(2):
        with pytest.raises(CursorElsewhere):
            read(sqlite_database, place)
        add(sqlite_database, "other")


@given(st.text(max_size=30))
def test_what_is_no_cursor_is_refused_or_a_place(text):
    with contextlib.suppress(BadCursor):
        assert Place.of(text).seq >= 0


@given(st.integers(1, 2**63 - 1), st.binary(min_size=4, max_size=4).filter(lambda b: b != bytes(4)))
def test_a_place_comes_back_from_its_cursor(seq, mark):
    cursor = Place(seq, mark).cursor()
    assert Place.of(cursor) == Place(seq, mark) and cursor.isascii() and "=" not in cursor


def test_the_line_is_there_if_and_only_if_its_event_is(database):
    with pytest.raises(ZeroDivisionError), database.session() as session:
        publish(session, "never")
        raise ZeroDivisionError
    with database.reading() as session:
        assert change_feed.newest(session) == 0 and events.head(session).seq == 0


WRITER = """
import sys
from pathlib import Path
from storage import change_feed, events
from storage.database import Database, alembic_config
database, n = Database(Path(sys.argv[1])), 0
while True:
    n += 1
    with database.session() as session:
        event = events.append(session, "t", "entry.archive", "entry:1", {"package": f"{sys.argv[2]}.{n}"})
        change_feed.publish(session, event, "archived", "KS", f"{sys.argv[2]}.{n}")
    print(n, flush=True)
"""


def test_killed_at_any_moment_nothing_is_lost_or_doubled(sqlite_database, tmp_path):
    seen, place, told = [], Place(), 0
    for run in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "sogoc.db"), str(run)], stdout=subprocess.PIPE, text=True,
                                  env={**os.environ})
        for _ in range(8 + 3 * run):
            writer.stdout.readline()
            found, place = follow(sqlite_database, place)
            seen += found
        os.kill(writer.pid, signal.SIGKILL)
        told += 8 + 3 * run
        writer.wait()
        writer.stdout.close()
    found, _ = follow(Database(tmp_path / "sogoc.db"), place)
    seen += found
    with sqlite_database.reading() as session:
        logged = [e.detail["package"] for e in session.scalars(sa.select(Event).order_by(Event.seq))]
    assert seen == logged and len(seen) >= told


def test_a_feed_lost_with_its_database_is_written_again(sqlite_database):
    """Two archived entries; of one the log's event is there, of the other it was lost."""
    database, key = sqlite_database, "archive/x"
    ids = archived_entries(database, 2)
    with database.session() as session:
        session.add(StoredObject(key=key, bucket="archive", sha256="0" * 64, size=1, media_type="application/pdf", state="stored"))
        session.flush()
        for n, entry in enumerate(ids):
            session.add(ArchivePackage(id=f"p{n}", subject=f"entry:{entry}", manifest_key=key, pdf_key=key, original_key=key))
        events.append(session, "t", "entry.archive", f"entry:{ids[0]}", {"package": "p0"})
    with database.session() as session:
        assert change_feed.rebuild(session, "restore") == 2
        assert change_feed.rebuild(session, "restore") == 0
    assert names(read(database)) == ["p0", "p1"]


def test_the_upgrade_tells_what_the_log_knows(database):
    entry, = archived_entries(database)
    with database.session() as session:
        events.append(session, "t", "entry.archive", f"entry:{entry}", {"package": "p1"})
        events.append(session, "t", "record.view", f"entry:{entry}", {})
        events.append(session, "t", "entry.correct", f"entry:{entry}", {"package": "p2", "version": 2, "previous": "p1"})
    step = ScriptDirectory.from_config(alembic_config()).get_revision("0020").module
    with database.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step._what_the_log_tells()
    page = read(database)
    assert [(c.what, c.kind, c.record, c.version, c.previous) for c in page.changes] == [
        ("archived", "KS", "p1", 1, None), ("corrected", "KS", "p2", 2, "p1")]
    assert follow(database, page.next) == ([], page.next)


def test_an_archived_entry_and_its_later_versions_are_told(sqlite_ledger, tmp_path):
    create_demo_identity(tmp_path / "identity")
    database, signer, options = sqlite_ledger.database, Signer(tmp_path / "identity"), ArchiveOptions(fonds_code="THU")
    entry = add_entry(sqlite_ledger, add_page(sqlite_ledger, "KS.2017.01", "1.jpg", page_image()))
    first = archive_entry(database, sqlite_ledger, signer, options, entry, "t")
    for kind, fields in (("cai_chinh", {"nksHoTen": "Nguyễn Thị Ánh"}), ("thu_hoi_huy_bo", {})):
        correct_archived(database, sqlite_ledger, signer, options, Actor("lanh.dao", "administrator"), entry,
                         Correction(kind, f"12/QĐ-{kind}", date(2026, 1, 5), "UBND xã Mẫu", fields, "theo quyết định"))
    told = read(database).changes
    assert [(c.what, c.kind, c.version) for c in told] == [("archived", "KS", 1), ("corrected", "KS", 2), ("withdrawn", "KS", 3)]
    assert told[0].record == first.id and [c.previous for c in told] == [None, told[0].record, told[1].record]
