"""A date of which some parts may be unknown, by the solar or the lunar calendar; as text, EDTF (ISO 8601-2).

What is not written is never made up: a year alone stays a year, `1980` is not 1980-01-01.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from records import lunar

Precision = Literal["day", "month", "year", "day-month"]
Calendar = Literal["solar", "lunar"]
Qualifier = Literal["", "~", "?"]


@dataclass(frozen=True)
class PartialDate:
    """A date of which some parts may be unknown. `str()` is EDTF (ISO 8601-2): 2007-08-05, 2007-08, 2007, 1950~, 1950?, XXXX-08-05.

    A lunar date holds the numbers as written (`leap` for a tháng nhuận); its `str()` is EDTF of the year alone, marked `~`, because EDTF
    knows no lunar calendar; `solar()` gives the day it fell on. ValueError where no calendar has such a date.
    """

    year: int | None
    month: int | None = None
    day: int | None = None
    calendar: Calendar = "solar"
    qualifier: Qualifier = ""
    leap: bool = False

    def __post_init__(self) -> None:
        if self.year is not None and not 1000 <= self.year <= 9999:
            raise ValueError(f"year {self.year} is out of range")
        if self.month is not None and not 1 <= self.month <= 12:
            raise ValueError(f"no month {self.month}")
        if self.day is not None:
            if self.month is None:
                raise ValueError("a day without a month")
            last = 30 if self.calendar == "lunar" else last_day(self.year, self.month)
            if not 1 <= self.day <= last:
                raise ValueError(f"month {self.month} has no day {self.day}")
        if self.year is None and self.day is None:
            raise ValueError("neither a year nor a day")

    @property
    def precision(self) -> Precision:
        if self.year is None:
            return "day-month"
        return "day" if self.day is not None else "month" if self.month is not None else "year"

    def __str__(self) -> str:
        if self.calendar == "lunar":
            return f"{self.year:04d}~" if self.year is not None else "XXXX"
        year = f"{self.year:04d}" if self.year is not None else "XXXX"
        return "-".join([year, *(f"{n:02d}" for n in (self.month, self.day) if n is not None)]) + self.qualifier

    @classmethod
    def of(cls, d: date) -> PartialDate:
        return cls(d.year, d.month, d.day)

    @classmethod
    def parse(cls, edtf: str) -> PartialDate:
        """The inverse of `str()` for solar dates; ValueError for anything else."""
        m = re.fullmatch(r"(\d{4}|XXXX)(?:-(\d{2}))?(?:-(\d{2}))?([~?]?)", edtf.strip())
        if not m:
            raise ValueError(f"not a date: {edtf!r}")
        year, month, day = (int(g) if g and g != "XXXX" else None for g in m.groups()[:3])
        return cls(year, month, day, qualifier=m[4])     # type: ignore[arg-type]

    def to_date(self) -> date | None:
        """The day, if it is wholly known by the solar calendar."""
        if self.calendar == "lunar" or self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    def solar(self) -> PartialDate:
        """This date by the solar calendar; itself if it is solar already. A lunar day becomes a day, a lunar month its year~."""
        if self.calendar == "solar" or self.year is None:
            return self
        if self.month is None or self.day is None:
            return PartialDate(self.year, qualifier="~")
        found = lunar.to_solar(self.year, self.month, self.day, self.leap)
        return PartialDate.of(found) if found else PartialDate(self.year, qualifier="~")

    def bounds(self) -> tuple[date, date] | None:
        """First and last day it may be; ±2 years where it is only about right; None without a year."""
        d = self.solar()
        if d.year is None:
            return None
        slack = 2 if d.qualifier == "~" else 0
        first = date(d.year - slack, d.month or 1, d.day or 1) if not slack else date(d.year - slack, 1, 1)
        if slack:
            return first, date(d.year + slack, 12, 31)
        last_month = d.month or 12
        return first, date(d.year, last_month, d.day or last_day(d.year, last_month))

    def agrees(self, other: PartialDate) -> bool:
        """Whether both may be the same day: every part that both know is the same."""
        a, b = self.solar(), other.solar()
        if "~" in (a.qualifier, b.qualifier):
            x, y = a.bounds(), b.bounds()
            return x is None or y is None or (x[0] <= y[1] and y[0] <= x[1])
        return all(x is None or y is None or x == y for x, y in ((a.year, b.year), (a.month, b.month), (a.day, b.day)))


def last_day(year: int | None, month: int) -> int:
    """Number of days of a solar month; February has 29 where the year is unknown."""
    if month == 2:
        return 29 if year is None or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else 28
    return 30 if month in (4, 6, 9, 11) else 31
