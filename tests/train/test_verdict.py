"""When one model is surely better than another: bounds that hold, and no switch for luck, for one book's sake or for forgetting."""
from __future__ import annotations

import numpy as np
import pytest

from train.adapt_verdict import ALLOWED_LOSS, LEAST_GROUPS, Reading, Verdict, measure_gain

LINES, GROUPS = 240, 24
CHARACTERS = np.full(LINES, 12)
GROUP_OF = [f"book {n % GROUPS}" for n in range(LINES)]


def reading(rate: float, seed: int, per_book: float = 0.0) -> Reading:
    """A model with this character error rate; per_book: how much it differs from book to book (standard deviation)."""
    rng = np.random.default_rng(seed)
    books = np.clip(rate + per_book * rng.standard_normal(GROUPS), 0, 1)
    return Reading(rng.binomial(12, books[np.arange(LINES) % GROUPS]), CHARACTERS)


def test_a_clear_gain_is_sure_and_its_bound_lies_below_it() -> None:
    gain = measure_gain(reading(0.2, 1), reading(0.1, 2), GROUP_OF)
    assert 0.05 < gain.bound < gain.gain < 0.14 and gain.groups == GROUPS
    assert gain == measure_gain(gain.old, gain.new, GROUP_OF), "the same lines, the same bound"
    assert measure_gain(gain.new, gain.old, GROUP_OF).bound < 0


def test_luck_passes_no_more_often_than_said() -> None:
    """Two equal models, a hundred times: about one in twenty may seem surely better."""
    lucky = sum(measure_gain(reading(0.15, 2 * k, 0.05), reading(0.15, 2 * k + 1, 0.05), GROUP_OF).bound > 0 for k in range(100))
    assert lucky <= 12


def test_one_book_read_much_better_is_not_enough() -> None:
    old = Reading(np.full(LINES, 2), CHARACTERS)
    edits = np.where(np.arange(LINES) % GROUPS == 0, 0, 2)
    assert measure_gain(old, Reading(edits, CHARACTERS), GROUP_OF).gain > 0
    assert measure_gain(old, Reading(edits, CHARACTERS), GROUP_OF).bound <= 0


@pytest.mark.parametrize("groups", [1, LEAST_GROUPS - 1])
def test_of_too_few_books_nothing_is_sure(groups: int) -> None:
    gain = measure_gain(reading(0.5, 1), reading(0.0, 2), [str(n % groups) for n in range(LINES)])
    assert gain.gain > 0.4 and gain.bound == -1.0


def test_a_model_that_forgets_is_not_better() -> None:
    good = measure_gain(reading(0.2, 1), reading(0.05, 2), GROUP_OF)
    same, worse = reading(0.1, 3), Reading(reading(0.1, 3).edits + (np.arange(LINES) % 8 == 0), CHARACTERS)
    assert Verdict(good, measure_gain(same, same, GROUP_OF)).better
    forgotten = Verdict(good, measure_gain(same, worse, GROUP_OF))
    assert forgotten.general.gain < -ALLOWED_LOSS and forgotten.forgets and not forgotten.better
    assert forgotten.figures()["general_cer"] > forgotten.figures()["general_cer_parent"]
