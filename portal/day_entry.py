"""A field that takes one day, ngày/tháng/năm whatever the browser's language: what was typed, the day it names, what stands there again.

The field itself is the macro `day_field` (templates/day_field.html) with static/day-field.js; the one parser is records.dates.parse_day.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from records.dates import PartialDate, in_figures, parse_day

LONGEST = 40            # characters taken from a form; longer ones are no day


@dataclass(frozen=True)
class DayEntry:
    """As typed; also ISO, as addresses kept by people have it."""

    typed: str = ""

    @classmethod
    def of(cls, day: date) -> DayEntry:
        return cls(in_figures(PartialDate.of(day)))

    @cached_property
    def day(self) -> date | None:
        """None where the field is empty or names no day."""
        return parse_day(self.typed)

    @property
    def wrong(self) -> bool:
        """Whether something was typed that is no day."""
        return self.day is None and bool(self.typed.strip())

    def __str__(self) -> str:
        """As the field shows it: 05/03/2017, or what was typed if that is no day."""
        return in_figures(PartialDate.of(self.day)) if self.day is not None else self.typed.strip()[:LONGEST]


EMPTY = DayEntry()
