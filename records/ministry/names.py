"""Names of the delivery's files, by the grammar of records.filenames: one Excel and one ZIP a book, one PDF an entry."""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from records.filenames import page_name, parse_entry_number, parse_page_name

Style = Literal["long", "short"]        # with the day of registration or without


@dataclass(frozen=True)
class EntryName:
    """name: of the PDF. by_rule: whether the grammar can say it (a number like "12 bis" it cannot)."""

    name: str
    by_rule: bool


def book_name(kind: str, year: int, book: str) -> str:
    """KS.2007.01, for .xlsx and .zip."""
    return f"{kind}.{year:04d}.{book.zfill(2)}"


def entry_name(kind: str, book_year: int, book: str, number: str, day: date | None, year: int | None, style: Style = "long") -> EntryName:
    """The PDF's name. day: of registration if wholly known; year: of registration. In a book of several years before 2000 the two-digit
    year stands third from the end (KS.1987.01.05.08.89.0123.pdf), as the loaders ask; there is no such form from 2000 on."""
    parsed = parse_entry_number(number)
    digits = f"{parsed.number}{parsed.suffix}" if parsed else ""
    several = year is not None and year != book_year and 1900 <= year <= 1999
    if several and re.fullmatch(r"\d+[a-z]?", digits, re.ASCII):
        before = f"{day:%d.%m}" if day else "00.00"
        plain = re.fullmatch(r"(\d+)([a-z]?)", digits)
        assert plain and year
        return EntryName(f"{book_name(kind, book_year, book)}.{before}.{year % 100:02d}.{plain[1].zfill(4)}{plain[2]}.pdf", True)
    try:
        name = page_name(kind, book_year, book, digits, "pdf", day if style == "long" else None)
        return EntryName(name, parse_page_name(name) is not None and (day is not None or style == "short"))
    except ValueError:
        stem = re.sub(r"[^\w-]", "", digits or number, flags=re.ASCII) or "0"
        return EntryName(f"{book_name(kind, book_year, book)}.x.{stem}.pdf", False)


def key_of_name(name: str) -> tuple[str, int, str, str, int | None] | None:
    """What a PDF's name says: kind, the book's year, book, number, year of registration where it is told; None outside the grammar."""
    found = parse_page_name(name.rsplit("/", 1)[-1])
    return None if found is None else (found.kind, found.year, found.book, found.number.lower(), found.registered_year)
