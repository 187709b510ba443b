from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.cover_code import read_label
from ocr.images import open_page
from ocr.page_cut import cut, parse_corners
from ocr.page_likeness import likeness, same_sheet, sketch
from ocr.reading import PageImage, PageReading, PrintedWord
from records.record import DraftRecord, FieldValue

cv2 = pytest.importorskip("cv2")


def page(width=600, height=800):
    pixels = np.full((height, width, 3), 240, np.uint8)
    pixels[300:320, 200:260] = 0
    return PageImage(pixels, 100)


shares = st.floats(0.0, 0.3)


@given(st.lists(st.tuples(shares, shares), min_size=4, max_size=4))
def test_what_is_read_of_the_part_lies_where_it_lies_on_the_whole(offsets):
    corners = parse_corners([(x if n in (0, 3) else 1 - x, y if n < 2 else 1 - y) for n, (x, y) in enumerate(offsets)])
    whole = page()
    part = cut(whole, corners)
    dark = np.argwhere(part.image.pixels[:, :, 0] < 120)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0) + 1
    box = (int(x0), int(y0), int(x1), int(y1))
    reading = PageReading("KS2016", 1.0, (DraftRecord("KS", "KS2016", 1, {"so": FieldValue("1", "1", 1.0, "ocr", box)}),),
                          (PrintedWord("x", box, 1.0),))
    back = part.back(reading)
    for got in (back.words[0].box, back.records[0].fields["so"].box):
        # the upright rectangle around a slanted one is larger, never elsewhere
        assert got[0] <= 204 and got[1] <= 304 and got[2] >= 256 and got[3] >= 316
        assert abs((got[0] + got[2]) / 2 - 230) < 8 and abs((got[1] + got[3]) / 2 - 310) < 8


@pytest.mark.parametrize("corners", [
    [], [(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 0), (1, 1), (0, 1.2)], [(0, 0), (0, 1), (1, 1), (1, 0)], [(0, 0), (1, 1), (1, 0), (0, 1)],
    [(0, 0), (0.05, 0), (0.05, 0.05), (0, 0.05)], [(0, 0), (1, 0), (float("nan"), 1), (0, 1)], "abcd",
])
def test_corners_that_make_no_page_are_refused(corners):
    with pytest.raises(ValueError):
        parse_corners(corners)


def sheet(seed, hand):
    """A form's print, the same for each seed of print, with other handwriting."""
    print_, ink = np.random.default_rng(seed), np.random.default_rng(hand)
    pixels = np.full((1100, 800, 3), 245, np.uint8)
    for row in range(24):
        for x in range(60, 320, 13):
            h, w = print_.integers(6, 14, 2)
            pixels[60 + 42 * row:60 + 42 * row + h, x:x + w // 2] = 30
        for x in range(340, 740, 12):
            h, w, dy = ink.integers(5, 22, 3)
            pixels[50 + 42 * row + dy:50 + 42 * row + dy + h, x:x + w // 3 + 2] = (90, 60, 40)
    return PageImage(pixels, None)


def taken_again(image):
    height, width = image.pixels.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    moved = corners + np.float32([[20, 14], [-25, 9], [-12, -30], [30, -18]])
    pixels = cv2.warpPerspective(image.pixels, cv2.getPerspectiveTransform(corners, moved), (width, height), borderValue=(110, 105, 100))
    return PageImage(cv2.GaussianBlur((pixels * 0.85).astype(np.uint8), (0, 0), 0.8), None)


def test_a_sheet_photographed_twice_is_told_from_another_page_of_its_form():
    one, again, other = sketch(sheet(1, 1)), sketch(taken_again(sheet(1, 1))), sketch(sheet(1, 2))
    assert same_sheet(one, again) and not same_sheet(one, other), (likeness(one, again), likeness(one, other))


def test_a_printed_cover_sheet_is_read_lying_any_way_and_photographed_askew():
    from datetime import UTC, datetime

    from records.book_label import BookLabel
    from storage.cover_sheet import cover_sheet

    label = BookLabel("KS.2017.01", "21139", "KS", 2017, "01/2017", 212, "0a" * 5)
    data = cover_sheet(label, "Khai sinh · quyển 01/2017", [("Nơi đăng ký", "UBND xã Nghĩa Kỳ")], ["Đặt tờ này lên trên."],
                       datetime(2026, 3, 4, tzinfo=UTC))
    drawn = open_page(data, "application/pdf", dpi=110)
    assert read_label(drawn) == label
    assert read_label(PageImage(np.ascontiguousarray(np.rot90(drawn.pixels)), None)) == label
    assert read_label(taken_again(drawn)) == label
    assert read_label(sheet(1, 1)) is None
