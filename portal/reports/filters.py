"""What a report is asked for: period, step, commune, kind; as typed in an address or a command, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from portal.reports import numbers
from portal.reports.catalogue import Report
from portal.reports.view import Ask
from portal.wording import Pair
from records.dates import parse_day
from storage.policy import KINDS, Actor
from storage.report_errors import BadPeriod
from storage.report_figures import Scope
from storage.report_period import STEPS, Period, Step, between, period_of

STEP_NAMES: dict[str, Pair] = {
    "week": ("Tuần", "Week"),
    "month": ("Tháng", "Month"),
    "quarter": ("Quý", "Quarter"),
    "year": ("Năm", "Year"),
}
_STEPS_BY_LENGTH: tuple[tuple[int, Step], ...] = ((70, "week"), (800, "month"), (2200, "quarter"))


@dataclass(frozen=True)
class Filters:
    """As typed; empty: left to the report. day: any day of the whole period a formal report is about."""

    first: str = ""
    last: str = ""
    step: str = ""
    commune: str = ""
    kind: str = ""
    day: str = ""


def scope_of(report: Report, typed: Filters, actor: Actor, today: date) -> tuple[Scope, Step]:
    """The scope, and the step of its tables. Raises BadPeriod."""
    if report.formal:
        step: Step = typed.step if typed.step in STEPS else "month"  # type: ignore[assignment]
        period = period_of(step, _day(typed.day, today))
    else:
        last = _day(typed.last, today)
        period = between(_day(typed.first, _year_before(last)), last)
        usual = next((s for days, s in _STEPS_BY_LENGTH if period.days <= days), "year")
        step = typed.step if typed.step in STEPS else usual  # type: ignore[assignment]
    kind = typed.kind if typed.kind in KINDS else None
    return Scope(actor, period, typed.commune[:8] or None, kind), step


def described(ask: Ask, report: Report) -> str:
    """The filters in words, for a file and the head of a printed page."""
    parts = [numbers.period(ask.words, ask.scope.period)] if report.timed else [numbers.day(ask.words, ask.today)]
    if ask.scope.commune is not None:
        parts.append(ask.commune(ask.scope.commune))
    elif ask.scope.actor.commune_code is not None:
        parts.append(ask.commune(ask.scope.actor.commune_code))
    else:
        parts.append(ask.words("toàn tỉnh"))
    if ask.scope.kind:
        parts.append(ask.kind(ask.scope.kind))
    return " · ".join(parts)


def neighbours(period: Period, step: Step) -> tuple[date, date]:
    """A day of the period before and of the one after."""
    return period_of(step, period.first - timedelta(days=1)).first, period.last + timedelta(days=1)


def _day(text: str, otherwise: date) -> date:
    if not text:
        return otherwise
    found = parse_day(text)
    if found is None or not 1990 <= found.year <= 2200:
        raise BadPeriod(period=text[:20])
    return found


def _year_before(last: date) -> date:
    """The first of the month eleven months earlier: twelve months with this one."""
    months = last.year * 12 + last.month - 1 - 11
    return date(months // 12, months % 12 + 1, 1)
