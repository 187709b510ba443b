"""Dates in figures, dates in words, the two together, and years of birth. Values are EDTF."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
    for text, weight in ((f"{d.day}/{d.month}/{year}", 0.35), (f"{d.day:02d}/{d.month}/{year}", 0.06),
                         (f"{d.day}/{d.month:02d}/{year}", 0.03),
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


def gap_log_prior(days: np.ndarray, usual: float, limit: float, late: float, same_day: float = 0.0) -> np.ndarray:
    """ln of how likely an event is registered `days` after it: most within `limit` days (exponential, mean `usual`), a share `late`
    over the thirty years after, `same_day` of them at once; a registration before its event is all but impossible."""
    d = days.astype(np.float64)
    p = (1 - late - same_day) * np.exp(-d / usual) / usual + late / (30 * 365.25)
    p = np.where(d == 0, p + same_day, np.where(d > limit, late / (30 * 365.25), p))
    return np.log(np.where(d < 0, 1e-9, p))


def couple(event: DateScores, registered: DateScores, gap: Callable[[np.ndarray], np.ndarray],
           most: int = 1200) -> tuple[DateScores, DateScores]:
    """Both dates weighed with what is known of the time between them: gap gives ln P of days from event to registration.

    Only full dates of the registration and the best `most` of each take part; a date without a day keeps its own weight.
    """
    a = [i for i in np.argsort(-event.weights, kind="stable")[:most] if event.dates[i].day is not None and event.weights[i] > -np.inf]
    b = [i for i in np.argsort(-registered.weights, kind="stable")[:most]
         if registered.dates[i].day is not None and registered.weights[i] > -np.inf]
    if not a or not b:
        return event, registered
    ordinals = [np.array([_ordinal(s.dates[i]) for i in k]) for s, k in ((event, a), (registered, b))]
    days = ordinals[1][None, :] - ordinals[0][:, None]
    known = gap(np.arange(days.min(), days.max() + 1))
    joint = event.weights[a][:, None] + registered.weights[b][None, :] + known[days - days.min()]
    by_event, by_registered = np.full(len(event.dates), -np.inf), np.full(len(registered.dates), -np.inf)
    by_event[a] = np.logaddexp.reduce(joint, axis=1)
    by_registered[b] = np.logaddexp.reduce(joint, axis=0)
    partial = [i for i, d in enumerate(event.dates) if d.day is None]
    if partial:
        by_event[partial] = event.weights[partial] + float(np.logaddexp.reduce(registered.weights[b])) - math.log(365.25 * 30)
    return DateScores(event.dates, by_event), DateScores(registered.dates, by_registered)


def _ordinal(d: PartialDate) -> int:
    day = d.to_date()
    return day.toordinal() if day else 0


def favour(scores: DateScores, years: Mapping[int, float], unsure: float = 0.05) -> DateScores:
    """The candidates weighed with what another field says of the year: weights that sum to 1, a share `unsure` spread over a century."""
    if not years:
        return scores
    extra = np.log(np.array([(1 - unsure) * years.get(d.year or 0, 0.0) + unsure / 100 for d in scores.dates]))
    return DateScores(scores.dates, scores.weights + extra)


def years_of(scores: DateScores) -> dict[int, float]:
    """Posterior of the year."""
    if not len(scores.dates):
        return {}
    norm = np.logaddexp.reduce(scores.weights)
    out: dict[int, float] = {}
    for d, w in zip(scores.dates, scores.weights, strict=True):
        if d.year and w > norm - 12:
            out[d.year] = out.get(d.year, 0.0) + math.exp(w - norm)
    return out


def settle(scores: DateScores) -> Choice | None:
    """The best date with its posterior."""
    order = np.argsort(-scores.weights, kind="stable")[:400]
    return choose([Scored(str(scores.dates[i]), str(scores.dates[i]), float(scores.weights[i])) for i in order], 1.0)


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
    dates = [PartialDate(y) for y in weights]
    values = list(weights.values())
    if folded.best_text().count("/") >= 2 and years:
        full = score_figures(lattice, days_of_years({y: w / total for y, w in years.items()}), temperature)
        dates += full.dates
        values += list(full.weights + math.log(0.05))
    return DateScores(tuple(dates), np.array(values))


@lru_cache(maxsize=64)
def _year_trie(texts: tuple[str, ...]) -> Trie:
    return Trie(texts)
