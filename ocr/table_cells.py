"""One cell of a table: cut out level, its lines of writing told apart, ditto marks and struck-out lines known by their shape."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from ocr import cleaning
from ocr.table_columns import PlacedColumn
from ocr.table_entries import EntryStrip
from ocr.table_rules import Rule
from records.record import Box

_ABOVE, _BESIDE = 1.0, 0.7  # mm that a cell is taken larger, for tall letters and for writing that runs over
_REMNANT = 0.75, 1.3        # mm, thickness of what is left of a rule, and how near its place that lies
_APART = 5.5                # mm from the middle of a line of writing beyond which a speck is not its own
_FLAT = 0.9                 # mm: lower than that is a rule or a dash, no writing
_LINE_GAP = 4.2             # mm between lines of writing, at least
_SMOOTH = 0.9               # mm, sigma of the row profile
_MARK = 0.6, 4.2            # mm, height of a ditto mark's strokes
_MARK_WIDTH = 6.0           # mm, greatest width of a ditto mark
_STRIKE = 0.93              # share of a line's width that one stroke must cover to strike it out
_LEAST_STRUCK = 12.0        # mm: joined letters of a shorter line may look struck out


@dataclass(frozen=True)
class CellLine:
    """A line of writing. dark: its darkness, cut from the cell with room above and below; top: of it in the cell; struck: a stroke goes
    through the whole of it."""

    dark: np.ndarray
    top: int
    struck: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell cut out level. dark: its darkness, rules gone; to_page: 3x3, from its pixels to the page's; lines: top to bottom;
    ditto: it holds two short strokes side by side (〃) and nothing else."""

    dark: np.ndarray
    to_page: np.ndarray
    lines: tuple[CellLine, ...]
    ditto: bool = False


def cut_cell(dark: np.ndarray, column: PlacedColumn, strip: EntryStrip, scale: float) -> Cell:
    """The cell of an entry in a column. dark: the page's darkness without its rules; scale: pixels a mm."""
    corners = np.array([_crossing(v, h) for v, h in ((column.left, strip.top), (column.right, strip.top), (column.right, strip.bottom),
                                                     (column.left, strip.bottom))], np.float64)
    width = max(8, round(float(np.mean([corners[1, 0] - corners[0, 0], corners[2, 0] - corners[3, 0]]))))
    height = max(8, round(float(np.mean([corners[3, 1] - corners[0, 1], corners[2, 1] - corners[1, 1]]))))
    side, above = round(_BESIDE * scale), round(_ABOVE * scale)
    flat = np.array([(side, above), (side + width, above), (side + width, above + height), (side, above + height)], np.float32)
    to_page = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    size = width + 2 * side, height + 2 * above
    crop = cv2.warpPerspective(dark, np.linalg.inv(to_page), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0)
    crop = _without_neighbours(crop, side, above, scale)
    mask = _ink(crop, scale)
    return Cell(crop, to_page, tuple(_lines(crop, mask, scale)), _is_ditto(mask, scale))


def page_box(cell: Cell, box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """A box of the cell on the page."""
    x0, y0, x1, y1 = box
    points = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float64)
    out = cv2.perspectiveTransform(points, cell.to_page)[0]
    return float(out[:, 0].min()), float(out[:, 1].min()), float(out[:, 0].max()), float(out[:, 1].max())


def cell_box(column: PlacedColumn, strip: EntryStrip) -> Box:
    """The upright rectangle around the cell on the page."""
    points = [_crossing(v, h) for v in (column.left, column.right) for h in (strip.top, strip.bottom)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))


def _crossing(upright: Rule, level: Rule) -> tuple[float, float]:
    y = float(np.median(level.across))
    for _ in range(4):
        x = upright.at(y)
        y = level.at(x)
    return x, y


def _without_neighbours(crop: np.ndarray, side: int, above: int, scale: float) -> np.ndarray:
    """The crop without ink that lies for the greater part beyond the cell's rules, and without what is left of the rules themselves."""
    mask = (crop > cleaning.INK_FLOOR).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    height, width = crop.shape
    x, y = centres[:, 0], centres[:, 1]
    outside = (x < side - 0.1 * scale) | (x > width - side + 0.1 * scale) | (y < above) | (y > height - above)
    thin, near = _REMNANT[0] * scale, _REMNANT[1] * scale
    flat = (stats[:, cv2.CC_STAT_HEIGHT] <= thin) & ((y < above + near) | (y > height - above - near))
    upright = (stats[:, cv2.CC_STAT_WIDTH] <= thin) & ((x < side + near) | (x > width - side - near))
    outside |= flat | (upright & (stats[:, cv2.CC_STAT_HEIGHT] > 2 * thin))
    outside[0] = False
    if not outside.any():
        return crop
    out = crop.copy()
    out[cv2.dilate(outside[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = 0.0
    return out


def _lines(crop: np.ndarray, mask: np.ndarray, scale: float) -> list[CellLine]:
    """Lines of writing: peaks of the smoothed row profile, at least _LINE_GAP apart; each bit of ink goes to the line its middle is in."""
    if not mask.any():
        return []
    cuts = _cuts(_smoothed(mask, scale), scale)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    bounds = [0, *cuts, crop.shape[0]]
    out = []
    for top, bottom in pairwise(bounds):
        tall = stats[:, cv2.CC_STAT_HEIGHT] > 1.6 * _LINE_GAP * scale
        own = (centres[:, 1] >= top) & (centres[:, 1] < bottom) & ~tall
        own[0] = False
        if own.any():
            middle = np.average(centres[own, 1], weights=stats[own, cv2.CC_STAT_AREA])
            own &= np.abs(centres[:, 1] - middle) <= _APART * scale
        keep = own[labels]
        keep[top:bottom] |= (tall & (np.arange(len(tall)) > 0))[labels[top:bottom]]
        rows = np.flatnonzero(keep.any(axis=1))
        if not len(rows) or keep.sum() < 0.3 * scale * scale or rows[-1] - rows[0] < _FLAT * scale:
            continue
        room = round(0.8 * scale)
        first, last = max(0, rows[0] - room), min(crop.shape[0], rows[-1] + 1 + room)
        near = cv2.dilate(keep.astype(np.uint8), np.ones((3, 3), np.uint8))[first:last] > 0
        line = np.where(near, crop[first:last], 0.0).astype(np.float32)
        pad = np.zeros((room, line.shape[1]), np.float32)
        line = np.concatenate([pad, line, pad])
        out.append(CellLine(line, int(first) - room, _is_struck(line, scale)))
    return out


def _ink(crop: np.ndarray, scale: float) -> np.ndarray:
    """uint8 mask of ink; what is nowhere truly dark shows through from the other side."""
    mask = (crop > cleaning.INK_FLOOR).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    inked = mask > 0
    dark = crop[inked]
    peak = np.zeros(len(stats))
    np.maximum.at(peak, labels[inked].astype(np.intp), dark)
    strong = float(np.percentile(dark, 95)) if len(dark) else 1.0
    keep = (peak > max(0.22, 0.4 * strong)) & (stats[:, cv2.CC_STAT_AREA] >= 0.04 * scale * scale)
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _smoothed(mask: np.ndarray, scale: float) -> np.ndarray:
    sigma = _SMOOTH * scale
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(mask.sum(axis=1).astype(np.float64), kernel / kernel.sum(), "same")[:mask.shape[0]]


def _cuts(profile: np.ndarray, scale: float) -> list[int]:
    """Rows between lines of writing: the lowest of the profile between two peaks that stand clear of it."""
    peaks = [y for y in range(1, len(profile) - 1) if profile[y] >= profile[y - 1] and profile[y] > profile[y + 1]]
    peaks = [y for y in peaks if profile[y] > 0.08 * profile.max()]
    kept: list[int] = []
    for y in sorted(peaks, key=lambda p: (-profile[p], p)):
        clear = all(abs(y - k) >= _LINE_GAP * scale and _valley(profile, y, k) < 0.72 * min(profile[y], profile[k]) for k in kept)
        if clear:
            kept.append(y)
    kept.sort()
    return [a + int(np.argmin(profile[a:b])) for a, b in pairwise(kept)]


def _valley(profile: np.ndarray, a: int, b: int) -> float:
    return float(profile[min(a, b):max(a, b) + 1].min())


def _is_ditto(mask: np.ndarray, scale: float) -> bool:
    """Two strokes of like height side by side, a little apart, and nothing else of their size."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    stats, centres = stats[1:], centres[1:]
    if len(stats) >= 2:
        large = stats[:, cv2.CC_STAT_AREA] > 0.3 * np.sort(stats[:, cv2.CC_STAT_AREA])[-2]
        stats, centres = stats[large], centres[large]
    if len(stats) != 2:
        return False
    h, w = stats[:, cv2.CC_STAT_HEIGHT] / scale, stats[:, cv2.CC_STAT_WIDTH] / scale
    apart = abs(centres[0, 0] - centres[1, 0]) / scale
    return bool(h.min() >= _MARK[0] and h.max() <= _MARK[1] and h.min() > 0.55 * h.max() and (w < 0.6 * h + 0.15).all()
                and 0.4 <= apart <= _MARK_WIDTH / 2 and abs(centres[0, 1] - centres[1, 1]) / scale < 0.35 * h.max())


def _is_struck(line: np.ndarray, scale: float) -> bool:
    """Whether one stroke, nearly level, runs through the line from end to end, the gaps between words included."""
    mask = (line > cleaning.INK_FLOOR).astype(np.uint8)
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(columns) or columns[-1] - columns[0] < _LEAST_STRUCK * scale:
        return False
    near = cv2.dilate(mask[:, columns[0]:columns[-1] + 1], np.ones((3, 1), np.uint8)) * 255
    height, width = near.shape
    for slope in np.linspace(-0.06, 0.06, 13):
        matrix = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
        level = cv2.warpAffine(near, matrix, (width, height), flags=cv2.INTER_NEAREST)
        if level.mean(axis=1).max() >= 255 * _STRIKE:
            return True
    return False
