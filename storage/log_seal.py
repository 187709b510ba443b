"""Old lines of the log sealed in the archive store; looks that lie there may leave the database, and the chain stays provable.

The access log is kept `keep_months` in the database (TCVN 11930:2017 asks 3 months at cấp độ 3), then it lies in the store alone. What
happened to records (the events a PREMIS history is made of) never leaves the database. Each step can be killed and run again: a segment's
bounds follow from the lines, its objects are found where they are, its lines leave in one transaction that also says so.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.archive_package import RetentionOptions, retention
from storage.database import Database
from storage.errors import ChainBroken
from storage.event_segments import write_segments
from storage.models import Event, LogSegment, SecondCheck, utc_now
from storage.outbox import ObjectLedger
from storage.sealed_segments import Seal, key_of, packed, read_segment, seal_key, signature_problem, signed_bytes, statement
from storage.signing import Signer
from storage.watermark import VIETNAM

LOOKS = ("record.view", "record.fetch", "page.view", "record.search", "record.metadata", "copy.fetch", "copy.link", "person.vault",
         "population.view", "records.export", "record.print", "report.export", "access.refused", "log.export", "log.who_saw", "log.person",
         "push.view", "push.state", "client.token", "user.login", "user.login_refused", "user.logout")
LONGEST = 20_000            # lines a segment
_GZIP, _JSON = "application/gzip", "application/json"


@dataclass(frozen=True)
class Kept:
    """What `keep_log` did: segments sealed now, and lines that left the database for them."""

    segments: int
    pruned: int


def keep_log(ledger: ObjectLedger, signer: Signer, options: RetentionOptions, keep_months: int, now: datetime | None = None, *,
             prune: bool = True, told: int | None = None) -> Kept:
    """Seal the whole months that ended `keep_months` ago, and take their looks out of the database.

    now: the moment from which months are counted back. told: the last line that a collector of logs acknowledged; nothing after it is
    taken out. Call from a thread without a running event loop. Raises ChainBroken, SigningFailed (SigningWaits, when it may be well
    later), ObjectStoreUnavailable.
    """
    until = months_before(now or utc_now(), keep_months)
    write_segments(ledger, options)                 # so that restoring from the store finds every line
    sealed = sum(1 for _ in _sealed(ledger, signer, options, until))
    pruned = sum(_prune(ledger, segment) for segment in _to_prune(ledger.database, until, told)) if prune else 0
    return Kept(sealed, pruned)


def months_before(now: datetime, months: int) -> datetime:
    """The first moment (Vietnam) of the month `months` before this one: what is older is older than that many whole months."""
    here = now.astimezone(VIETNAM)
    count = here.year * 12 + here.month - 1 - months
    return here.replace(year=count // 12, month=count % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _sealed(ledger: ObjectLedger, signer: Signer, options: RetentionOptions, until: datetime) -> Iterator[LogSegment]:
    """Seal month by month, at most LONGEST lines at a time, until no line older than `until` is left."""
    while True:
        with ledger.database.reading() as session:
            last = session.scalars(sa.select(LogSegment).order_by(LogSegment.last_seq.desc()).limit(1)).first()
            previous = events.ChainHead(last.last_seq, last.last_hash) if last else events.ChainHead(0, events.GENESIS)
            end = _end_of_month(session, previous.seq, until)
            rows = session.scalars(sa.select(Event).where(Event.seq > previous.seq, Event.seq <= min(end, previous.seq + LONGEST))
                                   .order_by(Event.seq)).all()
        if not rows:
            return
        _must_continue(previous, rows)
        yield _seal(ledger, signer, options, list(rows))


def _end_of_month(session: Session, after: int, until: datetime) -> int:
    """The last line of the month in which line after+1 was written; `after` if that month is not over before `until`."""
    at = session.scalar(sa.select(Event.at).where(Event.seq == after + 1))
    if at is None or at >= until:
        return after
    end = min(months_before(at, -1), until)
    later = session.scalar(sa.select(sa.func.min(Event.seq)).where(Event.at >= end, Event.seq > after))
    return later - 1 if later is not None else events.head(session).seq


def _must_continue(previous: events.ChainHead, rows: Sequence[Event]) -> None:
    for e in rows:
        if (e.seq, e.prev_hash, e.hash) != (previous.seq + 1, previous.hash, events.digest(e)):
            raise ChainBroken(seq=previous.seq + 1, cause="not sealed: it does not continue the chain")
        previous = events.ChainHead(e.seq, e.hash)


def _seal(ledger: ObjectLedger, signer: Signer, options: RetentionOptions, rows: list[Event]) -> LogSegment:
    """Write lines and seal, then say so; what an earlier, interrupted call has stored is used."""
    now = utc_now()
    until, _ = retention(options, now)
    key = key_of(rows[0].seq, rows[-1].seq)
    if ledger.settled(key) is None:
        ledger.put("archive", key, packed(rows), _GZIP, until, "GOVERNANCE")
    sha256 = hashlib.sha256(ledger.get(key)).hexdigest()
    if ledger.settled(seal_key(key)) is None:
        said = statement(rows, key, sha256, now, options.agency_name)
        ledger.put("archive", seal_key(key), Seal(said, signer.sign_bytes(signed_bytes(said))).to_json(), _JSON, until, "GOVERNANCE")
    segment = LogSegment(first_seq=rows[0].seq, last_seq=rows[-1].seq, first_at=min(e.at for e in rows), last_at=max(e.at for e in rows),
                         prev_hash=rows[0].prev_hash, last_hash=rows[-1].hash, key=key, sha256=sha256, sealed_at=now, pruned=0)
    if problem := seal_problem(ledger, segment, signer):
        raise ChainBroken(seq=segment.first_seq, cause=problem)
    read_segment(ledger, segment)
    with ledger.database.session() as session:
        session.merge(segment)
    return segment


def seal_problem(ledger: ObjectLedger, segment: LogSegment, signer: Signer) -> str:
    """Empty when the segment's seal says of it what its row says, and is signed by somebody this installation trusts."""
    try:
        seal = Seal.from_json(ledger.get(seal_key(segment.key)))
        said = {k: seal.statement.get(k) for k in ("first_seq", "last_seq", "prev_hash", "last_hash", "key", "sha256")}
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        return f"seal of {segment.key} cannot be read: {type(e).__name__}"
    if said != {k: getattr(segment, k) for k in said}:
        return f"seal of {segment.key} tells of other lines"
    problem = signature_problem(seal, signer.roots())
    return f"seal of {segment.key}: signature {problem}" if problem else ""


def _to_prune(database: Database, until: datetime, told: int | None) -> list[LogSegment]:
    query = sa.select(LogSegment).where(LogSegment.pruned_at.is_(None), LogSegment.last_at < until).order_by(LogSegment.first_seq)
    with database.reading() as session:
        return list(session.scalars(query if told is None else query.where(LogSegment.last_seq <= told)))


def _prune(ledger: ObjectLedger, segment: LogSegment) -> int:
    """Take the segment's looks out of the database, after reading it back. The newest line of the log stays: the next one follows it; so
    do looks at entries whose second check is open, which say who may not do it."""
    read_segment(ledger, segment)
    waiting = sa.select(sa.literal("entry:").concat(sa.cast(SecondCheck.entry_id, sa.String))).where(
        SecondCheck.state.in_(("open", "differs")))
    with ledger.database.session() as session:
        row = session.get(LogSegment, segment.first_seq, with_for_update=True)
        if row is None or row.pruned_at is not None:
            return 0
        newest = events.head(session).seq
        done = session.execute(sa.delete(Event).where(
            Event.seq >= segment.first_seq, Event.seq <= segment.last_seq, Event.seq < newest, Event.action.in_(LOOKS),
            ~sa.and_(Event.action == "record.view", Event.subject.in_(waiting))).execution_options(synchronize_session=False))
        row.pruned, row.pruned_at = done.rowcount, utc_now()    # type: ignore[attr-defined]
    return row.pruned

