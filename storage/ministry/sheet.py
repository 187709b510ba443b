"""Reads an Excel of the Ministry's template as offices have it: columns in any order, numbers and dates for text, old
encodings."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from records.filenames import parse_page_name
from records.legacy_text import Encoding, detect, to_unicode
from records.ministry.template import Template
from storage.ministry.errors import NotMinistrySheet

_HEADING_ROWS = 12          # the heading stands among the first rows, below titles
_NEEDED = 4                 # columns of the template that make a row the heading
_SAMPLE = 3000              # cells that tell the encoding
_KIND_CODES = {"nksHoTen": "KS", "nktHoTen": "KT", "voHoTen": "KH", "chongHoTen": "KH", "cmHoTen": "NCM", "nxnHoTen": "HN",
               "nghHoTen": "GH", "cnHoTen": "CN", "ntdHoTen": "CC"}
_PAPER = re.compile(r"So(?:GiayToTuyThan|DinhDanh)$")


@dataclass(frozen=True)
class SheetRow:
    """line: of the Excel, from 1. restored: columns of personal numbers that got back the zero a number cell had lost."""

    line: int
    kind: str
    cells: dict[str, str]
    restored: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadSheet:
    """unknown: headings that are no column of the template, in order. encoding: of the text as it came."""

    title: str
    kind: str
    encoding: Encoding
    unknown: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_workbook(path: Path, template: Template, kind: str | None = None) -> list[ReadSheet]:
    """Every sheet that has a heading row. kind: of all of them, where headings do not tell. Raises NotMinistrySheet."""
    try:
        book = load_workbook(path, data_only=True)
        sheets = [(s.title, [tuple(row) for row in s.iter_rows(values_only=True)]) for s in book.worksheets]
        book.close()
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, TypeError, SyntaxError) as e:
        raise NotMinistrySheet(file=path.name, cause=type(e).__name__) from None
    found = [read for title, rows in sheets if (read := _read(title, rows, template, kind or _kind_of_name(path.stem))) is not None]
    if not found:
        raise NotMinistrySheet(file=path.name, cause="không thấy hàng tiêu đề / no heading row")
    return found


def _kind_of_name(stem: str) -> str | None:
    name = parse_page_name(f"{stem}.001")
    return name.kind if name else None


def _read(title: str, rows: Sequence[Sequence[Any]], template: Template, said: str | None) -> ReadSheet | None:
    known = {c.lower(): c for columns in template.columns.values() for c in columns}
    number = next((n for n, row in enumerate(rows[:_HEADING_ROWS], 1) if _is_heading(_codes(row, known))), None)
    if number is None:
        return None
    headings, codes = [_heading(h) for h in rows[number - 1]], _codes(rows[number - 1], known)
    kind = next((k for code, k in _KIND_CODES.items() if code in codes), said)
    if kind is None or kind not in template.columns:
        return None
    own = set(template.columns[kind])
    body = [(n, r) for n, r in enumerate(rows[number:], number + 1) if any(v is not None and str(v).strip() for v in r)]
    encoding = detect(" ".join(_sample(body)))
    read = []
    for line, values in body:
        cells, restored = {}, []
        for code, value in zip(codes, values, strict=False):
            if code is None or code not in own or value is None:
                continue
            text, mended = _text(code, value)
            cells[code] = to_unicode(text) if encoding != "unicode" else text
            if mended:
                restored.append(code)
        read.append(SheetRow(line, kind, cells, tuple(restored)))
    unknown = tuple(h for h, c in zip(headings, codes, strict=True) if h and (c is None or c not in own))
    return ReadSheet(title, kind, encoding, unknown, tuple(read))


def _heading(value: Any) -> str:
    return str(value).strip() if value is not None else ""


def _codes(row: Sequence[Any], known: Mapping[str, str]) -> list[str | None]:
    return [known.get(_heading(h).lower().replace(" ", "")) for h in row]


def _is_heading(codes: Sequence[str | None]) -> bool:
    return "so" in codes and sum(c is not None for c in codes) >= _NEEDED


def _sample(body: Sequence[tuple[int, Sequence[Any]]]) -> Iterator[str]:
    texts = (v for _, row in body for v in row if isinstance(v, str) and not v.isascii())
    for _, text in zip(range(_SAMPLE), texts, strict=False):
        yield text


def _text(code: str, value: Any) -> tuple[str, bool]:
    """The cell as the template would write it, and whether a leading zero was put back."""
    if isinstance(value, datetime | date):
        return value.strftime("%d.%m.") + f"{value.year:04d}", False
    if isinstance(value, time):
        return value.strftime("%H:%M"), False
    if isinstance(value, bool):
        return ("1" if value else ""), False
    if isinstance(value, int | float):
        text = str(int(value)) if value == int(value) else repr(value)
        if _PAPER.search(code) and len(text) in (8, 11):        # 9 figures of a CMND, 12 of a CCCD, kept as a number
            return "0" + text, True
        return text, False
    return str(value), False
