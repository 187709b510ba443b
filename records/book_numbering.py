"""The numbers of a book's entries: what is missing, what occurs twice.

Nghị định 158/2005, Điều 68: numbers run from 01 to the end of the year; a book that goes on next year begins again at 01; a second book
of one year goes on where the first ended.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from records.filenames import EntryNumber

Found = tuple[int | None, EntryNumber]      # year of registration (None: not known), number


@dataclass(frozen=True)
class Run:
    """Numbers first..last of one year, in a row."""

    year: int | None
    first: int
    last: int

    def holds(self, other: Run) -> bool:
        return self.year == other.year and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True)
class YearNumbers:
    """What was found of one year. count: entries, 12 and 12a being two."""

    year: int | None
    first: int
    last: int
    count: int


@dataclass(frozen=True)
class Numbering:
    years: tuple[YearNumbers, ...]
    missing: tuple[Run, ...]
    repeated: tuple[tuple[int | None, str], ...]        # year, number as written


def first_numbers(volume: int | None, year: int | None, before: int | None) -> Mapping[int, int]:
    """Year -> the number that year begins with in this book, where that is known.

    volume, year: of the book's number (quyển 02/2017); before: the last number of the volume before it, None if nobody knows.
    """
    if volume is None or year is None:
        return {}
    start = 1 if volume == 1 else before + 1 if before is not None else None
    return {year: start} if start is not None else {}


def check_numbers(found: Iterable[Found], starts: Mapping[int, int] | None = None, opened: int | None = None) -> Numbering:
    """starts: see first_numbers; a year after `opened` (the book's own) begins at 1.

    A number counts as there if it, or its first part (12a), was found: a `12 bis` follows a 12 and does not stand for it.
    """
    starts = starts or {}
    years: dict[int | None, list[EntryNumber]] = {}
    for year, number in found:
        years.setdefault(year, []).append(number)
    rows, missing, repeated = [], [], []
    for year in sorted(years, key=lambda y: (y is None, y or 0)):
        numbers = years[year]
        have = {n.number for n in numbers if n.suffix in ("", "a")}
        every = [n.number for n in numbers]
        first, last = min(every), max(every)
        start = starts.get(year or 0, 1 if year is not None and opened is not None and year > opened else first)
        missing += _runs(year, sorted(set(range(min(start, first), last + 1)) - have))
        repeated += [(year, str(n)) for n, times in Counter(EntryNumber(n.number, n.suffix) for n in numbers).items() if times > 1]
        rows.append(YearNumbers(year, first, last, len(numbers)))
    return Numbering(tuple(rows), tuple(missing), tuple(sorted(repeated, key=lambda r: (r[0] or 0, r[1]))))


def _runs(year: int | None, numbers: list[int]) -> list[Run]:
    runs: list[Run] = []
    for n in numbers:
        if runs and runs[-1].last == n - 1:
            runs[-1] = Run(year, runs[-1].first, n)
        else:
            runs.append(Run(year, n, n))
    return runs
