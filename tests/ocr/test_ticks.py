"""Tick boxes: crosses, ticks and blots against empty squares, also when the form's place is a little off."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.ticks import chosen, read_ticks
from records.forms import Tick

SCALE = 200 / 25.4
SIDE = 28


def page_with(marks: list[str], noise: int = 0) -> np.ndarray:
    dark = np.random.default_rng(noise).normal(0.02, 0.02, (300, 200)).clip(0, 1).astype(np.float32)
    for k, mark in enumerate(marks):
        x, y = 80, 40 + 70 * k
        cv2.rectangle(dark, (x, y), (x + SIDE, y + SIDE), 0.7, 2)
        if mark == "cross":
            cv2.line(dark, (x + 3, y + 3), (x + SIDE - 3, y + SIDE - 3), 0.6, 3)
            cv2.line(dark, (x + SIDE - 3, y + 3), (x + 3, y + SIDE - 3), 0.6, 3)
        elif mark == "tick":
            cv2.polylines(dark, [np.array([[x + 5, y + 14], [x + 12, y + 22], [x + 30, y - 4]])], False, 0.6, 3)
        elif mark == "blot":
            cv2.circle(dark, (x + 14, y + 14), 9, 0.6, -1)
        elif mark == "speck":
            cv2.circle(dark, (x + 14, y + 14), 1, 0.4, -1)
    return dark


def ticks(count: int, off: int = 0) -> list:
    return [
        (Tick("loaiDangKy", k + 1, f"n{k}", 0, 0, 3.6), (80 + off, 40 + 70 * k + off, 108 + off, 68 + 70 * k + off)) for k in range(count)
    ]


@pytest.mark.parametrize("mark", ["cross", "tick", "blot"])
@pytest.mark.parametrize("off", [0, 8, -8])
def test_the_marked_square_is_chosen(mark: str, off: int) -> None:
    readings = read_ticks(page_with(["", mark, ""]), ticks(3, off), SCALE)
    assert [r.marked for r in readings] == [False, True, False]
    found = chosen(readings, "loaiDangKy")
    assert found is not None and found.tick.value == 2 and found.confidence > 0.7


def test_empty_squares_and_specks_choose_nothing() -> None:
    readings = read_ticks(page_with(["", "speck", ""]), ticks(3), SCALE)
    assert chosen(readings, "loaiDangKy") is None


def test_two_marks_choose_nothing() -> None:
    readings = read_ticks(page_with(["cross", "cross"]), ticks(2), SCALE)
    assert chosen(readings, "loaiDangKy") is None
