"""A page of a ruled table: rules from a press or a ruler, headings, rows by hand, a spread's fold, wear; and where every cell lies."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw

from records.forms import Form, Table
from samples.hands import Hand, load_font
from samples.ink import write
from samples.press import page_size, pixels
from samples.table_rows import Row
from samples.wear import Wear, bleed_through, placement, press_ink, scan, shade, sheet

Box = tuple[int, int, int, int]
Quad = tuple[tuple[float, float], ...]
_LINE_PITCH = 7.2           # mm between lines of one cell, where there is room


@dataclass(frozen=True)
class TableLook:
    """How a table is ruled. rules: strength of the rules' ink 0…1; broken: share of a rule that did not print or has faded.

    headings: printed above the columns; written: put there by hand; frame: the outer rules are there; row_rules: rules between the entries;
    guides: faint lines of a school notebook on the whole sheet; numbered: a row (1) (2) (3) … under the headings; widths: how far a
    hand-ruled column may differ from the form's, as a share.
    """

    rules: float = 0.9
    broken: float = 0.0
    headings: bool = True
    written: bool = False
    frame: bool = True
    row_rules: bool = True
    guides: bool = False
    numbered: bool = False
    widths: float = 0.0


PRINTED = TableLook()


@dataclass(frozen=True)
class TablePage:
    """jpeg; cells: for every row its cells' quadrilaterals by column number, boxes: for every row field code to where its ink lies (the
    whole cell's ink where a cell holds several values); pixels of the scanned page."""

    jpeg: bytes
    cells: tuple[dict[int, Quad], ...]
    boxes: tuple[dict[str, Box], ...]
    writing: np.ndarray


def compose_table_page(form: Form, rows: Sequence[Row], hand: Hand, wear: Wear, rng: np.random.Generator, *, look: TableLook = PRINTED,
                       dpi: float = 200.0, behind: np.ndarray | None = None) -> TablePage:
    """The page with these entries from its top; ValueError if they do not fit or the form is no table."""
    table = form.table
    if table is None: raise ValueError(f"{form.id} is no table")
    if len(rows) > table.rows: raise ValueError(f"{form.id} takes {table.rows} rows, not {len(rows)}")
    shape = page_size(form, dpi)
    edges, levels = _edges(table, look, rng), _levels(table, look, rng)
    grid = _shaken(table, edges, levels, rng)
    ruled = _rule(shape, table, grid, look, dpi, rng)
    printed = _headings(shape, table, edges, levels, dpi, look)
    ink = np.zeros(shape, np.uint8)
    if look.written:
        small = replace(hand, x_height=1.6)
        for column, (x0, x1) in zip(table.columns, pairwise(edges), strict=True):
            for n, text in enumerate(_wrapped(column.heading, x1 - x0 - 1.2, small)[:3]):
                _put(ink, text, (x0 + 0.6, x1 - 0.6), levels[0] + 4.0 + 4.6 * n, small, dpi, rng)
    first = len(levels) - 1 - table.rows
    spans = [_write_row(ink, row, table, edges, levels[first + n:first + n + 2], hand, dpi, rng) for n, row in enumerate(rows)]
    page = sheet(shape, wear, rng)
    bleed_through(page, ink if behind is None else behind, wear.bleed, rng)
    if look.guides: press_ink(page, _guides(shape, dpi), (120, 140, 190), 0.35)
    press_ink(page, ruled, (50, 50, 55) if table.printed else hand.ink, look.rules)
    press_ink(page, printed, (45, 45, 48), 0.95)
    press_ink(page, ink, hand.ink)
    shade(page, wear, rng)
    halves = _Fold(form, dpi, rng) if table.fold is not None and wear.skew else None
    if halves: page = halves.bend(page)
    matrix = placement(shape, wear, rng)

    def scanned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        flat = np.array([halves.moved(*p) if halves else p for p in points], np.float32)[:, None]
        return [(float(x), float(y)) for x, y in cv2.perspectiveTransform(flat, matrix)[:, 0]]

    cells, boxes = [], []
    for n, found in enumerate(spans):
        k = first + n
        corners = {c: [grid.crossing(*at) for at in ((k, c), (k, c + 1), (k + 1, c + 1), (k + 1, c))] for c in range(len(table.columns))}
        cells.append({c: tuple(scanned([(pixels(x, dpi), pixels(y, dpi)) for x, y in four])) for c, four in corners.items()})
        boxes.append({code: _hull(scanned(_corners(box))) for c, box in found.items() for f in table.columns[c].fields if (code := f.code)})
    return TablePage(scan(page, matrix, wear, rng, dpi), tuple(cells), tuple(boxes), ink)


def _edges(table: Table, look: TableLook, rng: np.random.Generator) -> list[float]:
    widths = np.array([c.width for c in table.columns]) * (1 + look.widths * rng.uniform(-1, 1, len(table.columns)))
    widths *= sum(c.width for c in table.columns) / widths.sum()
    return [table.left, *(table.left + np.cumsum(widths))]


def _levels(table: Table, look: TableLook, rng: np.random.Generator) -> list[float]:
    """y of all horizontal rules in mm: top, under the headings, under the column numbers if there are any, under each row."""
    out = [table.top, table.top + table.heading]
    if look.numbered: out.append(out[-1] + 6.0)
    room = (table.top + table.heading + table.row * table.rows - out[-1]) / table.rows
    heights = room * (1 + (0.0 if table.printed else 0.05) * rng.uniform(-1, 1, table.rows))
    return [*out, *(out[-1] + np.cumsum(heights))]


@dataclass(frozen=True)
class _Grid:
    """The rules as drawn: heights of the level ones at the left and right edge, places of the upright ones at top and bottom, mm."""

    levels: tuple[tuple[float, float], ...]
    edges: tuple[tuple[float, float], ...]

    def crossing(self, level: int, edge: int) -> tuple[float, float]:
        left, right = self.edges[0][0], self.edges[-1][0]
        top, bottom = self.levels[0][0], self.levels[-1][0]
        x, y = sum(self.edges[edge]) / 2, sum(self.levels[level]) / 2
        for _ in range(3):
            share, down = (x - left) / (right - left), (y - top) / (bottom - top)
            y = self.levels[level][0] + share * (self.levels[level][1] - self.levels[level][0])
            x = self.edges[edge][0] + down * (self.edges[edge][1] - self.edges[edge][0])
        return x, y


def _shaken(table: Table, edges: Sequence[float], levels: Sequence[float], rng: np.random.Generator) -> _Grid:
    """Straight rules, those of a ruler a little out of true."""
    shake = 0.0 if table.printed else 0.5

    def pair(v: float) -> tuple[float, float]:
        a, b = v + rng.normal(0, shake, 2)
        return float(a), float(b)

    return _Grid(tuple(pair(y) for y in levels), tuple(pair(x) for x in edges))


def _rule(shape: tuple[int, int], table: Table, grid: _Grid, look: TableLook, dpi: float, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    edges, levels = grid.edges, grid.levels
    for k in range(len(levels)) if look.row_rules else range(len(levels) - table.rows):
        if look.frame or 0 < k < len(levels) - 1:
            _stroke(mask, (edges[0][0], levels[k][0]), (edges[-1][0], levels[k][1]), look.broken, dpi, rng)
    for k, ends in enumerate(edges):
        if look.frame or 0 < k < len(edges) - 1:
            over = 0.0 if table.printed else rng.uniform(-1.5, 2.5)
            _stroke(mask, (ends[0], levels[0][0]), (ends[1], levels[-1][0] + over), look.broken, dpi, rng)
    return mask


def _stroke(mask: np.ndarray, a: tuple[float, float], b: tuple[float, float], broken: float, dpi: float, rng: np.random.Generator) -> None:
    """A rule from a to b (mm) of some 0.3 mm; `broken` of it missing, in bits of a few millimetres."""
    length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
    bits = max(1, round(length / 6))
    for k in range(bits):
        if rng.random() < broken: continue
        p, q = k / bits, (k + 1) / bits
        ends = [(round(16 * pixels(a[0] + (b[0] - a[0]) * t, dpi)), round(16 * pixels(a[1] + (b[1] - a[1]) * t, dpi))) for t in (p, q)]
        cv2.line(mask, ends[0], ends[1], 255, max(1, round(pixels(0.3, dpi))), cv2.LINE_AA, shift=4)


def _headings(shape: tuple[int, int], table: Table, edges: Sequence[float], levels: Sequence[float], dpi: float,
              look: TableLook) -> np.ndarray:
    image = Image.new("L", shape[::-1], 0)
    draw = ImageDraw.Draw(image)
    for n, (column, x0, x1) in enumerate(zip(table.columns, edges, edges[1:], strict=False)):
        middle = pixels((x0 + x1) / 2, dpi)
        if look.headings:
            _centred(draw, column.heading, middle, pixels((levels[0] + levels[1]) / 2, dpi), pixels(x1 - x0 - 1.2, dpi), dpi)
        if look.numbered:
            face = load_font("print/tinos-regular", round(10 / 72 * dpi))
            draw.text((middle, pixels((levels[1] + levels[2]) / 2, dpi)), str(n + 1), font=face, fill=255, anchor="mm")
    return np.asarray(image)


def _centred(draw: ImageDraw.ImageDraw, text: str, x: float, y: float, width: float, dpi: float) -> None:
    for size in (11, 10, 9, 8):
        face = load_font("print/tinos-bold", round(size / 72 * dpi))
        lines = [""]
        for word in text.split():
            longer = (lines[-1] + " " + word).strip()
            if face.getlength(longer) <= width or not lines[-1]: lines[-1] = longer
            else: lines.append(word)
        if max(face.getlength(line) for line in lines) <= width: break
    step = 1.15 * size / 72 * dpi
    for n, line in enumerate(lines): draw.text((x, y + step * (n - (len(lines) - 1) / 2)), line, font=face, fill=255, anchor="mm")


def _guides(shape: tuple[int, int], dpi: float) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    for y in np.arange(pixels(8, dpi), shape[0], pixels(8, dpi)): mask[round(y):round(y) + 1] = 255
    return mask


def _write_row(ink: np.ndarray, row: Row, table: Table, edges: Sequence[float], levels: Sequence[float], hand: Hand, dpi: float,
               rng: np.random.Generator) -> dict[int, Box]:
    """Writes the row's cells; column number to where the ink that counts lies."""
    top, bottom = levels[0], levels[1]
    small = replace(hand, x_height=min(hand.x_height, 1.9))
    spans: dict[int, Box] = {}
    for c, texts in row.cells.items():
        x0, x1 = edges[c] + 0.8, edges[c + 1] - 0.8
        lines = [part for t in texts for part in _wrapped(t, x1 - x0, small)]
        struck = row.struck.get(c)
        if struck: lines = [struck, *lines]
        pitch = min(_LINE_PITCH, (bottom - top - 2.5) / max(1, len(lines)))
        y = top + 1.0 + 0.78 * pitch + (0.0 if len(lines) > 2 else rng.uniform(0, 2.0))
        found: list[Box] = []
        for n, text in enumerate(lines):
            box = _put(ink, text, (x0, x1), y + n * pitch, small, dpi, rng)
            if struck and n == 0: _strike(ink, box, dpi)
            else: found.append(box)
        spans[c] = (min(b[0] for b in found), min(b[1] for b in found), max(b[2] for b in found), max(b[3] for b in found))
    return spans


def _wrapped(text: str, width: float, hand: Hand) -> list[str]:
    """The text in lines that fit `width` mm by this hand."""
    face = load_font(hand.font, hand.font_size(200.0))
    room = pixels(width, 200.0) * 1.12
    lines = [""]
    for word in text.split():
        longer = (lines[-1] + " " + word).strip()
        if face.getlength(longer) + longer.count(" ") * hand.word_gap * hand.x_height <= room or not lines[-1]: lines[-1] = longer
        else: lines.append(word)
    return lines


def _put(ink: np.ndarray, text: str, across: tuple[float, float], y: float, hand: Hand, dpi: float, rng: np.random.Generator) -> Box:
    x0, x1 = (pixels(v, dpi) for v in across)
    base = round(pixels(y + rng.normal(0, 0.25), dpi))
    if text == "〃":
        middle, size = (x0 + x1) / 2 + rng.normal(0, 0.1) * (x1 - x0), pixels(2.2, dpi)
        for dx in (-0.3, 0.3):
            a, b = (middle + dx * size + 0.12 * size, base - size), (middle + dx * size - 0.12 * size, base - 0.1 * size)
            cv2.line(ink, (round(16 * a[0]), round(16 * a[1])), (round(16 * b[0]), round(16 * b[1])), 235, max(1, round(pixels(0.35, dpi))),
                     cv2.LINE_AA, shift=4)
        return round(middle - 0.45 * size), round(base - size), round(middle + 0.45 * size), base
    line = write(text, hand, rng, dpi, width=x1 - x0)
    width = line.box[2] - line.box[0]
    lead = rng.uniform(0, max(1.0, min(0.25 * (x1 - x0 - width), pixels(3, dpi))))
    left, top = round(x0 + lead) - line.box[0], base - line.baseline
    rows = slice(max(0, top), min(ink.shape[0], top + line.mask.shape[0]))
    cols = slice(max(0, left), min(ink.shape[1], left + line.mask.shape[1]))
    part = line.mask[rows.start - top:rows.stop - top, cols.start - left:cols.stop - left]
    np.maximum(ink[rows, cols], part, out=ink[rows, cols])
    return left + line.box[0], top + line.box[1], left + line.box[2], top + line.box[3]


def _strike(ink: np.ndarray, box: Box, dpi: float) -> None:
    x0, y0, x1, y1 = box
    middle = round(0.55 * y0 + 0.45 * y1) + round(0.1 * (y1 - y0))
    cv2.line(ink, (x0 - 4, middle + 2), (x1 + 4, middle - 2), 235, max(1, round(pixels(0.4, dpi))), cv2.LINE_AA)


class _Fold:
    """The right half of a spread, which lies a little higher or lower and turned against the left; near the fold both sink and narrow."""

    def __init__(self, form: Form, dpi: float, rng: np.random.Generator) -> None:
        assert form.table is not None and form.table.fold is not None
        self.x = pixels(form.table.fold, dpi)
        self.drop = pixels(float(np.clip(rng.normal(0, 0.5), -1.0, 1.0)), dpi)
        self.turn = float(rng.normal(0, 0.0015))
        self.sink = pixels(float(rng.uniform(0.2, 0.8)), dpi)
        self.reach = pixels(14.0, dpi)

    def moved(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the flat page comes to lie."""
        near = float(np.exp(-((x - self.x) / self.reach) ** 2))
        tilt = self.drop + self.turn * (x - self.x) if x > self.x else 0.0
        return x, y + tilt + self.sink * near

    def bend(self, page: np.ndarray) -> np.ndarray:
        h, w = page.shape[:2]
        xs = np.arange(w, dtype=np.float32)
        move = np.where(xs > self.x, self.drop + self.turn * (xs - self.x), 0.0) + self.sink * np.exp(-((xs - self.x) / self.reach) ** 2)
        ys = np.arange(h, dtype=np.float32)[:, None] - move[None, :].astype(np.float32)
        shadow = 1 - 0.25 * np.exp(-((xs - self.x) / (0.35 * self.reach)) ** 2)
        across = np.broadcast_to(xs, (h, w)).astype(np.float32)
        out = cv2.remap(page, across, ys.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return out * shadow[None, :, None]


def _corners(box: Box) -> list[tuple[float, float]]:
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _hull(points: Sequence[tuple[float, float]]) -> Box:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))
