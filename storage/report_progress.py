"""Books and entries digitised by commune and month (week, quarter, year), against the plan.

Digitised: checked and confirmed by a person. A book is finished when every page is read and every entry confirmed.
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from storage.report_figures import Scope, sums
from storage.report_period import Period, Step, between, buckets, period_of
from storage.report_plan import Plan

_MEASURES = ("books_received", "books_done", "entries_read", "entries_verified")


@dataclass(frozen=True)
class Amount:
    """planned_books, planned_entries: rounded to whole ones; None where nothing is planned."""

    books_received: int = 0
    books_done: int = 0
    entries_read: int = 0
    entries_verified: int = 0
    planned_books: int | None = None
    planned_entries: int | None = None


@dataclass(frozen=True)
class Progress:
    """total: of the period; before: everything until the day before it; due_entries: planned until today (None: no plan)."""

    steps: tuple[Period, ...]
    by_step: tuple[Amount, ...]
    by_commune: tuple[tuple[str, Amount], ...]
    cells: tuple[tuple[str, Period, Amount], ...]
    total: Amount
    before: int
    due_entries: int | None


def progress(session: Session, scope: Scope, step: Step = "month", today: date | None = None) -> Progress:
    """Progress in the scope; today: until when the plan is held against what was done (default: the period's last day)."""
    steps = buckets(scope.period, step)
    plan = Plan(session, scope)
    counts: dict[str, dict[tuple[str, Period], int]] = {}
    for measure in _MEASURES:
        counts[measure] = defaultdict(int)
        for (commune, day), number in sums(session, measure, scope, ("commune_code", "day")).items():
            counts[measure][commune, period_of(step, day)] += number
    communes = sorted({c for found in counts.values() for c, _ in found} | set(plan.communes))

    def amount(which: list[str], periods: tuple[Period, ...], days: Period, one: str | None) -> Amount:
        planned = plan.of(days, one)
        has = planned.books or planned.entries
        received, done, read, verified = (sum(counts[m].get((c, p), 0) for c in which for p in periods) for m in _MEASURES)
        return Amount(received, done, read, verified, round(planned.books) if has else None, round(planned.entries) if has else None)

    whole = scope.period
    cut = {p: Period(max(p.first, whole.first), min(p.last, whole.last)) for p in steps}
    before = sums(session, "entries_verified", scope, (), since_ever=True).get((), 0)
    total = amount(communes, steps, whole, None)
    until = min(today or whole.last, whole.last)
    due = plan.of(between(whole.first, until)).entries if until >= whole.first else 0
    return Progress(
        steps, tuple(amount(communes, (p,), cut[p], None) for p in steps),
        tuple((c, amount([c], steps, whole, c)) for c in communes),
        tuple((c, p, amount([c], (p,), cut[p], c)) for c in communes for p in steps),
        total, before - total.entries_verified, round(due) if total.planned_entries is not None else None)
