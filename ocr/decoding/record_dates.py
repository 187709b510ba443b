"""All dates of one entry together: registration, event, births; figures, words, personal numbers and the time between them."""
from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache, partial

import numpy as np

from ocr.decoding import dates as d
from ocr.decoding.context import Context, Decoded
from ocr.decoding.folding import fold_digits
from ocr.decoding.personal_number import NumberCandidates, NumberPrior, birth_of, weigh_number
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.forms import FieldType

# field: (mean days to registration, days of the legal limit, share registered late, share on the same day)
EVENTS = {"nksNgaySinh": (30.0, 60.0, 0.2, 0.0), "nktNgayChet": (5.0, 30.0, 0.1, 0.1), "ngayXacNhan": (10.0, 60.0, 0.05, 0.8)}
# owner of a birthday: (least, usual, greatest age on the day of registration)
AGES = {"me": (13, 27, 56), "cha": (14, 30, 75), "vo": (16, 24, 70), "chong": (18, 26, 75), "nkt": (0, 75, 108), "nyc": (14, 45, 100)}
_OPEN_SPAN = 60         # years in which a day may lie that no other field of the entry bounds
_NO_DAY = 0.05 / 60     # share of such dates that are a year alone, by year; as many are a month and its year
OPEN_YEARS = range(1945, 2031)      # of registration, where nothing is known of the book


def registration_scores(lattice: Lattice | None, context: Context) -> d.DateScores:
    """Days of registration weighed by their figures and what the book tells."""
    prior = d.DayPrior.of(context.registered)
    if not len(prior.weights):
        years = {context.year: 0.9, context.year + 1: 0.05, context.year - 1: 0.05} if context.year else dict.fromkeys(OPEN_YEARS, 1.0)
        prior = d.days_of_years(years)
    if lattice is None:
        return d.DateScores(np.zeros(0, dtype=np.int64), np.zeros(0))
    return d.score_figures(lattice, prior, context.temperature("date"))


def number_of(owner: str) -> tuple[str, str]:
    """Codes under which a person's number may stand."""
    return owner + "SoDinhDanh", owner + "SoGiayToTuyThan"


def read_dates(types: Mapping[str, FieldType], lattices: Mapping[str, Lattice], context: Context,
               numbers: Mapping[str, NumberCandidates]) -> tuple[dict[str, Decoded], dict[str, d.DateScores]]:
    """Values of all date and year fields (numbers: what the fields of personal numbers may hold, by code), and their scores for what
    depends on them (years of birth before the person's number was heard)."""
    scores: dict[str, d.DateScores] = {}
    evidence: dict[str, tuple[str, ...]] = {}
    registered = registration_scores(lattices.get("ngayDangKy"), context)
    last = _last_day(registered, context)
    for code, (usual, limit, late, same) in EVENTS.items():
        if code not in lattices or types.get(code) != "date":
            continue
        years = {last.year - k: 1.0 if k < 2 else 0.1 for k in range(20 if context.year or len(registered) else 90)}
        event = d.score_figures(lattices[code], d.days_of_years(years).until(last), context.temperature("date"))
        words = code + "BangChu"
        if words in lattices:
            event = d.add_words(event, lattices[words], context.temperature("date_words"))
            evidence[code] = ("lattice", "date-words")
        if len(registered):
            event, registered = d.couple(event, registered, partial(d.gap_log_prior, usual=usual, limit=limit, late=late, same_day=same))
            evidence[code] = (*evidence.get(code, ("lattice",)), "registration-date")
            evidence["ngayDangKy"] = ("lattice", "event-date")
        scores[code] = event
    if len(registered):
        scores["ngayDangKy"] = registered
    on = _top_day(registered) or last
    for code, kind in types.items():
        owner = code.removesuffix("NgaySinh")
        if code in scores or code not in lattices or kind not in ("date", "year") or owner not in AGES:
            continue
        least, usual, greatest = AGES[owner]
        if kind == "year":
            span = {on.year - age: 1.0 if least <= age <= greatest - 15 else 0.2 for age in range(least - 1, greatest + 1)}
            scores[code] = d.score_year(lattices[code], span, context.temperature("year"), on.year)
        else:
            prior = d.births_before(on, least, int(usual), greatest)
            total = float(prior.weights.sum())
            years = {y: 0.02 * total / 100 for y in range(on.year - greatest, on.year - least + 1)}
            scores[code] = d.score_figures(lattices[code], prior, context.temperature("date"), years)
    out = {}
    for code, s in scores.items():
        heard = heard_from_number(code.removesuffix("NgaySinh"), numbers, context) if code.endswith("NgaySinh") else {}
        choice = d.settle(d.favour(s, heard))
        if choice is not None:
            out[code] = Decoded(choice.value, choice.probability,
                                (*evidence.get(code, ("lattice",)), *(("personal-number",) if heard else ())))
    for code, kind in types.items():
        if kind == "date" and code in lattices and code not in scores:
            choice = d.settle(_open_date(lattices[code], on, context.temperature("date")))
            if choice is not None:
                out[code] = Decoded(choice.value, choice.probability)
    return out, scores


def _open_date(lattice: Lattice, on: date, temperature: float) -> d.DateScores:
    """A day of the sixty years up to `on`, or a month or a year where no more is written: a residence, an identity paper's issue."""
    first = on.year - _OPEN_SPAN + 1
    years = range(first, on.year + 1)
    days = d.score_figures(lattice, d.days_before(on, 3000, _OPEN_SPAN, 0.3), temperature, dict.fromkeys(years, _NO_DAY))
    months = [(m, y) for y in years for m in range(1, 13)]
    folded = fold_digits(lattice)
    scores = np.logaddexp(*_months(tuple(months)).scores(folded.log_probs, folded.alphabet).reshape(2, -1)) - math.log(2)
    weights = temperature * scores + math.log(_NO_DAY / 12)
    return d.DateScores(np.concatenate((days.keys, [10000 * y + 100 * m for m, y in months])), np.concatenate((days.weights, weights)))


@lru_cache(maxsize=8)
def _months(months: tuple[tuple[int, int], ...]) -> Trie:
    """Months in figures, all in their short way and then all in their padded one."""
    return Trie([f"{m}/{y}" for m, y in months] + [f"{m:02d}/{y}" for m, y in months])


def heard_from_number(owner: str, numbers: Mapping[str, NumberCandidates], context: Context) -> dict[int, float]:
    """What the person's number, read by itself, says of the year of birth."""
    for code in number_of(owner):
        if code in numbers:
            choice = weigh_number(numbers[code], number_prior(owner, context), context.temperature("personal_number"))
            years: dict[int, float] = {}
            for value, p in choice.ranking if choice else ():
                born = birth_of(value)
                if born:
                    years[born[0]] = years.get(born[0], 0.0) + p
            return years
    return {}


def number_prior(owner: str, context: Context, sex: str | None = None, years: Mapping[int, float] | None = None) -> NumberPrior:
    """What is known of a person's number: the province of registration (for a newborn surely), sex, years of birth; nine digits before
    2012."""
    provinces = {context.office.province_code.zfill(3): 1.0} if context.office else {}
    year = context.year or 2018
    nine = 0.97 if year < 2012 else 0.5 if year < 2016 else 0.1
    return NumberPrior(provinces, sex, dict(years or {}), 0.001 if owner == "nks" else nine)


def _top_day(scores: d.DateScores) -> date | None:
    return d.partial_date(int(scores.keys[scores.weights.argmax()])).to_date() if len(scores) else None


def _last_day(registered: d.DateScores, context: Context) -> date:
    year = context.year or (int(registered.keys[registered.weights.argmax()]) // 10000 if len(registered) else max(OPEN_YEARS))
    return date(year + 1, 12, 31)
