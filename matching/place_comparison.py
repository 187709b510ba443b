"""How well the places read agree with a person's place of birth or residence: SameCommune, SameDistrict, Else, by likeness of spelling."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.places import LEAST_LIKE, NO_PLACE, PlaceTable

_KEPT = 50_000
_SAME = 0.35            # likeness by which two readings of one place may differ


class PlacesRead(NamedTuple):
    """Places as read: P(commune, district is meant) of the likely ones. For the n-th, communes first[n]:first[n + 1] of `commune`, `mass`,
    and so with districts; none where nothing was read or no place is like it."""

    first: np.ndarray
    commune: np.ndarray
    mass: np.ndarray
    district_first: np.ndarray
    district: np.ndarray
    district_mass: np.ndarray


class PlaceColumns(NamedTuple):
    """By place: int32 commune, district; float64 frequency, district_frequency."""

    commune: np.ndarray
    district: np.ndarray
    frequency: np.ndarray
    district_frequency: np.ndarray


class PlaceComparison:
    """SameCommune, SameDistrict, Else, whichever of the places read and the person's places agree best; by likeness, not by exact
    spelling."""

    def __init__(self, places: PlaceTable) -> None:
        self.places = p = places
        self.columns = PlaceColumns(p.commune, p.district, p.frequency, p.district_frequency)
        self._kept: dict[tuple[str, ...], tuple[np.ndarray, ...]] = {}

    def read(self, places: Sequence[tuple[str, ...]]) -> PlacesRead:
        """Places as read, each the texts of which any may be the person's, made ready to be compared."""
        if len(self._kept) > _KEPT:
            self._kept.clear()
        self.places.prepare(t for texts in places for t in texts)
        found = [self._masses(texts) for texts in places]
        first, district_first = (np.cumsum([0, *(len(f[k]) for f in found)]) for k in (0, 2))
        flat = [np.concatenate([f[k] for f in found]) if found else np.empty(0) for k in range(4)]
        return PlacesRead(first, flat[0].astype(np.int32), flat[1], district_first, flat[2].astype(np.int32), flat[3])

    def alike(self, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
        """Whether two places as read are the same one: no place is much liker to one than to the other."""
        if set(a) <= set(b):
            return True
        of_a, of_b = (dict(zip(*(x.tolist() for x in self.places.likeness(texts)), strict=True)) for texts in (a, b))
        return all(abs(of_a.get(p, LEAST_LIKE) - of_b.get(p, LEAST_LIKE)) < _SAME for p in {*of_a, *of_b})

    def _masses(self, texts: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        """(communes, P, districts, P). A place is what was read with a probability that grows steeply with the likeness of the spelling."""
        found = self._kept.get(texts)
        if found is None:
            ids, like = self.places.likeness(texts)
            if not like.max(initial=0.0) >= 0.5:
                ids, like = ids[:0], like[:0]
            mass = np.exp(20.0 * (like.astype(np.float64) - 1.0)) * self.places.frequency[ids]
            mass /= mass.sum() or 1.0
            communes, at = np.unique(self.places.commune[ids], return_inverse=True)
            districts, district_at = np.unique(self.places.district[ids], return_inverse=True)
            found = self._kept[texts] = (communes, np.bincount(at, mass, len(communes)), districts,
                                         np.bincount(district_at, mass, len(districts)))
        return found


@compiled
def place_weight(n: int, place: int, same: float, near: float, read: PlacesRead, places: PlaceColumns) -> float:
    """The match weight of a person's place for the n-th place read; same, near: P(its commune is the person's), P(only its district)."""
    if place == NO_PLACE or read.first[n] == read.first[n + 1]:
        return 0.0
    commune = district = 0.0
    for k in range(read.first[n], read.first[n + 1]):
        if read.commune[k] == places.commune[place]:
            commune = read.mass[k] / places.frequency[place]
    for k in range(read.district_first[n], read.district_first[n + 1]):
        if read.district[k] == places.district[place]:
            district = read.district_mass[k] / places.district_frequency[place]
    return np.log(same * commune + near * district + (1.0 - same - near))
