"""Proving the whole log: the chain in the database, and every sealed segment that part of it was moved to."""
from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.errors import ChainBroken, ObjectDiffers, ObjectMissing
from storage.log_seal import seal_problem
from storage.models import Event, LogSegment
from storage.outbox import ObjectLedger
from storage.sealed_segments import read_segment
from storage.signing import Signer

_CACHED = 4                 # segments whose hashes are held at a time


@dataclass(frozen=True)
class LogProof:
    """head: the newest line; sealed: segments, each with its signature and lines right; outside: lines that lie only there."""

    head: events.ChainHead
    sealed: int
    outside: int


def verify_log(ledger: ObjectLedger, signer: Signer) -> LogProof:
    """Prove the log complete from its first line: the chain of the database, every segment's seal, its lines, and that what the database
    still has of them is the same. Call from a thread without a running event loop.

    Raises ChainBroken naming the first line that cannot be proven, ObjectStoreUnavailable.
    """
    with ledger.database.reading() as session:
        head = events.verify_chain(session)
        segments = session.scalars(sa.select(LogSegment).order_by(LogSegment.first_seq)).all()
    previous = events.ChainHead(0, events.GENESIS)
    for segment in segments:
        if (segment.first_seq, segment.prev_hash) != (previous.seq + 1, previous.hash):
            raise ChainBroken(seq=previous.seq + 1, cause=f"segment {segment.key} does not follow the one before it")
        _prove(ledger, segment, signer)
        previous = events.ChainHead(segment.last_seq, segment.last_hash)
    return LogProof(head, len(segments), sum(s.pruned for s in segments))


def _prove(ledger: ObjectLedger, segment: LogSegment, signer: Signer) -> None:
    try:
        problem = seal_problem(ledger, segment, signer)
        lines = read_segment(ledger, segment)
    except (ObjectMissing, ObjectDiffers) as e:
        raise ChainBroken(seq=segment.first_seq, cause=f"segment {segment.key}: {e.code}") from e
    if problem:
        raise ChainBroken(seq=segment.first_seq, cause=problem)
    sealed = {e.seq: e.hash for e in lines}
    with ledger.database.reading() as session:
        here = session.execute(sa.select(Event.seq, Event.hash).where(Event.seq.between(segment.first_seq, segment.last_seq)))
        rows = {seq: found for seq, found in here}
    other = min((seq for seq, found in rows.items() if sealed[seq] != found), default=None)
    if other is not None:
        raise ChainBroken(seq=other, cause="not the row that was sealed")
    if len(rows) + segment.pruned != len(sealed):
        raise ChainBroken(seq=segment.first_seq, cause=f"rows are missing, or too many, beside segment {segment.key}")


class NotedHashes:
    """The hash of any line, in the database or in a sealed segment: archive manifests note the one that was newest when they were made."""

    def __init__(self, ledger: ObjectLedger) -> None:
        self._ledger = ledger
        self._known: OrderedDict[int, dict[int, str]] = OrderedDict()

    def __call__(self, session: Session, seq: int) -> str | None:
        """None: there is no such line, or its segment is not what was sealed. Raises ObjectStoreUnavailable."""
        if seq == 0:
            return events.GENESIS
        here = session.scalar(sa.select(Event.hash).where(Event.seq == seq))
        if here is not None:
            return here
        segment = session.scalar(sa.select(LogSegment).where(LogSegment.first_seq <= seq, LogSegment.last_seq >= seq,
                                                             LogSegment.pruned_at.is_not(None)))
        if segment is None:
            return None
        if segment.first_seq not in self._known:
            try:
                self._known[segment.first_seq] = {e.seq: e.hash for e in read_segment(self._ledger, segment)}
            except (ChainBroken, ObjectMissing, ObjectDiffers):
                return None
            while len(self._known) > _CACHED:
                self._known.popitem(last=False)
        return self._known[segment.first_seq].get(seq)
