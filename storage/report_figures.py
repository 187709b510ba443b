"""Where reports take their figures from: counted now on a small installation, from the table filled once a day on a large one.

Both are the same rows of storage.report_measures, so a report does not know the difference; it says which it was and as of when.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import Batch, Cursor, Entry, ReportFigure, ReportPlan, utc_now
from storage.policy import Actor, allowed, communes_of
from storage.report_measures import MEASURES
from storage.report_period import Period
from storage.report_sql import vietnam_day

LIVE_ENTRIES = 20_000       # with more entries than this, figures come from the table once it was filled: a live count takes over a second
_CURSOR = "report:figures"
_WRITTEN_TOGETHER = 5_000


@dataclass(frozen=True)
class Scope:
    """What a report is about, and for whom: figures of communes the actor may not see are never read."""

    actor: Actor
    period: Period
    commune: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Renewal:
    rows: int
    seconds: float


def is_large(session: Session) -> bool:
    """Whether there are too many entries to count them all while somebody waits for a page."""
    return (session.scalar(sa.select(sa.func.max(Entry.id))) or 0) > LIVE_ENTRIES


def as_of(session: Session) -> datetime | None:
    """When the figures were counted; None: at this moment."""
    cursor = session.get(Cursor, _CURSOR)
    if cursor is None or not is_large(session):
        return None
    return datetime.fromisoformat(cursor.value["at"])


def seen_communes(session: Session, actor: Actor) -> tuple[str, ...]:
    """Codes of the communes with a book or a plan that the actor may see; "" stands for books and requests of no known commune."""
    codes = {*session.scalars(sa.select(Batch.commune_code).distinct()), *session.scalars(sa.select(ReportPlan.commune_code).distinct())}
    reach = communes_of(actor, "report.see")
    return tuple(sorted(c or "" for c in codes | {None} if reach is None or c in reach))


def within(scope: Scope, seen: tuple[str, ...]) -> tuple[str, ...]:
    """The communes of the report: the one asked for, if it is seen, or all that are."""
    return seen if scope.commune is None else tuple(c for c in seen if c == scope.commune)


def sums(session: Session, measure: str, scope: Scope, by: Sequence[str], *, since_ever: bool = False) -> dict[tuple[Any, ...], int]:
    """A measure over the scope, summed by some of day, commune_code, kind, key, part; in their order.

    since_ever: from the beginning to the period's last day, for running totals.
    """
    communes = within(scope, seen_communes(session, scope.actor))
    columns: Any = MEASURES[measure]().subquery().c if as_of(session) is None else sa.inspect(ReportFigure).columns
    query = sa.select(*(columns[name] for name in by), sa.func.sum(columns["number"])).group_by(*(columns[name] for name in by))
    query = query.where(columns["day"] <= scope.period.last, columns["commune_code"].in_(communes),
                        allowed(scope.actor, "report.see", columns["commune_code"], columns["kind"]))
    if as_of(session) is not None:
        query = query.where(columns["measure"] == measure)
    if not since_ever:
        query = query.where(columns["day"] >= scope.period.first)
    if scope.kind:
        query = query.where(columns["kind"] == scope.kind)
    rows = session.execute(query.order_by(*(columns[name] for name in by)))
    return {tuple(row[:-1]): int(row[-1]) for row in rows if row[-1]}


def renew(database: Database, actor: str = "sogoc", now: datetime | None = None) -> Renewal:
    """Count everything anew from one snapshot and put it in the table's place, in one transaction. Killed anywhere, the old ones stay."""
    now, start = now or utc_now(), time.monotonic()
    with database.reading() as session:
        rows = [{"measure": name, **row._mapping} for name in MEASURES for row in session.execute(MEASURES[name]())]
    with database.session() as session:
        session.execute(sa.delete(ReportFigure))
        for part in _parts(rows):
            session.execute(sa.insert(ReportFigure), part)
        cursor = session.get(Cursor, _CURSOR) or Cursor(name=_CURSOR)
        cursor.value = {"at": now.isoformat(), "rows": len(rows)}
        session.add(cursor)
    return Renewal(len(rows), time.monotonic() - start)


def first_day(session: Session, actor: Actor) -> date | None:
    """The day (Vietnam) of the first book that the actor may see; where a report from the beginning begins."""
    seen = seen_communes(session, actor)
    return session.scalar(sa.select(sa.func.min(vietnam_day(Batch.created_at))).where(sa.func.coalesce(Batch.commune_code, "").in_(seen)))


def _parts(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    return (rows[i:i + _WRITTEN_TOGETHER] for i in range(0, len(rows), _WRITTEN_TOGETHER))

