"""What is learnt of the comparisons without labels: m and the share of matches by expectation maximisation, u from random pairs.

The pairs that blocking brings are all pairs but those that no key brings, which are taken for different: so the expected number of
matches among all pairs is that among the candidates. u comes from random pairs, each counted by its probability of being of two
different people, which keeps the matches among them from passing for chance (a number that one person in a million shares).
Rows are of several latent qualities (`hands`): among pairs of the same person, m depends on the quality, so that one error makes another
likelier. Levels are kept in order: a nearer level never speaks less for a match than a farther one.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.tables.model import Learnt, TableModel

_ROUNDS, _STILL = 200, 1e-6     # of expectation maximisation, and the change of m below which it ends
_PRIOR_PAIRS = 1.0              # pairs put on each comparison's levels together, so that no level is impossible
_CLEAN, _WORN = 0.95, 0.65      # the first guess of agreement, from the best hand to the worst


@dataclass(frozen=True)
class Patterns:
    """Distinct vectors of levels, int8 (patterns, comparisons), and how many pairs are of each, float64 (patterns,)."""

    levels: np.ndarray
    counts: np.ndarray


def patterns_of(levels: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """levels int8 (comparisons, pairs) as one number a pair, int64; `sizes` levels of each comparison, "else" included."""
    number = np.zeros(levels.shape[1], dtype=np.int64)
    for k, size in enumerate(sizes):
        number *= size + 1
        number += levels[k] + 1
    return number


def levels_of(numbers: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """The inverse of `patterns_of`: int8 (patterns, comparisons)."""
    out = np.empty((len(numbers), len(sizes)), dtype=np.int8)
    rest = numbers.copy()
    for k in range(len(sizes) - 1, -1, -1):
        rest, level = np.divmod(rest, sizes[k] + 1)
        out[:, k] = level - 1
    return out


def learn(model: TableModel, candidates: Patterns, random: Patterns, all_pairs: float, smaller: int) -> Learnt:
    """candidates: patterns of all pairs that blocking brings; random: those of pairs drawn from `all_pairs`; smaller: rows of the
    smaller table, the first guess of how many matches there are."""
    sizes = [len(c.levels) + 1 for c in model.comparisons]
    hands = model.hands
    agreement = np.linspace(_CLEAN, _WORN, hands) if hands > 1 else np.array([0.9])
    m = [np.array([[a] + [(1 - a) / (n - 1)] * (n - 1) for a in agreement]) for n in sizes]
    u = [_shares(random.levels[:, k], random.counts, n) for k, n in enumerate(sizes)]
    shares, match = np.full(hands, 1 / hands), min(0.5, smaller / all_pairs)
    for _ in range(_ROUNDS):
        before = np.concatenate([x.ravel() for x in m])
        same, by_hand = _posterior(candidates.levels, m, u, shares, match)
        matches = float(candidates.counts @ same)
        match = min(0.5, max(matches, 1.0) / all_pairs)
        weights = candidates.counts * by_hand                                   # (hands, patterns)
        shares = (weights.sum(1) + _PRIOR_PAIRS) / (weights.sum() + hands * _PRIOR_PAIRS)
        chance, _ = _posterior(random.levels, m, u, shares, match)
        u = [_shares(random.levels[:, k], random.counts * (1 - chance), n) for k, n in enumerate(sizes)]
        m = [np.array([_ordered(_shares(candidates.levels[:, k], w, n), u[k]) for w in weights]) for k, n in enumerate(sizes)]
        if np.abs(np.concatenate([x.ravel() for x in m]) - before).max() < _STILL:
            break
    return Learnt(match, tuple(float(s) for s in shares),
                  tuple(tuple(tuple(float(p) for p in m[k][h]) for k in range(len(sizes))) for h in range(hands)),
                  tuple(tuple(float(p) for p in levels) for levels in u))


def _posterior(levels: np.ndarray, m: Sequence[np.ndarray], u: Sequence[np.ndarray], shares: np.ndarray, match: float,
               ) -> tuple[np.ndarray, np.ndarray]:
    """(P(same) by pattern, P(same and of that hand) by hand and pattern)."""
    log = np.log(shares)[:, None] + log_ratios(levels, m, u).sum(0) + np.log(match / (1 - match))
    top = np.maximum(log.max(0), 0.0)
    odds = np.exp(log - top)
    by_hand = odds / (np.exp(-top) + odds.sum(0))
    return by_hand.sum(0), by_hand


def log_ratios(levels: np.ndarray, m: Sequence[np.ndarray], u: Sequence[np.ndarray]) -> np.ndarray:
    """ln m - ln u, float64 (comparisons, hands, patterns); 0 where a comparison says nothing. m: (hands, levels) by comparison."""
    out = np.empty((len(m), len(m[0]), len(levels)))
    for k in range(len(m)):
        table = np.concatenate([np.log(m[k]) - np.log(u[k]), np.zeros((len(m[k]), 1))], axis=1)     # UNKNOWN is -1: the last
        out[k] = table[:, levels[:, k]]
    return out


def _shares(levels: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    known = levels >= 0
    counts = np.bincount(levels[known], weights[known], minlength=size)
    return (counts + _PRIOR_PAIRS / size) / (counts.sum() + _PRIOR_PAIRS)


def _ordered(m: np.ndarray, u: np.ndarray) -> np.ndarray:
    """m with neighbouring levels pooled until m / u falls from the nearest level to the farthest."""
    blocks: list[list[float]] = []      # m, u, levels
    for a, b in zip(m, u, strict=True):
        blocks.append([a, b, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] < blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [x + y for x, y in zip(blocks[-1], last, strict=True)]
    ratio = np.repeat([a / b for a, b, _ in blocks], [int(n) for *_, n in blocks])
    return ratio * u
