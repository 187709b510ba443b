"""Single lines for training."""
from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from samples.hands import draw_hand, font_names
from samples.lines import LineLook, render_line, write_lines
from samples.texts import draw_value

BARE = LineLook(dots=0, label=0, stamp=0, bleed=0, neighbours=0, rule=0, spare=2)


def test_the_generator_state_decides() -> None:
    a, b, c = (render_line("Nguyễn Thị Mẫu", np.random.default_rng(s)) for s in (3, 3, 4))
    assert a.dtype == np.uint8 and a.ndim == 3 and np.array_equal(a, b)
    assert a.shape != c.shape or not np.array_equal(a, c)


@pytest.mark.parametrize("font", font_names())
def test_each_hand_writes_every_letter(font: str) -> None:
    """No letter of Vietnamese is missing from a font: each leaves other ink than the box that stands for a missing letter."""
    hand = replace(draw_hand(np.random.default_rng(1), font=font, capitals=False), restless=0.0, pressure=1.0)
    missing = render_line("\ue000", np.random.default_rng(2), hand, BARE, wear=0, colour=False)
    for letter in "ăâđêôơưễựỹẵờậ0123456789ẮĐƠỮẶ":
        line = render_line(letter, np.random.default_rng(2), hand, BARE, wear=0, colour=False)
        assert (line < 140).sum() > 10, (font, letter)
        assert line.shape != missing.shape or not np.array_equal(line, missing), (font, letter)


def test_options_add_what_they_say() -> None:
    hand = draw_hand(np.random.default_rng(1), font="patrick-hand", capitals=False)
    plain = render_line("Kinh", np.random.default_rng(8), hand, BARE, wear=0)
    dotted = render_line("Kinh", np.random.default_rng(8), hand, replace(BARE, dots=1.0), wear=0)
    assert (dotted.min(axis=2) < 120).sum() > (plain.min(axis=2) < 120).sum() + 50
    stamped = [render_line("Kinh Kinh Kinh", np.random.default_rng(s), hand, replace(BARE, stamp=1.0, spare=40), wear=0) for s in range(12)]
    red = [(s[..., 0].astype(int) - s[..., 1] > 50).sum() for s in stamped]
    assert sum(r > 50 for r in red) >= 6, "a stamp crosses most of these lines"
    assert all((render_line("Kinh", np.random.default_rng(s), hand, BARE, wear=0)[..., 0].astype(int) < 240).any() for s in range(3))


def test_height_and_grey() -> None:
    line = render_line("16/7/2013", np.random.default_rng(1), height=64, colour=False)
    assert line.shape[0] == 64 and line.ndim == 2


def test_nothing_to_write() -> None:
    with pytest.raises(ValueError, match="nothing"): render_line("  ", np.random.default_rng(1))


def test_it_is_quick_enough_for_training() -> None:
    rng = np.random.default_rng(5)
    hands = [draw_hand(rng) for _ in range(4)]
    texts = [draw_value(rng) for _ in range(60)]
    for t, h in zip(texts[:20], hands * 5, strict=True): render_line(t, rng, h)
    start = time.process_time()
    for i, t in enumerate(texts): render_line(t, rng, hands[i % 4])
    assert len(texts) / (time.process_time() - start) > 60      # some 250 on a quiet core; the bound is for a busy test machine


def test_written_lines_can_be_read_back(tmp_path: Path) -> None:
    assert write_lines(tmp_path, 12, seed=3, writers=3) == 12
    rows = [line.split("\t") for line in (tmp_path / "labels.tsv").read_text("utf-8").splitlines()]
    assert len(rows) == 12 and all(len(r) == 3 and r[2].strip() for r in rows)
    assert all(cv2.imread(str(tmp_path / path), cv2.IMREAD_GRAYSCALE).shape[0] == 75 for path, _, _ in rows)
    assert {r[1] for r in rows} <= {"font00", "font01", "font02"}
