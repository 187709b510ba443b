"""What lies in a ruled cell's crop and is not its writing: pieces of its rules, and the tops of the row below.

Cleaning takes out long unbroken lines; a rule that writing crosses, or that is worn, comes in pieces too short for that, which lie where
the form says that a rule is. Rows of a cell stand so close that capitals and tone marks of one reach into the one above.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.cleaning import CleanLine
from ocr.registration import FittedBlank
from records.forms import Form

_THIN = 0.8                 # mm, thickness of a piece of a rule, its blur included
_NEAR = 1.4                 # mm that a piece may lie from where its rule should
_LEAST = 1.6                # times as long as thick: a dot of an i or below a letter is round
_DEEP = 0.7                 # mm above the baseline: ink that begins below that and runs out of the crop is the next row's
_SPECK = 0.45               # mm: a piece that small is a rule's too, whatever its shape


@dataclass(frozen=True)
class CellPlace:
    """What the form tells of a cell's crop, in its pixels. level: heights of rules at its left edge; upright: places of rules; slope: of
    the level ones, down a pixel to the right; baseline: of its writing, at its left edge."""

    level: tuple[float, ...]
    upright: tuple[float, ...]
    slope: float
    baseline: float


def place_of_cell(form: Form, fitted: FittedBlank, scale: float) -> CellPlace:
    """Where the form's rules lie about a blank, and the line it is written on. scale: pixels a mm."""
    blank, (left, top, right, bottom), (x0, y0, x1, y1) = fitted.blank, fitted.box, fitted.baseline
    slope = (y1 - y0) / max(1.0, x1 - x0)
    level, upright = [], []
    for line in form.lines:
        if line.y0 == line.y1 and min(line.x0, line.x1) < blank.x1 and max(line.x0, line.x1) > blank.x0:
            level.append(y0 + (line.y0 - blank.y) * scale + slope * (left - x0) - top)
        elif line.x0 == line.x1 and min(line.y0, line.y1) < blank.y <= max(line.y0, line.y1):
            upright.append(x0 + (line.x0 - blank.x0) * scale - left)
    reach = _NEAR * scale
    return CellPlace(tuple(y for y in level if -reach < y < bottom - top + reach),
                     tuple(x for x in upright if -reach < x < right - left + reach), slope,
                     y0 + slope * (left - x0) - top)


def own_ink(clean: CleanLine, place: CellPlace, scale: float) -> CleanLine:
    """The line without what is not the cell's own; its box is that of the ink left."""
    if clean.box is None:
        return clean
    mask = (clean.gray < 255).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH].astype(np.float64), stats[:, cv2.CC_STAT_HEIGHT].astype(np.float64)
    tilt = abs(place.slope) * wide
    flat = (high <= _THIN * scale + tilt) & ((wide >= _LEAST * high) | (np.maximum(wide, high) <= _SPECK * scale))
    tall = (wide <= _THIN * scale) & ((high >= _LEAST * wide) | (np.maximum(wide, high) <= _SPECK * scale))
    at = centres[:, 1] - place.slope * centres[:, 0]
    tops, ends = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    below = (ends >= mask.shape[0] - 1) & (tops - place.slope * centres[:, 0] > place.baseline - _DEEP * scale)
    drop = (flat & _near(at, place.level, scale)) | (tall & _near(centres[:, 0], place.upright, scale)) | below
    drop[0] = False
    if not drop.any():
        return clean
    gray = np.where(drop[labels], np.uint8(255), clean.gray)
    rows, columns = np.flatnonzero((gray < 255).any(axis=1)), np.flatnonzero((gray < 255).any(axis=0))
    if not len(rows):
        return replace(clean, gray=gray, box=None, ink=0.0)
    x0, y0, x1, y1 = clean.box
    box = (max(x0, int(columns[0])), max(y0, int(rows[0])), min(x1, int(columns[-1]) + 1), min(y1, int(rows[-1]) + 1))
    return replace(clean, gray=gray, box=box)


def _near(places: np.ndarray, rules: tuple[float, ...], scale: float) -> np.ndarray:
    return np.any([np.abs(places - r) <= _NEAR * scale for r in rules], axis=0) if rules else np.zeros(len(places), bool)
