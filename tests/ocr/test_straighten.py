"""Pages turned, tilted, shaded and of any resolution come out upright and level, and points find their way back."""
from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_pages import drawn_page, shaded, turned

from ocr.reading import PageImage
from ocr.straighten import StraightPage, box_through, find_skew, flatten, straighten
from samples.distort import faint


def landmark(page: StraightPage, original: np.ndarray) -> float:
    """Mean difference between the straight page and the original looked up through `to_original`, 0..255."""
    height, width = page.gray.shape
    how = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    back = cv2.warpPerspective(original, page.to_original, (width, height), flags=how, borderValue=(236, 238, 228))
    inner = slice(height // 6, -height // 6), slice(width // 6, -width // 6)
    return float(np.abs(cv2.GaussianBlur(back, (0, 0), 2)[inner].astype(int) - cv2.GaussianBlur(page.rgb, (0, 0), 2)[inner]).mean())


@pytest.mark.parametrize(("degrees", "rotation"), [(0, 0), (90, 270), (180, 180), (270, 90), (3.2, 0), (-4.7, 0), (183, 180), (88, 270)])
def test_a_turned_page_is_turned_back(degrees: float, rotation: int) -> None:
    picture, _ = turned(drawn_page().pixels, degrees)
    page = straighten(PageImage(np.ascontiguousarray(picture), 200))
    assert page.rotation == rotation
    assert page.skew == pytest.approx(-((degrees + 45) % 90 - 45), abs=0.15)
    assert landmark(page, picture) < 3


@pytest.mark.parametrize(("dpi", "stated"), [(100, 100), (150, None), (300, 300), (400, None)])
def test_every_resolution_comes_to_the_same_scale(dpi: int, stated: int | None) -> None:
    picture = drawn_page(dpi=dpi).pixels
    page = straighten(PageImage(picture, stated), rotation=0)
    assert page.gray.shape[0] == pytest.approx(2338, rel=0.01) and page.dpi == pytest.approx(200, rel=0.01)
    whole = page.box_to_original((0, 0, page.gray.shape[1], page.gray.shape[0]))
    assert whole == pytest.approx((0, 0, picture.shape[1], picture.shape[0]), abs=6)


def test_a_dark_table_around_the_page_is_not_taken_for_lines() -> None:
    picture, _ = turned(drawn_page("KS2006").pixels, 4.0, fill=(25, 22, 20))
    page = straighten(PageImage(np.ascontiguousarray(picture), None))
    (x0, y0), (x1, y1) = cv2.perspectiveTransform(np.array([[[300.0, 1000], [1300, 1000]]]), page.to_original)[0]
    assert page.rotation == 0 and np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(4.0, abs=0.15)
    assert page.gray[:40, :40].min() > 200, "the table should come out as paper"


def test_shade_is_evened_out_and_ink_stays() -> None:
    bright = drawn_page().pixels
    even, uneven = (flatten(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)) for p in (bright, shaded(bright)))
    assert np.median(uneven[:, :200]) == pytest.approx(np.median(uneven[:, -200:]), abs=5)
    ink = even < 120
    assert ink.sum() > 10_000 and (uneven[ink] < 160).mean() > 0.97
    assert (uneven[even > 240] > 215).mean() > 0.99


def test_faint_ink_is_made_dark_and_paper_stays() -> None:
    plain = drawn_page("KH2016")
    rng = np.random.default_rng(1)
    pages = {left: straighten(PageImage(faint(plain.pixels, 200, rng, left).pixels, 200), rotation=0) for left in (1.0, 0.3)}
    ink = pages[1.0].gray < 110
    assert ink.sum() > 10_000 and np.median(pages[0.3].gray[ink]) < np.median(pages[1.0].gray[ink]) + 50
    assert (pages[0.3].gray[pages[1.0].gray > 245] > 235).mean() > 0.99
    dark = [255 - float(np.percentile(p.rgb[..., 0], 1)) for p in pages.values()]
    assert dark[1] > 0.75 * dark[0], "the colours are strengthened as well: handwriting is read from them"
    assert straighten(PageImage(np.full((700, 500, 3), 240, np.uint8), None), rotation=0).rgb.min() > 235


def test_skew_of_a_blank_page_is_nothing_to_fail_on() -> None:
    page = straighten(PageImage(np.full((700, 500, 3), 240, np.uint8), None))
    assert page.rotation == 0 and page.gray.shape == page.rgb.shape[:2] and page.gray.min() > 200
    assert find_skew(np.zeros((40, 30), np.float32))[1] == 0


def test_a_box_through_a_quarter_turn() -> None:
    quarter = np.array([[0, -1, 100], [1, 0, 0], [0, 0, 1]], dtype=float)
    assert box_through(quarter, (10, 20, 30, 60)) == (40, 10, 80, 30)
