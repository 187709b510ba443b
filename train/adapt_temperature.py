"""How sure an adapted model may be: the parent's temperatures, moved by how much surer of itself the new model is than it should be.

A card's temperatures belong to the decoders of fields, whose pages an adapting has not got. What changes with the weights is how far a
model's likelihoods can be trusted, and that shows on lines alone: for each model the temperature is found under which the written text
among its likeliest readings gets the greatest ln P (Guo et al. 2017), on the same lines that neither learned from. The ratio of the two
moves every temperature of the card.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from ocr.decoding.near import near_texts
from ocr.recogniser import Recogniser
from train.sample import Sample

LEAST_LINES = 40            # of the held-out ones; with fewer the parent's temperatures stay
MOST_CHANGE = 1.5           # factor either way: a greater one is not believed
_NEAR = 40                  # readings of a line that its text is weighed against
_WRONG = np.log(0.01)       # that a line's text is not what it shows: such lines decide nothing
_RANGE = 0.02, 4.0          # temperatures that are tried


def temperature_factor(old: Recogniser, new: Recogniser, held_out: Sequence[Sample]) -> float:
    """What the old model's temperatures are to be multiplied by for the new one; 1 where too few lines tell."""
    if len(held_out) < LEAST_LINES:
        return 1.0
    ratio = honest_temperature(new, held_out) / honest_temperature(old, held_out)
    return round(float(np.clip(ratio, 1 / MOST_CHANGE, MOST_CHANGE)), 3)


def moved(temperatures: Mapping[str, float], factor: float) -> dict[str, float]:
    """A card's temperatures times the factor; none above 1 that was not, for no model's frames are independent of one another."""
    return {kind: round(min(t * factor, max(1.0, t)), 3) for kind, t in temperatures.items()}


def honest_temperature(recogniser: Recogniser, samples: Sequence[Sample]) -> float:
    """The factor on ln P(text | image) under which the written texts are likeliest among what the model may have read; by itself somewhat
    low, since a written text is weighed even where the model would not have thought of it."""
    lines = []
    for lattice, sample in zip(recogniser.read([s.line for s in samples]), samples, strict=True):
        readings = [t for t, _ in near_texts(lattice.log_probs.astype(np.float64), lattice.alphabet, _NEAR)]
        scores = lattice.scores([sample.text, *(t for t in readings if t != sample.text)])
        if np.isfinite(scores[0]):
            lines.append(scores[np.isfinite(scores)])

    def loss(log_t: float) -> float:
        t = float(np.exp(log_t))
        return -sum(float(np.logaddexp(t * s[0] - np.logaddexp.reduce(t * s), _WRONG)) for s in lines) / max(1, len(lines))

    low, high = np.log(_RANGE)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-3}).x))
