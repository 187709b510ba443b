"""A photographed sheet is found on its table, and nothing is taken for a sheet where the picture is all paper."""
from __future__ import annotations

import numpy as np
import pytest
from drawn_pages import drawn_page, shaded

from ocr.sheet import find_sheet
from samples.distort import curled, fold_shadow, photographed, spread


def corners(distorted, page: np.ndarray) -> np.ndarray:
    height, width = page.shape[:2]
    return distorted.moves[0](np.array([(0, 0), (width, 0), (width, height), (0, height)], float))


@pytest.mark.parametrize(("desk", "most"), [((88, 66, 50), 0.02), ((176, 150, 120), 0.03)])
def test_a_sheet_on_a_table_is_found(desk: tuple[int, int, int], most: float) -> None:
    page = drawn_page("KS2016", 100).pixels
    for seed in range(3):
        photo = photographed(page, 100, np.random.default_rng(seed), 0.06, desk)
        found = find_sheet(photo.pixels)
        assert found is not None
        assert np.abs(found - corners(photo, page)).max() < most * page.shape[0]


def test_a_scan_is_all_paper() -> None:
    page, rng = drawn_page("KH2016", 100).pixels, np.random.default_rng(1)
    for scan in (page, shaded(page), fold_shadow(page, 100, rng).pixels, curled(page, 100, rng).pixels,
                 spread(page, page, 100, rng).pixels, np.full((700, 500, 3), 240, np.uint8)):
        assert find_sheet(scan) is None


def test_an_open_book_is_one_sheet_not_its_brighter_page() -> None:
    page = drawn_page("KS2016", 100).pixels
    photo = spread(page, (page * 0.8).astype(np.uint8), 100, np.random.default_rng(2), photo=True)
    found = find_sheet(photo.pixels)
    assert found is None or np.ptp(found[:, 0]) > 0.7 * photo.pixels.shape[1]
