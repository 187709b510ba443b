"""Places that a book names again and again: its communes, its hospitals. They help where a page is unclear and never where it is clear."""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr.decoding.choice import free_text_weight
from ocr.decoding.folding import fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.places import Unit, default_gazetteer, split_kind

CLEAR = 0.97                # readings as sure as this stay as they are
_MOST = 40                  # places of the book that are tried
_HABIT, _HABIT_COUNT = 0.6, 6.0     # how much of the prior the book makes at most, and how many places it takes for half of that
_OTHER_FIELD = 0.4          # what a place in another kind of field counts
_NEW_DOUBT = 0.2            # share of a page's own doubt that no place of the book takes away
# how often a place is the registering commune, one of its district, its province, elsewhere, divided by how many such there are
_SAME_COMMUNE, _SAME_DISTRICT, _SAME_PROVINCE, _ELSEWHERE = 0.4, 0.3 / 20, 0.22 / 200, 0.08 / 10000
_FREE_TEXT = 1e-6           # of one text that is no commune
MOST_SURE = 0.985


@dataclass(frozen=True)
class PlaceField:
    """A place in one entry. image: None where there is none to look at; known: a person has settled it."""

    entry: int
    code: str
    value: str
    unit_code: str | None
    confidence: float
    image: Lattice | None
    free_text: bool = False
    known: bool = False


@dataclass(frozen=True)
class PlaceChange:
    value: str
    unit_code: str | None
    confidence: float


def settle_places(fields: Sequence[PlaceField], office: Unit | None, temperature: float) -> dict[int, PlaceChange]:
    """New values of unclear places, by their index in `fields`: what the book's other entries make likely, weighed on the image."""
    candidates = _candidates(fields)
    if not candidates:
        return {}
    texts, owner, form = [], [], []
    for k, (value, unit_code) in enumerate(candidates):
        for text, weight in _forms(value, unit_code):
            texts.append(text)
            owner.append(k)
            form.append(math.log(weight))
    trie, place_of = Trie(texts), np.array(owner)
    out: dict[int, PlaceChange] = {}
    for i, f in enumerate(fields):
        if f.known or f.image is None or not f.value or f.confidence >= CLEAR:
            continue
        folded = fold_text(f.image)
        scores = temperature * trie.scores(folded.log_probs, folded.alphabet) + np.array(form)
        fit = np.full(len(candidates), -np.inf)
        np.logaddexp.at(fit, place_of, scores)
        habits = _habits(fields, i)
        base = np.array([_base(code, office) for _, code in candidates])
        share = np.array([habits.get(c, 0.0) for c in candidates])
        found = _weigh(f, folded, temperature, candidates, fit, base, share)
        if found is not None:
            out[i] = found
    return out


def _weigh(f: PlaceField, folded: Lattice, temperature: float, candidates: Sequence[tuple[str, str | None]], fit: np.ndarray,
           base: np.ndarray, share: np.ndarray) -> PlaceChange | None:
    """The page's own belief, with what the book adds to the prior of each of its places; None if the reading stays as it is."""
    own = next((k for k, c in enumerate(candidates) if c == (f.value, f.unit_code) and not f.free_text), None)
    if own is None:         # text that no list knows, at the price of being on none; the page has tried the communes already
        after = np.exp(np.clip(fit - free_text_weight(folded, temperature), -60, 60)) * share
        rest = 1.0
    else:
        ratio = np.exp(np.clip(fit - fit[own], -60, 60)) / base[own] * f.confidence
        after = ratio * (base + share)
        before = float((ratio * base).sum()) - f.confidence
        rest = max(1.0 - f.confidence - before, _NEW_DOUBT * (1.0 - f.confidence))
    best, total = int(after.argmax()), float(after.sum()) + rest
    p = min(MOST_SURE, float(after[best]) / total)
    if best == own or p > 0.5:
        return PlaceChange(*candidates[best], p)
    return None


def _candidates(fields: Sequence[PlaceField]) -> list[tuple[str, str | None]]:
    weights: defaultdict[tuple[str, str | None], float] = defaultdict(float)
    entries: defaultdict[tuple[str, str | None], set[int]] = defaultdict(set)
    for f in fields:
        if f.value:
            weights[f.value, f.unit_code] += 1.0 if f.known else f.confidence
            entries[f.value, f.unit_code].add(f.entry)
    kept = [c for c in weights if c[1] or len(entries[c]) > 1]      # what is no commune must stand in several entries
    return sorted(kept, key=lambda c: (-weights[c], c[0], c[1] or ""))[:_MOST]


def _habits(fields: Sequence[PlaceField], place: int) -> dict[tuple[str, str | None], float]:
    """Shares of the book's places as the prior of one field: those of the same field in other entries first; never by itself."""
    mine = fields[place]
    weights: defaultdict[tuple[str, str | None], float] = defaultdict(float)
    for i, f in enumerate(fields):
        if i != place and f.value:
            weights[f.value, f.unit_code] += (1.0 if f.known else f.confidence) * (1.0 if f.code == mine.code else _OTHER_FIELD)
    total = sum(weights.values())
    if not total:
        return {}
    trust = _HABIT * total / (total + _HABIT_COUNT)
    return {c: trust * w / total for c, w in weights.items()}


def _base(unit_code: str | None, office: Unit | None) -> float:
    if unit_code is None:
        return _FREE_TEXT
    if office is None:
        return 1e-4
    unit = default_gazetteer().unit(unit_code)
    if unit_code == office.code:
        return _SAME_COMMUNE
    if unit is not None and unit.district_code and unit.district_code == office.district_code:
        return _SAME_DISTRICT
    return _SAME_PROVINCE if unit is not None and unit.province_code == office.province_code else _ELSEWHERE


def _forms(value: str, unit_code: str | None) -> list[tuple[str, float]]:
    """How the place may be written, folded, with how usual that is: as read, and for a commune also in short."""
    parts = value.split(", ")
    forms = {plain(value): 0.75}
    if unit_code and len(parts) >= 2:
        bare = [split_kind(p)[1] for p in parts]
        for text, weight in ((", ".join(bare), 0.1), (", ".join([parts[0], *bare[1:]]), 0.05), (", ".join(parts[:2]), 0.1)):
            forms.setdefault(plain(text), weight)
    return list(forms.items())
