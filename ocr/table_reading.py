"""A ruled table becomes draft records, one a row: cells cut out and read, each row decoded, ditto marks resolved from the row above."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ocr import cleaning
from ocr.decoding.context import Context, Decoded
from ocr.decoding.record import decode_record
from ocr.lattice import Lattice, pack, unpack
from ocr.recogniser import Recogniser
from ocr.straighten import StraightPage
from ocr.table_cells import Cell, cell_box, cut_cell, page_box
from ocr.table_columns import PlacedColumn
from ocr.table_ditto import DITTO, ditto_value, says_ditto, shape_says_ditto
from ocr.table_entries import find_entries
from ocr.table_fields import part_cell
from ocr.table_grid import LEAST_HEADINGS, TableFit
from ocr.table_rules import erase_rules
from records.forms import Form, load_forms, page_forms, table_forms
from records.record import Box, DraftRecord, FieldValue
from records.text import nfc

BLANK_CONFIDENCE = 0.95     # that a cell without ink holds nothing
PART_MISSING = 0.6          # that a value is missing where a cell holds others
MARK_CONFIDENCE = 0.97      # that ink in a column that is only ticked is the tick
STRUCK_CONFIDENCE = 0.5     # at most, of a value all of whose writing is struck out
SEQUENCE_TRUST = 0.9        # that an entry's number is one more than that of the row above, where most rows' are
SHORT_DITTO = 0.6           # that a scrawl too short for a day or a place is a ditto
LONG = frozenset(("date", "place"))
_SHORT = 8.5, 3             # mm and letters read, at most, of such a scrawl
FIGURES = frozenset(("entry_number", "date", "year"))
_SIDE = 1.8                 # mm of white that a line has beside its ink


@dataclass
class _Row:
    """What is found of one entry before it is decoded. doubts: code -> (greatest confidence, evidence)."""

    lattices: dict[str, Lattice] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    dittos: dict[str, tuple[float, str]] = field(default_factory=dict)     # code -> (that it is one, as read)
    marks: dict[str, str] = field(default_factory=dict)
    empty: dict[str, float] = field(default_factory=dict)
    struck: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    """A line as the model wants it, with where its ink lies in its cell."""

    image: np.ndarray
    box: tuple[int, int, int, int]
    struck: bool


def tables_for(kind: str | None, form: str | None, year: int | None) -> tuple[list[Form], bool]:
    """The tables a page may be, given what is said of its book, and whether it is known to be one of them: its form is said to be a table,
    or its kind is known and its year lies before the books of one entry a page."""
    said = load_forms().get(form or "")
    if said is not None and said.table is not None:
        return [said], True
    tables = [f for f in table_forms() if kind in (None, f.kind)]
    if year is None:
        return tables, False
    then = [f for f in tables if f.valid_from.year <= year <= (f.valid_to.year if f.valid_to else year)]
    pages = [f for f in page_forms() if kind in (None, f.kind) and f.valid_from.year <= year]
    return then or tables, said is None and kind is not None and bool(then) and not pages


def read_table(page: StraightPage, table: TableFit, recogniser: Recogniser, context: Context,
               tick: Callable[[str], None] = lambda stage: None) -> tuple[list[DraftRecord], dict[tuple[int, str], Lattice]]:
    """The entries of the table from top to bottom, boxes on the original page, and their lattices by (row from 1, code); a value taken from
    the row above keeps that row's lattice. tick: is told each stage that ended."""
    scale = page.dpi / 25.4
    dark = erase_rules(cleaning.darkness(page.rgb, scale), *table.erased, scale=scale, paper=0)
    strips = find_entries(table, dark, scale)
    columns = [c for c in table.fit.columns if any(f.code for f in c.column.fields)]
    cells = [[cut_cell(dark, c, s, scale) for c in columns] for s in strips]
    boxes = [[page.box_to_original(cell_box(c, s)) for c in columns] for s in strips]
    lines = [[_lines_of(cell, c, recogniser, scale) for cell, c in zip(row, columns, strict=True)] for row in cells]
    tick("clean")
    read = iter(recogniser.read([x.image for row in lines for cell in row for x in cell]))
    rows = []
    for n in range(len(strips)):
        row = _Row()
        for c, column in enumerate(columns):
            found = [next(read) for _ in lines[n][c]]
            _take(row, column, cells[n][c], lines[n][c], found, boxes[n][c], page, recogniser, scale)
        rows.append(row)
    if table.fit.headings < LEAST_HEADINGS and rows and _is_heading(rows[0]):
        del rows[0]
    kept = unpack(pack({(n, code): x for n, row in enumerate(rows, 1) for code, x in row.lattices.items()}))
    for (n, code), lattice in kept.items():     # as they will be kept: settling a book later sees the same
        rows[n - 1].lattices[code] = lattice
    tick("handwriting")
    records = _decode(table.form, rows, context)
    tick("decode")
    return records, {(n, code): x for n, row in enumerate(rows, 1) for code, x in row.lattices.items()}


def _is_heading(row: _Row) -> bool:
    """Whether a first row is headings written by hand: words without a figure where number and day would stand."""
    texts = [row.lattices[code].best_text() for code in ("so", "ngayDangKy") if code in row.lattices]
    signs = "".join(texts)
    return sum(c.isalpha() for c in signs) >= 4 and not any(c.isdigit() for c in signs) and "ngayDangKy" not in row.dittos


def _lines_of(cell: Cell, column: PlacedColumn, recogniser: Recogniser, scale: float) -> list[_Line]:
    if column.column.mark is not None or (cell.ditto and not column.column.starts):
        return []
    card, fields = recogniser.card, column.column.fields
    room = card.digit_room if len(fields) == 1 and fields[0].type in FIGURES else card.room
    out = []
    for line in cell.lines:
        clean = cleaning.clean_line(line.dark, scale)
        if clean.box is None:
            continue
        x0, y0, x1, y1 = clean.box
        out.append(_Line(cleaning.layers(line.dark, clean, card.layers, scale, room), (x0, y0 + line.top, x1, y1 + line.top), line.struck))
    return out


def _take(row: _Row, column: PlacedColumn, cell: Cell, lines: Sequence[_Line], found: Sequence[Lattice], whole: Box, page: StraightPage,
          recogniser: Recogniser, scale: float) -> None:
    """One cell's findings put into its row."""
    fields = column.column.fields
    codes = [f.code for f in fields if f.code]
    if column.column.mark is not None:
        if cell.lines or cell.ditto:
            row.marks[codes[0]], row.boxes[codes[0]] = column.column.mark, whole
        return
    live = [n for n, line in enumerate(lines) if not line.struck]
    all_struck = bool(lines) and not live
    live = live or list(range(len(lines)))
    only = live[0] if len(live) == 1 else None
    sure = 0.0
    if not column.column.starts:        # an 11 has the shape of the mark, and no number is that of the row above
        sure = shape_says_ditto() if cell.ditto else says_ditto(found[only], fields[0].type in FIGURES) if only is not None else 0.0
        if sure <= 0.5 and only is not None and fields[0].type in LONG and _short(lines[only], found[only], scale):
            sure = SHORT_DITTO
    if sure > 0.5:
        text = found[only].best_text() if only is not None else "〃"
        for code in codes:
            row.dittos[code], row.boxes[code] = (sure, nfc(text)), whole
        return
    if not live:
        for code in codes:
            row.empty[code], row.boxes[code] = BLANK_CONFIDENCE, whole
        return
    kept, images = [found[n] for n in live], [lines[n] for n in live]
    for f, pieces in zip(fields, part_cell(fields, kept), strict=True):
        if f.code is None or (f.code in row.lattices):
            continue
        if not pieces:
            row.empty[f.code], row.boxes[f.code] = PART_MISSING, whole
            continue
        lattice = recogniser.join([Lattice(kept[n].log_probs[a:b], kept[n].alphabet, kept[n].model) for n, a, b in pieces])
        own = [_piece_box(images[n], a, b, len(kept[n].log_probs), scale) for n, a, b in pieces]
        hull = min(b[0] for b in own), min(b[1] for b in own), max(b[2] for b in own), max(b[3] for b in own)
        row.boxes[f.code] = page.box_to_original(page_box(cell, hull))
        sure = says_ditto(lattice) if len(fields) > 1 and f.type not in ("name", "age") else 0.0
        if sure > 0.5:
            row.dittos[f.code] = sure, nfc(lattice.best_text())
            continue
        row.lattices[f.code] = lattice
        if all_struck or len(live) < len(lines):
            row.struck[f.code] = STRUCK_CONFIDENCE if all_struck else 1.0


def _short(line: _Line, lattice: Lattice, scale: float) -> bool:
    return line.box[2] - line.box[0] < _SHORT[0] * scale and len(lattice.best_text().replace(" ", "")) <= _SHORT[1]


def _piece_box(line: _Line, first: int, end: int, frames: int, scale: float) -> tuple[int, int, int, int]:
    """The ink of some frames of a line, in the cell."""
    x0, y0, x1, y1 = line.box
    side = _SIDE * scale
    a, b = (x0 - side + (x1 - x0 + 2 * side) * f / max(1, frames) for f in (first, end))
    return max(x0, round(a)), y0, min(x1, round(b)), y1


def _decode(form: Form, rows: Sequence[_Row], context: Context) -> list[DraftRecord]:
    """The rows' values, each with what the page tells: numbers that follow one another, and the row above for dittos."""
    types = {b.code: b.type for b in form.blanks if b.code}
    numbers = _sequence([decode_record({"so": "entry_number"}, {"so": r.lattices["so"]}, replace(context, number=None))["so"].value
                         if "so" in r.lattices else "" for r in rows])
    out: list[DraftRecord] = []
    for n, row in enumerate(rows):
        for code in row.dittos:
            if n and code in rows[n - 1].lattices:
                row.lattices[code] = rows[n - 1].lattices[code]
        own = replace(context, number=numbers[n], number_trust=SEQUENCE_TRUST)
        values = decode_record(types, row.lattices, own)
        out.append(_record(form, row, values, out[-1] if out else None, n + 1))
    return out


def _sequence(numbers: Sequence[str]) -> list[int | None]:
    """The numbers that most rows agree on when each is one more than the last; None where they do not agree."""
    votes = Counter(int(v) - n for n, v in enumerate(numbers) if v.isdigit())
    if not votes:
        return [None] * len(numbers)
    first, count = min(votes.items(), key=lambda v: (-v[1], v[0]))
    agreed = count >= max(2, 0.5 * len(numbers)) and first >= 1
    return [first + n if agreed else None for n in range(len(numbers))]


def _record(form: Form, row: _Row, values: Mapping[str, Decoded], above: DraftRecord | None, number: int) -> DraftRecord:
    fields: dict[str, FieldValue] = {}
    for blank in form.blanks:
        code = blank.code
        if code is None or code in fields:
            continue
        box = row.boxes.get(code)
        if code in row.dittos:
            sure, text = row.dittos[code]
            fields[code] = ditto_value(above.fields.get(code) if above else None, FieldValue("", text, sure, "ocr", box, (DITTO,)))
        elif code in row.marks:
            fields[code] = FieldValue(row.marks[code], "", MARK_CONFIDENCE, "ocr", box, ("tick",))
        elif code in values:
            v = values[code]
            most = row.struck.get(code, 1.0)
            evidence = (*v.evidence, "struck-out") if code in row.struck else v.evidence
            fields[code] = FieldValue(v.value, nfc(row.lattices[code].best_text()), round(min(v.confidence, most), 4), "ocr", box, evidence,
                                      v.unit_code)
        elif blank.type != "text" and code in row.empty:
            fields[code] = FieldValue("", "", row.empty[code], "ocr", box, ("no-ink",))
    return DraftRecord(form.kind, form.id, number, fields)
