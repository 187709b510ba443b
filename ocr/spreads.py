"""An open book in one picture: whether a page is two pages, and where the fold between them runs."""
from __future__ import annotations

import cv2
import numpy as np

from ocr.straighten import StraightPage, part_of

LEAST_ASPECT = 1.15         # width over height of two upright pages side by side (A5 to A3 have 1.41)
_MIDDLE = 0.38, 0.62        # of the width, where a fold may run
_PAGE_HEIGHT = 297.0        # mm: forms are printed on A4
_SMALL = 0.88               # of that height: a picture of unknown or reduced scale
_SHADOW = 0.06              # of the paper's brightness that a fold's shadow takes at least


def may_be_spread(page: StraightPage) -> bool:
    """Whether it is wide enough for two pages."""
    height, width = page.gray.shape
    return width > LEAST_ASPECT * height


def halves(page: StraightPage) -> tuple[StraightPage, StraightPage]:
    """The left and the right page, each level and at a single page's scale."""
    height = page.gray.shape[0]
    at = find_fold(page)
    nominal = _PAGE_HEIGHT / 25.4 * page.dpi
    enlarge = min(nominal / height, 1.7) if height < _SMALL * nominal else 1.0
    return part_of(page, 0, at, enlarge), part_of(page, at, page.gray.shape[1], enlarge)


def find_fold(page: StraightPage) -> int:
    """x of the fold: its shadow if there is one, else the middle of the emptiest strip near the picture's middle."""
    shadow = _shadow(page)
    if shadow is not None:
        return shadow
    width = page.gray.shape[1]
    a, b = (int(part * width) for part in _MIDDLE)
    ink = (page.gray < 170).mean(axis=0).astype(np.float32)
    ink = cv2.GaussianBlur(ink[None], (0, 0), 4 * page.dpi / 25.4)[0]
    off = np.abs(np.arange(a, b) - width / 2) / width
    return a + int(np.argmin(ink[a:b] + 0.05 * off))


def has_fold(page: StraightPage) -> bool:
    """Whether it is wide enough for two pages and a fold's shadow runs down its middle."""
    return may_be_spread(page) and _shadow(page) is not None


def _shadow(page: StraightPage) -> int | None:
    width = page.gray.shape[1]
    a, b = (int(part * width) for part in _MIDDLE)
    step = page.dpi / 25.4
    light = cv2.resize(page.rgb.max(axis=2), (width, 60), interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(np.percentile(light, 70, axis=0).astype(np.float32)[None], (0, 0), 0.8 * step)[0]
    valley = a + int(np.argmin(paper[a:b]))
    beside = min(float(np.median(paper[a:valley + 1])), float(np.median(paper[valley:b])))
    return valley if paper[valley] < (1 - _SHADOW) * beside else None
