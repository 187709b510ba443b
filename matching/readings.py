"""What was read of the people of many entries, as the columns that compiled loops compare: one row a role of an entry."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.bonds import PARENTS_MOST, bonds_of
from matching.comparisons import DatesRead, NumbersRead
from matching.entry import Entry, RoleReading
from matching.name_comparison import NamesRead
from matching.place_comparison import PlacesRead

NEWBORN = "nks"


class Bonded(NamedTuple):
    """The readings of the same entry that belong to each. partner: int32 (readings,), -1 for none; parents: int32 (readings, PARENTS_MOST),
    couple by couple, -1 after the end."""

    partner: np.ndarray
    parents: np.ndarray


class Roles(NamedTuple):
    """What a reading's role says before anything is read. newborn: bool; sex: int8, as read or as the role fixes it; log_present: ln P(the
    role's person is of the population), log_each: ln P(it is a given person of the role's sex), log_absent: ln P(it is nobody of it); fits:
    int32, the row of fits_year: float64 (…, 2200), ln P(born that year | the role) / P(anybody is)."""

    newborn: np.ndarray
    sex: np.ndarray
    log_present: np.ndarray
    log_each: np.ndarray
    log_absent: np.ndarray
    fits: np.ndarray
    fits_year: np.ndarray


class Readings(NamedTuple):
    """place, home: int32 (readings,), of `places`, -1 for none; home_same: bool, whether the home place is the place read, too."""

    roles: Roles
    bonded: Bonded
    names: NamesRead
    dates: DatesRead
    numbers: NumbersRead
    places: PlacesRead
    place: np.ndarray
    home: np.ndarray
    home_same: np.ndarray


def all_of(entries: Sequence[Entry]) -> list[tuple[Entry, RoleReading]]:
    """Every reading with its entry, in order."""
    return [(e, r) for e in entries for r in e.roles]


def first_of(entries: Sequence[Entry]) -> list[int]:
    """The first reading of each entry, and the number of all."""
    return np.cumsum([0, *(len(e.roles) for e in entries)]).tolist()


def bonded(entries: Sequence[Entry]) -> Bonded:
    readings = sum(len(e.roles) for e in entries)
    found = Bonded(np.full(readings, -1, dtype=np.int32), np.full((readings, PARENTS_MOST), -1, dtype=np.int32))
    for first, entry in zip(first_of(entries), entries, strict=False):
        at = {r.role: first + k for k, r in enumerate(entry.roles)}
        for role, (partner, parents) in bonds_of(tuple(at)).items():
            found.partner[at[role]] = at[partner] if partner else -1
            found.parents[at[role], :len(parents)] = [at[p] for p in parents]
    return found
