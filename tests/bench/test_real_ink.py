"""The bench's own parts: words of real writers set into a page's lines, and the score by which temperatures are chosen."""
from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.calibrate import log_score
from bench.composed import Penman, unseen_writers
from bench.decoding import Judged
from samples.hands import FONT_FOLDER, draw_hand
from samples.ink import write
from train.ink import RealInk


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Two writers' word "Nam" (a block 20 and 40 wide) and one digit."""
    rows, data = [], b""
    for writer, text, width in (("1", "Nam", 20), ("2", "Nam", 40), ("2", "7", 8)):
        mask = np.zeros((64, width), np.uint8)
        mask[28:46] = 255
        png = io.BytesIO()
        Image.fromarray(mask).save(png, "PNG")
        rows.append(f"{len(data)}\t{len(png.getvalue())}\t{writer}\t{text}")
        data += png.getvalue()
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "index.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    (tmp_path / "words" / "words.bin").write_bytes(data)
    return tmp_path


def test_a_hand_writes_its_own_ink_and_fonts_where_it_has_none(words: Path) -> None:
    ink = RealInk(words / "words", {"1", "2"})
    pen = Penman(ink, ("1",), str(FONT_FOLDER / "mynerve"), strange=0.0)
    rng = np.random.default_rng(0)
    mask, _, baseline, advance = pen("nam,", 17.0, rng) or pytest.fail("the word is there")
    assert 18 <= advance <= 45 and mask.shape[0] > baseline > 30      # the narrow word and a comma
    assert pen("Hoa", 17.0, rng) is None
    assert pen("77/7", 17.0, rng) is not None
    assert set(unseen_writers(words)) == {"1", "2"}


def test_a_line_with_a_word_source_holds_its_ink(words: Path) -> None:
    from dataclasses import replace
    pen = Penman(RealInk(words / "words", {"2"}), ("2",), str(FONT_FOLDER / "mynerve"))
    hand = replace(draw_hand(np.random.default_rng(1), font="mynerve", capitals=False), joined=True)
    drawn, cut = (write("Nam", h, np.random.default_rng(2)) for h in (hand, replace(hand, words=pen)))
    solid = [float((x.mask[x.box[1]:x.box[3], x.box[0]:x.box[2]] > 60).mean()) for x in (drawn, cut)]
    assert solid[1] > 0.75 > solid[0]        # the block of ink, not the font's thin strokes


def test_sure_and_right_scores_best_and_sure_and_wrong_worst() -> None:
    def score(confidence: float, right: bool) -> float:
        return log_score(Judged("f", "nksHoTen", "a", "b", "b", confidence, right, right))

    assert score(0.99, True) > score(0.6, True) > score(0.6, False) > score(0.99, False)
