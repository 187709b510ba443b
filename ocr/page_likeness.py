"""Whether two pictures show one sheet: photographed twice, moved or turned a little in between.

Two pages of one form agree in their print, so print alone tells nothing: one picture is laid over the other by what both have, and then
the ink is compared, handwriting too.
"""
from __future__ import annotations

import cv2
import numpy as np

from ocr.reading import PageImage
from ocr.straighten import flatten

_HEIGHT = 900               # pixels a sketch is high
_LEAST_AGREE = 40           # points that must fit one mapping
SAME_SHEET = 0.9            # of the ink: 35 pages taken twice had 0.91 to 0.99, 30 pairs of neighbours of one form 0.56 to 0.88


def sketch(page: PageImage) -> np.ndarray:
    """The page small, evenly lit and grey, uint8; some 600 KB."""
    scale = _HEIGHT / page.height
    gray = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    return flatten(cv2.resize(gray, (max(round(page.width * scale), 1), _HEIGHT), interpolation=cv2.INTER_AREA))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the ink of one sketch that lies on ink of the other once they are laid over each other, 0..1, the lower of both ways."""
    finder = cv2.ORB.create(1500)
    (points, marks), (others, other_marks) = (finder.detectAndCompute(s, None) for s in (one, other))
    if marks is None or other_marks is None or min(len(points), len(others)) < _LEAST_AGREE:
        return 0.0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(other_marks, marks)
    if len(pairs) < _LEAST_AGREE:
        return 0.0
    source = np.array([others[p.queryIdx].pt for p in pairs], np.float32)
    target = np.array([points[p.trainIdx].pt for p in pairs], np.float32)
    mapping, fits = cv2.findHomography(source, target, cv2.RANSAC, 4.0)
    if mapping is None or int(fits.sum()) < _LEAST_AGREE:
        return 0.0
    laid = cv2.warpPerspective(other, mapping, one.shape[::-1], borderValue=250)
    seen = cv2.warpPerspective(np.full(other.shape, 255, np.uint8), mapping, one.shape[::-1]) > 0
    if seen.mean() < 0.5:
        return 0.0
    ink, ink_laid = (_ink(s) & seen for s in (one, laid))
    return min(_found_again(ink, ink_laid), _found_again(ink_laid, ink))


def same_sheet(one: np.ndarray, other: np.ndarray) -> bool:
    return likeness(one, other) >= SAME_SHEET


def _ink(sketched: np.ndarray) -> np.ndarray:
    return sketched < 250 - 0.45 * max(250 - float(np.percentile(sketched, 0.5)), 25)


def _found_again(ink: np.ndarray, other: np.ndarray) -> float:
    near = cv2.dilate(other.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return float((ink & near).sum()) / max(int(ink.sum()), 1)
