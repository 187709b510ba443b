"""Tables as an Excel file: real numbers and dates, everything else text that no program takes for a formula, each sheet with its mark."""
from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from storage.watermark import Watermark, stamp

Value = str | int | float | date | None
Kind = Literal["text", "number", "percent", "day"]
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")           # not allowed in XML, hence not in a spreadsheet
_FORMATS: dict[str, str] = {"text": "@", "number": "#,##0", "percent": "0.0%", "day": "dd/mm/yyyy"}
_LINE = Side(style="thin", color="999999")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


@dataclass(frozen=True)
class Column:
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """name: of the tab. lead: lines above the table, a pair: left and right; total: the last row is one; tail: lines below."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    lead: tuple[str | tuple[str, str], ...] = ()
    total: bool = False
    tail: tuple[str | tuple[str, str], ...] = ()


def workbook(sheets: Sequence[Sheet], mark: Watermark) -> bytes:
    """The file. Row 1 of each sheet is the mark, then its lead, then the head, which stays in sight and on every printed page."""
    book = Workbook(write_only=True)
    taken: set[str] = set()
    for sheet in sheets:
        _write(book.create_sheet(_name(sheet.name, taken)), sheet, mark)
    stamp(book, mark)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text_cell(sheet: Any, value: str, **style: Any) -> Any:
    """A cell that is text whatever it begins with (= + - @ and leading zeros), also after somebody has edited it."""
    cell = WriteOnlyCell(sheet, value=CONTROL.sub("", value)[:32_000] or None)
    if cell.value is not None:
        cell.data_type, cell.number_format, cell.quotePrefix = "s", "@", cell.value[:1] in "=+-@\t\r"
    for name, given in style.items():
        setattr(cell, name, given)
    return cell


def _write(ws: Any, sheet: Sheet, mark: Watermark) -> None:
    head = len(sheet.lead) + 2
    ws.freeze_panes = f"A{head + 1}"
    ws.print_title_rows = f"{head}:{head}"
    ws.page_setup.orientation, ws.page_setup.paperSize, ws.page_setup.fitToHeight = "landscape", 9, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    for n, column in enumerate(sheet.columns, 1):
        longest = max([len(column.title) * 0.7, *(len(str(r[n - 1] if r[n - 1] is not None else "")) for r in sheet.rows[:500])], default=8)
        ws.column_dimensions[get_column_letter(n)].width = min(60, max(9, longest + 3))
    ws.append([text_cell(ws, mark.line, font=Font(italic=True, color="666666"))])
    for line in sheet.lead:
        ws.append(_line(ws, line, len(sheet.columns), Font(bold=True)))
    centre = Alignment(horizontal="center", vertical="center", wrap_text=True)
    ws.append([text_cell(ws, c.title, font=Font(bold=True), alignment=centre, border=_GRID, fill=PatternFill("solid", fgColor="E8E4DA"))
               for c in sheet.columns])
    for n, row in enumerate(sheet.rows, 1):
        bold = Font(bold=sheet.total and n == len(sheet.rows))
        ws.append([_cell(ws, value, column.kind, bold) for value, column in zip(row, sheet.columns, strict=True)])
    for line in ("", *sheet.tail) if sheet.tail else ():
        ws.append(_line(ws, line, len(sheet.columns), Font()))


def _line(ws: Any, line: str | tuple[str, str], width: int, font: Font) -> list[Any]:
    if isinstance(line, str):
        return [text_cell(ws, line, font=font)]
    return [text_cell(ws, line[0], font=font), *[None] * max(0, width // 2 - 1), text_cell(ws, line[1], font=font)]


def _cell(ws: Any, value: Value, kind: Kind, font: Font) -> Any:
    if isinstance(value, str):
        return text_cell(ws, value, border=_GRID, font=font)
    cell = WriteOnlyCell(ws, value=value)
    cell.border, cell.font, cell.number_format = _GRID, font, _FORMATS[kind]
    if isinstance(value, float) and kind == "number":
        cell.number_format = "#,##0.0"
    return cell


def _name(wanted: str, taken: set[str]) -> str:
    """A tab's name as Excel takes it, its own in the file."""
    base = re.sub(r"[\[\]:*?/\\']", "-", wanted).strip()[:28] or "1"
    name = next(n for n in (base, *(f"{base} {k}" for k in range(2, 100))) if n.lower() not in taken)
    taken.add(name.lower())
    return name
