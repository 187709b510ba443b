"""Which people are compared with an entry at all: several blocks that fail for different reasons, so that one misread field loses nobody.

    birthday          year, month and day, each as read or with a look-alike digit; the year also from the registration
    commune and year  born in (living in) the entry's commune in the year of birth
    name and year     a given name near the one read, by edits or by ear
    name and commune  the same, by residence, where no year was read
    parents' names    given names near those of mother and father (for a newborn), of the partner (for a parent)
    number            three overlapping groups of nine and six digits of a personal number: any one misread digit leaves one whole
"""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from matching.comparisons import digit_edits
from matching.population import NO_NAME, UNKNOWN, PopulationIndex

_NEAR_TOKENS, _WITHIN = 5, 0.8          # tokens tried for a given name, and how much farther than the nearest they may be (edits)
_LOOK_ALIKE = 0.65                      # edits: one digit misread for one like it
_LIKE_PLACE = 0.72
_MOST = 6000                            # people one block may bring; a block that brings more says too little


class Postings:
    """Rows by an integer key."""

    def __init__(self, keys: np.ndarray, rows: np.ndarray) -> None:
        order = np.lexsort((rows, keys))
        self._keys, self._rows = keys[order], rows[order]

    def of(self, keys: Iterable[int] | np.ndarray) -> np.ndarray:
        """The rows of all these keys; none if they are more than a block may bring."""
        wanted = np.unique(np.fromiter(keys, np.int64) if not isinstance(keys, np.ndarray) else keys)
        starts, ends = np.searchsorted(self._keys, wanted), np.searchsorted(self._keys, wanted, side="right")
        if int((ends - starts).sum()) > _MOST:
            return np.empty(0, dtype=np.int64)
        parts = [self._rows[a:b] for a, b in zip(starts, ends, strict=True) if b > a]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


class Blocks:
    """All blocks of a population, built once."""

    def __init__(self, index: PopulationIndex) -> None:
        self.index = index
        rows = np.arange(len(index), dtype=np.int64)
        year, month, day = (c.astype(np.int64) for c in (index.year, index.month, index.day))
        given = index.names.given(index.name).astype(np.int64)
        self._tokens = max(1, len(index.names.vocabulary))
        self._commune = index.places.commune.astype(np.int64)
        born, living = self._commune[index.birth_place], self._commune[index.residence]
        self._birthday = Postings((year * 13 + month) * 32 + day, rows)
        self._born = Postings(born * 2200 + year, rows)
        self._living = Postings(living * 2200 + year, rows)
        self._named = Postings(given * 2200 + year, rows)
        self._named_living = Postings(living * self._tokens + given, rows)
        has = (index.mother_name != NO_NAME) & (index.father_name != NO_NAME)
        parents = index.names.given(index.mother_name).astype(np.int64) * self._tokens + index.names.given(index.father_name)
        self._parents = Postings(parents[has], rows[has])
        wed = index.spouse_name != NO_NAME
        self._partner = Postings((given * self._tokens + index.names.given(index.spouse_name))[wed], rows[wed])
        long = np.fromiter((len(p) == 12 and p.isdecimal() for p in index.ids), bool, len(index.ids))
        self._numbers = [Postings(np.array([_group(index.ids[r], g) for r in rows[long]], dtype=np.int64), rows[long]) for g in range(3)]

    def near_given(self, tokens: tuple[str, ...]) -> np.ndarray:
        """Ids of the tokens the given name may be."""
        return self.index.names.vocabulary.nearest(tokens[-1], _NEAR_TOKENS, _WITHIN) if tokens else np.empty(0, dtype=np.int64)

    def communes_like(self, places: tuple[str, ...]) -> np.ndarray:
        """Ids of the communes that the places read may be: the likest, and those almost as like."""
        if not any(places):
            return np.empty(0, dtype=np.int64)
        like = self.index.places.likeness(places)
        best = float(like.max(initial=0.0))
        return np.unique(self._commune[like >= max(_LIKE_PLACE, best - 0.04)]) if best >= _LIKE_PLACE else np.empty(0, dtype=np.int64)

    def birthday(self, date: str, years: np.ndarray) -> np.ndarray:
        parts = [*date.split("-"), "", ""]
        if not (parts[1] and parts[2]):
            return np.empty(0, dtype=np.int64)
        months, days = _like(parts[1], 2, 1, 12), _like(parts[2], 2, 1, 31)
        keys = [(y * 13 + m) * 32 + d for y in years for m in months for d in days]
        return self._birthday.of(keys) if keys else np.empty(0, dtype=np.int64)

    def born_in(self, communes: np.ndarray, years: np.ndarray) -> np.ndarray:
        return self._born.of(_products(communes, years, 2200))

    def living_in(self, communes: np.ndarray, years: np.ndarray) -> np.ndarray:
        return self._living.of(_products(communes, years, 2200))

    def named(self, given: np.ndarray, years: np.ndarray) -> np.ndarray:
        return self._named.of(_products(given, years, 2200))

    def named_living(self, communes: np.ndarray, given: np.ndarray) -> np.ndarray:
        return self._named_living.of(_products(communes, given, self._tokens))

    def parents(self, mother_given: np.ndarray, father_given: np.ndarray) -> np.ndarray:
        return self._parents.of(_products(mother_given, father_given, self._tokens))

    def partner(self, given: np.ndarray, partner_given: np.ndarray) -> np.ndarray:
        return self._partner.of(_products(given, partner_given, self._tokens))

    def number(self, digits: str) -> np.ndarray:
        if len(digits) != 12:
            return np.empty(0, dtype=np.int64)
        return np.concatenate([p.of([_group(digits, g)]) for g, p in enumerate(self._numbers)])

    def of_sex(self, rows: np.ndarray, sex: int) -> np.ndarray:
        """Distinct rows, those of the other sex apart if the role fixes it."""
        rows = np.unique(rows)
        return rows if sex == UNKNOWN else rows[(self.index.sex[rows] == sex) | (self.index.sex[rows] == UNKNOWN)]


def plausible_years(read: str, earliest: int, latest: int, usual: tuple[int, ...] = ()) -> np.ndarray:
    """Years of birth to look in: as read, its neighbours, those a look-alike digit away, and the usual ones; within earliest … latest."""
    years = {y for y in usual if earliest <= y <= latest}
    if read and earliest <= latest:
        cost = digit_edits(read, 4, earliest, latest)
        years |= {earliest + int(k) for k in np.flatnonzero(cost <= max(_LOOK_ALIKE,
            float(cost.min()) + 1e-9))} if float(cost.min()) <= 1.3 else set()
        if len(read) == 4:
            years |= {y for y in (int(read) - 1, int(read) + 1) if earliest <= y <= latest}
    return np.array(sorted(years), dtype=np.int64)


def _like(read: str, width: int, first: int, last: int) -> list[int]:
    cost = digit_edits(read, width, first, last)
    return [first + int(k) for k in np.flatnonzero(cost <= _LOOK_ALIKE)]


def _products(a: np.ndarray, b: np.ndarray, base: int) -> np.ndarray:
    return (a.astype(np.int64)[:, None] * base + b.astype(np.int64)[None, :]).ravel()


def _group(digits: str, group: int) -> int:
    return int((digits[0:9], digits[6:12], digits[3:6] + digits[9:12])[group])
