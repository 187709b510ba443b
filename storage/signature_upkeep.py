"""Archived copies and extracts kept at the level that is wanted: B-B ones raised when the time-stamp service answers again, time stamps
renewed in time.

A locked object is never rewritten: a raised or renewed copy is a new object beside the first one (`….ky2.pdf`, `….ky3.pdf`), with all that
was in the one before. Safe to kill anywhere and to repeat.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage import events
from storage.archive_package import RetentionOptions, retention
from storage.database import Database
from storage.errors import SigningFailed, StorageError
from storage.models import ArchivePackage, CopySignature, Extract, ExtractSignature, StoredObject
from storage.outbox import STORED, ObjectLedger
from storage.signature_levels import LEVELS, Evidence, below, reached
from storage.signing import Signer
from storage.signing_errors import CertificateRevoked, SigningWaits


@dataclass
class Upkeep:
    """What one pass did. waiting: why the pass ended early (the service does not answer), the rest is for the next one; failed: ids of
    packages and extracts whose copy could not be raised or renewed, with the error."""

    looked: int = 0
    raised: int = 0
    renewed: int = 0
    waiting: SigningWaits | None = None
    failed: list[tuple[str, StorageError]] = field(default_factory=list)


@dataclass(frozen=True)
class _Shelf:
    """One sort of copies. noted: what is known of each, by `id`; firsts: (id, key of the first copy, subject of the log) of those to be
    kept, later ones lie beside it; name: of the id in the log."""

    name: str
    noted: type[CopySignature] | type[ExtractSignature]
    id: InstrumentedAttribute[str]
    firsts: sa.Subquery


_SHELVES = (
    _Shelf("package", CopySignature, CopySignature.package_id,
           sa.select(ArchivePackage.id, ArchivePackage.pdf_key, ArchivePackage.subject).subquery()),
    _Shelf("extract", ExtractSignature, ExtractSignature.extract_id,
           sa.select(Extract.id, Extract.pdf_key, (sa.literal("entry:") + sa.cast(Extract.entry_id, sa.String)).label("subject"))
           .where(Extract.pdf_key.is_not(None), Extract.state != "cancelled").subquery()),
)


def current_extract(session: Session, extract: Extract) -> StoredObject | None:
    """The row of the numbered document to hand out: the newest; None before there is one."""
    newest = session.get(ExtractSignature, extract.id)
    key = newest.pdf_key if newest is not None else extract.pdf_key
    return session.get(StoredObject, key) if key is not None else None


def current_copy(session: Session, package: ArchivePackage) -> StoredObject | None:
    """The row of the copy to hand out: the newest."""
    newest = session.get(CopySignature, package.id)
    return session.get(StoredObject, newest.pdf_key if newest is not None else package.pdf_key)


def upkeep(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, actor: str, *, renew_days: int = 90,
           progress: Callable[[int, int], None] | None = None) -> Upkeep:
    """Look at copies nobody has looked at, raise those below the signer's level, renew document time stamps that end within renew_days.

    Does nothing to copies when the signer's level is B-B. Raises StorageError only for what stops everything (no object store).
    """
    done = Upkeep(looked=look(database, ledger))
    if signer.level == "B-B":
        return done
    evidence, before = signer.evidence(), signer.clock() + timedelta(days=renew_days)
    due = [(shelf, copy_id) for shelf in _SHELVES for copy_id in _due(database, shelf, signer.level, before)]
    for number, (shelf, copy_id) in enumerate(due, start=1):
        try:
            _mend(database, ledger, signer, evidence, options, shelf, copy_id, actor, done)
        except SigningWaits as e:
            done.waiting = e
            break
        except (SigningFailed, CertificateRevoked) as e:
            done.failed.append((copy_id, e))
        if progress:
            progress(number, len(due))
    return done


def below_level(session: Session, level: str) -> int:
    """How many archived copies and extracts are known to be below a level."""
    lower = [x for x in ("", *LEVELS) if below(x, level)]
    return sum(session.scalar(sa.select(sa.func.count()).select_from(s.firsts).join(s.noted, s.id == s.firsts.c.id)
                              .where(s.noted.level.in_(lower))) or 0 for s in _SHELVES)


def look(database: Database, ledger: ObjectLedger, raised_only: bool = False) -> int:
    """A row for every package and extract without one, from the newest copy that is stored; how many. raised_only: only where a copy lies
    beside the first one, as after a restore. A file in its place that does not begin with the first copy is none of ours and is passed
    over."""
    return sum(_look(database, ledger, shelf, raised_only) for shelf in _SHELVES)


def _look(database: Database, ledger: ObjectLedger, shelf: _Shelf, raised_only: bool) -> int:
    looked, firsts = 0, shelf.firsts.c
    with database.reading() as session:
        unseen = session.execute(sa.select(firsts.id, firsts.pdf_key).outerjoin(shelf.noted, shelf.id == firsts.id)
                                 .where(shelf.id.is_(None)).order_by(firsts.id)).all()
    for copy_id, first in unseen:
        with database.reading() as session:
            stem = first.removesuffix(".pdf")
            keys = session.scalars(sa.select(StoredObject.key).where(
                StoredObject.key.startswith(f"{stem}.ky", autoescape=True), StoredObject.state == STORED)).all()
        if raised_only and not keys:
            continue
        found = _newest(ledger, first, keys)
        level, until = reached(ledger.get(found))
        with database.session() as session:
            _note(session, shelf, copy_id, found, level or "", until)
        looked += 1
    return looked


def _newest(ledger: ObjectLedger, first: str, others: Sequence[str]) -> str:
    """A raised copy is the first one with more behind it."""
    start = ledger.get(first) if others else b""
    return next((key for key in sorted(others, key=_number, reverse=True) if ledger.get(key).startswith(start)), first)


def _due(database: Database, shelf: _Shelf, level: str, before: datetime) -> list[str]:
    lower = [x for x in LEVELS if below(x, level)]
    wanted: sa.ColumnElement[bool] = shelf.noted.level.in_(lower)
    if level == "B-LTA":
        wanted = wanted | (shelf.noted.stamp_until < before)
    with database.reading() as session:
        return list(session.scalars(sa.select(shelf.id).join(shelf.firsts, shelf.firsts.c.id == shelf.id).where(wanted)
                                    .order_by(shelf.noted.stamp_until, shelf.id)))


def _mend(database: Database, ledger: ObjectLedger, signer: Signer, evidence: Evidence, options: RetentionOptions, shelf: _Shelf,
          copy_id: str, actor: str, done: Upkeep) -> None:
    with database.reading() as session:
        first = session.execute(sa.select(shelf.firsts).where(shelf.firsts.c.id == copy_id)).one()
        row = session.execute(sa.select(shelf.noted.pdf_key, shelf.noted.level).where(shelf.id == copy_id)).one()
    key = f"{first.pdf_key.removesuffix('.pdf')}.ky{_number(row.pdf_key) + 1}.pdf"
    raising = below(row.level, signer.level)
    stored = ledger.settled(key)            # a pass that was cut off may have stored it
    if stored is None:
        before = ledger.get(row.pdf_key)
        better = evidence.raise_level(before, signer.level) if raising else evidence.renew(before)
        until, mode = retention(options, signer.clock())
        ledger.put("archive", key, better, "application/pdf", until, mode)
    pdf = ledger.get(key)
    level, stamped = reached(pdf)
    with database.session() as session:
        _note(session, shelf, copy_id, key, level or "", stamped)
        events.append(session, actor, "signature.raise" if raising else "signature.renew", first.subject,
                      {shelf.name: copy_id, "pdf": key.rsplit("/", 1)[-1], "sha256": hashlib.sha256(pdf).hexdigest(),
                       "level": level or "", "until": stamped.isoformat() if stamped else ""})
    if raising:
        done.raised += 1
    else:
        done.renewed += 1


def _note(session: Session, shelf: _Shelf, copy_id: str, key: str, level: str, until: datetime | None) -> None:
    session.merge(shelf.noted(**{shelf.id.key: copy_id}, pdf_key=key, level=level, stamp_until=until))


def _number(key: str) -> int:
    """`….ky3.pdf` is 3, the package's own copy 1."""
    tail = key.removesuffix(".pdf").rsplit(".ky", 1)
    return int(tail[1]) if len(tail) == 2 and tail[1].isdigit() else 1
