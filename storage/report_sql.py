"""Days and lengths of time in SQL, the same on SQLite and PostgreSQL. Days are Vietnam's (UTC+7, no summer time)."""
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

HOURS_SHOWN = 48            # lengths are kept in whole hours up to here, in whole days above


class vietnam_day(FunctionElement[Any]):
    """The calendar day in Vietnam of a UTC time."""

    type = sa.Date()
    inherit_cache = True


class seconds_between(FunctionElement[Any]):
    """Whole seconds from the first time to the second."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(vietnam_day, "sqlite")
def _day_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)}, '+7 hours')"


@compiles(vietnam_day, "postgresql")
def _day_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"cast(timezone('UTC', {compiler.process(element.clauses, **kw)}) + interval '7 hours' as date)"


@compiles(seconds_between, "sqlite")
def _seconds_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(c, **kw) for c in element.clauses)
    return f"(cast(strftime('%s', {end}) as integer) - cast(strftime('%s', {start}) as integer))"


@compiles(seconds_between, "postgresql")
def _seconds_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(c, **kw) for c in element.clauses)
    return f"cast(floor(extract(epoch from {end})) - floor(extract(epoch from {start})) as bigint)"


def rounded_hours(start: Any, end: Any) -> sa.ColumnElement[Any]:
    """The time between in hours, rounded up: to the hour up to HOURS_SHOWN, to the day above; at least 1."""
    seconds = seconds_between(start, end)
    hours = (seconds + 3599) // 3600
    return sa.case((seconds < 1, 1), (hours <= HOURS_SHOWN, hours), else_=((seconds + 86399) // 86400) * 24)
