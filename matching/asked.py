"""What an entry asks of the blocks: the years, days, communes, given names that may stand behind what was read, the likeliest first."""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from matching.blocking import FIELDS, Asked, number_values
from matching.comparisons import FIRST_YEAR, LAST_YEAR, digit_edits
from matching.entry import SEX_OF_ROLE, Entry, RoleReading
from matching.population import UNKNOWN, PopulationIndex
from matching.readings import NEWBORN
from matching.year_priors import YOUNGEST_ADULT

_NEAR_TOKENS, _WITHIN = 5, 0.8          # tokens tried for a given name, and how much farther than the nearest they may be (edits)
_LOOK_ALIKE = 0.65                      # edits: one digit misread for one like it
_LIKE_PLACE, _NEARLY = 0.72, 0.04       # likeness of a commune to what was read; how much less than the likeliest
_EARLIEST = 1880                        # nobody in a population file was born before
_KEPT = 50_000
_PARENTS_GIVEN = (("mother_given", "me"), ("father_given", "cha"))
_NONE: tuple[int, ...] = ()


class Asker:
    """What readings ask of the blocks of one population."""

    def __init__(self, index: PopulationIndex) -> None:
        self.index = index
        self._communes: dict[tuple[str, ...], Sequence[int]] = {}

    def of(self, entries: Sequence[Entry]) -> Asked:
        """What every reading of the entries asks for, in order."""
        self.index.names.vocabulary.prepare(t for e in entries for r in e.roles for t in r.tokens)
        self.index.places.prepare(p for e in entries for r in e.roles for p in r.places)
        found = [self._of(r, e.year, e.roles) for e in entries for r in e.roles]
        values: list[int] = []
        first = np.zeros((len(FIELDS), len(found) + 1), dtype=np.int64)
        for f, field in enumerate(FIELDS):
            first[f, 0] = len(values)
            for r, asked in enumerate(found):
                values.extend(asked.get(field, _NONE))
                first[f, r + 1] = len(values)
        sex = [r.sex if r.role != NEWBORN else UNKNOWN for e in entries for r in e.roles]
        return Asked(np.array(values, dtype=np.int64), first, np.array(sex, dtype=np.int8))

    def _of(self, reading: RoleReading, registered: int, roles: Sequence[RoleReading]) -> dict[str, Sequence[int]]:
        newborn = reading.role == NEWBORN
        months, days = _months_and_days(reading.date)
        asked: dict[str, Sequence[int]] = {
            **number_values(reading.number), "given": self._given(reading), "month": months, "day": days,
            "year": _years(reading, registered) if newborn or reading.date else _NONE,
            "born_in" if newborn else "living_in": self._near_communes(reading.places),
        }
        others = {o.role: self._given(o) for o in roles if o.role not in (reading.role, NEWBORN)}
        if newborn:
            asked |= {f: others[role] for f, role in _PARENTS_GIVEN if role in others}
        else:
            asked["partner_given"] = [g for given in others.values() for g in given]
        return asked

    def _given(self, reading: RoleReading) -> Sequence[int]:
        return self.index.names.vocabulary.nearest(reading.tokens[-1], _NEAR_TOKENS, _WITHIN) if reading.tokens else _NONE

    def _near_communes(self, places: tuple[str, ...]) -> Sequence[int]:
        """Communes that the places read may be: the likest, and those almost as like."""
        found = self._communes.get(places)
        if found is None:
            if len(self._communes) > _KEPT:
                self._communes.clear()
            found = _NONE
            if any(places):
                ids, like = self.index.places.likeness(places)
                near = like >= max(_LIKE_PLACE, float(like.max(initial=0.0)) - _NEARLY)
                order = np.argsort(-like[near], kind="stable")
                found = list(dict.fromkeys(self.index.places.commune[ids[near][order]].tolist()))
            self._communes[places] = found
        return found


def _years(reading: RoleReading, registered: int) -> Sequence[int]:
    """Years of birth the role's person may have, as far as was read."""
    read, latest = reading.date.split("-")[0], registered or LAST_YEAR
    if reading.role == NEWBORN:
        return plausible_years(read, max(_EARLIEST, registered - 90), latest, (registered, registered - 1) if registered else ())
    youngest = YOUNGEST_ADULT if reading.role in SEX_OF_ROLE and registered else 0
    return plausible_years(read, max(_EARLIEST, registered - 110), latest - youngest)


@lru_cache(maxsize=32768)
def plausible_years(read: str, earliest: int, latest: int, usual: tuple[int, ...] = ()) -> Sequence[int]:
    """Years of birth to look in, likeliest first: as read, the usual ones, its neighbours, those a look-alike digit away; within
    earliest … latest."""
    latest = min(latest, LAST_YEAR)
    years = [y for y in usual if earliest <= y <= latest]
    if read and earliest <= latest:
        cost = digit_edits(read, 4, FIRST_YEAR, LAST_YEAR)[earliest - FIRST_YEAR:latest - FIRST_YEAR + 1]
        least = float(cost.min())
        if len(read) == 4:
            years += [y for y in (int(read) - 1, int(read) + 1) if earliest <= y <= latest]
        if least <= 1.3:
            near = [earliest + int(k) for k in np.argsort(cost, kind="stable") if cost[k] <= max(_LOOK_ALIKE, least + 1e-9)]
            years = [*near[:1], *years, *near[1:]]
    return tuple(dict.fromkeys(years))


@lru_cache(maxsize=8192)
def _months_and_days(date: str) -> tuple[Sequence[int], Sequence[int]]:
    _, month, day = [*date.split("-"), "", ""][:3]
    return (_like(month, 12), _like(day, 31)) if month and day else (_NONE, _NONE)


def _like(read: str, last: int) -> Sequence[int]:
    """The numbers 1 … last that two digits may stand for, likeliest first."""
    cost = digit_edits(read, 2, 1, last)
    return tuple(1 + int(k) for k in np.argsort(cost, kind="stable") if cost[k] <= _LOOK_ALIKE)
