"""Lattices: exact sums, candidates together as alone, kept and read back."""
from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.lattice import Lattice, pack, unpack
from ocr.trie import Trie


def random_lattice(seed: int, frames: int = 5, alphabet: str = "abc") -> Lattice:
    x = np.random.default_rng(seed).normal(size=(frames, len(alphabet) + 1)) * 2
    return Lattice((x - np.logaddexp.reduce(x, axis=1, keepdims=True)).astype(np.float16), alphabet, "test")


def sum_over_paths(lattice: Lattice, text: str) -> float:
    """The definition: every path of symbols that collapses to the text."""
    p = np.exp(lattice.log_probs.astype(np.float64))
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=p.shape[0]):
        kept = [s for s, before in zip(path, (0, *path[:-1]), strict=True) if s and s != before]
        if "".join(lattice.alphabet[s - 1] for s in kept) == text:
            total += float(np.prod(p[np.arange(len(path)), list(path)]))
    return total


@pytest.mark.parametrize("text", ["", "a", "ab", "aa", "abc", "aab", "cbabc"])
def test_score_is_the_sum_over_all_paths(text: str) -> None:
    lattice = random_lattice(7)
    assert np.exp(lattice.score(text)) == pytest.approx(sum_over_paths(lattice, text), rel=1e-9)


@given(st.lists(st.text("abc", max_size=4), min_size=1, max_size=8), st.integers(0, 50))
@settings(max_examples=40, deadline=None)
def test_texts_score_together_as_they_score_alone(texts: list[str], seed: int) -> None:
    lattice = random_lattice(seed, frames=7)
    together = lattice.scores(texts)
    assert np.allclose(together, [lattice.score(t) for t in texts], rtol=1e-9)


def test_what_cannot_be_spelled_is_impossible() -> None:
    lattice = random_lattice(1)
    assert lattice.scores(["a", "x", "aaaa"])[1] == -np.inf
    assert lattice.score("aaaa") == -np.inf        # five frames hold no four a's with blanks between
    assert Trie([]).scores(lattice.log_probs, lattice.alphabet).shape == (0,)


def test_best_text_merges_repeats_and_drops_blanks() -> None:
    lp = np.full((6, 3), -9.0)
    for t, s in enumerate((1, 1, 0, 1, 2, 2)):
        lp[t, s] = 0.0
    assert Lattice(lp, "ab", "test").best_text() == "aab"


def test_kept_lattices_come_back_and_stay_as_they_are() -> None:
    lattices = {(1, "so"): random_lattice(3, 9), (2, "nksHoTen"): random_lattice(4, 4)}
    once = unpack(pack(lattices))
    assert set(once) == set(lattices)
    for key, kept in once.items():
        assert np.abs(kept.log_probs.astype(float) - np.maximum(lattices[key].log_probs.astype(float), -16)).max() <= 1 / 32 + 0.01
        assert kept.best_text() == lattices[key].best_text()
    assert pack(unpack(pack(lattices))) == pack(lattices)


def test_letters_a_model_lacks_count_as_the_nearest_it_has() -> None:
    lower = "aăeklmno' "
    lp = np.full((8, len(lower) + 1), -9.0)
    for t, c in enumerate("k'len ma"):
        lp[t, lower.index(c) + 1] = -0.01
    lattice = Lattice(lp, lower, "test")
    exact = lattice.score("k'len ma")
    assert lattice.score("K’Len Má") == exact       # capitals, another apostrophe, a mark the model lacks
    assert lattice.score("k'lon ma") < exact
    assert lattice.score("k'len ça9") == -np.inf    # nothing stands for a figure
