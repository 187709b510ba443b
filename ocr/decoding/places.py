"""Places: the communes of the time, the registry's own neighbourhood first, scored on the image; what fits none stays as it was read."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocr.decoding.choice import Choice, Scored, choose, free_text_weight
from ocr.decoding.folding import fold_text, plain
from ocr.lattice import Lattice
from records.places import TWO_TIERS, Unit, default_gazetteer, split_kind, written

SAME_COMMUNE, SAME_DISTRICT, SAME_PROVINCE, ELSEWHERE = 0.4, 0.3, 0.22, 0.08
OTHER_TIME = math.log(0.1)       # a unit that did not exist on that day
NEAREST = 64            # texts that are scored on the image
EDIT_COST = 3.0         # nats a letter by which a text differs from the reader's own, for choosing those
# first days of lists of communes (records.places), the first a day of the oldest
_NEW_LISTS = (date(2019, 6, 1), date(2020, 3, 1), date(2024, 11, 1), TWO_TIERS)
SURE_ENOUGH = 0.5       # below this the whole country is tried as well


@dataclass(frozen=True)
class PlaceReading:
    """choice.value: the unit as books write it, or the reader's text; code: the unit's, None for free text."""

    choice: Choice
    code: str | None


@dataclass(frozen=True)
class _Candidates:
    """Units and the ways to write them: texts[k] is a way to write units[owner[k]]. codes: of each unit, its district, its province."""

    units: tuple[Unit, ...]
    texts: tuple[str, ...]
    owner: np.ndarray
    log_form: np.ndarray
    codes: np.ndarray


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
    codes = np.array([(u.code, u.district_code, u.province_code) for u in units]).reshape(-1, 3)
    return _Candidates(tuple(units), tuple(texts), np.array(owner, dtype=np.int64), np.array(log_form), codes)


def _list_day(on: date) -> date:
    """A day with the same list of communes, the same for all days that share it."""
    return max((day for day in _NEW_LISTS if day <= on), default=_NEW_LISTS[0])


def _log_priors(c: _Candidates, office: Unit | None, habits: Mapping[str, float]) -> np.ndarray:
    """ln of how likely each unit is in a book of this office."""
    if office is None:
        return np.full(len(c.units), -math.log(max(1, len(c.units))))
    share = np.where(c.codes[:, 2] == office.province_code, SAME_PROVINCE / 200, ELSEWHERE / 10000)
    if office.district_code:
        share = np.where(c.codes[:, 1] == office.district_code, SAME_DISTRICT / 20, share)
    share = np.where(c.codes[:, 0] == office.code, SAME_COMMUNE, share)
    for code, w in habits.items():
        share = share + w * (c.codes[:, 0] == code)
    return np.log(share)


def _nearest(folded: Sequence[Lattice], c: _Candidates, prior: np.ndarray, temperature: float) -> np.ndarray:
    """The texts (their places) near what the reader read, or likely beforehand: only these are worth scoring on the image."""
    guesses = [f.best_text() for f in folded]
    distance = process.cdist(guesses, c.texts, scorer=Levenshtein.distance, dtype=np.int32).sum(axis=0)
    weight = prior[c.owner] + c.log_form - temperature * EDIT_COST * distance
    near = np.argsort(distance, kind="stable")[:NEAREST // 2]
    return np.unique(np.concatenate((near, np.argsort(-weight, kind="stable")[:NEAREST // 2])))


def read_place(lattices: Sequence[Lattice], on: date, office: Unit | None, temperature: float,
               habits: Mapping[str, float] | None = None) -> PlaceReading | None:
    """The commune written in one blank, or in several that are known to hold the same place.

    on: the day of registration, which settles what communes there were; office: the registering commune;
    habits: unit code -> share of this book's places that are it, once known.
    """
    folded = [fold_text(x) for x in lattices]
    other = sum(free_text_weight(f, temperature) for f in folded)
    best: PlaceReading | None = None
    for province in [office.province_code, None] if office else [None]:
        c = _candidates(_list_day(on), province)
        if not c.units:
            continue
        prior = _log_priors(c, office, habits or {})
        near = _nearest(folded, c, prior, temperature)
        scores = np.sum([f.scores([c.texts[k] for k in near]) for f in folded], axis=0)
        by_name: dict[str, str] = {}
        scored = []
        for k, s in zip(near, scores, strict=True):
            if s > -math.inf:
                unit = c.units[c.owner[k]]
                value = written(unit)
                by_name.setdefault(value, unit.code)
                scored.append(Scored(value, c.texts[k], float(s), float(c.log_form[k] + prior[c.owner[k]])))
        choice = choose(scored, temperature, other)
        if choice is not None and (best is None or choice.probability > best.choice.probability):
            best = PlaceReading(choice, by_name[choice.value])
        if best and best.choice.probability > SURE_ENOUGH:
            break
    return best
