"""Whether a model reads better than another: character error rates on the same lines, and how sure the difference is."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocr.recogniser import Recogniser
from train.sample import Sample

DRAWS = 4000
SURE = 0.95                 # one-sided: that the true gain is above the bound
LEAST_GROUPS = 5            # books or pages that a bound can be drawn from
ALLOWED_LOSS = 0.005        # of CER on the general lines; a greater loss is no gain whatever the province's lines say


@dataclass(frozen=True)
class Reading:
    """How a model read some lines. edits, characters, right: one number a line."""

    edits: np.ndarray
    characters: np.ndarray

    @property
    def cer(self) -> float:
        return float(self.edits.sum() / max(1, self.characters.sum()))

    @property
    def exact(self) -> float:
        return float((self.edits == 0).mean()) if len(self.edits) else 0.0


def read_samples(recogniser: Recogniser, samples: Sequence[Sample]) -> Reading:
    """The lines read as pages are read: one by one, first guess, compared letter by letter, small letters."""
    texts = [x.best_text().lower() for x in recogniser.read([s.line for s in samples])]
    return Reading(np.array([Levenshtein.distance(t, s.text) for t, s in zip(texts, samples, strict=True)], dtype=np.int64),
                   np.array([len(s.text) for s in samples], dtype=np.int64))


@dataclass(frozen=True)
class Gain:
    """CER of the old model less that of the new on the same lines. bound: the true gain is above it with probability SURE."""

    old: Reading
    new: Reading
    groups: int
    bound: float

    @property
    def gain(self) -> float:
        return self.old.cer - self.new.cer


def measure_gain(old: Reading, new: Reading, groups: Sequence[str], seed: int = 1) -> Gain:
    """The gain with its lower bound: paired bootstrap over groups (Efron and Tibshirani 1993, ch. 13), since lines of one book or page are
    read alike. With fewer than LEAST_GROUPS groups nothing is sure and the bound is -1."""
    names = sorted(set(groups))
    if len(names) < LEAST_GROUPS:
        return Gain(old, new, len(names), -1.0)
    place = {g: n for n, g in enumerate(names)}
    of = np.array([place[g] for g in groups])
    saved, characters = (np.bincount(of, weights=x, minlength=len(names)) for x in (old.edits - new.edits, old.characters))
    picks = np.random.default_rng(seed).integers(0, len(names), (DRAWS, len(names)))
    gains = saved[picks].sum(axis=1) / np.maximum(1, characters[picks].sum(axis=1))
    return Gain(old, new, len(names), float(np.quantile(gains, 1 - SURE)))


@dataclass(frozen=True)
class Verdict:
    """held_out: on the province's own lines that neither model learned from; general: on composed lines of many hands; allowed_loss: of CER
    on the general ones, more is forgetting."""

    held_out: Gain
    general: Gain
    allowed_loss: float = ALLOWED_LOSS

    @property
    def forgets(self) -> bool:
        return self.general.gain < -self.allowed_loss

    @property
    def better(self) -> bool:
        """Whether to switch: surely better on the province's lines, and not worse on the general ones."""
        return self.held_out.bound > 0 and not self.forgets

    def figures(self) -> dict[str, float | int]:
        h, g = self.held_out, self.general
        numbers = {"held_out_cer": h.new.cer, "held_out_cer_parent": h.old.cer, "held_out_exact": h.new.exact,
                   "held_out_exact_parent": h.old.exact, "gain_bound": h.bound, "general_cer": g.new.cer, "general_cer_parent": g.old.cer}
        counts = {"held_out_lines": len(h.new.edits), "held_out_groups": h.groups, "general_lines": len(g.new.edits)}
        return {k: round(v, 4) for k, v in numbers.items()} | counts
