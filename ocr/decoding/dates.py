"""Dates in figures, dates in words, the two together, and years of birth. Values are EDTF."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie, join_scores
from records.dates import PartialDate, all_word_forms, parse_words

# ways to write a date in figures, with how usual each is: day and month padded, day padded, month padded, year in two digits
_FORMS = ((True, True, False, 0.5), (False, False, False, 0.35), (True, False, False, 0.06), (False, True, False, 0.03),
          (False, False, True, 0.03), (True, True, True, 0.03))
LATE_DAYS = 730.0       # of late registrations, half come within so many days after the limit


@dataclass(frozen=True)
class DayPrior:
    """Weights of days that follow one another, need not sum to 1. first: the ordinal of the first."""

    first: int
    weights: np.ndarray

    @staticmethod
    def of(days: Mapping[date, float]) -> DayPrior:
        """The same from a mapping."""
        if not days:
            return DayPrior(1, np.zeros(0))
        first = min(days).toordinal()
        weights = np.zeros(max(days).toordinal() - first + 1)
        for day, w in days.items():
            weights[day.toordinal() - first] = w
        return DayPrior(first, weights)

    def until(self, last: date) -> DayPrior:
        """The days up to `last`."""
        return DayPrior(self.first, self.weights[:max(0, last.toordinal() - self.first + 1)])


@dataclass(frozen=True)
class DateScores:
    """Candidate dates with their tempered log-weights (prior included). keys: int64, yyyymmdd, 00 for a part that is not written."""

    keys: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def dates(self) -> tuple[PartialDate, ...]:
        return tuple(partial_date(int(k)) for k in self.keys)

    @cached_property
    def ordinals(self) -> np.ndarray:
        """Days as ordinals, 0 where the day is not written."""
        full = self.keys % 100 > 0
        return np.where(full, _ordinals(np.where(full, self.keys, 10101)), 0)


@lru_cache(maxsize=65536)
def partial_date(key: int) -> PartialDate:
    """The date of a key of `DateScores`."""
    year, month, day = key // 10000, key // 100 % 100, key % 100
    return PartialDate(year, month or None, day or None)


def _ordinals(keys: np.ndarray) -> np.ndarray:
    """Proleptic Gregorian ordinals (date.toordinal) of yyyymmdd keys."""
    text = np.char.zfill(keys.astype(str), 8)
    iso = [f"{t[:4]}-{t[4:6]}-{t[6:]}" for t in text]
    return np.array(iso, dtype="datetime64[D]").astype(np.int64) + _EPOCH


_EPOCH = date(1970, 1, 1).toordinal()


def _keys(ordinals: np.ndarray) -> np.ndarray:
    days = (ordinals - _EPOCH).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    years = months.astype("datetime64[Y]")
    return ((years.astype(np.int64) + 1970) * 10000 + ((months - years.astype("datetime64[M]")).astype(np.int64) + 1) * 100
            + (days - months.astype("datetime64[D]")).astype(np.int64) + 1)


def days_of_years(years: Mapping[int, float]) -> DayPrior:
    """Every day of these years, a year's weight shared among its days."""
    first = date(min(years), 1, 1).toordinal()
    weights = np.zeros(date(max(years) + 1, 1, 1).toordinal() - first)
    for year, weight in years.items():
        start = date(year, 1, 1).toordinal() - first
        weights[start:date(year + 1, 1, 1).toordinal() - first] = weight / 365.25
    return DayPrior(first, weights)


def days_before(last: date, usual: float, years: int, late: float = 0.1) -> DayPrior:
    """Days up to `last`: most within some `usual` days of it (exponential), a share `late` evenly over `years` years before."""
    span = round(years * 365.25)
    k = np.arange(span)[::-1]
    return DayPrior(last.toordinal() - span + 1, (1 - late) * np.exp(-k / usual) / usual + late / span)


def births_before(day: date, least: int, mode: int, greatest: int) -> DayPrior:
    """Birthdays of someone who is `least` to `greatest` years old on `day`, most about `mode` (triangular)."""
    years = {}
    for age in range(least, greatest + 1):
        side = (age - least + 1) / (mode - least + 1) if age <= mode else (greatest - age + 1) / (greatest - mode + 1)
        years[day.year - age] = max(side, 0.02)
    return days_of_years(years).until(day)


def figure_forms(d: PartialDate) -> list[tuple[str, float]]:
    """Ways to write a date in figures, with how usual each is; `/` stands for every separator."""
    if d.month is None:
        return [(str(d.year), 1.0)]
    if d.day is None:
        return [(f"{d.month}/{d.year}", 0.5), (f"{d.month:02d}/{d.year}", 0.5)]
    forms: dict[str, float] = {}
    for day, month, short, weight in _FORMS:
        year = f"{(d.year or 0) % 100:02d}" if short else str(d.year)
        text = "/".join((f"{d.day:02d}" if day else str(d.day), f"{d.month:02d}" if month else str(d.month), year))
        forms[text] = forms.get(text, 0.0) + weight
    return list(forms.items())


@cache
def _heads() -> tuple[Trie, dict[str, int]]:
    """Every beginning `day/month/` in figures, and where it stands."""
    texts = sorted({f"{d}/{m}/" for day in range(1, 32) for d in (str(day), f"{day:02d}") for month in range(1, 13)
                    for m in (str(month), f"{month:02d}")})
    return Trie(texts), {t: i for i, t in enumerate(texts)}


@cache
def _head_forms() -> tuple[tuple[np.ndarray, float, bool], ...]:
    """By form: index of the head of each (month, day), its ln weight, whether the year has two digits."""
    _, place = _heads()
    out = []
    for day, month, short, weight in _FORMS:
        index = np.array([[place[f"{f'{d:02d}' if day else d}/{f'{m:02d}' if month else m}/"] for d in range(1, 32)] for m in range(1, 13)])
        out.append((index, math.log(weight), short))
    return tuple(out)


@lru_cache(maxsize=64)
def _tails(first: int, last: int) -> Trie:
    """The years backwards, in four digits and in two."""
    return Trie([str(y)[::-1] for y in range(first, last + 1)] + [f"{y % 100:02d}"[::-1] for y in range(first, last + 1)])


def score_figures(lattice: Lattice, prior: DayPrior | Mapping[date, float], temperature: float,
                  years: Mapping[int, float] | None = None) -> DateScores:
    """All days of the prior in their order, and then the bare `years`, weighed on the image of figures."""
    prior = prior if isinstance(prior, DayPrior) else DayPrior.of(prior)
    folded = fold_digits(lattice)
    total = float(prior.weights.sum()) + sum((years or {}).values())
    if not total:
        return DateScores(np.zeros(0, dtype=np.int64), np.zeros(0))
    keys, weights = np.zeros(0, dtype=np.int64), np.zeros(0)
    if len(prior.weights):
        keys = _keys(prior.first + np.arange(len(prior.weights)))
        with np.errstate(divide="ignore"):
            weights = _day_scores(folded, keys, temperature) + np.log(prior.weights / total)
    if years:
        texts = tuple(str(y) for y in years)
        own = temperature * _year_trie(texts).scores(folded.log_probs, folded.alphabet)
        with np.errstate(divide="ignore"):
            weights = np.concatenate((weights, own + np.log(np.array(list(years.values())) / total)))
        keys = np.concatenate((keys, np.array(list(years), dtype=np.int64) * 10000))
    return DateScores(keys, weights)


def _day_scores(folded: Lattice, keys: np.ndarray, temperature: float) -> np.ndarray:
    """Tempered ln P of each day in figures, all its forms added."""
    first, last = int(keys[0]) // 10000, int(keys[-1]) // 10000
    count = last - first + 1
    grid = temperature * join_scores(folded.log_probs, folded.alphabet, _heads()[0], _tails(first, last))
    best = np.full((12, 31, count), -np.inf)
    for index, weight, short in _head_forms():
        np.logaddexp(best, grid[index][:, :, count:] + weight if short else grid[index][:, :, :count] + weight, out=best)
    return best[keys // 100 % 100 - 1, keys % 100 - 1, keys // 10000 - first]


def add_words(scores: DateScores, words: Lattice, temperature: float, closer: int = 12, most: int = 60) -> DateScores:
    """The same candidates with the date in words weighed in: the `most` likeliest by their figures and those the words themselves tell,
    first in their usual form, then the best `closer` in every form. What is not tried keeps no weight."""
    full = np.flatnonzero((scores.keys % 100 > 0) & (scores.weights > -np.inf))
    if not len(full):
        return scores
    folded = fold_text(words)
    tried = full[np.argsort(-scores.weights[full], kind="stable")[:most]]
    told = _told_by(words, scores)
    tried = np.array(list(dict.fromkeys([*told, *tried.tolist()])), dtype=np.int64)
    usual = Trie([_word_forms(int(k))[0] for k in scores.keys[tried]]).scores(folded.log_probs, folded.alphabet)
    first = scores.weights[tried] + temperature * usual
    best = list(dict.fromkeys([*tried[np.argsort(-first, kind="stable")[:closer]].tolist(), *tried[:closer].tolist()]))
    texts, owner = [], []
    for i in best:
        for form in _word_forms(int(scores.keys[i])):
            texts.append(form)
            owner.append(i)
    exact = Trie(texts).scores(folded.log_probs, folded.alphabet)
    weights = np.full(len(scores), -np.inf)
    weights[tried] = first
    weights[best] = -np.inf
    np.maximum.at(weights, np.array(owner), scores.weights[owner] + temperature * exact)
    return DateScores(scores.keys, weights)


@lru_cache(maxsize=8192)
def _word_forms(key: int) -> tuple[str, ...]:
    """The spellings of a day as folded lattices hold them, commonest first."""
    return tuple(dict.fromkeys(plain(f) for f in all_word_forms(partial_date(key))))


def _told_by(words: Lattice, scores: DateScores) -> list[int]:
    """Candidates (their places) that the reader's own text spells out, however unlikely their figures: the same day in every year, month
    or day that the scores hold."""
    said = parse_words(words.best_text())
    if said is None or said.day is None or said.month is None or said.year is None:
        return []
    whole = said.year * 10000 + said.month * 100 + said.day
    near = (scores.keys % 10000 == whole % 10000) | (scores.keys // 100 == whole // 100)
    places = np.flatnonzero(near & (scores.keys % 100 > 0) & (scores.weights > -np.inf))
    return [int(i) for i in places[np.argsort(-scores.weights[places], kind="stable")[:12]]] + np.flatnonzero(scores.keys == whole).tolist()


def gap_log_prior(days: np.ndarray, usual: float, limit: float, late: float, same_day: float = 0.0) -> np.ndarray:
    """ln of how likely an event is registered `days` after it: most within `limit` days (exponential, mean `usual`), `same_day` of them
    at once, a share `late` after it, half of that within the next two years and half over thirty; a registration before its event is all
    but impossible."""
    d = days.astype(np.float64)
    slow = 0.5 * late / (30 * 365.25)
    p = (1 - late - same_day) * np.exp(-np.maximum(d, 0) / usual) / usual + slow
    p = np.where(d == 0, p + same_day, np.where(d > limit, slow + np.where(d < limit + LATE_DAYS, 0.5 * late / LATE_DAYS, 0.0), p))
    return np.log(np.where(d < 0, 1e-9, p))


def couple(event: DateScores, registered: DateScores, gap: Callable[[np.ndarray], np.ndarray],
           most: int = 250) -> tuple[DateScores, DateScores]:
    """Both dates weighed with what is known of the time between them: gap gives ln P of days from event to registration.

    Only full dates and the best `most` of each take part; a date without a day keeps its own weight.
    """
    a, b = _likeliest_days(event, most), _likeliest_days(registered, most)
    if not len(a) or not len(b):
        return event, registered
    days = registered.ordinals[b][None, :] - event.ordinals[a][:, None]
    joint = event.weights[a][:, None] + registered.weights[b][None, :] + gap(days)
    by_event, by_registered = np.full(len(event), -np.inf), np.full(len(registered), -np.inf)
    by_event[a] = np.logaddexp.reduce(joint, axis=1)
    by_registered[b] = np.logaddexp.reduce(joint, axis=0)
    partial = np.flatnonzero(event.keys % 100 == 0)
    by_event[partial] = event.weights[partial] + float(np.logaddexp.reduce(registered.weights[b])) - math.log(365.25 * 30)
    return DateScores(event.keys, by_event), DateScores(registered.keys, by_registered)


def _likeliest_days(scores: DateScores, most: int) -> np.ndarray:
    full = np.flatnonzero((scores.keys % 100 > 0) & (scores.weights > -np.inf))
    return full[np.argsort(-scores.weights[full], kind="stable")[:most]]


def favour(scores: DateScores, years: Mapping[int, float], unsure: float = 0.05) -> DateScores:
    """The candidates weighed with what another field says of the year: weights that sum to 1, a share `unsure` spread over a century."""
    if not years or not len(scores):
        return scores
    of = scores.keys // 10000
    low = int(of.min())
    extra = np.full(int(of.max()) - low + 1, unsure / 100)
    for year, w in years.items():
        if 0 <= year - low < len(extra):
            extra[year - low] += (1 - unsure) * w
    return DateScores(scores.keys, scores.weights + np.log(extra[of - low]))


def years_of(scores: DateScores) -> dict[int, float]:
    """Posterior of the year."""
    if not len(scores):
        return {}
    share = np.exp(scores.weights - np.logaddexp.reduce(scores.weights))
    of = scores.keys // 10000
    held = np.bincount(of - of.min(), weights=share)
    return {int(of.min()) + int(k): float(held[k]) for k in np.flatnonzero(held > 1e-6)}


def settle(scores: DateScores) -> Choice | None:
    """The best date with its posterior."""
    if not len(scores):
        return None
    order = np.argsort(-scores.weights, kind="stable")[:400]
    texts = [str(partial_date(int(scores.keys[i]))) for i in order]
    return choose([Scored(t, t, float(scores.weights[i])) for t, i in zip(texts, order, strict=True)], 1.0)


def score_year(lattice: Lattice, years: Mapping[int, float], temperature: float, on: int | None = None) -> DateScores:
    """A year of birth; a full date or an age (28T) may stand there too, where `on`, the year of registration, tells what age means.
    years: prior weights."""
    folded = fold_digits(lattice)
    total = sum(years.values())
    texts = [(str(y), y, math.log(0.9)) for y in years]
    if on:
        texts += [(f"{on - y}7", y, math.log(0.005)) for y in years if 14 <= on - y <= 99]      # among digits the T of 28T reads as a 7
    own = _year_trie(tuple(t for t, _, _ in texts)).scores(folded.log_probs, folded.alphabet)
    weights: dict[int, float] = {}
    for (_, year, form), s in zip(texts, own, strict=True):
        w = temperature * float(s) + form + math.log(years[year] / total)
        weights[year] = float(np.logaddexp(weights.get(year, -np.inf), w))
    keys, values = np.array(list(weights), dtype=np.int64) * 10000, np.array(list(weights.values()))
    if folded.best_text().count("/") >= 2 and years:
        full = score_figures(lattice, days_of_years({y: w / total for y, w in years.items()}), temperature)
        keys, values = np.concatenate((keys, full.keys)), np.concatenate((values, full.weights + math.log(0.05)))
    return DateScores(keys, values)


@lru_cache(maxsize=64)
def _year_trie(texts: tuple[str, ...]) -> Trie:
    return Trie(texts)
