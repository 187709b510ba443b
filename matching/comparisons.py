"""Comparisons of a date and of a personal number as read with what many people have: each gives match weights (nats), ln P(read | this
person) - ln P(read | anybody).

P(read | person) is a channel: how the hand and the reader err, mixed with how the two sources differ; its last term, Else, is the floor
"quite another value". P(read | anybody) sums the channel over the population's own frequencies. Weights come by hand quality. Names are in
`name_comparison`, places in `place_comparison`.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.letters import letter_cost
from matching.model import LinkModel
from matching.population import PopulationIndex

FIRST_YEAR, LAST_YEAR = 1880, 2099
# the year of birth beside the registration's less the age, with P: the birthday may be yet to come, or tuổi mụ be meant
_BY_AGE = ((0, 0.55), (-1, 0.3), (1, 0.15))
_LONGEST_NUMBER = 13


@lru_cache(maxsize=8192)
def digit_edits(read: str, width: int, first: int, last: int) -> np.ndarray:
    """Edits between the digits read and each number first … last written with `width` digits; a missing or extra digit is one edit."""
    out = np.empty(last - first + 1)
    for k, number in enumerate(range(first, last + 1)):
        written = f"{number:0{width}d}"
        if len(read) == len(written):
            out[k] = sum(letter_cost(a, b) for a, b in zip(read, written, strict=True))
        else:
            out[k] = abs(len(read) - len(written)) + min(
                sum(letter_cost(a, b) for a, b in zip(read, written[s:], strict=False)) for s in range(max(1,
                    len(written) - len(read) + 1)))
    return out


class DatesRead(NamedTuple):
    """Birthdays or years of birth as read. detail: int8 (dates,), 0 nothing read, 1 the year alone, 2 month or day too. year, month, day:
    int32 (dates,), rows of the tables, of which row 0 is for nothing read. years: float64 (texts, hands, years), P(read | year written);
    beside: the same, the mean of the two years beside; months, days: (texts, hands, 13 or 32), P(read | written) / P(read | anybody), 1 for
    an unknown value; of_anybody: float64 (dates, hands), P(year read | anybody)."""

    detail: np.ndarray
    year: np.ndarray
    month: np.ndarray
    day: np.ndarray
    years: np.ndarray
    beside: np.ndarray
    months: np.ndarray
    days: np.ndarray
    of_anybody: np.ndarray


class DateModel(NamedTuple):
    """redated: P(quite another date); part: P(one part differs); unknown_day: P(1 January only means the year)."""

    redated: float
    part: float
    unknown_day: float


class DateComparison:
    """Same, SameYearDayUnknown, DigitsAlike, OnePartOther, Else, for a birthday or a year of birth as read."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        self.kernel = DateModel(model.redated, model.part_redated, index.first_of_january_unknown)
        self._years: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def read(self, dates: Sequence[tuple[str, bool]], year_priors: np.ndarray) -> DatesRead:
        """Dates as read, made ready to be compared: digits as YYYY, YYYY-MM or YYYY-MM-DD, right or not, and whether the year is only what
        an age at registration means. year_priors: float64 (dates, 2200), P(year) of anybody in the role."""
        split = [[*d.split("-"), "", ""][:3] for d, _ in dates]
        detail = [0 if not any(s) else 2 if "-" in d else 1 for s, (d, _) in zip(split, dates, strict=True)]
        year, years = _numbered([s[0] for s in split])
        (month, months), (day, days) = (_numbered([s[k] for s in split]) for k in (1, 2))
        tables = [self._year(text) for text in years]
        priors = year_priors[:, FIRST_YEAR:LAST_YEAR + 1]
        priors = priors / priors.sum(axis=1, keepdims=True)
        of_anybody = np.einsum("dhy,dy->dh", np.stack([t for t, _ in tables])[year], priors)
        for k, (text, by_age) in enumerate(dates):
            if by_age and text:
                year[k], of_anybody[k] = len(tables), 1.0
                tables.append(self._by_age(int(text), priors[k]))
        of_years, beside = (np.stack(t) for t in zip(*tables, strict=True))
        return DatesRead(np.array(detail, dtype=np.int8), year, month, day, of_years, beside, self._part(months, 12), self._part(days, 31),
                         of_anybody)

    def _by_age(self, year: int, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The tables of `_year` for a year that an age means, over P(read | anybody)."""
        tables = [(p, *self._year(str(year + off))) for off, p in _BY_AGE]
        of_anybody = [(of_year @ prior)[:, None] for _, of_year, _ in tables]
        of_years = sum(p * of_year / u for (p, of_year, _), u in zip(tables, of_anybody, strict=True))
        besides = sum(p * beside / u for (p, _, beside), u in zip(tables, of_anybody, strict=True))
        return np.asarray(of_years), np.asarray(besides)

    def weights(self, read: str, rows: np.ndarray, year_prior: np.ndarray) -> np.ndarray:
        """(hands, people) for one date as read; year_prior: float64 (2200,)."""
        ready, people = self.read([(read, False)], year_prior[None, :]), self.index.people
        return np.array([[birth_weight(h, 0, people.year[r], people.month[r], people.day[r], ready, self.kernel) for r in rows]
                         for h in range(len(self.model.hands))])

    def _year(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """P(read | year written), and its mean over the two years beside, which the population may have: (hands, years) each."""
        found = self._years.get(text)
        if found is None:
            table = np.ones((len(self.model.hands), LAST_YEAR - FIRST_YEAR + 1))
            if text:
                table = np.exp(self.model.channel(np.array(4.0), digit_edits(text, 4, FIRST_YEAR, LAST_YEAR)))
            padded = np.pad(table, ((0, 0), (1, 1)), mode="edge")
            found = self._years[text] = table, (padded[:, :-2] + padded[:, 2:]) / 2
        return found

    def _part(self, texts: Sequence[str], last: int) -> np.ndarray:
        """P(read | month or day 1 … last) / P(read | anybody) for each text read: (texts, hands, last + 1)."""
        out = np.ones((len(texts), len(self.model.hands), last + 1))
        for k, text in enumerate(texts):
            if text:
                p = np.exp(self.model.channel(np.array(2.0), digit_edits(text, 2, 1, last)))
                out[k, :, 1:] = p / p.mean(axis=1, keepdims=True)
        return out


@compiled
def birth_weight(h: int, n: int, year: int, month: int, day: int, read: DatesRead, model: DateModel) -> float:
    """The match weight of a birthday for the n-th date read in hand h; 0 where nothing was read or no year is known."""
    if read.detail[n] == 0 or year == 0:
        return 0.0
    y = min(max(year, FIRST_YEAR), LAST_YEAR) - FIRST_YEAR
    same_year, year_beside = read.years[read.year[n], h, y] / read.of_anybody[n, h], read.beside[read.year[n], h, y] / read.of_anybody[n, h]
    if read.detail[n] == 1:
        same, one_part_other = same_year, year_beside
    else:
        same_month, same_day = read.months[read.month[n], h, month], read.days[read.day[n], h, day]
        unknown_day = 1.0 if month == 0 else model.unknown_day if month == 1 and day == 1 else 0.0
        same = same_year * ((1.0 - unknown_day) * same_month * same_day + unknown_day)
        one_part_other = 0.5 * (same_year * 0.5 * (same_month + same_day) + same_month * same_day * year_beside)
    return np.log((1.0 - model.redated - model.part) * same + model.part * one_part_other + model.redated)


class NumbersRead(NamedTuple):
    """Personal numbers as read. digits: uint8 (numbers, 13), characters; length: int8 (numbers,), 0 for what cannot be compared."""

    digits: np.ndarray
    length: np.ndarray


class NumberModel(NamedTuple):
    """cost: float64 (10, 10), edits of one digit for another; log_right, log_wrong: float64 (hands,), ln P of a digit right, of an edit;
    log_u: (hands,), ln P(read | anybody); renumbered: P(quite another number)."""

    cost: np.ndarray
    log_right: np.ndarray
    log_wrong: np.ndarray
    log_u: np.ndarray
    renumbered: float


class NumberComparison:
    """Same, DigitsAlike, Else, for a personal number as read; one of another length than the population's says nothing."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        cost = np.array([[letter_cost(str(a), str(b)) for b in range(10)] for a in range(10)])
        right, wrong = np.log1p(-model.errors), np.log(model.errors / model.spread)
        self.kernel = NumberModel(cost, right, wrong, 12 * right - np.log(max(len(index), 2)), model.renumbered)

    def read(self, numbers: Sequence[str]) -> NumbersRead:
        digits = np.zeros((len(numbers), _LONGEST_NUMBER), dtype=np.uint8)
        length = np.zeros(len(numbers), dtype=np.int8)
        for k, number in enumerate(numbers):
            if 11 <= len(number) <= _LONGEST_NUMBER and number.isascii():
                digits[k, :len(number)] = np.frombuffer(number.encode("ascii"), np.uint8)
                length[k] = len(number)
        return NumbersRead(digits, length)

    def weights(self, read: str, rows: np.ndarray) -> np.ndarray:
        """(hands, people) for the digits read."""
        ready, hands = self.read([read]), len(self.model.hands)
        if not ready.length[0]:
            return np.zeros((hands, len(rows)))
        edits = [number_edits(0, self.index.people.numbers[r], ready, self.kernel) for r in rows]
        return np.array([[number_weight(h, e, self.kernel) for e in edits] for h in range(hands)])


@compiled
def number_edits(n: int, written: np.ndarray, read: NumbersRead, model: NumberModel) -> float:
    """Edits between the n-th number read and a person's; 12 for one of quite another length."""
    length = 0
    while length < len(written) and written[length]:
        length += 1
    extra = read.length[n] - length
    digits = read.digits[n]
    if extra == 0:
        edits = 0.0
        for k in range(length):
            a, b = int(digits[k]) - 48, int(written[k]) - 48
            if not 0 <= b <= 9:
                return 12.0
            edits += model.cost[a, b]
        return edits
    if extra not in (-1, 1):
        return 12.0
    longer, shorter, short = (digits, written, length) if extra == 1 else (written, digits, int(read.length[n]))
    start = 0
    while start < short and longer[start] == shorter[start]:
        start += 1
    for k in range(start, short):
        if longer[k + 1] != shorter[k]:
            return 12.0
    return 1.0


@compiled
def number_weight(h: int, edits: float, model: NumberModel) -> float:
    """The match weight of a number `edits` away from the one read, in hand h."""
    same = max(12.0 - edits, 0.0) * model.log_right[h] + edits * model.log_wrong[h]
    return np.log((1.0 - model.renumbered) * np.exp(same - model.log_u[h]) + model.renumbered)


def _numbered(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The number of each text, and the texts; the empty one is 0."""
    ids = {"": 0}
    numbers = np.array([ids.setdefault(t, len(ids)) for t in texts], dtype=np.int32)
    return numbers, list(ids)
