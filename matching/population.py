"""The population in memory, as the linker asks it: columns of small integers, one row a person, and who belongs to whom."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from matching.places import PlaceTable
from matching.vocabulary import GIVEN, MAX_TOKENS, MIDDLE, SURNAME, Vocabulary, part_of, tokens_of

NOBODY, ELSEWHERE = -1, -2      # no number given; a number given of somebody who is not in the population
UNKNOWN, MALE, FEMALE = 0, 1, 2
SEX_CODES = {"nam": MALE, "nữ": FEMALE, "nu": FEMALE, "1": MALE, "2": FEMALE}
NO_NAME = 0                     # the id of the empty name


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person of a population snapshot; dates YYYY-MM-DD, YYYY-MM, YYYY or empty, numbers digits only, empty where unknown."""

    personal_id: str
    name: str
    birth_date: str = ""
    sex: str = ""
    ethnicity: str = ""
    nationality: str = ""
    birth_place: str = ""
    home_place: str = ""
    residence: str = ""
    father_name: str = ""
    father_id: str = ""
    mother_name: str = ""
    mother_id: str = ""
    spouse_name: str = ""
    spouse_id: str = ""
    status: str = ""


PERSON_COLUMNS = tuple(f.name for f in fields(PersonRecord))


def date_parts(text: str) -> tuple[int, int, int]:
    """(year, month, day) of an ISO or EDTF date, 0 where unknown or unspecified."""
    parts = [int(p) if p.isdecimal() else 0 for p in text.split("-")[:3]]
    year, month, day = (*parts, 0, 0, 0)[:3]
    return year, month if 1 <= month <= 12 else 0, day if 1 <= day <= 31 else 0


class NameTable:
    """Distinct names: tokens, how many people of each sex bear each, the vocabulary they are made of. Id 0 is the empty name.

    tokens: int32 (names, MAX_TOKENS), -1 after the end; length: int8 (names,); count: int32 (3 sexes: any, male, female; names).
    """

    def __init__(self, names: list[str], count: np.ndarray) -> None:
        self.names = names
        self.count = count
        split = [tokens_of(n) for n in names]
        ids: dict[str, int] = {}
        self.tokens = np.full((len(names), MAX_TOKENS), -1, dtype=np.int32)
        for k, tokens in enumerate(split):
            for j, t in enumerate(tokens):
                self.tokens[k, j] = ids.setdefault(t, len(ids))
        self.length = np.array([len(t) for t in split], dtype=np.int8)
        counts = np.zeros((3, 3, len(ids)), dtype=np.float64)
        for j in range(MAX_TOKENS):
            for part in (SURNAME, MIDDLE, GIVEN):
                here = (self.tokens[:, j] >= 0) & np.array([part_of(j, n) == part for n in range(MAX_TOKENS + 1)])[self.length]
                for sex in (UNKNOWN, MALE, FEMALE):
                    np.add.at(counts[sex, part], self.tokens[here, j], count[sex, here])
        self.vocabulary = Vocabulary(list(ids), counts)
        self.total = np.maximum(count[:, 1:].sum(axis=1), 1)

    def given(self, name_ids: np.ndarray) -> np.ndarray:
        """The id of the last token of each name, -1 for the empty name."""
        last = np.maximum(self.length[name_ids].astype(np.int64) - 1, 0)
        return self.tokens[name_ids, last]

    def share(self, name_ids: np.ndarray, sex: int = UNKNOWN) -> np.ndarray:
        """The share of people (of a sex) who bear each name, never 0: an unseen name counts as half a person."""
        return np.maximum(self.count[sex, name_ids], 0.5) / self.total[sex]


class PopulationIndex:
    """One row a person, in the order of personal numbers, so that the same people give the same index whatever order they came in.

    ids: list[str]; name, father_name, mother_name, spouse_name: int32 ids into `names`; birth_place, home_place, residence: int32 ids into
    `places`; father, mother, spouse: int32 rows, NOBODY or ELSEWHERE; sex, year, month, day: small integers, 0 unknown.
    """

    def __init__(self, people: list[PersonRecord]) -> None:
        people = sorted(people, key=lambda p: p.personal_id)
        self.ids = [p.personal_id for p in people]
        self.row_of = {pid: k for k, pid in enumerate(self.ids)}
        if len(self.row_of) != len(self.ids):
            raise ValueError("a personal number occurs twice in one population")
        n = len(people)
        self.sex = np.fromiter((SEX_CODES.get(p.sex.strip().lower(), UNKNOWN) for p in people), np.int8, n)
        dates = np.array([date_parts(p.birth_date) for p in people], dtype=np.int16).reshape(n, 3)
        self.year, self.month, self.day = dates[:, 0].copy(), dates[:, 1].copy(), dates[:, 2].copy()
        self._index_names(people)
        self.places = PlaceTable()
        self.birth_place = self.places.add([p.birth_place for p in people])
        self.home_place = self.places.add([p.home_place for p in people])
        self.residence = self.places.add([p.residence for p in people])
        self.places.count(self.birth_place, self.residence)
        self.father = self._rows([p.father_id for p in people])
        self.mother = self._rows([p.mother_id for p in people])
        self.spouse = self._rows([p.spouse_id for p in people])

    @classmethod
    def build(cls, people: Iterable[PersonRecord]) -> PopulationIndex:
        """The index of these people; ValueError if a personal number occurs twice."""
        return cls(list(people))

    def __len__(self) -> int:
        return len(self.ids)

    def _index_names(self, people: list[PersonRecord]) -> None:
        ids: dict[str, int] = {"": NO_NAME}
        columns = []
        for attribute in ("name", "father_name", "mother_name", "spouse_name"):
            columns.append(np.fromiter((ids.setdefault(getattr(p, attribute), len(ids)) for p in people), np.int32, len(people)))
        self.name, self.father_name, self.mother_name, self.spouse_name = columns
        count = np.zeros((3, len(ids)), dtype=np.int32)
        for sex in (MALE, FEMALE):
            np.add.at(count[sex], self.name[self.sex == sex], 1)
        np.add.at(count[UNKNOWN], self.name, 1)
        count[:, NO_NAME] = 0
        self.names = NameTable(list(ids), count)

    def _rows(self, personal_ids: list[str]) -> np.ndarray:
        return np.fromiter((NOBODY if not pid else self.row_of.get(pid, ELSEWHERE) for pid in personal_ids), np.int32, len(personal_ids))

    @cached_property
    def year_share(self) -> np.ndarray:
        """float64 (3 sexes, 2200): the share of people (of a sex) born in each year, smoothed; row 0 is everyone."""
        out = np.zeros((3, 2200))
        for sex in (UNKNOWN, MALE, FEMALE):
            chosen = self.year if sex == UNKNOWN else self.year[self.sex == sex]
            out[sex] = np.bincount(np.clip(chosen, 0, 2199), minlength=2200)[:2200]
        out[:, 0] = 0
        out[:, 1880:2100] += 0.5
        return out / out.sum(axis=1, keepdims=True)

    @cached_property
    def first_of_january_unknown(self) -> float:
        """The probability that a birthday of 1 January only means that the day is not known: its surplus over one day in 365."""
        known = self.month > 0
        share = float(((self.month == 1) & (self.day == 1))[known].mean()) if known.any() else 0.0
        return float(np.clip(1 - (1 / 365) / share, 0.0, 0.99)) if share else 0.0

    @cached_property
    def missing_number_share(self) -> float:
        """Among people whose parents' names are given, the share without the parent's number."""
        named = np.concatenate((self.mother_name != NO_NAME, self.father_name != NO_NAME))
        unnumbered = np.concatenate((self.mother == NOBODY, self.father == NOBODY))
        return float(unnumbered[named].mean()) if named.any() else 0.5

    @cached_property
    def families(self) -> Families:
        return Families(self)


class Families:
    """Children and partners of each row, from the numbers the population gives.

    A partner is a spouse, or the other parent of a child.
    """

    def __init__(self, index: PopulationIndex) -> None:
        n = len(index)
        rows = np.arange(n, dtype=np.int64)
        self._children = _Adjacency(np.concatenate((index.mother, index.father)), np.concatenate((rows, rows)), n)
        both = (index.mother >= 0) & (index.father >= 0)
        m, f = index.mother[both], index.father[both]
        spouses = index.spouse >= 0
        a = np.concatenate((m, f, rows[spouses], index.spouse[spouses]))
        b = np.concatenate((f, m, index.spouse[spouses], rows[spouses]))
        self._partners = _Adjacency(a, b, n)
        named_m, named_f = (index.mother >= 0) & (index.father_name != NO_NAME), (index.father >= 0) & (index.mother_name != NO_NAME)
        has_spouse = index.spouse_name != NO_NAME
        self._partner_names = _Adjacency(
            np.concatenate((index.mother[named_m], index.father[named_f], rows[has_spouse])),
            np.concatenate((index.father_name[named_m], index.mother_name[named_f], index.spouse_name[has_spouse])), n)

    def children(self, row: int) -> np.ndarray:
        return self._children.of(row)

    def partners(self, row: int) -> np.ndarray:
        return self._partners.of(row)

    def partner_names(self, row: int) -> np.ndarray:
        """Ids of the names of the row's partners."""
        return self._partner_names.of(row)


class _Adjacency:
    """Sorted distinct neighbours by row, in two flat arrays."""

    def __init__(self, a: np.ndarray, b: np.ndarray, n: int) -> None:
        keep = a >= 0
        pairs = np.unique(np.stack((a[keep].astype(np.int64), b[keep].astype(np.int64)), axis=1), axis=0)
        self._start = np.searchsorted(pairs[:, 0], np.arange(n + 1))
        self._to = pairs[:, 1]

    def of(self, row: int) -> np.ndarray:
        return self._to[self._start[row]:self._start[row + 1]]
