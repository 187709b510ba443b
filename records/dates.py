"""Dates and ages as clerks write them in figures. The date's type is in records.partial_date, dates in words in records.date_words;
both are offered here too, so that `records.dates` is all a reader needs."""
from __future__ import annotations

import re
from datetime import date

from records import lunar
from records.date_words import all_word_forms, day_words, in_words, month_words, parse_words, year_words
from records.partial_date import Calendar, PartialDate, Precision, Qualifier
from records.text import fold, nfc, strip_marks

__all__ = [
    "Calendar", "PartialDate", "Precision", "Qualifier", "all_word_forms", "birth_years", "day_words", "full_year", "in_figures",
    "in_words", "ministry_format", "month_words", "parse_age", "parse_day", "parse_figures", "parse_typed", "parse_words", "year_words",
]

_DATE = re.compile(r"(?<!\d)(\d{1,2})(?:\s*[./\\|,–-]\s*|\s+)(\d{1,2})(?:\s*[./\\|,–-]\s*|\s+)(\d{4}|\d{2})(?!\d)")
_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s*[./\\–-]\s*(\d{4})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})(?:-(\d{2}))?(?!\d)")
_RUN = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(1[89]\d{2}|20\d{2})(?!\d)")
_LABELLED = re.compile(r"(?:ng[aà]y\s*)?(\d{1,2})?\s*,?\s*th[aá]ng\s*(\d{1,2})\s*,?\s*n[aă]m\s*(\d{4}|\d{2})(?!\d)", re.IGNORECASE)
_LUNAR = re.compile(r"(?:\b[âaÂA]\.?\s?[lL]\b|[âÂ]m\s*l[iịIỊ]ch)")
_ABOUT = ("khoang", "chung")
_AGE = re.compile(r"(?<!\d)(\d{1,3})\s*(?:t\b|tuổi|tuoi|t\.)", re.IGNORECASE)
_BESIDE = re.compile(r"\b(?:ngay|mong|mung|thang|nam|sinh|khoang|chung|nhuan|am lich|duong lich|[ad] ?l)\b")   # figures, without marks
_WHOLE_DAY = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{4}|\d{8}|\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200        # of what a person types


def full_year(two_digits: int, latest: int) -> int:
    """The last year that ends in `two_digits` (0..99) and is not after `latest`."""
    return latest - (latest - two_digits) % 100


def parse_figures(text: str, latest: int = 2030) -> PartialDate | None:
    """The date written in figures in `text`, or None: 5/8/07, 05.8.2007, 21-07-2007, 05082007, 2007-07-21, 7/1982, 1980, khoảng 1950,
    ngày 5 tháng 8 năm 2007, 10/3/1952 ÂL. `latest`: no year after it, which settles two-digit years (07 -> 2007, 85 -> 1985).

    Figures that name no day of the calendar (31/2/2007) give None: a guess is the reader's business, not the parser's.
    """
    found = _read(nfc(text), latest)
    return found[0] if found else None


def parse_typed(text: str, latest: int) -> PartialDate | None:
    """The date, if the whole text is one, in figures as `parse_figures` reads them or in words; None where anything else stands there, and
    for years before 1800. What registers write beside figures may stay: ngày, tháng, năm, sinh, khoảng, ÂL, Giáp Tý."""
    found = _read(nfc(text), latest)
    read = found[0] if found is not None and _only_beside(found[1], found[0].year) else parse_words(text)
    return read if read is not None and read.year is not None and _FIRST_YEAR <= read.year <= latest else None


def _only_beside(rest: str, year: int | None) -> bool:
    """Whether nothing stands around the figures but the words of a date and the year's own can chi name."""
    said = strip_marks(fold(rest))
    return not _BESIDE.sub("", said.replace(strip_marks(fold(lunar.year_name(year))), "") if year is not None else said).strip()


def parse_day(text: str) -> date | None:
    """The day typed into a field that takes one whole day: 05/03/2017, 5/3/2017, 5-3-2017, 5.3.2017, 05032017, the day first, or ISO
    (2017-03-05); None for anything else, a year of two digits too."""
    found = parse_typed(text, _LAST_YEAR) if _WHOLE_DAY.fullmatch(text.strip()) else None
    return found.to_date() if found is not None else None


def _read(s: str, latest: int) -> tuple[PartialDate, str] | None:
    """The date in figures, and the text around it."""
    calendar: Calendar = "lunar" if _LUNAR.search(s) else "solar"
    folded = fold(s)
    qualifier: Qualifier = "~" if any(w in strip_marks(folded) for w in _ABOUT) or "~" in s else "?" if re.search(r"\d\s*\?", s) else ""
    leap = calendar == "lunar" and "nhuận" in folded
    for pattern, order in ((_ISO, "ymd"), (_LABELLED, "dmy"), (_DATE, "dmy"), (_RUN, "dmy"), (_MONTH, "my"), (_YEAR, "y")):
        m = pattern.search(s)
        if not m:
            continue
        parts = {k: int(g) for k, g in zip(order, m.groups(), strict=True) if g is not None}
        year = parts["y"] if parts["y"] > 99 else full_year(parts["y"], latest)
        if year > latest:
            return None
        try:
            return PartialDate(year, parts.get("m"), parts.get("d"), calendar, qualifier, leap), s[:m.start()] + " " + s[m.end():]
        except ValueError:
            return None
    return None


def in_figures(d: PartialDate, separator: str = "/") -> str:
    """As clerks write it: 05/08/2007, 08/2007, 2007."""
    parts = [f"{n:02d}" for n in (d.day, d.month) if n is not None]
    return separator.join([*parts, f"{d.year:04d}"] if d.year is not None else parts)


def ministry_format(d: PartialDate) -> str:
    """As the Ministry's import wants it: dd.MM.yyyy, else yyyy, else empty (domain: partial dates keep the year only)."""
    if d.precision == "day":
        return in_figures(d, ".")
    return f"{d.year:04d}" if d.year is not None else ""


def parse_age(text: str) -> int | None:
    """Years of age in "28T", "28 tuổi", or None; 0..130."""
    m = _AGE.search(nfc(text))
    return int(m[1]) if m and int(m[1]) <= 130 else None


def birth_years(age: int, registered: int) -> tuple[int, int]:
    """First and last year of birth of a person said to be `age` in the year `registered`: a year each side (tuổi mụ, birthdays to come)."""
    return registered - age - 1, registered - age + 1
