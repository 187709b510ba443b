"""The part of a page image that a person cut out by its four corners, and the way back to the whole."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr.reading import PageImage, PageReading
from ocr.straighten import box_through
from records.record import Box

Corners = tuple[tuple[float, float], ...]      # top left, top right, bottom right, bottom left, as shares 0..1 of the image
LEAST_AREA = 0.02           # of the image: less is a slip of the hand


@dataclass(frozen=True)
class CutPage:
    """image: the part, right-angled; to_whole: 3x3, maps (x, y, 1) of it to pixels of the whole image."""

    image: PageImage
    to_whole: np.ndarray

    def back(self, reading: PageReading) -> PageReading:
        """A reading of the part as one of the whole: every box in the whole image's pixels."""
        records = tuple(replace(r, fields={code: replace(f, box=self._box(f.box)) if f.box else f for code, f in r.fields.items()})
                        for r in reading.records)
        return replace(reading, records=records, words=tuple(replace(w, box=self._box(w.box)) for w in reading.words))

    def _box(self, box: Box) -> Box:
        return box_through(self.to_whole, box)


def parse_corners(data: object) -> Corners:
    """Corners as they came over the wire. ValueError unless they are four, inside the image, convex and clockwise, and of some size."""
    if not isinstance(data, Sequence) or len(data) != 4:
        raise ValueError("four corners")
    corners = tuple((round(float(x), 5), round(float(y), 5)) for x, y in data)
    if not all(0.0 <= v <= 1.0 for point in corners for v in point):
        raise ValueError("outside")
    turns = [_cross(corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) for i in range(4)]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)) / 2
    if min(turns) <= 0 or area < LEAST_AREA:
        raise ValueError("not convex, not clockwise, or too small")
    return corners


def cut(page: PageImage, corners: Corners) -> CutPage:
    """The part within `corners`, laid flat; as large as its longer sides are."""
    quad = np.array(corners, np.float32) * np.array([page.width, page.height], np.float32)
    top, right, bottom, left = (float(np.linalg.norm(quad[i] - quad[(i + 1) % 4])) for i in range(4))
    width, height = max(round(max(top, bottom)), 2), max(round(max(left, right)), 2)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    to_whole = cv2.getPerspectiveTransform(flat, quad)
    pixels = cv2.warpPerspective(page.pixels, to_whole, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                 borderMode=cv2.BORDER_REPLICATE)
    return CutPage(replace(page, pixels=pixels), to_whole)


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
