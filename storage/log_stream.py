"""The log from one end to the other, whether its lines lie in the database or in sealed segments."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from storage.models import Event, LogSegment
from storage.outbox import ObjectLedger
from storage.sealed_segments import read_segment

_TOGETHER = 2000


def stream(ledger: ObjectLedger, after: int = 0, first: datetime | None = None, last: datetime | None = None) -> Iterator[Event]:
    """Lines with a number above `after`, written from `first` on and before `last`, in their order.

    A line is there once, whatever leaves the database meanwhile. Raises ChainBroken, ObjectMissing, ObjectDiffers, ObjectStoreUnavailable.
    """
    reached = after
    while rows := _next(ledger, reached):
        reached = rows[-1].seq
        yield from (e for e in rows if e.seq > after and (first is None or e.at >= first) and (last is None or e.at < last))


def _next(ledger: ObjectLedger, after: int) -> list[Event]:
    """The next lines: of the segment that holds line after+1, if some of its lines left the database, else those before the next such."""
    with ledger.database.reading() as session:
        segment = session.scalars(sa.select(LogSegment).where(LogSegment.pruned_at.is_not(None), LogSegment.last_seq > after)
                                  .order_by(LogSegment.first_seq).limit(1)).first()
        if segment is None or segment.first_seq > after + 1:
            query = sa.select(Event).where(Event.seq > after).order_by(Event.seq).limit(_TOGETHER)
            if segment is not None:
                query = query.where(Event.seq < segment.first_seq)
            return list(session.scalars(query))
    return [e for e in read_segment(ledger, segment) if e.seq > after]
