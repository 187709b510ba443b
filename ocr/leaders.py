"""Dotted leaders: the small round dots of a page, and the line through those of one blank, which is where its writing stands."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

DOT_SIZE = 0.12, 0.95       # mm, smallest and greatest extent of a dot as scanned
_LEAST_DOTS = 5
_TOLERANCE = 0.30           # mm off the line
_STEEPEST = 0.035           # rise over run, once the page is level


@dataclass(frozen=True)
class Leader:
    """A dotted line: y = slope * x + offset in pixels from x0 to x1; dots: how many lie on it."""

    slope: float
    offset: float
    x0: float
    x1: float
    dots: int

    def y(self, x: float) -> float:
        return self.slope * x + self.offset


def find_dots(gray: np.ndarray, pixels_per_mm: float) -> np.ndarray:
    """Centres (x, y) of all dot-like specks of a flattened uint8 page: float64 (n, 2), sorted by x."""
    mask = (gray < 205).astype(np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    low, high = DOT_SIZE[0] * pixels_per_mm, DOT_SIZE[1] * pixels_per_mm
    dots = (extent >= low) & (extent <= high) & (stats[:, cv2.CC_STAT_AREA] >= max(2.0, 0.4 * low * low))
    dots[0] = False
    points = centres[dots]
    return points[np.lexsort((points[:, 1], points[:, 0]))]


def find_leader(dots: np.ndarray, x0: float, x1: float, y: float, slope: float, reach: float, pixels_per_mm: float) -> Leader | None:
    """The leader between x0 and x1 within `reach` pixels of the expected line (height y in the middle, `slope`); None with too few dots.

    Every pair of dots far enough apart proposes a line; the one with most dots wins, of equals the one nearest to the expected.
    """
    middle = (x0 + x1) / 2
    a, b = np.searchsorted(dots[:, 0], (x0, x1))
    points = dots[a:b]
    points = points[np.abs(points[:, 1] - y - slope * (points[:, 0] - middle)) < reach]
    if len(points) < _LEAST_DOTS:
        return None
    tolerance = _TOLERANCE * pixels_per_mm
    i, j = _pairs(points[:, 0], 0.25 * float(np.ptp(points[:, 0])))
    if not len(i):
        return None
    slopes = (points[j, 1] - points[i, 1]) / (points[j, 0] - points[i, 0])
    keep = np.abs(slopes - slope) < _STEEPEST
    i, slopes = i[keep], slopes[keep]
    if not len(i):
        return None
    offsets = points[i, 1] - slopes * points[i, 0]
    away = np.abs(points[None, :, 1] - slopes[:, None] * points[None, :, 0] - offsets[:, None])
    counts = (away < tolerance).sum(axis=1)
    expected = np.abs(slopes * middle + offsets - y) / max(reach, 1.0)
    best = int(np.argmax(counts - 0.9 * expected))
    on = points[away[best] < tolerance]
    if len(on) < _LEAST_DOTS:
        return None
    if np.ptp(on[:, 0]) > 8 * pixels_per_mm:
        slope, offset = np.polyfit(on[:, 0], on[:, 1], 1)
    else:                                       # too short to tell a slope
        offset = np.median(on[:, 1] - slope * on[:, 0])
    return Leader(float(slope), float(offset), float(on[0, 0]), float(on[-1, 0]), len(on))


def _pairs(x: np.ndarray, least_run: float) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs at least `least_run` apart, thinned to some 2,000 so that a long leader costs no more than a short one."""
    i, j = np.triu_indices(len(x), k=1)
    far = (x[j] - x[i]) > max(least_run, 1.0)
    i, j = i[far], j[far]
    step = max(1, len(i) // 2000)
    return i[::step], j[::step]
