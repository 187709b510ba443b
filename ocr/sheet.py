"""Where the sheet of paper lies in a picture that shows what it lies on: the four corners of a photographed page."""
from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

_LONG = 400                 # pixels of the reduced picture's longer side
_LEAST_AREA = 0.22          # of the picture that a sheet covers
_LEAST_SOLID = 0.9          # of its convex hull that the sheet's region fills
_STEP = 7.0                 # difference (8-bit Lab) between paper and what is beside it
_LEAST_SEEN = 0.55, 0.7     # share of a side, and of all sides, where that difference is seen
_LEAST_SIDES = 2            # sides within the picture: a single one is the shadow of a fold
_WHOLE = 0.9, 1.2           # share of the picture covered, degrees off square: beyond it there is nothing to gain
_INK = 0.25                 # darker than what is beside it by this share: writing, or the grain of a table
_INK_OUTSIDE = 0.3          # how dense such marks may lie off the sheet, in units of their density on it


def find_sheet(rgb: np.ndarray) -> np.ndarray | None:
    """Corners of the sheet, float (4, 2) pixels, clockwise from the top left; None where the picture is all paper or no sheet is seen.

    rgb: uint8 (height, width, 3). Three ways of telling paper from table propose a quadrilateral; the one whose sides are seen best wins.
    """
    f = _LONG / max(rgb.shape[:2])
    thumb = cv2.resize(rgb, None, fx=f, fy=f, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(thumb, cv2.COLOR_RGB2LAB)
    closed = cv2.morphologyEx(lab[..., 0], cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    even = np.dstack((closed, cv2.medianBlur(lab[..., 1], 5), cv2.medianBlur(lab[..., 2], 5)))
    beside = cv2.morphologyEx(lab[..., 0], cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.float32)
    ink = beside - lab[..., 0] > _INK * beside
    best, most = None, 0.0
    for mask in _paper_masks(even):
        quad = _quadrilateral(mask)
        if quad is None or _nothing_to_gain(quad, mask.shape):
            continue
        seen = _seen(quad, even.astype(np.float32))
        if seen > most and _ink_within(quad, ink):
            best, most = quad, seen
    if best is None:
        return None
    return (best + 0.5) / (thumb.shape[1] / rgb.shape[1], thumb.shape[0] / rgb.shape[0]) - 0.5


def _paper_masks(even: np.ndarray) -> Iterator[np.ndarray]:
    """Guesses at which pixels are paper, uint8 0/1: the bright ones, those of the middle's colour, those no edge parts from the middle."""
    light = even[..., 0]
    yield cv2.threshold(light, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    height, width = light.shape
    middle = even[height // 4:-height // 4, width // 4:-width // 4].reshape(-1, 3)
    away = np.abs(even.astype(np.float32) - np.median(middle, axis=0)) @ np.array((0.5, 2.0, 2.0), np.float32)
    away = np.minimum(away, 255).astype(np.uint8)
    yield cv2.threshold(away, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    edges = np.max([cv2.Canny(cv2.GaussianBlur(even[..., c], (0, 0), 1.2), a, 2 * a) for c, a in ((0, 18), (1, 12), (2, 12))], axis=0)
    yield 1 - cv2.dilate((edges > 0).astype(np.uint8), np.ones((3, 3), np.uint8))


def _quadrilateral(mask: np.ndarray) -> np.ndarray | None:
    """The four-sided outline of the region that fills most of the picture's middle, if it has one."""
    height, width = mask.shape
    mask = cv2.morphologyEx(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), cv2.MORPH_OPEN, np.ones((13, 13), np.uint8))
    _, labels = cv2.connectedComponents(mask[1:-1, 1:-1])
    inner = labels[height // 4:-height // 4, width // 4:-width // 4]
    counts = np.bincount(inner[inner > 0]) if (inner > 0).any() else np.zeros(1)
    region = (labels == int(np.argmax(counts))).astype(np.uint8)
    contours = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    if not counts.any() or not contours:
        return None
    contour = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if area < _LEAST_AREA * height * width or cv2.contourArea(contour) < _LEAST_SOLID * area:
        return None
    around = cv2.arcLength(hull, True)
    for part in (0.02, 0.03, 0.045, 0.06, 0.08):
        corners = cv2.approxPolyDP(hull, part * around, True)[:, 0].astype(float)
        if len(corners) == 4:
            quad = _refined(_clockwise(corners), contour[:, 0].astype(float))
            return quad if cv2.contourArea(quad.astype(np.float32)) > 0.9 * area else None
    return None


def _clockwise(corners: np.ndarray) -> np.ndarray:
    """From the corner nearest the picture's top left."""
    x, y = (corners - corners.mean(axis=0)).T
    ordered = corners[np.argsort(np.arctan2(y, x), kind="stable")]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def _refined(quad: np.ndarray, contour: np.ndarray) -> np.ndarray:
    """Each side laid through the outline's points along it; fingers and dog-ears weigh little (Huber)."""
    lines = []
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        length = float(np.hypot(*(b - a)))
        along = (contour - a) @ (b - a) / length ** 2
        off = np.abs(_cross(contour - a, (b - a) / length))
        near = contour[(along > 0.1) & (along < 0.9) & (off < 0.04 * length)]
        if len(near) < 10:
            lines.append((a, b - a))
            continue
        vx, vy, x, y = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((np.array((x, y), float), np.array((vx, vy), float)))
    corners = []
    for (p, u), (q, v) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        across = float(_cross(u, v))
        corners.append(p + u * float(_cross(q - p, v)) / across if abs(across) > 1e-6 else q)
    return np.array(corners)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _nothing_to_gain(quad: np.ndarray, shape: tuple[int, ...]) -> bool:
    sides = np.roll(quad, -1, axis=0) - quad
    angles = np.degrees(np.arctan2(sides[:, 1], sides[:, 0]))
    off = np.abs((angles + 45) % 90 - 45).max()
    return bool(cv2.contourArea(quad.astype(np.float32)) > _WHOLE[0] * shape[0] * shape[1] and off < _WHOLE[1])


def _seen(quad: np.ndarray, even: np.ndarray) -> float:
    """Share of the sides where paper and surroundings differ, 0 where a side is not seen; sides at the picture's edge do not count."""
    height, width = even.shape[:2]
    centre, shares = quad.mean(axis=0), []
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        points = a + np.linspace(0.06, 0.94, 45)[:, None] * (b - a)
        normal = np.array(((b - a)[1], -(b - a)[0])) / max(1e-6, float(np.hypot(*(b - a))))
        normal *= np.sign(normal @ ((a + b) / 2 - centre))
        outside, inside = points + 5 * normal, points - 5 * normal
        valid = (outside > 0).all(axis=1) & (outside < (width - 1, height - 1)).all(axis=1)
        if valid.sum() < 15:
            continue
        (ox, oy), (ix, iy) = (np.clip(p[valid].round().astype(int), 0, (width - 1, height - 1)).T for p in (outside, inside))
        shares.append(float((np.linalg.norm(even[oy, ox] - even[iy, ix], axis=1) > _STEP).mean()))
    if len(shares) < _LEAST_SIDES or min(shares) < _LEAST_SEEN[0] or np.mean(shares) < _LEAST_SEEN[1]:
        return 0.0
    return float(np.mean(shares)) + 0.01 * len(shares)


def _ink_within(quad: np.ndarray, ink: np.ndarray) -> bool:
    """Whether writing lies on the sheet only: one page of an open book is not the sheet."""
    sheet = cv2.fillConvexPoly(np.zeros(ink.shape, np.uint8), quad.round().astype(np.int32), 1)
    off = cv2.dilate(sheet, np.ones((13, 13), np.uint8)) == 0
    return not off.any() or bool(ink[off].mean() <= _INK_OUTSIDE * max(1e-4, float(ink[sheet > 0].mean())))
