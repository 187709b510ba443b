"""Fixity audit: every object read and hashed again, every manifest, row and link of the chain compared, and what differs named.

A pass can be stopped or killed anywhere and goes on with the next object: what was proven good is marked object by object.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage import events
from storage.database import Database
from storage.errors import ChainBroken
from storage.fixity_marks import note
from storage.fixity_options import FixityOptions
from storage.fixity_share import Share
from storage.fixity_words import Difference
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
    that was noted is read again: with one thread at most the one that was being read or noted.

    anew: begin a new pass in any case. stop: asked before each object. Raises ObjectStoreUnavailable.
    """
    started, clock = _begin(database, anew), time.monotonic()
    with database.reading() as session:
        waiting = session.scalar(sa.select(sa.func.count()).select_from(StoredObject).where(_due(started))) or 0
    share = Share(database, store, options, started, stop, lambda done: progress(done, waiting) if progress else None)
    share.run(_rows(database, started))
    found = share.differences
    if not share.over:
        rest = [*_orphans(database, store), *_claims(database), *_chain(database)]
        found = [*rest, *_finish(database, started, rest)]
    return PassReport(found, share.objects, share.bytes, time.monotonic() - clock, started, not share.over)


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


def _finish(database: Database, started: datetime, rest: Sequence[Difference]) -> list[Difference]:
    """What the pass found in objects, also before it was interrupted; findings of earlier passes that are good now are dropped."""
    with database.session() as session:
        now = max(utc_now(), started)
        for d in rest:
            note(session.connection(), d, now)
        session.execute(sa.delete(FixityFinding).where(FixityFinding.last_at < started))
        session.merge(Cursor(name=_CURSOR, value={"started": started.isoformat(), "finished": now.isoformat()}))
        kept = {(d.code, d.where) for d in rest}
        rows = session.scalars(sa.select(FixityFinding).order_by(FixityFinding.id)).all()
        return [Difference(f.code, f.place, f.expected, f.found) for f in rows if (f.code, f.place) not in kept]


def _orphans(database: Database, store: ObjectStore) -> Iterator[Difference]:
    with database.reading() as session:
        pending = session.scalars(sa.select(StoredObject.key).where(StoredObject.state == PENDING).order_by(StoredObject.key)).all()
    yield from (Difference("object_unfinished", key) for key in pending)
    listed = ObjectLedger(database, store).orphans()
    yield from (Difference("object_missing", key) for key in sorted(set(listed.rows_without_object) - set(pending)))
    yield from (Difference("object_without_row", f"{kind}:{key}") for kind, key in listed.objects_without_row)


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
