"""The population as the linker asks it: columns of small integers, one row a person, and who belongs to whom.

All of it is a handful of flat arrays (`PopulationIndex.arrays`), made once a snapshot by `matching.index_build` and kept by
`matching.index_file` as a file that processes map into memory and share.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from matching.families import Families
from matching.places import PlaceTable
from matching.texts import TextTable
from matching.vocabulary import Vocabulary

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


class People(NamedTuple):
    """One row a person, ascending by personal number. sex, year, month, day: small integers, 0 unknown; …name: int32 ids of names; …place,
    residence: int32 ids of places; father, mother, spouse: int32 rows, NOBODY or ELSEWHERE; numbers: uint8 (people, width), zeros after
    the end."""

    sex: np.ndarray
    year: np.ndarray
    month: np.ndarray
    day: np.ndarray
    name: np.ndarray
    father_name: np.ndarray
    mother_name: np.ndarray
    spouse_name: np.ndarray
    birth_place: np.ndarray
    home_place: np.ndarray
    residence: np.ndarray
    father: np.ndarray
    mother: np.ndarray
    spouse: np.ndarray
    numbers: np.ndarray


class PersonalNumbers(Sequence[str]):
    """The personal numbers by row, ascending. table: bytes (people,), one fixed width."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [x.decode("utf-8") for x in self.table[row].tolist()]
        return bytes(self.table[int(row)]).decode("utf-8")


class RowOf(Mapping[str, int]):
    """The row of each personal number; KeyError for a number nobody has."""

    def __init__(self, numbers: PersonalNumbers) -> None:
        self._numbers = numbers

    def __getitem__(self, number: str) -> int:
        wanted = number.encode("utf-8")
        row = int(np.searchsorted(self._numbers.table, wanted)) if wanted else len(self)
        if row == len(self) or bytes(self._numbers.table[row]) != wanted:
            raise KeyError(number)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class NameColumns(NamedTuple):
    """Distinct names by id. tokens: int32 (names, MAX_TOKENS), -1 after the end; length: int8; count: int32 (3 sexes: any, male, female;
    names), how many people bear it; total: int64 (3,)."""

    tokens: np.ndarray
    length: np.ndarray
    count: np.ndarray           # type: ignore[assignment]
    total: np.ndarray


class NameTable:
    """Distinct names, how common each is, the vocabulary they are made of. Id 0 is the empty name."""

    def __init__(self, names: TextTable, columns: NameColumns, vocabulary: Vocabulary) -> None:
        self.names, self.columns, self.vocabulary = names, columns, vocabulary
        self.tokens, self.length, self.count, self.total = columns

    def given(self, name_ids: np.ndarray) -> np.ndarray:
        """The id of the last token of each name, -1 for the empty name."""
        last = np.maximum(self.length[name_ids].astype(np.int64) - 1, 0)
        return self.tokens[name_ids, last]

    def share(self, name_ids: np.ndarray, sex: int = UNKNOWN) -> np.ndarray:
        """The share of people (of a sex) who bear each name, never 0: an unseen name counts as half a person."""
        return np.maximum(self.count[sex, name_ids], 0.5) / self.total[sex]

    def words(self, name_id: int) -> list[str]:
        """The tokens of a name."""
        return [self.vocabulary.tokens[t] for t in self.tokens[name_id] if t >= 0]


class PopulationIndex:
    """One row a person, in the order of personal numbers, so that the same people give the same index whatever order they came in.

    Every column of `People` is an attribute too (index.sex, index.mother …). path: the file that it is mapped from, if it is.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], path: Path | None = None) -> None:
        self.arrays, self.path = arrays, path
        self.ids = PersonalNumbers(arrays["numbers"])
        self.row_of = RowOf(self.ids)
        width = arrays["numbers"].dtype.itemsize
        columns = {f: arrays[f"people.{f}"] for f in People._fields if f != "numbers"}
        self.people = People(**columns, numbers=arrays["numbers"].view(np.uint8).reshape(-1, width))
        vocabulary = Vocabulary(TextTable(arrays["vocabulary.letters"], arrays["vocabulary.ends"])[:], arrays["vocabulary.counts"])
        names = NameColumns(**{f: arrays[f"names.{f}"] for f in NameColumns._fields})
        self.names = NameTable(TextTable(arrays["names.letters"], arrays["names.ends"]), names, vocabulary)
        self.places = PlaceTable(TextTable(arrays["places.letters"], arrays["places.ends"])[:], arrays["places.count"])

    @classmethod
    def build(cls, people: Iterable[PersonRecord]) -> PopulationIndex:
        """The index of these people, in memory; ValueError if a personal number occurs twice."""
        from matching.index_build import build_arrays
        return cls(build_arrays(map(attrgetter(*PERSON_COLUMNS), people)))

    def __len__(self) -> int:
        return len(self.ids)

    def __getattr__(self, column: str) -> np.ndarray:
        if column in People._fields:
            return getattr(self.people, column)
        raise AttributeError(column)

    @property
    def year_share(self) -> np.ndarray:
        """float64 (3 sexes, 2200): the share of people (of a sex) born in each year, smoothed; row 0 is everyone."""
        return self.arrays["year_share"]

    @property
    def of_sex(self) -> np.ndarray:
        """int64 (3,): how many people are of unknown, male, female sex."""
        return self.arrays["of_sex"]

    @property
    def first_of_january_unknown(self) -> float:
        """The probability that a birthday of 1 January only means that the day is not known: its surplus over one day in 365."""
        return float(self.arrays["facts"][0])

    @property
    def missing_number_share(self) -> float:
        """Among people whose parents' names are given, the share without the parent's number."""
        return float(self.arrays["facts"][1])

    @cached_property
    def families(self) -> Families:
        return Families.of(self.arrays)
