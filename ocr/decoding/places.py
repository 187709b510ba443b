"""Places: the communes of the time, the registry's own neighbourhood first, scored on the image; what fits none stays as it was read."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose, free_text_weight
from ocr.decoding.folding import fold_text, plain
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.places import TWO_TIERS, Unit, default_gazetteer, split_kind, written

SAME_COMMUNE, SAME_DISTRICT, SAME_PROVINCE, ELSEWHERE = 0.4, 0.3, 0.22, 0.08
OTHER_TIME = math.log(0.1)       # a unit that did not exist on that day
SURE_ENOUGH = 0.5       # below this the whole country is tried as well


@dataclass(frozen=True)
class PlaceReading:
    """choice.value: the unit as books write it, or the reader's text; code: the unit's, None for free text."""

    choice: Choice
    code: str | None


@dataclass(frozen=True)
class _Candidates:
    units: tuple[Unit, ...]
    owner: np.ndarray       # index of the unit of each text
    log_form: np.ndarray
    trie: Trie


def find_office(text: str | None, on: date | None) -> Unit | None:
    """The commune whose office wrote the book ("UBND Xã …"), if the gazetteer knows it."""
    if not text:
        return None
    found = [m for m in default_gazetteer().find(text, on=on, limit=3) if m.score > 0.75]
    return found[0].unit if found else None


def _forms(unit: Unit) -> list[tuple[str, float]]:
    """How a commune is written, folded, with how usual that is."""
    province, district = split_kind(unit.province)[1], split_kind(unit.district)[1]
    bare = unit.bare_name
    texts = [(written(unit), 0.6), (", ".join(p for p in (unit.name, unit.district, unit.province) if p), 0.15)]
    if unit.district:
        texts += [(f"{bare}, {district}, {province}", 0.1), (f"{unit.name}, {district}, {province}", 0.05),
                  (f"{unit.name}, {unit.district}", 0.1)]
    else:
        texts += [(f"{bare}, {province}", 0.1)]
    out: dict[str, float] = {}
    for text, weight in texts:
        out[plain(text)] = out.get(plain(text), 0.0) + weight
    return list(out.items())


@lru_cache(maxsize=24)
def _candidates(on: date, province: str | None) -> _Candidates:
    gazetteer = default_gazetteer()
    units = [u for u in gazetteer.communes_on(on) if province in (None, u.province_code)]
    if province:      # what is written is what is written: names of other years too, at a price
        known = {plain(written(u)) for u in units}
        for u in gazetteer.communes:
            if u.province_code == province and (u.lists == "D") == (on >= TWO_TIERS) and plain(written(u)) not in known:
                known.add(plain(written(u)))
                units.append(u)
    texts, owner, log_form = [], [], []
    for i, u in enumerate(units):
        for text, weight in _forms(u) if province else _forms(u)[:1]:
            texts.append(text)
            owner.append(i)
            log_form.append(math.log(weight) + (0.0 if u.existed(on) else OTHER_TIME))
    return _Candidates(tuple(units), np.array(owner, dtype=np.int64), np.array(log_form), Trie(texts))


def _log_prior(unit: Unit, office: Unit | None, count: int, habits: Mapping[str, float]) -> float:
    if office is None:
        return -math.log(count)
    if unit.code == office.code:
        share = SAME_COMMUNE
    elif unit.district_code and unit.district_code == office.district_code:
        share = SAME_DISTRICT / 20
    elif unit.province_code == office.province_code:
        share = SAME_PROVINCE / 200
    else:
        share = ELSEWHERE / 10000
    return math.log(share + habits.get(unit.code, 0.0))


def read_place(lattices: Sequence[Lattice], on: date, office: Unit | None, temperature: float,
               habits: Mapping[str, float] | None = None) -> PlaceReading | None:
    """The commune written in one blank, or in several that are known to hold the same place.

    on: the day of registration, which settles what communes there were; office: the registering commune;
    habits: unit code -> share of this book's places that are it, once known.
    """
    folded = [fold_text(x) for x in lattices]
    best: tuple[Choice, str] | None = None
    for province in [office.province_code, None] if office else [None]:
        c = _candidates(on, province)
        if not c.units:
            continue
        scores = np.sum([f_scores(c.trie, f) for f in folded], axis=0)
        scored = [
            Scored(c.units[o].code, c.trie.texts[k], float(scores[k]),
                   float(c.log_form[k]) + _log_prior(c.units[o], office, len(c.units), habits or {}))
            for k, o in enumerate(c.owner) if scores[k] > -math.inf
        ]
        other = sum(free_text_weight(f, temperature) for f in folded)
        choice = choose(scored, temperature, other)
        if choice is not None:
            codes = {u.code: u for u in c.units}
            named = Choice(written(codes[choice.value]), choice.text, choice.probability,
                           tuple((written(codes[v]), p) for v, p in choice.ranking))
            if best is None or choice.probability > best[0].probability:
                best = named, choice.value
        if best and best[0].probability > SURE_ENOUGH:
            break
    return PlaceReading(*best) if best else None


def f_scores(trie: Trie, folded: Lattice) -> np.ndarray:
    """ln P of each of the tree's texts on a folded lattice."""
    return trie.scores(folded.log_probs, folded.alphabet)
