"""Old lines of the log sealed in the store: nothing lost or doubled whatever is killed, everything proven, every tampering found."""
from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import events, log_seal
from storage.archive import ArchiveOptions
from storage.database import Database
from storage.errors import ChainBroken
from storage.event_segments import read_segments
from storage.log_seal import LOOKS, keep_log, months_before
from storage.log_verify import NotedHashes, verify_log
from storage.models import Event, LogSegment, StoredObject
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.sealed_segments import read_segment, seal_key
from storage.signing import Signer, create_demo_identity

OPTIONS = ArchiveOptions(retain_days=1, retention_mode="GOVERNANCE", agency_name="UBND xã Mẫu", fonds_code="THU")
START = datetime(2026, 1, 10, 3, tzinfo=UTC)
NOW = datetime(2026, 8, 20, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    return Signer(create_demo_identity(tmp_path_factory.mktemp("identity"), "UBND xã Mẫu"), "UBND xã Mẫu")


def write(database: Database, days: int = 200, step: int = 10) -> int:
    """A look and a change every `step` days; how many lines the log then has."""
    with database.session() as s:
        for n in range(0, days, step):
            at = START + timedelta(days=n)
            events.append(s, "tp.lan", "record.view", f"entry:{n}", {"fields": ["so"]}, at)
            events.append(s, "tp.lan", "field.correct", f"entry:{n}", {"field": "so"}, at + timedelta(minutes=1))
        return events.head(s).seq


def everything(ledger: ObjectLedger) -> list[tuple[int, str]]:
    """(number, hash) of every line, in the database or else in a sealed segment."""
    with ledger.database.reading() as s:
        here = dict(s.execute(sa.select(Event.seq, Event.hash)).all())
        segments = s.scalars(sa.select(LogSegment).where(LogSegment.pruned_at.is_not(None))).all()
    sealed = {e.seq: e.hash for segment in segments for e in read_segment(ledger, segment)}
    return sorted({**sealed, **here}.items())


def test_looks_leave_the_database_and_the_chain_stays_proven(ledger, signer):
    total = write(ledger.database)
    before = everything(ledger)
    kept = keep_log(ledger, signer, OPTIONS, 3, NOW)
    cutoff = months_before(NOW, 3)
    with ledger.database.reading() as s:
        rows = s.scalars(sa.select(Event)).all()
        segments = s.scalars(sa.select(LogSegment).order_by(LogSegment.first_seq)).all()
    assert kept.segments == len(segments) == 4 and kept.pruned == total - len(rows) > 0            # January to April
    assert not [e for e in rows if e.at < cutoff and e.action in LOOKS]
    assert len([e for e in rows if e.action == "field.correct"]) == total // 2                       # what happened stays
    assert all(s.first_at.month == s.last_at.month for s in segments)
    assert everything(ledger) == before
    proof = verify_log(ledger, signer)
    assert (proof.head.seq, proof.sealed, proof.outside) == (total, 4, kept.pruned)
    assert keep_log(ledger, signer, OPTIONS, 3, NOW) == log_seal.Kept(0, 0)                          # nothing more to do
    assert [e.seq for e in read_segments(ledger.store)] == list(range(1, total + 1))                 # a restore has every line
    with ledger.database.session() as s:
        events.append(s, "tp.lan", "record.view", "entry:1", {})
        assert events.verify_chain(s).seq == total + 1
    noted = NotedHashes(ledger)
    with ledger.database.reading() as s:
        assert [(n, noted(s, n)) for n, _ in before] == before and noted(s, total + 5) is None


def test_after_a_restore_the_segments_that_are_there_are_used(kept, signer):
    """All lines back in the database, no row of a segment: sealed again, nothing is stored a second time."""
    with kept.database.reading() as s:
        before, pruned = s.scalars(sa.select(StoredObject.key)).all(), s.scalar(sa.select(sa.func.sum(LogSegment.pruned)))
    lines = list(read_segments(kept.store))
    with kept.database.session() as s:
        for table in (Event, LogSegment):
            s.execute(sa.delete(table))
        s.add_all(lines)
    assert keep_log(kept, signer, OPTIONS, 3, NOW) == log_seal.Kept(4, pruned)
    assert verify_log(kept, signer).outside == pruned
    with kept.database.reading() as s:
        assert s.scalars(sa.select(StoredObject.key)).all() == before


def test_the_newest_line_stays_however_old(sqlite_ledger, signer):
    total = write(sqlite_ledger.database, days=20)
    with sqlite_ledger.database.session() as s:
        events.append(s, "tp.lan", "record.view", "entry:7", {}, START + timedelta(days=21))
    keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW)
    with sqlite_ledger.database.session() as s:
        assert events.append(s, "tp.lan", "record.view", "entry:8", {}).seq == total + 2
        events.verify_chain(s)
    verify_log(sqlite_ledger, signer)


def test_what_a_collector_was_not_sent_stays(sqlite_ledger, signer):
    write(sqlite_ledger.database)
    assert keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW, told=0).pruned == 0
    assert keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW, prune=False).pruned == 0
    assert keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW, told=10**9).pruned > 0


@pytest.fixture
def kept(sqlite_ledger, signer) -> ObjectLedger:
    write(sqlite_ledger.database)
    keep_log(sqlite_ledger, signer, OPTIONS, 3, NOW)
    return sqlite_ledger


@pytest.mark.parametrize("change, cause", [
    ("update event set actor = 'x' where seq = (select min(seq) from event)", "content changed"),
    ("delete from event where seq = (select min(seq) from event)", "rows are missing"),
    ("delete from event where seq = (select max(seq) from event)", ""),
    ("delete from log_segment where first_seq = 1", ""),
    ("update log_segment set last_hash = prev_hash where first_seq = 1", ""),
    ("update log_segment set pruned = pruned + 1 where first_seq = 1", "rows are missing"),
    ("update log_segment set sha256 = prev_hash where first_seq = 1", "is not the one that was sealed"),
])
def test_a_changed_row_is_found(kept, signer, change, cause):
    with kept.database.reading() as s:
        head = events.head(s)
    with kept.database.session() as s:
        s.execute(sa.text(change))
    with pytest.raises(ChainBroken, match=cause):
        if verify_log(kept, signer).head != head:
            raise ChainBroken(seq=head.seq, cause="cut off")      # only who noted the head can tell


def test_a_line_rewritten_with_its_hash_beside_a_segment_is_found(kept, signer):
    """The database alone cannot tell: the lines around it are elsewhere."""
    with kept.database.session() as s:
        event = s.scalars(sa.select(Event).order_by(Event.seq)).first()
        event.actor = "ai-do"
        event.hash = events.digest(event)
    with kept.database.reading() as s:
        events.verify_chain(s)
    with pytest.raises(ChainBroken, match="not the row that was sealed"):
        verify_log(kept, signer)


def test_a_forged_segment_and_a_strangers_seal_are_found(kept, signer, tmp_path):
    stranger = Signer(create_demo_identity(tmp_path / "other", "Người lạ"), "Người lạ")
    with kept.database.reading() as s:
        segment = s.scalars(sa.select(LogSegment).order_by(LogSegment.first_seq)).first()
    with pytest.raises(ChainBroken, match="signature not trusted"):
        verify_log(kept, stranger)
    body = json.loads(kept.get(seal_key(segment.key)))
    body["statement"]["lines"] += 1
    forged = json.dumps(body).encode()
    version = kept.store.put("archive", seal_key(segment.key), forged, "application/json")
    with kept.database.session() as s:
        row = s.get(StoredObject, seal_key(segment.key))

        row.sha256, row.size, row.version_id = hashlib.sha256(forged).hexdigest(), len(forged), version
    with pytest.raises(ChainBroken, match="signature changed"):
        verify_log(kept, signer)
    lines = gzip.decompress(kept.get(segment.key)).replace(b"tp.lan", b"tp.hoa")
    kept.store.put("archive", segment.key, gzip.compress(lines), "application/gzip")
    with kept.database.session() as s:
        s.get(StoredObject, segment.key).version_id = None
    with pytest.raises(ChainBroken):
        verify_log(kept, signer)


def test_killed_at_every_step_nothing_is_lost_or_doubled(sqlite_ledger, signer):
    total = write(sqlite_ledger.database, days=60)
    before = everything(sqlite_ledger)
    for step in range(1, 60):
        pid = os.fork()
        if pid == 0:
            _child(sqlite_ledger, signer, step)
        _, status = os.waitpid(pid, 0)
        assert everything(sqlite_ledger) == before
        with sqlite_ledger.database.reading() as s:
            assert events.verify_chain(s).seq == total
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        raise AssertionError("never came to its end")
    assert step > 5, "nothing was killed"
    proof = verify_log(sqlite_ledger, signer)
    assert proof.sealed == 3 and proof.outside > 0
    with sqlite_ledger.database.reading() as s:
        ends = s.execute(sa.select(LogSegment.first_seq, LogSegment.last_seq).order_by(LogSegment.first_seq)).all()
    assert [b + 1 for _, b in ends[:-1]] == [a for a, _ in ends[1:]]


def _child(ledger: ObjectLedger, signer: Signer, step: int) -> None:
    """Keep the log with parts of its own, and die at that step: a commit, or just after an object was stored."""
    left = step

    def one(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        database = Database(str(ledger.database.url))
        sa.event.listen(database.engine, "commit", one)
        store = ObjectStore(ledger.store.config)
        create = store.create
        store.create = lambda *a, **k: (create(*a, **k), one())[0]     # type: ignore[method-assign]
        keep_log(ObjectLedger(database, store), signer, OPTIONS, 3, NOW)
        os._exit(0)
    except BaseException:
        os._exit(1)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(0, 60))
def test_months_are_whole_and_vietnamese(at, months):
    here = months_before(at.replace(tzinfo=UTC), months)
    assert (here.day, here.hour, here.utcoffset()) == (1, 0, timedelta(hours=7))
    now = at.replace(tzinfo=UTC).astimezone(here.tzinfo)
    assert (now.year - here.year) * 12 + now.month - here.month == months
