"""Known parameters come back from simulated pairs; nearer levels never weigh less."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.tables import Comparison, Key, TableModel, exact, jaro_winkler
from matching.tables.estimation import Patterns, _ordered, learn, levels_of, patterns_of

_SIZES = (3, 2, 3, 2)
_U = ((0.02, 0.03, 0.95), (0.1, 0.9), (0.001, 0.01, 0.989), (0.3, 0.7))


def _model(hands: int) -> TableModel:
    comparisons = tuple(
        Comparison(f"c{k}", (exact(f"c{k}"), jaro_winkler(f"c{k}", 0.9))[:size - 1]) for k, size in enumerate(_SIZES))
    return TableModel(keys=(Key(("c0",)),), comparisons=comparisons, hands=hands)


def _drawn(n: int, tables: tuple[tuple[float, ...], ...], rng: np.random.Generator) -> np.ndarray:
    return np.stack([rng.choice(len(t), size=n, p=t) for t in tables]).astype(np.int8)


def _counted(levels: np.ndarray) -> Patterns:
    numbers, counts = np.unique(patterns_of(levels, _SIZES), return_counts=True)
    return Patterns(levels_of(numbers, _SIZES), counts.astype(float))


def test_the_patterns_are_the_levels() -> None:
    levels = np.random.default_rng(1).integers(-1, 2, (4, 500)).astype(np.int8)
    back = levels_of(patterns_of(levels, _SIZES), _SIZES).T
    assert (back == levels).all()


def test_parameters_of_one_hand_come_back() -> None:
    rng = np.random.default_rng(3)
    m = ((0.8, 0.15, 0.05), (0.9, 0.1), (0.85, 0.1, 0.05), (0.97, 0.03))
    every = np.concatenate([_drawn(4000, m, rng), _drawn(400_000, _U, rng)], axis=1)
    brought = every[:, ((every == 0).sum(0) >= 2)]          # what keys bring: pairs that agree in something
    random = every[:, rng.integers(0, every.shape[1], 200_000)]
    learnt = learn(_model(1), _counted(brought), _counted(random), every.shape[1], 4000)
    assert learnt.match * every.shape[1] == pytest.approx(4000, rel=0.06)
    for found, true in zip(learnt.u, _U, strict=True):
        assert found == pytest.approx(true, abs=0.01)
    for found, true in zip(learnt.m[0], m, strict=True):
        assert found == pytest.approx(true, abs=0.04)


def test_two_qualities_of_rows_come_back() -> None:
    rng = np.random.default_rng(5)
    clean, worn = ((0.99, 0.005, 0.005),) * 4, ((0.55, 0.25, 0.2),) * 4
    u = ((0.002, 0.005, 0.993),) * 4
    sizes = (3,) * 4
    comparisons = tuple(Comparison(f"c{k}", (exact(f"c{k}"), jaro_winkler(f"c{k}", 0.9))) for k in range(4))
    model = TableModel(keys=(Key(("c0",)),), comparisons=comparisons, hands=2)
    every = np.concatenate([_drawn(7000, clean, rng), _drawn(3000, worn, rng), _drawn(600_000, u, rng)], axis=1)
    numbers, counts = np.unique(patterns_of(every, sizes), return_counts=True)
    found = Patterns(levels_of(numbers, sizes), counts.astype(float))
    learnt = learn(model, found, found, every.shape[1], 10_000)
    order = np.argsort([-hand[0][0] for hand in learnt.m])
    assert np.array(learnt.hands)[order] == pytest.approx([0.7, 0.3], abs=0.05)
    assert learnt.m[order[0]][1] == pytest.approx(clean[1], abs=0.03)
    assert learnt.m[order[1]][1] == pytest.approx(worn[1], abs=0.05)


def test_matches_among_the_random_pairs_do_not_pass_for_chance() -> None:
    """A number nobody shares: half of the agreements among random pairs are matches, and u must not hold them."""
    rng = np.random.default_rng(7)
    m = ((0.9, 0.05, 0.05), (0.95, 0.05), (0.95, 0.03, 0.02), (0.95, 0.05))
    u = ((0.02, 0.03, 0.95), (0.1, 0.9), (1e-7, 1e-3, 0.9989999), (0.3, 0.7))
    every = np.concatenate([_drawn(300, m, rng), _drawn(500_000, u, rng)], axis=1)
    learnt = learn(_model(1), _counted(every), _counted(every), every.shape[1], 300)
    assert (every[2] == 0).mean() > 5e-4 > 50 * learnt.u[2][0]


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(1e-6, 1)), min_size=1, max_size=8))
def test_a_nearer_level_never_speaks_less(levels: list[tuple[float, float]]) -> None:
    m, u = np.array(levels).T
    m, u = m / m.sum(), u / u.sum()
    ordered = _ordered(m, u)
    ratio = ordered / u
    assert (np.diff(ratio) <= 1e-9 * ratio[:-1]).all()
    assert ordered.sum() == pytest.approx(1)
    assert _ordered(ordered, u) == pytest.approx(ordered)
