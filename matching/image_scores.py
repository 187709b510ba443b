"""How likely the image of a field is under a value: tempered CTC log-likelihoods of many names, birthdays or numbers at once.

A lattice's frames are not independent, so its log-likelihoods are far too sure. The recogniser's card says by what factor they become
honest (`ModelCard.temperature`); the link model weighs each kind of field once more (`LinkModel.image`).
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import numpy as np

from ocr.decoding.dates import DayPrior, add_words, score_figures
from ocr.decoding.folding import fold_digits, fold_names
from ocr.lattice import Lattice
from ocr.recogniser import list_models
from ocr.trie import Trie

_UNKNOWN_READER = 0.35          # the factor of a reader that has no card, as cards have it without one of their own
_CARD_KINDS = {"name": "name", "date": "date", "year": "year", "words": "date_words", "number": "personal_number"}


@cache
def reader_temperature(model: str, part: str) -> float:
    """The factor by which the recogniser's card makes log-likelihoods honest. part: name, date, year, words or number."""
    card = next((c for c in list_models() if c.id == model), None)
    return card.temperature(_CARD_KINDS[part]) if card else _UNKNOWN_READER


def name_scores(lattice: Lattice, names: Sequence[str], temperature: float) -> np.ndarray:
    """float64 (names,): tempered ln P(image | name) up to a constant, whatever the case of its letters; spaces may be missed."""
    folded = fold_names(lattice)
    return temperature * Trie([folded.spelled(n.lower()) for n in names]).scores(folded.log_probs, folded.alphabet)


def number_scores(lattice: Lattice, numbers: Sequence[str], temperature: float) -> np.ndarray:
    """float64 (numbers,): tempered ln P(image | digits) up to a constant."""
    folded = fold_digits(lattice)
    return temperature * Trie(numbers).scores(folded.log_probs, folded.alphabet)


@dataclass(frozen=True)
class BirthScores:
    """Tempered ln P(image | date) up to a constant. days: float64 (years, 12, 31), -inf for days that no calendar has; years: float64
    (years,), of a year written alone. first: the first year."""

    first: int
    days: np.ndarray
    years: np.ndarray


def birth_scores(figures: Lattice, words: Lattice | None, first: int, last: int, temperatures: Mapping[str, float]) -> BirthScores:
    """All days of the years first … last and these years alone, in figures, all ways to write them added, and in words where there are
    some. temperatures: date, year, words."""
    start = date(first, 1, 1).toordinal()
    span = np.ones(date(last + 1, 1, 1).toordinal() - start)
    found = score_figures(figures, DayPrior(start, span), temperatures["date"])
    in_figures = found.weights + np.log(len(span))
    in_words, least = np.zeros(len(span)), 0.0
    if words is not None:
        gain = add_words(found, words, temperatures["words"]).weights - found.weights
        tried = np.isfinite(gain)
        least = float(gain[tried].min(initial=0.0))         # what was not tried in words is no likelier than the worst that was
        in_words = np.where(tried, gain, least)
    bare = year_scores(figures, first, last, temperatures)
    days = bare.days
    days[found.keys // 10000 - first, found.keys // 100 % 100 - 1, found.keys % 100 - 1] = in_figures + in_words
    return BirthScores(first, days, bare.years + least)


def year_scores(figures: Lattice, first: int, last: int, temperatures: Mapping[str, float]) -> BirthScores:
    """Only the years alone, no day possible: for a place where a year was asked for and no whole date stands."""
    folded = fold_digits(figures)
    years = temperatures["year"] * _years(first, last).scores(folded.log_probs, folded.alphabet)
    return BirthScores(first, np.full((last - first + 1, 12, 31), -np.inf), years)


@lru_cache(maxsize=256)
def _years(first: int, last: int) -> Trie:
    return Trie([str(y) for y in range(first, last + 1)])
