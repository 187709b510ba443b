"""Working days of Vietnamese offices: Monday to Friday without public holidays, Tết included, with the days that are made up for.

The calendar is the library's (`holidays`); Saturdays worked in place of a day off count as working days. A year whose Tết the Government
has not fixed yet is the library's estimate.
"""
from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any


@cache
def _calendar() -> Any:
    import holidays

    return holidays.country_holidays("VN")


def is_working_day(day: date) -> bool:
    return bool(_calendar().is_working_day(day))


def working_days_before(day: date, count: int) -> date:
    """The last day from which `count` whole working days have passed by the end of the day before `day`."""
    while count > 0:
        day -= timedelta(days=1)
        count -= is_working_day(day)
    return day


def due_day(start: date, count: int) -> date:
    """The last day on which something begun on `start` is still in time: the count-th working day after it."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def working_days_late(due: date, today: date) -> int:
    """Working days after `due`, up to and with today."""
    return sum(is_working_day(due + timedelta(days=n)) for n in range(1, (today - due).days + 1))
