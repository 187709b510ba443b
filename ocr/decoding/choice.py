"""Choosing among candidate values: how well each explains the image, how likely each is beforehand, and how sure that makes us."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr.lattice import Lattice

FREE_TEXT_COST = 3.2      # nats a character that a text costs which no list knows (before tempering)


@dataclass(frozen=True)
class Scored:
    """A candidate: `value` to be given, `text` as it would be written, ln P(text | image) and ln prior."""

    value: str
    text: str
    log_likelihood: float
    log_prior: float = 0.0


@dataclass(frozen=True)
class Choice:
    """The best value, its probability among the candidates and everything else that might be written, and the ranking (value,
    probability)."""

    value: str
    text: str
    probability: float
    ranking: tuple[tuple[str, float], ...]


def choose(candidates: Sequence[Scored], temperature: float, other: float = -math.inf) -> Choice | None:
    """Posterior over values: prior * likelihood ** temperature, spellings of one value added up.

    Frames of a CTC lattice are not independent, so its likelihoods are far too sure: `temperature` (< 1), fitted on held-out pages,
    makes them honest (Guo et al. 2017). other: tempered log-weight of "something that is no candidate"; None if that wins or
    nothing can be spelled.
    """
    weights: dict[str, tuple[float, float, str]] = {}     # value -> (log sum, best, its text)
    for c in candidates:
        w = temperature * c.log_likelihood + c.log_prior
        if w == -math.inf:
            continue
        total, best, text = weights.get(c.value, (-math.inf, -math.inf, c.text))
        weights[c.value] = (float(np.logaddexp(total, w)), max(best, w), c.text if w > best else text)
    if not weights:
        return None
    order = sorted(weights.items(), key=lambda kv: (-kv[1][0], kv[0]))
    norm = float(np.logaddexp.reduce([w[0] for _, w in order] + [other]))
    value, (total, _, text) = order[0]
    if total < other:
        return None
    return Choice(value, text, math.exp(total - norm), tuple((v, math.exp(w[0] - norm)) for v, w in order[:10]))


def free_text_weight(lattice: Lattice, temperature: float, log_prior: float = 0.0) -> float:
    """`other` for `choose`: the reader's own text, at the price of being on no list."""
    return temperature * (lattice.best_log_prob() - FREE_TEXT_COST * max(3, len(lattice.best_text()))) + log_prior
