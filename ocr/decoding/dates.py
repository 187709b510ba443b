"""Dates in figures, dates in words, the two together, and years of birth. Values are EDTF."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.dates import PartialDate, all_word_forms, in_words

DayPrior = Mapping[date, float]     # weights, need not sum to 1


@dataclass(frozen=True)
class DateScores:
    """Candidate dates with their tempered log-weights (prior included), before words are looked at."""

    dates: tuple[PartialDate, ...]
    weights: np.ndarray


def days_of_years(years: Mapping[int, float]) -> dict[date, float]:
    """Every day of these years, a year's weight shared among its days."""
    out = {}
    for year, weight in years.items():
        first = date(year, 1, 1)
        for k in range((date(year + 1, 1, 1) - first).days):
            out[first + timedelta(k)] = weight / 365.25
    return out


def days_before(last: date, usual: float, years: int, late: float = 0.1) -> dict[date, float]:
    """Days up to `last`: most within some `usual` days of it (exponential), a share `late` evenly over `years` years before."""
    span = round(years * 365.25)
    return {last - timedelta(k): (1 - late) * math.exp(-k / usual) / usual + late / span for k in range(span)}


def births_before(day: date, least: int, mode: int, greatest: int) -> dict[date, float]:
    """Birthdays of someone who is `least` to `greatest` years old on `day`, most about `mode` (triangular)."""
    years = {}
    for age in range(least, greatest + 1):
        side = (age - least + 1) / (mode - least + 1) if age <= mode else (greatest - age + 1) / (greatest - mode + 1)
        years[day.year - age] = max(side, 0.02)
    return {d: w for d, w in days_of_years(years).items() if d <= day}


def figure_forms(d: PartialDate) -> list[tuple[str, float]]:
    """Ways to write a date in figures, with how usual each is; `/` stands for every separator."""
    if d.month is None:
        return [(str(d.year), 1.0)]
    year, short = str(d.year), f"{d.year % 100:02d}" if d.year else ""
    if d.day is None:
        return [(f"{d.month}/{year}", 0.5), (f"{d.month:02d}/{year}", 0.5)]
    forms = {f"{d.day:02d}/{d.month:02d}/{year}": 0.5}
    for text, weight in ((f"{d.day}/{d.month}/{year}", 0.35), (f"{d.day:02d}/{d.month}/{year}", 0.06), (f"{d.day}/{d.month:02d}/{year}", 0.03),
                         (f"{d.day}/{d.month}/{short}", 0.03), (f"{d.day:02d}/{d.month:02d}/{short}", 0.03)):
        forms[text] = forms.get(text, 0.0) + weight
    return list(forms.items())


@lru_cache(maxsize=32)
def _figures(dates: tuple[PartialDate, ...]) -> tuple[Trie, np.ndarray, np.ndarray]:
    texts, owner, log_form = [], [], []
    for i, d in enumerate(dates):
        for text, weight in figure_forms(d):
            texts.append(text)
            owner.append(i)
            log_form.append(math.log(weight))
    return Trie(texts), np.array(owner), np.array(log_form)


def score_figures(lattice: Lattice, prior: DayPrior, temperature: float, years: Mapping[int, float] | None = None) -> DateScores:
    """All days of the prior, and the bare `years`, weighed on the image of figures."""
    folded = fold_digits(lattice)
    weights: dict[PartialDate, float] = {PartialDate.of(d): w for d, w in prior.items()}
    for year, w in (years or {}).items():
        weights[PartialDate(year)] = w
    dates = tuple(weights)
    if not dates:
        return DateScores((), np.zeros(0))
    trie, owner, log_form = _figures(dates)
    scores = temperature * trie.scores(folded.log_probs, folded.alphabet) + log_form
    best = np.full(len(dates), -np.inf)
    np.logaddexp.at(best, owner, scores)
    return DateScores(dates, best + np.log(np.array([weights[d] for d in dates]) / sum(weights.values())))


@lru_cache(maxsize=16)
def _usual_words(dates: tuple[PartialDate, ...]) -> Trie:
    return Trie([plain(in_words(d)) for d in dates])


def add_words(scores: DateScores, words: Lattice, temperature: float, closer: int = 12) -> DateScores:
    """The same candidates with the date in words weighed in: first its usual form for all full dates, then every form for the best ones."""
    full = np.array([i for i, d in enumerate(scores.dates) if d.day is not None], dtype=np.int64)
    if not len(full):
        return scores
    folded = fold_text(words)
    usual = _usual_words(tuple(scores.dates[i] for i in full)).scores(folded.log_probs, folded.alphabet)
    weights = np.full(len(scores.dates), -np.inf)
    weights[full] = scores.weights[full] + temperature * usual
    best = sorted(full, key=lambda i: (-weights[i], i))[:closer]
    best += [i for i in sorted(full, key=lambda i: (-scores.weights[i], i))[:closer] if i not in best]
    texts, owner = [], []
    for i in best:
        for form in dict.fromkeys(plain(f) for f in all_word_forms(scores.dates[i])):
            texts.append(form)
            owner.append(i)
    exact = Trie(texts).scores(folded.log_probs, folded.alphabet)
    for i in best:
        forms = exact[[k for k, o in enumerate(owner) if o == i]]
        weights[i] = scores.weights[i] + temperature * float(forms.max())
    return DateScores(scores.dates, weights)


def settle(scores: DateScores) -> Choice | None:
    """The best date with its posterior."""
    order = np.argsort(-scores.weights, kind="stable")[:400]
    return choose([Scored(str(scores.dates[i]), str(scores.dates[i]), float(scores.weights[i])) for i in order], 1.0)


def read_year(lattice: Lattice, years: Mapping[int, float], temperature: float, on: int | None = None) -> Choice | None:
    """A year of birth, or an age (28T) where the year of registration `on` is known. years: prior weights."""
    folded = fold_digits(lattice)
    total = sum(years.values())
    candidates = []
    texts: Sequence[tuple[str, int, float]] = [(str(y), y, 0.95) for y in years]
    if on:
        texts = [*texts, *((f"{on - y}7", y, 0.01) for y in years if 14 <= on - y <= 99)]      # the T of 28T reads as a 7 among digits
    scores = Trie([t for t, _, _ in texts]).scores(folded.log_probs, folded.alphabet)
    for (text, year, form), s in zip(texts, scores, strict=True):
        candidates.append(Scored(str(year), text, float(s), math.log(years[year] / total) + math.log(form)))
    return choose(candidates, temperature)
