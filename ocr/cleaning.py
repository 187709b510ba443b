"""Only the ink: takes paper, bleed-through, red stamp, dotted leaders and ruled lines out of a field's crop.

Lengths are millimetres on paper, turned into pixels by `scale` (pixels a millimetre, 7.87 at 200 dpi).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

DOT_SMALLEST, DOT_GREATEST = 0.18, 0.85      # mm: extent of a leader's dot, blur included
DOT_PITCH = 0.6, 3.2                         # mm between dots
INK_FLOOR = 0.16                             # darkness below which there is paper or bleed-through
INK_SHOWN = 0.45                             # darkness that ink is given, on pages weakly or strongly scanned alike
SLOPES = np.array(sorted(np.linspace(-0.05, 0.05, 81), key=abs))     # of a leader against the page's, the likeliest first
COLON_REACH, COLON_SIZE = 1.7, 0.95           # mm from the crop's left edge; greatest extent of a colon's dot
RULE_LENGTH = 9.0                            # mm: an unbroken thin horizontal run longer than this is a ruled line


@dataclass(frozen=True)
class CleanLine:
    """gray: uint8, ink dark on white 255, the crop's size; box: x0, y0, x1, y1 of the ink in it, None if there is no ink;
    dots: centres (x, y) of the leader's dots taken out; ink: share of the crop that is ink."""

    gray: np.ndarray
    box: tuple[int, int, int, int] | None
    dots: np.ndarray
    ink: float


def darkness(pixels: np.ndarray, scale: float) -> np.ndarray:
    """float32 (height, width) in 0..1: how much darker than the paper around it. pixels: uint8 RGB or grey, a whole page or a large part.

    The red channel is taken: blue and black ink are dark in it, a red stamp hardly is. The paper is the local maximum, smoothed.
    """
    gray = pixels[..., 0] if pixels.ndim == 3 else pixels
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    size = max(5, round(scale * 0.25 * 7) | 1)
    paper = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    paper = cv2.GaussianBlur(paper, (0, 0), size / 2)
    paper = cv2.resize(paper, (gray.shape[1], gray.shape[0]), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.clip(1.0 - gray.astype(np.float32) / np.maximum(paper, 1.0), 0.0, 1.0)


def plain_line(dark: np.ndarray) -> np.ndarray:
    """The crop as grey, paper evened out and nothing else done: uint8."""
    return np.rint(255 * (1 - dark)).astype(np.uint8)


@dataclass(frozen=True)
class Surroundings:
    """What is known of a crop from the form, in pixels. slope: of its dotted line (down a pixel to the right); baseline: that line's height
    at the crop's left edge; pitch: between dots, as on the page's other lines; after_label: a printed label ends at the left edge."""

    slope: float = 0.0
    baseline: float | None = None
    pitch: float | None = None
    after_label: bool = False


def clean_line(dark: np.ndarray, scale: float, around: Surroundings = Surroundings()) -> CleanLine:
    """The ink of one blank. dark: a crop of `darkness`, the blank's dotted line in it with room above and below."""
    dark = dark.copy()
    rules = _ruled_lines(dark, scale)
    if rules.any():
        dark = _fill(dark, rules)
    dots, radius = _leader(dark, scale, around)
    if len(dots):
        mask = np.zeros(dark.shape, np.uint8)
        for x, y in dots:
            cv2.circle(mask, (round(x * 16), round(y * 16)), round(radius * 16), 255, -1, shift=4)
        dark = _fill(dark, mask > 0)
    keep = _ink_components(dark, scale)
    if around.after_label:
        keep = _without_colon(keep, scale)
    shown = cv2.dilate(keep.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    level = float(np.percentile(dark[keep], 80)) if keep.any() else 1.0
    gray = np.where(shown, np.rint(255 * (1 - np.clip(dark / level * INK_SHOWN, 0, 1))), 255).astype(np.uint8)
    return CleanLine(gray, _extent(keep), dots, float(keep.mean()))


def fit_to_ink(gray: np.ndarray, box: tuple[int, int, int, int], scale: float, room: float = 0.05) -> np.ndarray:
    """The line cut close around its ink: `room` times the ink's height above and below, 1.8 mm of white left and right.

    Recognisers scale a line to a fixed height, so empty paper above and below costs them resolution (measured: CER 0.27 -> 0.22).
    """
    x0, y0, x1, y1 = box
    extra, side = round(room * (y1 - y0)), round(1.8 * scale)
    top, bottom = max(0, y0 - extra), min(gray.shape[0], y1 + extra)
    out = np.full((y1 - y0 + 2 * extra, x1 - x0 + 2 * side), 255, np.uint8)
    out[top - y0 + extra:bottom - y0 + extra, side:side + x1 - x0] = gray[top:bottom, x0:x1]
    return out


def layers(crop: np.ndarray, clean: CleanLine, names: Sequence[str], scale: float, room: float | None) -> np.ndarray:
    """A line as a model wants it: uint8 (height, width, layers), cut close around the ink. names: of `cleaned` and `plain`; crop: the
    darkness that was cleaned; room: as in fit_to_ink, None for the whole crop's height. The line must hold ink."""
    if clean.box is None:
        raise ValueError("a line without ink has no layers")
    made = {"cleaned": lambda: clean.gray, "plain": lambda: plain_line(crop)}
    cut = [made[n]() for n in names]
    if room is None:
        return np.dstack([x[:, clean.box[0]:clean.box[2]] for x in cut])
    return np.dstack([fit_to_ink(x, clean.box, scale, room) for x in cut])


def _fill(dark: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Masked pixels from what surrounds them: strokes that cross are carried on, paper stays paper."""
    filled = cv2.inpaint(np.rint(dark * 255).astype(np.uint8), mask.astype(np.uint8), 2, cv2.INPAINT_TELEA)
    return np.where(mask, filled.astype(np.float32) / 255, dark)


def _ruled_lines(dark: np.ndarray, scale: float) -> np.ndarray:
    """Mask of thin straight lines across the crop: horizontal ones longer than RULE_LENGTH, vertical ones through its whole height."""
    ink = (dark > INK_FLOOR).astype(np.uint8)
    out = np.zeros(dark.shape, np.uint8)
    thick = max(2, round(0.7 * scale))
    for kernel, limit in (((round(RULE_LENGTH * scale), 1), (thick, None)), ((1, max(3, dark.shape[0] - 2)), (None, thick))):
        if kernel[0] > dark.shape[1] or kernel[1] > dark.shape[0]:
            continue
        found = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((kernel[1], kernel[0]), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(found)
        for x, y, w, h, _ in stats[1:]:
            if (limit[0] and h <= limit[0]) or (limit[1] and w <= limit[1]):
                out[max(0, y - 1):y + h + 1, max(0, x - 1):x + w + 1] = 1
    return out.astype(bool)


def _without_colon(keep: np.ndarray, scale: float) -> np.ndarray:
    """The mask without the specks at its left edge that end a printed label: small, and apart from the ink that follows."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(keep.astype(np.uint8), connectivity=8)
    x, w, h = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    speck = (x + w < COLON_REACH * scale) & (w <= COLON_SIZE * scale) & (h <= COLON_SIZE * scale)
    speck[0] = False
    rest = np.flatnonzero(~speck[1:]) + 1
    if not speck.any() or not len(rest) or x[rest].min() < (x + w)[speck].max() + 0.2 * scale:
        return keep
    return keep & ~speck[labels]


def _leader(dark: np.ndarray, scale: float, around: Surroundings) -> tuple[np.ndarray, float]:
    """Centres of the leader's dots (float, (n, 2): x, y), those under the ink too, and their radius.

    Free dots are found by size; the line through most of them is the leader; their pitch gives the places of the covered ones.
    """
    none = np.zeros((0, 2)), 0.0
    _, _, stats, centres = cv2.connectedComponentsWithStats((dark > INK_FLOOR).astype(np.uint8), connectivity=8)
    w, h = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    low, high = DOT_SMALLEST * scale, DOT_GREATEST * scale
    free = (np.minimum(w, h) >= low) & (np.maximum(w, h) <= high)
    free[0] = False
    known = around.pitch is not None
    if around.baseline is not None and known:
        free &= np.abs(centres[:, 1] - around.baseline - around.slope * centres[:, 0]) < 0.6 * scale
    points, sizes = centres[free], np.maximum(w, h)[free]
    if len(points) < (2 if known else 5):
        return none
    order = np.argsort(points[:, 0], kind="stable")
    points, sizes = points[order], sizes[order]
    line = _line_through(points, around.slope, 0.22 * scale) if len(points) >= 5 else np.array(
        [around.slope, float(np.median(points[:, 1] - around.slope * points[:, 0]))])
    near = np.abs(points[:, 1] - np.polyval(line, points[:, 0])) < 0.28 * scale
    points, sizes = points[near], sizes[near]
    pitch = _pitch(points[:, 0], scale) or around.pitch
    if pitch is None or not len(points):
        return none
    radius = float(np.median(sizes)) / 2 + 0.06 * scale
    return _places(dark, points, pitch, line, radius), radius


def leader_pitch(dots: np.ndarray, scale: float) -> float | None:
    """Pixels between the dots of a cleaned line (CleanLine.dots), None if there are too few to tell."""
    return _pitch(dots[:, 0], scale) if len(dots) > 8 else None


def _line_through(points: np.ndarray, slope: float, tolerance: float) -> np.ndarray:
    """Coefficients (a, b) of y = a x + b with most points within `tolerance`, then least squares over those.

    Slopes up to 0.05 from `slope` are tried; for each, the band of heights with most points is found among the sorted heights.
    """
    slopes = slope + SLOPES
    heights = np.sort(points[None, :, 1] - slopes[:, None] * points[None, :, 0], axis=1)
    counts = np.stack([np.searchsorted(row, row + 2 * tolerance, side="right") for row in heights]) - np.arange(len(points))
    at = int(counts.argmax())
    row, first = divmod(at, len(points))
    a = float(slopes[row])
    b = float(heights[row, first:first + counts[row, first]].mean())
    near = np.abs(points[:, 1] - a * points[:, 0] - b) < tolerance
    return np.polyfit(points[near, 0], points[near, 1], 1) if near.sum() >= 3 else np.array([a, b])


def _pitch(x: np.ndarray, scale: float) -> float | None:
    """Distance between neighbouring dots, None if the points do not repeat like a leader."""
    gaps = np.diff(x)
    gaps = gaps[(gaps > DOT_PITCH[0] * scale) & (gaps < DOT_PITCH[1] * scale)]
    if len(gaps) < 3:
        return None
    pitch = float(np.median(gaps))
    alike = np.abs(gaps - pitch) < 0.2 * pitch
    if alike.sum() < 3 or alike.mean() < 0.5:
        return None
    return float(gaps[alike].mean())


def _places(dark: np.ndarray, points: np.ndarray, pitch: float, line: np.ndarray, radius: float) -> np.ndarray:
    """Free dots as found, and between and beyond them every place a pitch apart where it is dark."""
    xs = list(points[:, 0])
    out = [(float(x), float(y)) for x, y in points]
    ends = [-pitch / 2, *xs, dark.shape[1] + pitch / 2]
    for left, right in pairwise(ends):
        first, last = left in (ends[0],), right in (ends[-1],)
        if first or last:
            start, step = (right, -pitch) if first else (left, pitch)
            places = [start + step * k for k in range(1, int((right - left) / pitch) + 1)]
        else:
            n = round((right - left) / pitch)
            places = [left + (right - left) * k / n for k in range(1, n)] if n > 1 else []
        for x in places:
            y = float(np.polyval(line, x))
            if 0 <= round(x) < dark.shape[1] and 0 <= round(y) < dark.shape[0] and dark[round(y), round(x)] > INK_FLOOR:
                out.append((x, y))
    return np.array(sorted(out))


def _ink_components(dark: np.ndarray, scale: float) -> np.ndarray:
    """Mask of connected ink that is somewhere truly dark (bleed-through never is), is no speck, and is not the neighbour line's."""
    body = dark > INK_FLOOR
    if not body.any():
        return body
    _, labels, stats, _ = cv2.connectedComponentsWithStats(body.astype(np.uint8), connectivity=8)
    peak = np.zeros(len(stats))
    np.maximum.at(peak, labels[body].astype(np.intp), dark[body])
    strong = float(np.percentile(dark[body], 95))
    height = dark.shape[0]
    top, bottom = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    keep = (peak > max(0.22, 0.4 * strong)) & (stats[:, cv2.CC_STAT_AREA] >= max(3, 0.05 * scale * scale))
    keep &= ~((top == 0) & (bottom < 0.3 * height)) & ~((bottom == height) & (top > 0.75 * height))
    left, width = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_WIDTH]
    at_side = (left <= 1) | (left + width >= dark.shape[1] - 1)
    keep &= ~(at_side & (width <= 0.6 * scale) & (bottom - top > 3 * width))      # the edge of a frame's rule
    keep[0] = False
    return keep[labels]


def _extent(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    if not mask.any():
        return None
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
