"""A record as a row of the Ministry's Excel, and back. What the row cannot hold is named, never dropped in silence."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.filenames import parse_book_number
from records.ministry.cells import from_cell, to_cell
from records.ministry.template import Template

_SIGNER, _POSITION = "nguoiKy", "chucVuNguoiKy"


@dataclass(frozen=True)
class Book:
    """What is known of the book an entry stands in, for what its page does not say."""

    office: str = ""
    number: str = ""                # 01/2007
    year: int | None = None


@dataclass(frozen=True)
class Row:
    """cells: column -> text, all columns of the kind. not_held: codes whose value does not come back the same, in order."""

    kind: str
    cells: Mapping[str, str]
    not_held: tuple[str, ...]


def to_row(template: Template, kind: str, values: Mapping[str, str], book: Book | None = None, slash: bool = True) -> Row:
    """values: field code -> value in this program's canonical form. An empty value is as good as none."""
    book = book or Book()
    columns, said = template.columns[kind], {c: v for c, v in values.items() if v.strip()}
    year = _year(said.get("ngayDangKy", "")) or book.year
    filled = dict(said)
    place = "noiDangKy" if "noiDangKy" in columns else "noiCap"
    if not filled.get(place) and book.office:
        filled[place] = book.office
    written = filled.get("quyenSo", "")
    if book.number and "/" not in written and (not written or _same_book(written, book.number)):
        filled["quyenSo"] = book.number
    if _SIGNER in filled and not filled.get(_POSITION):
        filled[_SIGNER], filled[_POSITION] = _split_signer(filled[_SIGNER])
    cells = {c: to_cell(template, kind, c, filled.get(c, ""), year, slash) for c in columns}
    back = from_row(template, kind, cells)
    return Row(kind, cells, tuple(sorted(c for c, v in said.items() if back.get(c) != v)))


def from_row(template: Template, kind: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Field code -> value, of the cells that say something."""
    values = {c: from_cell(template, kind, c, cells.get(c, "")) for c in template.columns[kind]}
    if values.get(_SIGNER) and values.get(_POSITION):
        values[_SIGNER] = f"{values[_SIGNER]}, {values.pop(_POSITION)}"
    return {c: v for c, v in values.items() if v}


def _split_signer(text: str) -> tuple[str, str]:
    """"Lê Thị Mẫu, Chủ tịch" -> name, position; a name alone has none."""
    name, comma, position = text.rpartition(", ")
    whole = comma and name == name.strip() and position == position.strip() and name and position
    return (name, position) if whole else (text, "")


def _same_book(written: str, known: str) -> bool:
    """Whether the number on the page, which lacks the year, is the book's."""
    a, b = parse_book_number(written), parse_book_number(known)
    return a is not None and b is not None and (a.number, a.suffix) == (b.number, b.suffix)


def _year(day: str) -> int | None:
    return int(day[:4]) if day[:4].isdigit() else None
