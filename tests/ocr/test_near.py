"""Texts near a first guess, and texts scored in two halves: what the fast ways give is what the slow ones give."""
from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.decoding import dates
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.decoding.near import near_texts
from ocr.lattice import Lattice
from ocr.trie import Trie, join_scores
from records.dates import PartialDate
from tests.ocr.lattices import clear


def noise(seed: int, frames: int, alphabet: str) -> Lattice:
    x = np.random.default_rng(seed).normal(size=(frames, len(alphabet) + 1)) * 2
    return Lattice(x - np.logaddexp.reduce(x, axis=1, keepdims=True), alphabet, "test")


def near(lattice: Lattice, keep: int = 20, by_length: bool = False) -> dict[str, float]:
    return dict(near_texts(lattice.log_probs.astype(np.float64), lattice.alphabet, keep, by_length))


def test_the_guess_comes_first_and_the_doubt_after_it() -> None:
    found = near(clear("1234", {2: ("8", 0.3)}))
    assert list(found)[:2] == ["1234", "1284"]
    assert found["1234"] == 0.0 > found["1284"]


def test_a_missed_symbol_and_a_merged_pair_are_near() -> None:
    lattice = clear("155")
    p = np.exp(lattice.log_probs.astype(np.float64))
    five = lattice.alphabet.index("5") + 1
    p[6, 0], p[6, five] = 0.3, 0.68        # the blank between the fives is all but gone
    merged = Lattice(np.log(p / p.sum(axis=1, keepdims=True)), lattice.alphabet, "test")
    assert merged.best_text() == "15" and "155" in near(merged)


def test_every_length_keeps_its_best() -> None:
    found = near(noise(3, 12, "0123456789"), keep=2, by_length=True)
    lengths = [len(t) for t in found]
    assert len(set(lengths)) > 3 and max(map(lengths.count, lengths)) <= 2


@given(st.integers(0, 200))
@settings(max_examples=30, deadline=None)
def test_halves_joined_score_as_the_whole(seed: int) -> None:
    lattice = noise(seed, 8, "ab/1")
    heads, tails = ["a/", "aa/", "b1/", "/"], ["1", "aa", "b1b"]
    joined = join_scores(lattice.log_probs, lattice.alphabet, Trie(heads), Trie([t[::-1] for t in tails]))
    assert np.allclose(joined, [[lattice.score(h + t) for t in tails] for h in heads], rtol=1e-9)


@given(st.integers(0, 100), st.dates(date(1995, 1, 1), date(2024, 12, 31)))
@settings(max_examples=20, deadline=None)
def test_a_day_scores_as_the_sum_of_its_forms(seed: int, day: date) -> None:
    lattice = noise(seed, 14, "0123456789/")
    scores = dates.score_figures(lattice, {day: 1.0}, 0.5)
    folded = fold_digits(lattice)
    forms = dates.figure_forms(PartialDate.of(day))
    by_hand = np.logaddexp.reduce([0.5 * folded.score(t) + np.log(w) for t, w in forms])
    assert scores.dates[scores.weights.argmax()] == PartialDate.of(day)
    assert scores.weights.max() == pytest.approx(by_hand, abs=1e-6)


def test_ordinals_and_keys_are_the_calendars() -> None:
    prior = dates.days_of_years({1900: 1.0, 2000: 1.0, 2024: 2.0}).until(date(2024, 3, 1))
    scores = dates.score_figures(clear("1/3/2024"), prior, 0.5, {2000: 0.1})
    assert scores.ordinals[0] == date(1900, 1, 1).toordinal() and scores.ordinals[-2] == date(2024, 3, 1).toordinal()
    assert str(scores.dates[-2]) == "2024-03-01" and str(scores.dates[-1]) == "2000" and scores.ordinals[-1] == 0
    assert date(1900, 2, 28).toordinal() + 1 == scores.ordinals[59]       # 1900 was no leap year


@pytest.mark.parametrize("text", ["Xã Nghĩa Sơn", "Ngày mồng hai tháng bảy"])
def test_pauses_left_out_change_little(text: str) -> None:
    lattice = clear(text)
    silence = np.full((6, len(lattice.alphabet) + 1), np.log(1e-6))
    silence[:, 0] = np.log(1 - 1e-6 * len(lattice.alphabet))
    slow = Lattice(np.concatenate([np.vstack((row[None], silence)) if row[0] > -0.1 else row[None] for row in lattice.log_probs]),
                   lattice.alphabet, "test")
    short, long = fold_text(lattice), fold_text(slow)
    assert len(slow.log_probs) > 2.5 * len(long.log_probs)
    other = plain(text)[:-1] + "a"
    assert long.score(plain(text)) - long.score(other) == pytest.approx(short.score(plain(text)) - short.score(other), abs=1.5)
