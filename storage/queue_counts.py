"""How many entries wait, by state, commune, kind and reason: exact, from sums that are kept (storage.models.QueueTally)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import Entry, QueueTally
from storage.models.ledger import REASON_BITS
from storage.policy import Actor
from storage.review_queue import OPEN, QueueFilter, in_scope, waits_in_queue

_SEEN = (QueueTally.commune_code, QueueTally.kind, QueueTally.status, QueueTally.reason_bits)
_MOST_ROWS = 4 * len(REASON_BITS) * 1_000       # rows of changes that are left alone: adding that many up takes milliseconds
_LOCK = 0x50650             # pg_try_advisory_xact_lock number of adding up


@dataclass(frozen=True)
class QueueCounts:
    """How many wait under the filters, and for each filter how many there would be under each of its values, the others standing.

    A commune without a code is "". An entry counts under each of its reasons.
    """

    total: int
    states: Mapping[str, int]
    communes: Mapping[str, int]
    kinds: Mapping[str, int]
    reasons: Mapping[str, int]


def queue_counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many entries wait for the actor, by state."""
    query = sa.select(QueueTally.status, sa.func.sum(QueueTally.n)).where(in_scope(actor, QueueTally.commune_code, QueueTally.kind))
    found: dict[str, int] = {status: int(n) for status, n in session.execute(query.group_by(QueueTally.status))}
    return {state: found.get(state, 0) for state in OPEN}


def queue_size(session: Session, actor: Actor, filters: QueueFilter | None = None) -> int:
    """How many entries wait under the filters."""
    sums = _sums(actor, filters or QueueFilter())
    return int(session.scalar(sa.select(sa.func.sum(sums.c.n))) or 0)


def count_by_filter(session: Session, actor: Actor, filters: QueueFilter) -> QueueCounts:
    """Everything the queue page counts."""
    states = _by(session, _sums(actor, replace(filters, state="open")), "status")
    communes = _by(session, _sums(actor, replace(filters, commune_code=None)), "commune_code")
    kinds = _by(session, _sums(actor, replace(filters, kind=None)), "kind")
    bits = _by(session, _sums(actor, replace(filters, reason=None)), "reason_bits")
    reasons = {code: sum(n for held, n in bits.items() if held & bit) for code, bit in REASON_BITS.items()}
    total = sum(states.values()) if filters.state == "open" else states.get(filters.state, 0)
    return QueueCounts(total, {s: states.get(s, 0) for s in OPEN}, communes, kinds, reasons)


def _by(session: Session, sums: sa.Subquery, column: str) -> dict[Any, int]:
    rows = session.execute(sa.select(sums.c[column], sa.func.sum(sums.c.n)).group_by(sums.c[column]))
    return {value: int(n) for value, n in rows if n}


def _sums(actor: Actor, filters: QueueFilter) -> sa.Subquery:
    """commune_code, kind, status, reason_bits, n of what waits under the filters; of one book its entries are counted."""
    if filters.batch_id:
        commune = sa.func.coalesce(Entry.commune_code, "").label("commune_code")
        seen = (commune, Entry.kind, Entry.status, Entry.reason_bits)
        return sa.select(*seen, sa.func.count().label("n")).where(*waits_in_queue(actor, filters)).group_by(*seen).subquery()
    query = sa.select(*_SEEN, QueueTally.n).where(in_scope(actor, QueueTally.commune_code, QueueTally.kind))
    if filters.state != "open":
        query = query.where(QueueTally.status == filters.state)
    if filters.kind:
        query = query.where(QueueTally.kind == filters.kind)
    if filters.commune_code:
        query = query.where(QueueTally.commune_code == filters.commune_code)
    if filters.reason:
        query = query.where(QueueTally.reason_bits.op("&")(REASON_BITS.get(filters.reason, 0)) != 0)
    return query.subquery()


def add_up(database: Database, most: int = _MOST_ROWS) -> int:
    """Make the changes one row a sum once there are more than `most`; how many rows were added up. Nobody who decides waits for it."""
    with database.reading() as session:
        if session.scalar(sa.select(sa.func.count()).select_from(QueueTally)) <= most:      # type: ignore[operator]
            return 0
    with database.session() as session:
        if database.is_sqlite:
            rows = session.execute(sa.select(*_SEEN, QueueTally.n)).all()
            session.execute(sa.delete(QueueTally))
        else:
            if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))):
                return 0
            # what is added up is what this one statement removed: a change that commits meanwhile is in neither
            rows = session.execute(sa.delete(QueueTally).returning(*_SEEN, QueueTally.n)).all()
        sums: dict[tuple[Any, ...], int] = {}
        for *seen, n in rows:
            sums[tuple(seen)] = sums.get(tuple(seen), 0) + n
        kept = [{**dict(zip((c.key for c in _SEEN), seen, strict=True)), "n": n} for seen, n in sums.items() if n]
        if kept:
            session.execute(sa.insert(QueueTally), kept)
        return len(rows)
