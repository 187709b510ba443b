"""The append-only, hash-chained log of what happened and who looked.

Each row's hash covers the hash of the row before it, so a changed, removed, inserted or reordered row is found by
`verify_chain`; the head of the chain is written into every archive manifest, which is locked, so the tail cannot be cut off
unseen either. Old looks may lie outside, in sealed segments (storage.log_seal).

Rows carry codes and pseudonyms (entry:12), never names or personal numbers.
"""
from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.errors import ChainBroken
from storage.event_subjects import index_rows
from storage.models import Base, Event, EventSubject, LogSegment, utc_now

GENESIS = "0" * 64
_LOCK = 0x50601             # pg_advisory_xact_lock number of the chain's end
_TURN = sa.select(sa.func.pg_advisory_xact_lock(_LOCK))
_END = sa.select(Event.seq, Event.hash).order_by(Event.seq.desc()).limit(1)
_INSERT, _INSERT_INDEX = (sa.insert(Base.metadata.tables[of.__tablename__]) for of in (Event, EventSubject))
_COLUMNS = tuple(_INSERT.table.columns.keys())


@dataclass(frozen=True)
class ChainHead:
    """The last row of the log: its number (0: empty) and hash."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Line:
    """What is to be logged, before it has its place in the chain. detail: plain JSON data."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def append(session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None,
           at: datetime | None = None) -> Event:
    """Add one event inside the caller's unit of work; it is there if and only if what it tells of is.

    Writers take turns from here to their commit (SQLite: the unit already holds the write lock; PostgreSQL: an advisory lock),
    so the order of numbers is the order of the chain: do it last, and change no row after it that others may hold.
    `detail` must be plain JSON data. `at` defaults to now, UTC.
    """
    return append_all(session, [Line(actor, action, subject, detail or {})], at)[-1]


def append_all(session: Session, lines: Sequence[Line], at: datetime | None = None) -> list[Event]:
    """As `append`, for several events in their order: one turn at the chain's end for all of them."""
    session.flush()                     # what is already known is written before others are made to wait
    plain = [json.loads(json.dumps(dict(line.detail), ensure_ascii=False, allow_nan=False)) for line in lines]
    connection = session.connection()           # rows, not objects the session keeps: half of what a line costs, and nobody changes them
    if connection.dialect.name == "postgresql":
        connection.execute(_TURN)
    last, added = head(session), []
    for line, detail in zip(lines, plain, strict=True):
        event = Event(seq=last.seq + 1, at=(at or utc_now()).astimezone(UTC), actor=line.actor, action=line.action, subject=line.subject,
                      detail=detail, prev_hash=last.hash, hash="")
        event.hash = digest(event)
        added.append(event)
        last = ChainHead(event.seq, event.hash)
    connection.execute(_INSERT, [{c: getattr(e, c) for c in _COLUMNS} for e in added])
    if index := [row for event in added for row in index_rows(event)]:
        connection.execute(_INSERT_INDEX, index)
    return added


def head(session: Session) -> ChainHead:
    """The end of the chain as this session sees it."""
    row = session.connection().execute(_END).first()
    return ChainHead(row.seq, row.hash) if row else ChainHead(0, GENESIS)


def verify_chain(session: Session, expected: ChainHead | None = None) -> ChainHead:
    """Re-compute the whole chain; return its head.

    Lines that were moved into sealed segments (LogSegment.pruned_at) are stepped over: the chain must lead into such a segment and out of
    it by the hashes noted there; `storage.log_verify` proves the segments themselves. expected: a head noted earlier (in a manifest): the
    chain must still hold it at that number, if that line is still here. Raises ChainBroken naming the first row that is changed, missing
    or out of place.
    """
    outside = deque(session.scalars(sa.select(LogSegment).where(LogSegment.pruned_at.is_not(None)).order_by(LogSegment.first_seq)))
    seq, known = 0, GENESIS             # the place reached; known: its hash, empty where that line is not here
    rows = session.execute(sa.select(Event).order_by(Event.seq).execution_options(yield_per=1000)).scalars()
    for event in rows:
        seq, known = _step_over(outside, seq, known, event.seq)
        if known and event.prev_hash != known:
            raise ChainBroken(seq=event.seq, cause="does not follow the row before it")
        if event.hash != digest(event):
            raise ChainBroken(seq=event.seq, cause="content changed")
        if expected and event.seq == expected.seq and event.hash != expected.hash:
            raise ChainBroken(seq=event.seq, cause="not the row that was noted in an archive manifest")
        seq, known = event.seq, event.hash
        session.expunge(event)
    if outside and (seq < outside[-1].last_seq or (seq == outside[0].last_seq and known != outside[0].last_hash)):
        raise ChainBroken(seq=seq + 1, cause="rows cut off at the end")
    if expected and seq < expected.seq:
        raise ChainBroken(seq=seq + 1, cause="rows cut off at the end")
    return ChainHead(seq, known)


def _step_over(outside: deque[LogSegment], seq: int, known: str, until: int) -> tuple[int, str]:
    """The place just before row `until`, come from `seq` by way of sealed segments. Raises ChainBroken where none leads there."""
    while outside and seq < until:
        segment = outside[0]
        if seq + 1 < segment.first_seq:
            break
        if seq + 1 == segment.first_seq and known != segment.prev_hash:
            raise ChainBroken(seq=segment.first_seq, cause="a sealed segment does not follow the row before it")
        if seq == segment.last_seq and known and known != segment.last_hash:
            raise ChainBroken(seq=seq, cause="not the row that was sealed")
        if until <= segment.last_seq:
            return (seq, known) if seq + 1 == until else (until - 1, "")
        seq, known = segment.last_seq, segment.last_hash
        outside.popleft()
    if seq + 1 != until:
        raise ChainBroken(seq=seq + 1, cause="missing row")
    return seq, known


def digest(event: Event) -> str:
    """SHA-256 of the previous hash and the canonical JSON (sorted keys, UTF-8, no spaces) of the row; time in microseconds, UTC."""
    body = {"seq": event.seq, "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"), "actor": event.actor,
            "action": event.action, "subject": event.subject, "detail": event.detail}
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256((event.prev_hash + canonical).encode()).hexdigest()
