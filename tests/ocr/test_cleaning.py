"""Cleaning: leaders, rules, stamp and bleed-through go, ink stays."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr import cleaning

SCALE = 200 / 25.4
SIZE = (90, 620)
BASELINE = 60


def paper(shade: int = 225) -> np.ndarray:
    page = np.full((SIZE[0] + 200, SIZE[1] + 200, 3), shade, np.uint8)
    return page


def crop(page: np.ndarray) -> np.ndarray:
    return cleaning.darkness(page, SCALE)[100:100 + SIZE[0], 100:100 + SIZE[1]]


def write(page: np.ndarray, text: str = "Nguyen Van", x: int = 110, colour: tuple[int, int, int] = (40, 40, 120)) -> np.ndarray:
    """Writes in ink and returns the mask of the ink in the crop."""
    before = page.copy()
    cv2.putText(page, text, (x, 100 + BASELINE + 2), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.3, colour, 3, cv2.LINE_AA)
    return (np.abs(page.astype(int) - before).sum(axis=2) > 200)[100:100 + SIZE[0], 100:100 + SIZE[1]]


def dot(page: np.ndarray, pitch: float = 8.5, slope: float = 0.0) -> None:
    for x in np.arange(100, 100 + SIZE[1], pitch):
        y = 100 + BASELINE + slope * (x - 100)
        cv2.circle(page, (round(x * 16), round(y * 16)), 30, (70, 70, 70), -1, cv2.LINE_AA, shift=4)


def ink_of(line: cleaning.CleanLine) -> np.ndarray:
    return line.gray < 200


@pytest.mark.parametrize("slope", [0.0, 0.012, -0.012])
def test_the_dots_go_and_the_ink_stays(slope: float) -> None:
    page = paper()
    dot(page, slope=slope)
    ink = write(page)
    line = cleaning.clean_line(crop(page), SCALE, cleaning.Surroundings(slope))
    assert len(line.dots) > 40
    right = int(np.flatnonzero(ink.any(axis=0))[-1])
    assert not ink_of(line)[:, right + 6:].any(), "dots beyond the ink"
    assert (ink_of(line) & ink).sum() > 0.85 * ink.sum(), "ink was lost with the dots"
    assert line.box is not None and abs(line.box[2] - right) < 6


def test_a_leader_alone_is_an_empty_blank() -> None:
    page = paper()
    dot(page)
    line = cleaning.clean_line(crop(page), SCALE)
    assert line.box is None and (line.gray == 255).all()


def test_a_stamp_over_the_ink_goes_and_a_black_ring_stays() -> None:
    red, black = paper(), paper()
    ink = write(red)
    cv2.circle(red, (500, 140), 60, (205, 90, 90), 4, cv2.LINE_AA)
    cv2.circle(black, (500, 140), 60, (60, 60, 60), 4, cv2.LINE_AA)
    assert not ink_of(cleaning.clean_line(crop(red), SCALE))[:, 330:].any()
    assert (ink_of(cleaning.clean_line(crop(red), SCALE)) & ink).sum() > 0.85 * ink.sum()
    assert ink_of(cleaning.clean_line(crop(black), SCALE))[:, 330:].any()


def test_bleed_through_goes() -> None:
    page = paper()
    write(page, "uel gnouH", 420, (195, 195, 200))
    ink = write(page, "Lan")
    shown = ink_of(cleaning.clean_line(crop(page), SCALE))
    assert not shown[:, 310:].any() and (shown & ink).sum() > 0.85 * ink.sum()


def test_a_ruled_line_under_the_ink_goes() -> None:
    page = paper()
    ink = write(page)
    cv2.line(page, (100, 100 + BASELINE), (100 + SIZE[1], 100 + BASELINE), (60, 60, 60), 2)
    shown = ink_of(cleaning.clean_line(crop(page), SCALE))
    assert not shown[:, 400:].any() and (shown & ink).sum() > 0.75 * ink.sum()


def test_the_colon_of_a_label_goes_only_after_a_label() -> None:
    page = paper()
    for y in (128, 152):
        cv2.circle(page, (104, y), 2, (40, 40, 40), -1)
    write(page, "Lan", 150)
    after = cleaning.clean_line(crop(page), SCALE, cleaning.Surroundings(after_label=True))
    other = cleaning.clean_line(crop(page), SCALE)
    assert after.box is not None and after.box[0] > 30
    assert other.box is not None and other.box[0] < 10


def test_a_darker_scan_gives_the_same_line() -> None:
    page = paper()
    dot(page)
    write(page)
    light = cleaning.clean_line(crop(page), SCALE)
    dark = cleaning.clean_line(crop((page * 0.7).astype(np.uint8)), SCALE)
    assert (ink_of(light) != ink_of(dark)).mean() < 0.005


def test_the_line_is_cut_to_its_ink() -> None:
    page = paper()
    write(page)
    line = cleaning.clean_line(crop(page), SCALE)
    assert line.box is not None
    fitted = cleaning.fit_to_ink(line.gray, line.box, SCALE, 0.1)
    height = line.box[3] - line.box[1]
    assert fitted.shape[0] == height + 2 * round(0.1 * height)
    assert (fitted[:, :10] == 255).all() and (fitted < 200).any()


def test_the_edge_of_a_frame_is_no_ink() -> None:
    page = paper()
    write(page, "Lan")
    cv2.line(page, (100 + SIZE[1] - 1, 100), (100 + SIZE[1] - 1, 150), (60, 60, 60), 2)
    line = cleaning.clean_line(crop(page), SCALE)
    assert line.box is not None and line.box[2] < 300
