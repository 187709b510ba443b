"""What the names of a folder and its files say of the book in it: the facts to fill in for its officer, and numbers jumped over."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from records.book_numbering import Found, check_numbers
from records.filenames import PageName, parse_entry_number, parse_folder_name, parse_page_name


@dataclass(frozen=True)
class NamedBook:
    """about: loai, nam, quyenSo, as far as most names say; jumps: first and last of each run of missing numbers; repeats: as written."""

    about: dict[str, Any] = field(default_factory=dict)
    jumps: tuple[tuple[int, int], ...] = ()
    repeats: tuple[str, ...] = ()


def book_of_names(folder: str, files: Iterable[str]) -> NamedBook:
    pages = [n for n in map(parse_page_name, files) if n is not None]
    named = parse_folder_name(folder) if folder else None
    if not pages:
        about: dict[str, Any] = {"loai": named.kind, "nam": named.year} if named else {}
        return NamedBook(about | ({"quyenSo": f"{named.book.zfill(2)}/{named.year}"} if named and named.book else {}))
    (kind, year, number), _ = Counter((p.kind, p.year, p.book_number) for p in pages).most_common(1)[0]
    mine = [p for p in pages if (p.kind, p.book_number) == (kind, number)]
    numbering = check_numbers(_numbers(mine))
    return NamedBook({"loai": kind, "nam": year, "quyenSo": number}, tuple((r.first, r.last) for r in numbering.missing),
                     tuple(n for _, n in numbering.repeated))


def _numbers(pages: Iterable[PageName]) -> Iterator[Found]:
    for page in pages:
        number = parse_entry_number(page.number)
        if number is not None:
            yield page.registered_year, number
