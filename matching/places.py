"""The places a population names, and how near a place as read lies to each of them.

A place is a chain of names from the smallest unit outwards ("Xã Bình Phước, Huyện Bình Sơn, Quảng Ngãi"). What is before the commune
(a hamlet, a hospital) is tried with and without.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from records.text import fold, strip_marks

NO_PLACE = 0            # id of the empty place
_CUTOFF = 0.3           # a likeness of one part that counts as none
LEAST_LIKE = 0.4       # of a place that is kept at all
_AT_ONCE, _KEPT = 256, 50_000   # texts compared in one call, kept
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

    commune: int32 (places,) id of the commune-level name with its parents; district: int32 (places,); frequency, district_frequency:
    float64 (places,), the share of births and residences in the place's commune, district.
    """

    def __init__(self, texts: Sequence[str], count: np.ndarray) -> None:
        """texts: the empty one first; count: how many births and residences name each."""
        self.texts = list(texts)
        units = [chain(t) for t in self.texts]
        self.commune = _numbered("|".join(u[-3:]) for u in units)
        self.district = _numbered("|".join(u[-2:]) if len(u) >= 2 else "" for u in units)
        self._keys = _Distinct([strip_marks(" ".join(u)) for u in units])
        self._firsts = _Distinct([_commune_name(u) for u in units])
        total = np.where(np.arange(len(units)) == NO_PLACE, 0, count).astype(np.float64)
        self.frequency, self.district_frequency = (
            (np.bincount(unit, weights=total)[unit] + 0.5) / (total.sum() + 1.0) for unit in (self.commune, self.district))
        self._like: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def prepare(self, observed: Iterable[str]) -> None:
        """Compare many texts with all places at once; a chunk of entries asks for its own before it is compared."""
        wanted = {t for t in observed if t}
        missing = sorted(wanted - self._like.keys())
        if len(self._like) + len(missing) > _KEPT:
            self._like.clear()
            missing = sorted(wanted)
        for start in range(0, len(missing), _AT_ONCE):
            texts = missing[start:start + _AT_ONCE]
            for text, row in zip(texts, self._compare(texts), strict=True):
                ids = np.flatnonzero(row >= LEAST_LIKE)
                self._like[text] = ids, row[ids]

    def likeness(self, observed: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(ids, float32 likeness 0.4 … 1) of the places like the best of the observed texts; one without commas is a commune alone."""
        texts = [t for t in observed if t]
        self.prepare(t for t in texts if t not in self._like)
        if len(texts) == 1:
            return self._like[texts[0]]
        best: dict[int, np.float32] = {}
        for text in texts:
            for place, like in zip(*self._like[text], strict=True):
                best[place] = max(best.get(place, like), like)
        ids = np.array(sorted(best), dtype=np.int64)
        return ids, np.array([best[k] for k in ids.tolist()], dtype=np.float32)

    def _compare(self, observed: Sequence[str]) -> np.ndarray:
        """float32 (observed, places)."""
        units = [chain(t) for t in observed]
        firsts = self._firsts.likeness([_commune_name(u) for u in units])
        keys = self._keys.likeness([strip_marks(" ".join(u[-3:])) for u in units])
        alone = np.array([len(u) == 1 for u in units])
        out = np.where(alone[:, None], firsts, 0.5 * keys + 0.5 * firsts)
        out[:, NO_PLACE] = 0.0
        out[[not u for u in units]] = 0.0
        return out


class _Distinct:
    """Texts of which many are the same, compared once each."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._back = _numbered(texts)
        self._texts = list(dict.fromkeys(texts))

    def likeness(self, observed: Sequence[str]) -> np.ndarray:
        found = process.cdist(observed, self._texts, scorer=Levenshtein.normalized_similarity, score_cutoff=_CUTOFF, dtype=np.float32)
        return found[:, self._back]


def _commune_name(units: Sequence[str]) -> str:
    return strip_marks(units[-3] if len(units) > 3 else units[0]) if units else ""


def _numbered(texts: Iterable[str]) -> np.ndarray:
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(t, len(ids)) for t in texts], dtype=np.int32)
