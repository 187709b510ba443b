"""An adapted model's temperatures: a model that is too sure of itself is believed less, one as sure as it should be as much as before."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ocr.lattice import Lattice
from train.adapt_temperature import LEAST_LINES, MOST_CHANGE, honest_temperature, moved, temperature_factor
from train.sample import Sample

LETTERS, FRAMES = "0123456789", 4


class Reader:
    """Reads lines of figures; is right as often as it says if sharpness is 1, and says more than it knows above."""

    def __init__(self, sharpness: float):
        self.sharpness = sharpness

    def read(self, lines: list[np.ndarray]) -> list[Lattice]:
        out = []
        for line in lines:
            p = line.astype(np.float64) ** self.sharpness
            p /= p.sum(axis=1, keepdims=True)
            frames = np.full((2 * FRAMES, len(LETTERS) + 1), 1e-9)
            frames[::2, 1:] = np.maximum(p, 1e-9)
            frames[1::2, 0] = 1.0
            out.append(Lattice(np.log(frames / frames.sum(axis=1, keepdims=True)), LETTERS, "test"))
        return out


def samples(count: int, seed: int = 3) -> list[Sample]:
    """Lines whose pixels are the true probabilities of each figure, and a text drawn from them."""
    rng = np.random.default_rng(seed)
    out = []
    for n in range(count):
        p = rng.dirichlet(np.full(len(LETTERS), 0.12), FRAMES)
        text = "".join(LETTERS[rng.choice(len(LETTERS), p=row)] for row in p)
        out.append(Sample(p, text, f"page {n}"))
    return out


@pytest.mark.parametrize("sharpness", [0.6, 1.5, 2.0])
def test_the_temperature_undoes_what_a_model_claims_too_much(sharpness: float) -> None:
    honest, other = (honest_temperature(Reader(s), samples(400)) for s in (1.0, sharpness))      # type: ignore[arg-type]
    assert 0.5 < honest < 1.2 and other / honest == pytest.approx(1 / sharpness, rel=0.15)


def test_lines_with_a_wrong_text_decide_little() -> None:
    lines = samples(200)
    wrong = [replace(s, text=t.text) if n % 20 == 0 else s for n, (s, t) in enumerate(zip(lines, samples(200, 8), strict=True))]
    both = [honest_temperature(Reader(1.0), some) for some in (lines, wrong)]      # type: ignore[arg-type]
    assert both[1] > 0.6 * both[0]


def test_a_surer_model_is_believed_less_and_the_same_one_as_before() -> None:
    lines = samples(200)
    old, new = Reader(1.0), Reader(1.3)
    assert temperature_factor(old, old, lines) == 1.0      # type: ignore[arg-type]
    assert temperature_factor(old, new, lines) == pytest.approx(1 / 1.3, rel=0.1)      # type: ignore[arg-type]
    assert temperature_factor(old, Reader(9.0), lines) == round(1 / MOST_CHANGE, 3)      # type: ignore[arg-type]


def test_few_lines_change_nothing() -> None:
    assert temperature_factor(Reader(1.0), Reader(3.0), samples(LEAST_LINES - 1)) == 1.0      # type: ignore[arg-type]


def test_all_temperatures_move_and_none_beyond_one() -> None:
    assert moved({"default": 0.5, "date": 0.9, "personal_number": 1.0}, 1.2) == {"default": 0.6, "date": 1.0, "personal_number": 1.0}
    assert moved({"default": 0.5, "date": 1.1}, 0.8) == {"default": 0.4, "date": 0.88}
    assert moved({}, 1.2) == {}
