"""Which strips of a table are entries: parted by rules, or, where rules lack, by the numbers in the first column; empty ones left out."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from ocr.cleaning import INK_FLOOR
from ocr.table_columns import PlacedColumn
from ocr.table_grid import TableFit
from ocr.table_rules import Rule

_LEAST_BAND = 4.0           # mm: a lower strip holds no entry
_LEAST_MARK = 1.2           # mm, extent of a stroke that is more than a speck
_NUMBER_GAP = 4.5           # mm of white that part two numbers in the first column
_INSET = 0.9                # mm from a cell's rules where only writing is looked for
_LEAST_INK = 0.4            # mm², ink of a cell that is written in
_REACH = 7.0                # mm above a number where its entry may begin


@dataclass(frozen=True)
class EntryStrip:
    """One entry: the strip between two lines across the table."""

    top: Rule
    bottom: Rule


def find_entries(table: TableFit, dark: np.ndarray, scale: float) -> list[EntryStrip]:
    """The entries from top to bottom. dark: the page's darkness (0..1) with its rules erased; scale: pixels a mm."""
    ink = _marks(dark, scale)
    columns = [c for c in table.fit.columns if c.column.fields]
    starts = next((c for c in columns if c.column.starts), None)
    names = [c for c in columns if c.column.fields[0].type == "name"]
    out: list[EntryStrip] = []
    adjacent = False
    for top, bottom in _bands(table, ink, scale):
        for strip in _split(EntryStrip(top, bottom), starts, ink, table, scale):
            begins = any(c is not None and _inked(ink, c, strip, scale) for c in (starts, names[0] if names else None))
            if begins:
                out.append(strip)
                adjacent = True
            elif adjacent and any(_inked(ink, c, strip, scale) for c in columns):
                out[-1] = EntryStrip(out[-1].top, strip.bottom)
            else:
                adjacent = False
    return out


def _marks(dark: np.ndarray, scale: float) -> np.ndarray:
    """uint8 mask of ink without specks."""
    mask = (dark > max(INK_FLOOR, 0.22)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= _LEAST_MARK * scale
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _bands(table: TableFit, ink: np.ndarray, scale: float) -> list[tuple[Rule, Rule]]:
    """Strips between the rules below the heading; the last may be open below: it then ends where the columns' rules do, or a little beyond
    if writing goes on."""
    lines = [table.head, *table.separators]
    last = lines[-1]
    end = max(table.bottom, 0.0)
    if end - _middle(last) > _LEAST_BAND * scale:
        lines.append(_parallel(last, end - _middle(last), ink.shape[0]))
    return [(a, b) for a, b in pairwise(lines) if _middle(b) - _middle(a) > _LEAST_BAND * scale]


def _split(strip: EntryStrip, starts: PlacedColumn | None, ink: np.ndarray, table: TableFit, scale: float) -> list[EntryStrip]:
    """The strip parted above each number but the first, where least is written across the table."""
    clusters = _clusters(ink, starts, strip, scale) if starts is not None else []
    if len(clusters) < 2:
        return [strip]
    profile, base = _profile(ink, strip, table)
    cuts = []
    for (_, above), (below, _) in pairwise(clusters):
        first = max(above, round(below - _REACH * scale))
        window = profile[max(0, first - base):max(0, below - base) + 1]
        if not len(window):
            continue
        best = np.flatnonzero(window <= window.min() + 1e-6)
        cuts.append(max(0, first - base) + int(best[len(best) // 2]) + base)
    lines = [strip.top, *(_parallel(strip.top, y - strip.top.at(_x_of(starts, y)), ink.shape[0]) for y in cuts), strip.bottom]
    return [EntryStrip(a, b) for a, b in pairwise(lines)]


def _x_of(column: PlacedColumn | None, y: float) -> float:
    return (column.left.at(y) + column.right.at(y)) / 2 if column is not None else 0.0


def _clusters(ink: np.ndarray, column: PlacedColumn, strip: EntryStrip, scale: float) -> list[tuple[int, int]]:
    """Heights (top, bottom) of the separate things written in the column's part of the strip."""
    x, y0, y1 = _inside(column, strip, scale, ink.shape)
    rows = ink[y0:y1, x].any(axis=1)
    found: list[tuple[int, int]] = []
    for y in np.flatnonzero(rows):
        if found and y + y0 - found[-1][1] < _NUMBER_GAP * scale:
            found[-1] = found[-1][0], int(y + y0)
        else:
            found.append((int(y + y0), int(y + y0)))
    return [c for c in found if c[1] - c[0] >= 0.8 * scale]


def _profile(ink: np.ndarray, strip: EntryStrip, table: TableFit) -> tuple[np.ndarray, int]:
    """Ink a row of the strip, summed along lines parallel to its top, and the height (at the first column) of the first."""
    columns = [c for c in table.fit.columns if c.column.fields]
    x0, x1 = (int(v) for v in (columns[0].left.at(_middle(strip.top)), columns[-1].right.at(_middle(strip.top))))
    x0, x1 = max(0, x0), min(ink.shape[1] - 1, x1)
    at = _x_of(next((c for c in columns if c.column.starts), columns[0]), _middle(strip.top))
    base, height = round(strip.top.at(at)), round(strip.bottom.at(at) - strip.top.at(at)) + 1
    xs = np.arange(x0, x1)
    shift = np.rint([strip.top.at(float(x)) - strip.top.at(at) for x in xs[::8]]).astype(np.int64)
    shift = np.repeat(shift, 8)[:len(xs)]
    rows = np.clip(np.arange(height)[:, None] + base + shift[None, :], 0, ink.shape[0] - 1)
    profile = ink[rows, xs[None, :]].sum(axis=1).astype(np.float64)
    return np.convolve(profile, np.ones(5) / 5, "same"), base


def _inked(ink: np.ndarray, column: PlacedColumn, strip: EntryStrip, scale: float) -> bool:
    x, y0, y1 = _inside(column, strip, scale, ink.shape)
    return bool(ink[y0:y1, x].sum() >= _LEAST_INK * scale * scale)


def _inside(column: PlacedColumn, strip: EntryStrip, scale: float, shape: tuple[int, ...]) -> tuple[slice, int, int]:
    middle = (_middle(strip.top) + _middle(strip.bottom)) / 2
    x0, x1 = column.left.at(middle), column.right.at(middle)
    centre, inset = (x0 + x1) / 2, _INSET * scale
    y0, y1 = strip.top.at(centre) + inset, strip.bottom.at(centre) - inset
    top, bottom = (int(np.clip(round(y), 0, shape[0])) for y in (y0, y1))
    return slice(max(0, round(x0 + inset)), max(0, round(x1 - inset))), top, bottom


def _middle(rule: Rule) -> float:
    return rule.at((rule.along[0] + rule.along[-1]) / 2)


def _parallel(rule: Rule, by: float, height: int) -> Rule:
    return Rule(rule.along, np.clip(rule.across + by, 0.0, height - 1.0), 0.0, 0.0)
