"""Periods that offices report by: weeks, months, quarters, years, or any two days."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from storage.report_errors import BadPeriod

Step = Literal["week", "month", "quarter", "year"]
STEPS: tuple[Step, ...] = ("week", "month", "quarter", "year")
_WRITTEN = re.compile(r"(\d{4})(?:-(?:Q([1-4])|W(\d{2})|(\d{2})))?")
_MOST = 400                 # buckets of one report


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both in it. `code`: 2026, 2026-Q3, 2026-08, 2026-W32, or empty for two days of one's own choice."""

    first: date
    last: date
    code: str = ""

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def overlap(self, other: Period) -> int:
        """Days in both."""
        return max(0, (min(self.last, other.last) - max(self.first, other.first)).days + 1)


def parse_period(text: str) -> Period:
    """The period that the code names. Raises BadPeriod."""
    found = _WRITTEN.fullmatch(text.strip().upper())
    if found is None:
        raise BadPeriod(period=text[:20])
    year, quarter, week, month = (int(g) if g else None for g in found.groups())
    try:
        assert year is not None
        if week is not None:
            first = date.fromisocalendar(year, week, 1)
            return Period(first, first + timedelta(days=6), text.strip().upper())
        start = quarter * 3 - 2 if quarter else 1 if month is None else month
        length = 3 if quarter else 12 if month is None else 1
        return Period(date(year, start, 1), _after(date(year, start, 1), length) - timedelta(days=1), text.strip().upper())
    except ValueError:
        raise BadPeriod(period=text[:20]) from None


def period_of(step: Step, day: date) -> Period:
    """The week (Monday to Sunday), month, quarter or year that holds the day."""
    if step == "week":
        iso = day.isocalendar()
        return parse_period(f"{iso.year}-W{iso.week:02d}")
    if step == "month":
        return parse_period(f"{day.year:04d}-{day.month:02d}")
    return parse_period(f"{day.year:04d}-Q{(day.month + 2) // 3}" if step == "quarter" else f"{day.year:04d}")


def between(first: date, last: date) -> Period:
    """Two days of one's own choice. Raises BadPeriod if they are the wrong way round."""
    if last < first:
        raise BadPeriod(period=f"{first.isoformat()} – {last.isoformat()}")
    return Period(first, last)


def buckets(period: Period, step: Step) -> tuple[Period, ...]:
    """The weeks, months … that touch the period, in order, whole ones; the ends are cut where counting, not here. Raises BadPeriod."""
    found = tuple(_buckets(period, step))
    if len(found) > _MOST:
        raise BadPeriod(period=f"{period.first.isoformat()} – {period.last.isoformat()}")
    return found


def _buckets(period: Period, step: Step) -> Iterator[Period]:
    day = period.first
    for _ in range(_MOST + 1):
        if day > period.last:
            return
        bucket = period_of(step, day)
        yield bucket
        day = bucket.last + timedelta(days=1)


def _after(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)
