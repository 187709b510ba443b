"""Comparisons of one value as read with what many people have: each gives match weights (nats), ln P(read | this person) - ln P(read |
anybody).

P(read | person) is a channel: how the hand and the reader err, mixed with how the two sources differ; its last term, Else, is the floor
"quite another value". P(read | anybody) sums the channel over the population's own frequencies, so that a Nguyễn, well read or badly,
is worth little and a rare name much (term frequency adjustment). Weights come by hand quality: float64 (hands, people).
"""
from __future__ import annotations

from functools import lru_cache

import numpy as np
from rapidfuzz.distance import Levenshtein

from matching.letters import letter_cost
from matching.model import LinkModel
from matching.places import NO_PLACE
from matching.population import UNKNOWN, NameTable, PopulationIndex
from matching.vocabulary import part_of
from records.text import strip_marks

NAME_LEVELS = ((0.0, "same"), (0.75, "look-alike"), (1.6, "one edit apart"), (3.2, "few edits apart"))
_YEARS = np.arange(1880, 2100)


def name_level(edits: float) -> str:
    """The level's name for people: same, look-alike, one edit apart, few edits apart, else."""
    return next((name for most, name in NAME_LEVELS if edits <= most), "else")


class NameComparison:
    """Same, LookAlike, SoundsAlike, EditsApart, TokenLost, TokenAdded, Else: by tokens, aligned in order."""

    def __init__(self, names: NameTable, model: LinkModel) -> None:
        self.names, self.model = names, model
        self._log_m: dict[str, np.ndarray] = {}
        self._log_u: dict[tuple[str, int, int], np.ndarray] = {}
        self._lengths = names.vocabulary.lengths

    def _token_m(self, token: str) -> np.ndarray:
        """ln P(token read | token written), float32 (hands, V + 1); the last column stands for no token."""
        found = self._log_m.get(token)
        if found is None:
            vocabulary, model = self.names.vocabulary, self.model
            edits = vocabulary.distances(token) / 10.0
            m = model.channel(self._lengths, edits)
            alike = vocabulary.ear_alike(token)
            if len(alike):
                exact = model.channel(np.full(len(alike), len(token)), np.zeros(len(alike)))
                m[:, alike] = np.logaddexp(m[:, alike], exact + np.log(model.ear / len(alike)))
            found = np.full((m.shape[0], m.shape[1] + 1), -np.inf, dtype=np.float32)
            found[:, :-1] = m
            if len(self._log_m) > 20_000:
                self._log_m.clear()
            self._log_m[token] = found
        return found

    def _token_u(self, token: str, part: int, sex: int) -> np.ndarray:
        """ln P(token read | anybody of this sex), float64 (hands,)."""
        key = (token, part, sex)
        found = self._log_u.get(key)
        if found is None:
            m = self._token_m(token)[:, :-1].astype(np.float64)
            seen = np.exp(m) @ self.names.vocabulary.frequency[sex, part].astype(np.float64)
            unseen = np.exp(self.model.channel(np.array(float(len(token))), np.array(0.0))) * 0.01 * 30.0 ** -min(len(token), 4)
            found = np.log(0.99 * seen + unseen)
            if len(self._log_u) > 60_000:
                self._log_u.clear()
            self._log_u[key] = found
        return found

    def weights(self, tokens: list[str], name_ids: np.ndarray, sex: int = UNKNOWN) -> np.ndarray:
        """Match weights of the names (hands, names) for the tokens read; zeros if nothing was read. The empty name weighs 0.

        The mean of exp(weight) over the population cannot be more than 1; where the tokens of a name go together (Nguyễn Thị …) it comes
        out higher, and every weight is lowered by as much.
        """
        hands = len(self.model.hands)
        if not tokens or not len(name_ids):
            return np.zeros((hands, len(name_ids)))
        distinct, back = np.unique(name_ids, return_inverse=True)
        aligned = self._aligned(tokens, distinct, sex)
        share = self.names.share(distinct, sex)
        mean = np.log(np.maximum((np.exp(np.minimum(aligned, 60.0)) * share).sum(axis=1), 1.0))
        floor = self.model.renamed
        weight = np.logaddexp(aligned - mean[:, None] + np.log1p(-floor), np.log(floor))
        weight[:, self.names.length[distinct] == 0] = 0.0
        return weight[:, back]

    def _aligned(self, tokens: list[str], name_ids: np.ndarray, sex: int) -> np.ndarray:
        """The best alignment's weight, in order, tokens lost or added at a price: (hands, names)."""
        table, length = self.names.tokens[name_ids], self.names.length[name_ids].astype(np.int64)
        width = int(length.max(initial=0))
        hands, n = len(self.model.hands), len(name_ids)
        lost, added = np.log(self.model.token_lost), np.log(self.model.token_added)
        row = [np.full((hands, n), j * lost) for j in range(width + 1)]
        for i, token in enumerate(tokens):
            weight = (self._token_m(token) - self._token_u(token, part_of(i, len(tokens)), sex)[:, None]).astype(np.float64)
            nxt = [row[0] + added]
            for j in range(1, width + 1):
                cell = row[j - 1] + weight[:, table[:, j - 1]]
                np.maximum(cell, row[j] + added, out=cell)
                np.maximum(cell, nxt[j - 1] + lost, out=cell)
                nxt.append(cell)
            row = nxt
        return np.stack(row)[length, :, np.arange(n)].T

    def surname_weights(self, tokens: list[str], name_ids: np.ndarray, kept: float) -> np.ndarray:
        """Match weights of the names' first tokens alone for the first token read; `kept`: P(the surname is handed on)."""
        hands = len(self.model.hands)
        if not tokens or not len(name_ids):
            return np.zeros((hands, len(name_ids)))
        weight = (self._token_m(tokens[0]) - self._token_u(tokens[0], 0, UNKNOWN)[:, None]).astype(np.float64)
        out = np.logaddexp(weight[:, self.names.tokens[name_ids, 0]] + np.log(kept), np.log1p(-kept))
        out[:, self.names.length[name_ids] == 0] = 0.0
        return out

    def edits(self, tokens: list[str], name_id: int) -> float:
        """Edits between the whole name as read and the name: base letters count 1, marks alone 0.5."""
        name = " ".join(self.names.vocabulary.tokens[t] for t in self.names.tokens[name_id] if t >= 0)
        read = " ".join(tokens)
        base = Levenshtein.distance(strip_marks(read), strip_marks(name))
        return base + 0.5 * max(0, Levenshtein.distance(read, name) - base)


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


class DateComparison:
    """Same, SameYearDayUnknown, DigitsAlike, OnePartOther, Else, for a birthday or a year of birth as read."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        self._unknown_day = index.first_of_january_unknown

    def weights(self, read: str, rows: np.ndarray, year_prior: np.ndarray) -> np.ndarray:
        """(hands, people). read: digits as YYYY, YYYY-MM or YYYY-MM-DD, right or not; year_prior: float64 (2200,), P(year) of anybody
        in the role."""
        hands = len(self.model.hands)
        parts = read.split("-")
        if not any(parts) or not len(rows):
            return np.zeros((hands, len(rows)))
        floor, part = self.model.redated, self.model.part_redated
        log_year = self._part(parts[0], 4, 1880, 2099) if parts[0] else np.zeros((hands, len(_YEARS)))
        u_year = np.log(np.exp(log_year) @ (year_prior[_YEARS] / year_prior[_YEARS].sum()))
        year = np.clip(self.index.year[rows].astype(np.int64), 1880, 2099)
        known = self.index.year[rows] > 0
        w_year = np.where(known, log_year[:, year - 1880] - u_year[:, None], 0.0)
        close = self._neighbour_years(log_year)[:, year - 1880] - u_year[:, None]
        if len(parts) == 1:
            return np.where(known, _mix((1 - floor - part, w_year), (part, close), (floor, np.zeros_like(w_year))), 0.0)
        w_month, w_day = self._month_day(parts, rows)
        both = w_month + w_day
        dayless = (self.index.month[rows] == 1) & (self.index.day[rows] == 1)
        vague = np.where(self.index.month[rows] == 0, 1.0, np.where(dayless, self._unknown_day, 0.0))
        right = np.logaddexp(both + np.log(np.maximum(1 - vague, 1e-300)), np.log(np.maximum(vague, 1e-300)))
        other = np.logaddexp(w_year + np.logaddexp(w_month, w_day) - np.log(2), both + close) - np.log(2)
        weight = _mix((1 - floor - part, w_year + right), (part, other), (floor, np.zeros_like(w_year)))
        return np.where(known, weight, 0.0)

    def _part(self, read: str, width: int, first: int, last: int) -> np.ndarray:
        return self.model.channel(np.array(float(width)), digit_edits(read, width, first, last))

    def _neighbour_years(self, log_year: np.ndarray) -> np.ndarray:
        """The channel's mean over the two years beside: the population has the year before or after."""
        padded = np.pad(log_year, ((0, 0), (1, 1)), mode="edge")
        return np.logaddexp(padded[:, :-2], padded[:, 2:]) - np.log(2)

    def _month_day(self, parts: list[str], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hands = len(self.model.hands)
        out = []
        for text, column, last in ((parts[1], self.index.month, 12), (parts[2] if len(parts) > 2 else "", self.index.day, 31)):
            values = column[rows].astype(np.int64)
            if not text:
                out.append(np.zeros((hands, len(rows))))
                continue
            m = self._part(text, 2, 1, last)
            u = np.log(np.exp(m).mean(axis=1))
            out.append(np.where(values > 0, m[:, np.maximum(values, 1) - 1] - u[:, None], 0.0))
        return out[0], out[1]


class PlaceComparison:
    """SameCommune, SameDistrict, Else, whichever of the places read and the person's places agree best; by likeness, not by exact
    spelling."""

    def __init__(self, index: PopulationIndex, same_commune: float, same_district: float) -> None:
        self.places, self._same, self._near = index.places, same_commune, same_district
        self._commune, self._district = index.places.commune, index.places.district
        self._cache: dict[tuple[str, ...], np.ndarray] = {}

    def of_places(self, read: tuple[str, ...]) -> np.ndarray:
        """Match weight of each place of the population (places,) for the places read; the empty place weighs 0."""
        found = self._cache.get(read)
        if found is None:
            like = self.places.likeness(read)
            # A place is what was read with a probability that grows steeply with the likeness of the spelling.
            mass = np.exp(20.0 * (like - 1.0)) * self.places.frequency
            found = np.zeros(len(self.places))
            if like.max(initial=0.0) >= 0.5:
                mass /= mass.sum()
                commune = np.bincount(self._commune, weights=mass)[self._commune] / self.places.frequency
                district = np.bincount(self._district, weights=mass)[self._district] / self.places.district_frequency
                found = np.log(self._same * commune + self._near * district + (1 - self._same - self._near))
            found[NO_PLACE] = 0.0
            if len(self._cache) > 20_000:
                self._cache.clear()
            self._cache[read] = found
        return found



class NumberComparison:
    """Same, DigitsAlike, Else, for a personal number as read; one of another length than the population's says nothing."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        self._cost = np.array([[letter_cost(str(a), str(b)) for b in range(10)] for a in range(10)])

    def weights(self, read: str, rows: np.ndarray) -> np.ndarray:
        """(hands, people) for the digits read."""
        hands = len(self.model.hands)
        out = np.zeros((hands, len(rows)))
        if not 11 <= len(read) <= 13 or not len(rows):
            return out
        edits = np.array([self._edits(read, self.index.ids[r]) for r in rows])
        m = self.model.channel(np.full(len(rows), 12.0), edits)
        u = -np.log(max(len(self.index), 2)) + self.model.channel(np.array(12.0), np.array(0.0))
        floor = self.model.renumbered
        return np.logaddexp(m - u[:, None] + np.log1p(-floor), np.log(floor))

    def _edits(self, read: str, written: str) -> float:
        if len(read) == len(written) and written.isdecimal():
            return float(sum(self._cost[int(a), int(b)] for a, b in zip(read, written, strict=True)))
        return 12.0 if abs(len(read) - len(written)) > 1 else _one_slip(read, written)


def _one_slip(read: str, written: str) -> float:
    """1 if the longer number is the shorter with one digit more, else 12."""
    longer, shorter = sorted((read, written), key=len, reverse=True)
    return 1.0 if any(longer[:k] + longer[k + 1:] == shorter for k in range(len(longer))) else 12.0


def _mix(*parts: tuple[float, np.ndarray]) -> np.ndarray:
    """ln of the mixture of exp(weights)."""
    out = np.log(parts[0][0]) + parts[0][1]
    for share, weight in parts[1:]:
        out = np.logaddexp(out, np.log(share) + weight)
    return out
