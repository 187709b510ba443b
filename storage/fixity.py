"""Fixity audit: every object read and hashed again, every manifest, row and link of the chain compared, and what differs named.

A pass can be stopped or killed anywhere and goes on with the next object: what was proven good is marked object by object.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage import events
from storage.database import Database
from storage.errors import ChainBroken
from storage.fixity_objects import Looked, compare_manifest, look
from storage.fixity_options import FixityOptions
from storage.fixity_words import Difference
from storage.log_verify import NotedHashes
from storage.models import ArchiveCorrection, ArchivePackage, Cursor, Dossier, Entry, FixityFinding, StoredObject, utc_now
from storage.objects import ObjectStore
from storage.outbox import PENDING, STORED, ObjectLedger

__all__ = ["Difference", "FixityOptions", "PassReport", "findings", "last_pass", "run_pass", "verify_archive"]
_CURSOR = "fixity"
_CHUNK = 200


@dataclass(frozen=True)
class PassReport:
    """One call's share of a pass. finished: the whole store was gone through; differences are then all there are."""

    differences: Sequence[Difference]
    objects: int
    bytes: int
    seconds: float
    started: datetime
    finished: bool


def verify_archive(database: Database, store: ObjectStore, progress: Callable[[int, int], None] | None = None,
                   options: FixityOptions | None = None) -> list[Difference]:
    """A whole pass from the beginning; what differs, empty when all is as it was recorded. progress(done, total) counts objects.

    Raises ObjectStoreUnavailable when the store does not answer (that is no finding).
    """
    return list(run_pass(database, store, options or FixityOptions(), progress, anew=True).differences)


def run_pass(database: Database, store: ObjectStore, options: FixityOptions, progress: Callable[[int, int], None] | None = None,
             anew: bool = False, stop: Callable[[], bool] = lambda: False) -> PassReport:
    """Go on with the pass that was begun, or begin the next one. Objects proven good get `proven_at`, one by one, so that after a kill none
    that was read to its end is read again (but the one being noted at that moment).

    anew: begin a new pass in any case. stop: asked before each object. Raises ObjectStoreUnavailable.
    """
    started, clock = _begin(database, anew), time.monotonic()
    with database.reading() as session:
        waiting = session.scalar(sa.select(sa.func.count()).select_from(StoredObject).where(_due(started))) or 0
    turn, found, done, size = _Rate(options.megabytes_per_second), list[Difference](), 0, 0
    over, noted = False, NotedHashes(ObjectLedger(database, store))
    with ThreadPoolExecutor(options.threads, thread_name_prefix="fixity") as pool, _Marker(database) as marker:
        running: dict[Future[Looked], StoredObject] = {}
        rows = _rows(database, started)
        while True:
            while not over and len(running) < options.threads:
                over = stop() or bool(options.minutes and time.monotonic() - clock > 60 * options.minutes)
                row = None if over else next(rows, None)
                if row is None:
                    break
                running[pool.submit(look, row, store, turn.spend)] = row
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                row, looked = running.pop(future), future.result()
                differences = list(looked.differences)
                if looked.manifest is not None:
                    with database.reading() as session:
                        differences += compare_manifest(session, row.key, looked.manifest, noted)
                marker.mark(row.key, started, differences, proven=not looked.differences)
                found += differences
                done, size = done + 1, size + looked.read
                if progress:
                    progress(done, waiting)
    finished = not over
    if finished:
        rest = [*_orphans(database, store), *_claims(database), *_chain(database)]
        found = [*rest, *_finish(database, started, rest)]
    return PassReport(found, done, size, time.monotonic() - clock, started, finished)


def last_pass(database: Database) -> dict[str, str]:
    """When the last pass began and ended (`finished` empty: it is still going on); empty before the first."""
    with database.reading() as session:
        row = session.get(Cursor, _CURSOR)
        return dict(row.value) if row is not None else {}


def findings(database: Database) -> list[Difference]:
    """What passes found and none has found good since."""
    with database.reading() as session:
        rows = session.scalars(sa.select(FixityFinding).order_by(FixityFinding.id)).all()
        return [Difference(f.code, f.place, f.expected, f.found) for f in rows]


def _begin(database: Database, anew: bool) -> datetime:
    with database.session() as session:
        row = session.get(Cursor, _CURSOR)
        if row is not None and not anew and not row.value.get("finished"):
            return datetime.fromisoformat(row.value["started"])
        started = utc_now()
        session.merge(Cursor(name=_CURSOR, value={"started": started.isoformat(), "finished": ""}))
        return started


def _due(started: datetime) -> sa.ColumnElement[bool]:
    looked = sa.select(FixityFinding.place).where(FixityFinding.last_at >= started, FixityFinding.code.like("object_%"))
    return sa.and_(StoredObject.state == STORED, sa.or_(StoredObject.proven_at.is_(None), StoredObject.proven_at < started),
                   StoredObject.key.not_in(looked))


def _rows(database: Database, started: datetime) -> Iterator[StoredObject]:
    last = ""
    while True:
        with database.reading() as session:
            rows = session.scalars(sa.select(StoredObject).where(_due(started), StoredObject.key > last)
                                   .order_by(StoredObject.key).limit(_CHUNK)).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        last = rows[-1].key


class _Marker:
    """Notes object by object what was found, on a connection of its own that does not wait for the disk: a killed process loses nothing, a
    power cut at most the last seconds, which are then read again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> _Marker:
        self._connection = self._database.engine.connect()
        if self._database.is_sqlite:
            self._connection.exec_driver_sql("commit")                      # a pragma does nothing inside a transaction
            self._connection.exec_driver_sql("pragma synchronous = normal")
            self._connection.exec_driver_sql("begin")
        self._connection.rollback()
        return self

    def __exit__(self, *_: object) -> None:
        if self._database.is_sqlite:
            self._connection.detach()                                       # nobody else is to get a connection so careless
        self._connection.close()

    def mark(self, key: str, started: datetime, differences: Sequence[Difference], proven: bool) -> None:
        now = max(utc_now(), started)
        with self._connection.begin():
            if not self._database.is_sqlite:
                self._connection.execute(sa.text("set local synchronous_commit = off"))
            if proven:
                self._connection.execute(sa.update(StoredObject).where(StoredObject.key == key).values(proven_at=now))
            for d in differences:
                _note(self._connection, d, now)


def _note(connection: sa.Connection, d: Difference, now: datetime) -> None:
    place = d.where[:340]
    changed = connection.execute(sa.update(FixityFinding).where(FixityFinding.code == d.code, FixityFinding.place == place)
                                 .values(expected=d.expected, found=d.found, last_at=now))
    if not changed.rowcount:
        connection.execute(sa.insert(FixityFinding).values(code=d.code, place=place, expected=d.expected, found=d.found, first_at=now,
                                                           last_at=now))


def _finish(database: Database, started: datetime, rest: Sequence[Difference]) -> list[Difference]:
    """What the pass found in objects, also before it was interrupted; findings of earlier passes that are good now are dropped."""
    with database.session() as session:
        now = max(utc_now(), started)
        for d in rest:
            _note(session.connection(), d, now)
        session.execute(sa.delete(FixityFinding).where(FixityFinding.last_at < started))
        session.merge(Cursor(name=_CURSOR, value={"started": started.isoformat(), "finished": now.isoformat()}))
        kept = {(d.code, d.where) for d in rest}
        rows = session.scalars(sa.select(FixityFinding).order_by(FixityFinding.id)).all()
        return [Difference(f.code, f.place, f.expected, f.found) for f in rows if (f.code, f.place) not in kept]


class _Rate:
    """Lets threads take bytes no faster than agreed."""

    def __init__(self, megabytes: float) -> None:
        self._per_second, self._lock, self._next = megabytes * 1e6, threading.Lock(), 0.0

    def spend(self, count: int) -> None:
        if not self._per_second:
            return
        with self._lock:
            now = time.monotonic()
            self._next = max(self._next, now - 0.1) + count / self._per_second
            pause = self._next - now
        if pause > 0:
            time.sleep(pause)


def _orphans(database: Database, store: ObjectStore) -> Iterator[Difference]:
    with database.reading() as session:
        for key in session.scalars(sa.select(StoredObject.key).where(StoredObject.state == PENDING).order_by(StoredObject.key)):
            yield Difference("object_unfinished", key)
    for kind, key in ObjectLedger(database, store).orphans().objects_without_row:
        yield Difference("object_without_row", f"{kind}:{key}")


def _claims(database: Database) -> Iterator[Difference]:
    """Entries and packages must name each other."""
    with database.reading() as session:
        there = sa.select(ArchivePackage.id)
        for i, archive_id in session.execute(sa.select(Entry.id, Entry.archive_id).where(
                Entry.status == "archived", sa.or_(Entry.archive_id.is_(None), Entry.archive_id.not_in(there))).order_by(Entry.id)):
            yield Difference("package_missing", f"entry:{i}", archive_id or "-")
        for i, archive_id in session.execute(sa.select(Dossier.id, Dossier.archive_id).where(
                Dossier.archive_id.is_not(None), Dossier.archive_id.not_in(there)).order_by(Dossier.id)):
            yield Difference("package_missing", f"dossier:{i}", archive_id or "-")
        entries = sa.select(Entry.archive_id).where(Entry.archive_id.is_not(None))
        dossiers = sa.select(Dossier.archive_id).where(Dossier.archive_id.is_not(None))
        stray = sa.select(ArchivePackage.id, ArchivePackage.subject).where(
            ArchivePackage.id.not_in(entries), ArchivePackage.id.not_in(dossiers),
            ArchivePackage.id.not_in(sa.select(ArchiveCorrection.previous_id))).order_by(ArchivePackage.id)
        for package_id, subject in session.execute(stray):
            yield Difference("package_unclaimed", package_id, subject)


def _chain(database: Database) -> Iterator[Difference]:
    try:
        with database.reading() as session:
            events.verify_chain(session)
    except ChainBroken as e:
        yield Difference("event_chain_broken", str(e.evidence["seq"]), found=str(e.evidence["cause"]))
