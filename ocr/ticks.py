"""Tick boxes: which of the small squares holds a cross, a tick or a blot of ink."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from records.forms import Tick
from records.record import Box

MARKED = 0.09       # share of ink inside the square above which it is marked; scanned empty squares stay below 0.03
INK = 0.18          # darkness (ocr.cleaning.darkness) of ink


@dataclass(frozen=True)
class TickReading:
    """marked: whether the square is; ink: share of ink inside it; confidence: 0..1 that `marked` is right; box: the square as found."""

    tick: Tick
    marked: bool
    ink: float
    confidence: float
    box: Box


def read_ticks(dark: np.ndarray, ticks: Sequence[tuple[Tick, Box]], scale: float) -> list[TickReading]:
    """dark: darkness of the whole straight page; ticks with their expected boxes in its pixels; scale: pixels a millimetre."""
    out = []
    for tick, box in ticks:
        square = _find_square(dark, box, scale)
        x0, y0, x1, y1 = square
        inset = max(2, round(0.2 * (x1 - x0)))
        inside = dark[y0 + inset:y1 - inset, x0 + inset:x1 - inset]
        ink = float((inside > INK).mean()) if inside.size else 0.0
        distance = abs(np.log((ink + 0.01) / (MARKED + 0.01)))
        out.append(TickReading(tick, ink > MARKED, ink, float(1 - 0.5 * np.exp(-2 * distance)), square))
    return out


def chosen(readings: Sequence[TickReading], code: str) -> TickReading | None:
    """The marked square of those that stand for `code`; None if none is marked, or several about alike are."""
    marked = sorted((r for r in readings if r.tick.code == code and r.marked), key=lambda r: -r.ink)
    if not marked or (len(marked) > 1 and marked[1].ink > 0.6 * marked[0].ink):
        return None
    return marked[0]


def _find_square(dark: np.ndarray, box: Box, scale: float) -> Box:
    """The printed square nearest to where it is expected, or the expected place itself."""
    x0, y0, x1, y1 = box
    side, reach = max(x1 - x0, y1 - y0, 4), round(1.8 * scale)
    left, top = max(0, x0 - reach), max(0, y0 - reach)
    part = (dark[top:y1 + reach, left:x1 + reach] > INK).astype(np.uint8)
    if not part.size:
        return box
    closed = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    best, nearest = box, float("inf")
    for x, y, w, h, _ in stats[1:]:
        if 0.7 * side <= w <= 1.5 * side and 0.7 * side <= h <= 1.5 * side and 0.75 <= w / h <= 1.33:
            away = abs(left + x + w / 2 - (x0 + x1) / 2) + abs(top + y + h / 2 - (y0 + y1) / 2)
            if away < nearest:
                best, nearest = (int(left + x), int(top + y), int(left + x + w), int(top + y + h)), away
    return best
