"""Days of registration that do not run backwards: what the neighbours in the order of the numbers say of an entry's day."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from ocr.decoding.dates import days_of_years, score_figures
from ocr.lattice import Lattice

USUAL_GAP = 10.0                # days between entries that follow one another, before the book says
_GAP_COUNT = 3.0                # how many gaps seen elsewhere that stands for
_OUT_OF_LINE = (0.4, 20.0)      # prior counts of entries whose day is not between its neighbours', and of those whose is
_WRONG = 1e-6                   # how much of its best explanation any day keeps: a blot may hide the figures
_SUNDAY = (1.5, 30.0)           # prior counts of Sundays among days of registration: offices are closed, yet books hold some
_OTHER_YEAR = (0.6, 12.0)       # prior counts of entries of another year than the book's, and of its own
_ROUNDS = 3


@dataclass(frozen=True)
class DayEvidence:
    """What one entry says of its day by itself. image: its figures; known: a day that a person has settled; gap: ln of how likely days
    (date ordinals) of registration are by the event that is registered. order: where the entry stands by its number, None if that is
    unsure."""

    image: Lattice | None
    known: date | None = None
    gap: Callable[[np.ndarray], np.ndarray] | None = None
    order: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Days:
    """posterior: (entries, days) with `first` the day at index 0; alone: the same by the figures alone, neither neighbours nor event
    heard. out_of_line: probability that an entry's day is not where the neighbours want it."""

    first: date
    posterior: np.ndarray
    alone: np.ndarray
    out_of_line: np.ndarray

    def best(self, entry: int) -> tuple[date, float]:
        k = int(self.posterior[entry].argmax())
        return date.fromordinal(self.first.toordinal() + k), float(self.posterior[entry, k])


def settle_days(entries: Sequence[DayEvidence], years: Mapping[int, float], temperature: float) -> Days:
    """Days of all entries. years: the years the book may hold, with weights."""
    span = range(min(years), max(years) + 1)
    first, last = date(span[0], 1, 1), date(span[-1], 12, 31)
    ordinals = np.arange(first.toordinal(), last.toordinal() + 1)
    year_of = np.array([date.fromordinal(int(d)).year for d in ordinals])
    sunday = ordinals % 7 == 0          # date.fromordinal(7) is a Sunday
    figures = np.stack([_emission(e, ordinals, first, temperature) for e in entries])
    emit = np.stack([f if e.gap is None or e.known else f * _relative(e.gap(ordinals)) for e, f in zip(entries, figures, strict=True)])
    written = np.array([e.image is not None or e.known is not None for e in entries])
    chain = sorted((k for k, e in enumerate(entries) if e.order is not None), key=lambda k: (entries[k].order, k))
    gaps = [entries[b].order[1] - entries[a].order[1] for a, b in pairwise(chain)]     # type: ignore[index]
    turns = [entries[a].order[0] != entries[b].order[0] for a, b in pairwise(chain)]   # type: ignore[index]
    base = np.array([years.get(y, 0.0) for y in span])
    others = np.tile(sum(_OTHER_YEAR) * base / base.sum(), (len(entries), 1))       # years of the other entries
    mean, sundays, out = USUAL_GAP, _SUNDAY[0] / sum(_SUNDAY), np.full(len(entries), _OUT_OF_LINE[0] / sum(_OUT_OF_LINE))
    for _ in range(_ROUNDS):
        share = np.maximum(others, _OTHER_YEAR[0] / max(1, len(span)))
        prior = (share / share.sum(axis=1, keepdims=True))[:, year_of - span[0]] * np.where(sunday, sundays * 7, (1 - sundays) * 7 / 6)
        prior /= prior.sum(axis=1, keepdims=True)
        alone = figures * prior
        alone /= alone.sum(axis=1, keepdims=True)
        posterior, odd = _chain(emit, prior, chain, gaps, turns, mean, out)
        # the book teaches its pace, its Sundays, its years and how orderly it is; an entry never teaches itself
        mean = _pace(posterior, chain, gaps, turns)
        seen = posterior[written] if written.any() else posterior
        sundays = float((_SUNDAY[0] + seen[:, sunday].sum()) / (sum(_SUNDAY) + len(seen)))
        out = (_OUT_OF_LINE[0] + odd[chain].sum() - odd) / (sum(_OUT_OF_LINE) + max(0, len(chain) - 1))
        held = np.stack([np.bincount(year_of - span[0], weights=p, minlength=len(span)) for p in posterior]) * written[:, None]
        others = held.sum(axis=0) - held + sum(_OTHER_YEAR) * base / base.sum()
    return Days(first, posterior, alone, odd)


def _emission(entry: DayEvidence, ordinals: np.ndarray, first: date, temperature: float) -> np.ndarray:
    """How well every day explains the figures, 1 for the best; what is certain is 1 on one day."""
    if entry.known is not None:
        place = entry.known.toordinal() - int(ordinals[0])
        if 0 <= place < len(ordinals):
            known = np.full(len(ordinals), 1e-12)
            known[place] = 1.0
            return known
    weights = np.zeros(len(ordinals))
    if entry.image is not None:
        years = {y: 1.0 for y in range(first.year, date.fromordinal(int(ordinals[-1])).year + 1)}
        scores = score_figures(entry.image, days_of_years(years), temperature)
        weights = scores.weights + np.log(len(scores.dates))
        weights = np.logaddexp(weights - weights.max(), np.log(_WRONG))
    return _relative(weights)


def _relative(weights: np.ndarray) -> np.ndarray:
    return np.exp(np.maximum(weights - weights.max(), -40.0))


def _chain(emit: np.ndarray, prior: np.ndarray, chain: Sequence[int], gaps: Sequence[int], turns: Sequence[bool], mean: float,
           out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors by forward and backward messages along the chain. An entry may stand out of line, and the chain goes on as without it."""
    posterior = emit * prior
    posterior /= posterior.sum(axis=1, keepdims=True)
    odd = np.zeros(len(emit))
    if len(chain) < 2:
        return posterior, odd
    kernels = [_kernel(prior.shape[1], 45.0 if turn else mean * max(1, gap), turn) for gap, turn in zip(gaps, turns, strict=True)]
    flat = (emit * prior).sum(axis=1)
    weight = prior / prior.max(axis=1, keepdims=True)        # Sundays and years, as a factor on where the chain would step
    arrive = []
    state = prior[chain[0]].copy()
    for n, k in enumerate(chain):
        here = _ahead(state, kernels[n - 1]) * weight[k] if n else state
        here = here / here.sum() if here.sum() > 0 else prior[k]
        arrive.append((here, state))
        state = (1 - out[k]) * emit[k] * here + out[k] * flat[k] * state
        state = state / state.sum()
    later = np.ones(prior.shape[1])
    for n in range(len(chain) - 1, -1, -1):
        k = chain[n]
        here, before = arrive[n]
        in_line = (1 - out[k]) * emit[k] * here * later
        lost = out[k] * emit[k] * prior[k] * float((before * later).sum())
        total = in_line.sum() + lost.sum()
        posterior[k], odd[k] = (in_line + lost) / total, lost.sum() / total
        if n:
            step = _behind((1 - out[k]) * emit[k] * later * weight[k], kernels[n - 1])
            later = step + out[k] * flat[k] * later
            later = later / later.max()
    return posterior, odd


def _kernel(size: int, mean: float, turn: bool) -> np.ndarray:
    """P(days from one entry to the next), 0, 1, 2 …: exponential; into the next year the pace says little."""
    days = np.arange(size)
    k = np.exp(-days / max(mean, 0.3))
    if turn:
        k[0] = 1e-9
    return k / k.sum()


def _ahead(state: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.convolve(state, kernel)[: len(state)]


def _behind(message: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.convolve(message[::-1], kernel)[: len(message)][::-1]


def _pace(posterior: np.ndarray, chain: Sequence[int], gaps: Sequence[int], turns: Sequence[bool]) -> float:
    """Days a number, as the book's surer entries have it."""
    days = np.arange(posterior.shape[1])
    sure = [(n, k) for n, k in enumerate(chain) if posterior[k].max() > 0.5]
    total, steps = USUAL_GAP * _GAP_COUNT, _GAP_COUNT
    for (m, a), (n, b) in pairwise(sure):
        if any(turns[m:n]):
            continue
        apart = float((posterior[b] * days).sum() - (posterior[a] * days).sum())
        between = sum(max(1, g) for g in gaps[m:n])
        if apart >= 0:
            total += min(apart, 120.0 * between)
            steps += between
    return total / steps
