"""Names of page files and of batch folders, by the grammars that Công văn 1437/BTP-CNTT and its vendors use.

    KS.2010.01.001.pdf                      kind, year the book was opened, book, entry number
    KS.2007.01.2007-08-05.0123.pdf          with the date of registration before the number
    KS.1998.02.x.y.99.0123.pdf              a book of several years: the third part from the end is a two-digit year
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from records.codes import KIND_ALIASES, REGISTER_KINDS

_KINDS = "|".join(sorted({*REGISTER_KINDS, *KIND_ALIASES} - {"HS"}, key=lambda k: (-len(k), k)))
_PAGE = re.compile(rf"({_KINDS})\.(\d{{4}})\.(\d{{1,3}}[A-Za-z]?)(?:\.(\d{{4}}-\d{{2}}-\d{{2}}))?\.(\d{{1,5}}[A-Za-z]?)", re.IGNORECASE)
_FOLDER = re.compile(rf"({_KINDS})[._ -](\d{{4}})(?:[._ -](\d{{1,3}}[A-Za-z]?))?(?:[._ -].*)?", re.IGNORECASE)
_AGAIN = re.compile(r"~[0-9a-f]{1,8}$")         # a page scanned anew keeps its name with this behind (storage.intake)
_EXTENSION = re.compile(r"\.(?:pdf|jpe?g|png|tiff?|jp2|webp|bmp)$", re.IGNORECASE)


@dataclass(frozen=True)
class PageName:
    """What a page's file name says. kind: KS KH KT …; year: of the book's opening; book and number as written, leading zeros dropped
    ("01" -> "1", "012a" -> "12a"); registered_on: the day of registration where the name holds one; registered_year: the year in which
    this entry was registered, which a book of several years tells apart."""

    kind: str
    year: int
    book: str
    number: str
    registered_on: date | None = None
    registered_year: int | None = None

    @property
    def book_number(self) -> str:
        """quyenSo as it is written in books: 01/2017."""
        return f"{self.book.zfill(2)}/{self.year}"


@dataclass(frozen=True)
class FolderName:
    """What a batch folder's name says: KS.2017.01 …; `book` None if it says none."""

    kind: str
    year: int
    book: str | None


def _kind(text: str) -> str:
    return KIND_ALIASES.get(text.upper(), text.upper())


def _bare(number: str) -> str:
    return number.lstrip("0") or "0"


def parse_page_name(name: str) -> PageName | None:
    """Reads a file's name (extension or not, any case); None if it follows no known grammar, or its date is none of the calendar's."""
    stem = _AGAIN.sub("", _EXTENSION.sub("", name.strip()))
    m = _PAGE.fullmatch(stem)
    if m:
        kind, year, book, day, number = m.groups()
        try:
            registered = date.fromisoformat(day) if day else None
        except ValueError:
            return None
        return PageName(_kind(kind), int(year), _bare(book), _bare(number), registered, registered.year if registered else None)
    return _several_years(stem)


def _several_years(stem: str) -> PageName | None:
    """More than seven parts, the extension counted as one, of which the third from the end is a two-digit year of the 20th century."""
    parts = stem.split(".")
    if len(parts) < 7 or not re.fullmatch(_KINDS, parts[0], re.IGNORECASE) or not re.fullmatch(r"\d{4}", parts[1]):
        return None
    year, number = parts[-2], parts[-1]
    if not re.fullmatch(r"\d{2}", year) or not re.fullmatch(r"\d{1,5}[A-Za-z]?", number) or not re.fullmatch(r"\d{1,3}[A-Za-z]?", parts[2]):
        return None
    return PageName(_kind(parts[0]), int(parts[1]), _bare(parts[2]), _bare(number), None, 1900 + int(year))


def parse_folder_name(name: str) -> FolderName | None:
    """Reads a batch folder's name (KS.2017.01, KS-2017, KS_2017_01 thêm chữ …), or None."""
    m = _FOLDER.fullmatch(name.strip())
    return FolderName(_kind(m[1]), int(m[2]), _bare(m[3]) if m[3] else None) if m else None


def page_name(kind: str, year: int, book: str, number: str, extension: str = "pdf", registered_on: date | None = None) -> str:
    """The name of a page by the same grammar: book of two digits, number of three; the inverse of `parse_page_name`. ValueError for what
    the grammar cannot say."""
    day = f".{registered_on.isoformat()}" if registered_on else ""
    digits = re.fullmatch(r"(\d+)([A-Za-z]?)", number)
    if kind not in REGISTER_KINDS or not digits:
        raise ValueError(f"no file name for kind {kind!r}, number {number!r}")
    return f"{kind}.{year:04d}.{book.zfill(2)}{day}.{digits[1].zfill(4 if registered_on else 3)}{digits[2]}.{extension}"


@dataclass(frozen=True)
class EntryNumber:
    """so: the number and its suffix, 12a -> (12, "a"), 12 bis -> (12, "bis"); year where it is written with it (123/2007)."""

    number: int
    suffix: str = ""
    year: int | None = None

    def __str__(self) -> str:
        return f"{self.number}{' ' if self.suffix == 'bis' else ''}{self.suffix}"


def parse_entry_number(text: str) -> EntryNumber | None:
    """"123/2007", "024", "12a", "12 bis", "Số: 15" -> EntryNumber, or None."""
    m = re.fullmatch(r"(?:số|so|s[oố])?\s*[:.]?\s*0*(\d{1,5})\s*(bis|[a-zđ])?\s*(?:/\s*(\d{4})\s*)?\.?", text.strip().lower())
    if not m or int(m[1]) == 0:
        return None
    return EntryNumber(int(m[1]), m[2] or "", int(m[3]) if m[3] else None)


@dataclass(frozen=True)
class BookNumber:
    """quyenSo: the book's number in its year, and the year."""

    number: int
    year: int | None
    suffix: str = ""

    def __str__(self) -> str:
        text = f"{self.number:02d}{self.suffix}"
        return f"{text}/{self.year}" if self.year else text


def parse_book_number(text: str) -> BookNumber | None:
    """"01/2017", "1 / 2017", "01-2017", "02", "01/17" -> BookNumber, or None. A two-digit year is taken for one of 1931..2030."""
    m = re.fullmatch(r"(?:quyển)?\s*(?:số)?\s*[:.]?\s*0*(\d{1,3})\s*([a-zđ]?)\s*(?:[/\\.-]\s*(\d{4}|\d{2}))?\.?", text.strip().lower())
    if not m:
        return None
    year = int(m[3]) if m[3] else None
    if year is not None and year < 100:
        year += 2000 if year <= 30 else 1900
    return BookNumber(int(m[1]), year, m[2])
