"""The places a population names, and how near a place as read lies to each of them.

A place is a chain of names from the smallest unit outwards ("Xã Bình Phước, Huyện Bình Sơn, Quảng Ngãi"). What is before the commune
(a hamlet, a hospital) is tried with and without.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from records.text import fold, strip_marks

NO_PLACE = 0            # id of the empty place
_LEVEL_WORDS = ("xã", "phường", "thị trấn", "huyện", "quận", "thị xã", "thành phố", "tỉnh", "tp", "tx", "tt", "x", "p", "h", "q", "ubnd",
                "uỷ ban nhân dân", "ủy ban nhân dân")


def chain(place: str) -> list[str]:
    """The units of a place, smallest first, folded and without the word for their level."""
    return [bare for part in place.split(",") if (bare := _without_level(fold(part)))]


def _without_level(unit: str) -> str:
    for _ in range(2):                                      # "UBND xã …" has two
        for word in sorted(_LEVEL_WORDS, key=len, reverse=True):
            if unit.startswith(word + " "):
                unit = unit[len(word) + 1:]
                break
    return unit


class PlaceTable:
    """Distinct places by id; id 0 is the empty place.

    unit: int32 (places,) id of the commune-level name with its parents; district: int32 (places,); frequency: float64 (places,).
    """

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self._ids: dict[str, int] = {"": NO_PLACE}
        self._keys: list[str] = [""]
        self._firsts: list[str] = [""]
        self._districts: list[int] = [0]
        self._district_ids: dict[str, int] = {"": 0}
        self._communes: list[int] = [0]
        self._commune_ids: dict[str, int] = {"": 0}
        self.frequency = np.ones(1)
        self._cache: dict[tuple[str, ...], np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, places: Sequence[str]) -> np.ndarray:
        """Ids (int32) of the places, new ones added."""
        return np.fromiter((self._id(p) for p in places), np.int32, len(places))

    def _id(self, place: str) -> int:
        known = self._ids.get(place)
        if known is not None:
            return known
        units = chain(place)
        self._ids[place] = number = len(self.texts)
        self.texts.append(place)
        self._keys.append(strip_marks(" ".join(units)))
        self._firsts.append(strip_marks(units[-3] if len(units) > 3 else units[0]) if units else "")
        above = "|".join(units[-2:]) if len(units) >= 2 else ""
        self._districts.append(self._district_ids.setdefault(above, len(self._district_ids)))
        commune = "|".join(units[-3:]) if len(units) >= 3 else "|".join(units)
        self._communes.append(self._commune_ids.setdefault(commune, len(self._commune_ids)))
        return number

    def count(self, *columns: np.ndarray) -> None:
        """Take frequencies from these columns of place ids, the empty place apart."""
        total = np.zeros(len(self))
        for column in columns:
            total += np.bincount(column, minlength=len(self))
        total[NO_PLACE] = 0
        commune = np.bincount(self.commune, weights=total)
        self.frequency = (commune[self.commune] + 0.5) / (total.sum() + 1.0)
        district = np.bincount(self.district, weights=total)
        self.district_frequency = (district[self.district] + 0.5) / (total.sum() + 1.0)

    @property
    def district(self) -> np.ndarray:
        return np.array(self._districts, dtype=np.int32)

    @property
    def commune(self) -> np.ndarray:
        return np.array(self._communes, dtype=np.int32)

    def likeness(self, observed: Sequence[str]) -> np.ndarray:
        """float32 (places,) 0 … 1: how alike each place is to the best of the observed texts; an observed text without commas is a
        commune alone."""
        key = tuple(o for o in observed if o)
        found = self._cache.get(key)
        if found is None:
            found = np.zeros(len(self), dtype=np.float32)
            for text in key:
                units = chain(text)
                if not units:
                    continue
                if len(units) == 1:
                    row = _similarity(strip_marks(units[0]), self._firsts)
                else:
                    wanted = units[-3:] if len(units) > 3 else units
                    row = _similarity(strip_marks(" ".join(wanted)), self._keys)
                    row = 0.5 * row + 0.5 * _similarity(strip_marks(wanted[0]), self._firsts)
                np.maximum(found, row, out=found)
            found[NO_PLACE] = 0.0
            if len(self._cache) > 20_000:
                self._cache.clear()
            self._cache[key] = found
        return found


def _similarity(text: str, choices: Sequence[str]) -> np.ndarray:
    return process.cdist([text], choices, scorer=Levenshtein.normalized_similarity, dtype=np.float32)[0]
