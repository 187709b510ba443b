"""Which people are compared with an entry at all: several blocks that fail for different reasons, so that one misread field loses nobody.

A block joins a few fields; a person is in it under the person's values, an entry asks for the values that may stand behind what was read.
Combinations nearest to what was read are tried first, and a block stops before it brings more than `_MOST` people, so that an entry costs
the same in a commune and in a country; values that too many people share say too little.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from matching.compiled import compiled

# Three overlapping groups of nine and six digits of a personal number: any one misread digit leaves one whole.
_GROUPS = {"number_start": np.r_[0:9], "number_end": np.r_[6:12], "number_middle": np.r_[3:6, 9:12]}
BLOCKS = {
    **{g: (g,) for g in _GROUPS},
    "birthday": ("year", "month", "day"),
    "born": ("born_in", "year"),
    "living": ("living_in", "year"),
    "named_year": ("given", "year"),
    "named_born": ("born_in", "given"),
    "named_living": ("living_in", "given"),
    "named_day": ("given", "month", "day"),                 # where the year was misread
    "parents": ("mother_given", "father_given"),
    "partner": ("given", "partner_given"),
}
FIELDS = tuple(dict.fromkeys(f for fields in BLOCKS.values() for f in fields))
_SIZES = {"year": 2200, "month": 13, "day": 32}             # values of a field; given names by the vocabulary, the rest comes first
_MOST = 600


class Postings(NamedTuple):
    """Rows by an integer key. keys: int64 (keys,), ascending; starts: int32 (keys + 1,); rows: int32, ascending within a key."""

    keys: np.ndarray
    starts: np.ndarray
    rows: np.ndarray


class Asked(NamedTuple):
    """What every reading asks for: `first[f, r]:first[f, r + 1]` are the values of field f (of FIELDS) that reading r may have, likeliest
    first. values: int64; first: int64 (fields, readings + 1); sex: int8 (readings,), the sex the role fixes or 0."""

    values: np.ndarray
    first: np.ndarray
    sex: np.ndarray


def block_arrays(people: Mapping[str, np.ndarray], numbers: np.ndarray, given_of: np.ndarray, tokens: int, commune: np.ndarray
                 ) -> dict[str, np.ndarray]:
    """The postings of all blocks. people: columns as `matching.population.People` has them; given_of: the given name's token by name, -1
    for the empty name; tokens: how many tokens there are; commune: by place."""
    values: dict[str, np.ndarray] = {f: people[f].astype(np.int64) for f in ("year", "month", "day")}
    values |= {f: commune[people[c]].astype(np.int64) for f, c in (("born_in", "birth_place"), ("living_in", "residence"))}
    values |= {f: given_of[people[c]].astype(np.int64) for f, c in (
        ("given", "name"), ("mother_given", "mother_name"), ("father_given", "father_name"), ("partner_given", "spouse_name"))}
    digits = numbers.astype("S12").view(np.uint8).reshape(-1, 12).astype(np.int64) - ord("0")
    whole = ((digits >= 0) & (digits <= 9)).all(axis=1) & (numbers.astype("S12") == numbers)
    values |= {g: np.where(whole, _joined_digits(digits[:, chosen]), -1) for g, chosen in _GROUPS.items()}
    unknown = {"month": 1, "day": 1}                        # the least value that says something; 0 else
    out = {}
    for block, (fields, sizes) in zip(BLOCKS, _radices(tokens), strict=True):
        has = np.flatnonzero(np.logical_and.reduce([values[f] >= unknown.get(f, 0) for f in fields]))
        key = np.zeros(len(has), dtype=np.int64)
        for field, size in zip(fields, sizes, strict=True):
            key = key * size + values[field][has]
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[:len(ordered)])
        out[f"blocks.{block}.keys"] = ordered[first]
        out[f"blocks.{block}.starts"] = np.append(first, len(ordered)).astype(np.int32)
        out[f"blocks.{block}.rows"] = has[order].astype(np.int32)
    return out


def number_values(number: str) -> dict[str, list[int]]:
    """The values of a personal number in the fields of its groups of digits; none for a number of another length."""
    if len(number) != 12:
        return {}
    return {g: _joined_digits(np.array([[int(number[k]) for k in chosen]])).tolist() for g, chosen in _GROUPS.items()}


def _joined_digits(digits: np.ndarray) -> np.ndarray:
    return (digits * 10 ** np.arange(digits.shape[1])[::-1]).sum(axis=1)


def _radices(tokens: int) -> list[tuple[tuple[str, ...], list[int]]]:
    """The fields of each block with the factor by which the key so far is moved up for each."""
    return [(fields, [_SIZES.get(f, tokens if f.endswith("given") else 1) for f in fields]) for fields in BLOCKS.values()]


def recipes(tokens: int) -> np.ndarray:
    """For `find`: int64 (blocks, 3, 2), the number of each field of a block, -1 for none, and its factor."""
    out = np.full((len(BLOCKS), 3, 2), -1, dtype=np.int64)
    for b, (fields, sizes) in enumerate(_radices(tokens)):
        for k, (field, size) in enumerate(zip(fields, sizes, strict=True)):
            out[b, k] = FIELDS.index(field), size
    return out


def find(postings: tuple[Postings, ...], recipe: np.ndarray, asked: Asked, sex: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The people each reading is compared with: (starts (readings + 1,), rows int32), distinct, without those of another sex than the
    role's."""
    readings = len(asked.sex)
    starts = np.zeros(readings + 1, dtype=np.int64)
    rows = np.empty(readings * len(postings) * _MOST, dtype=np.int32)
    seen = np.full(len(sex), -1, dtype=np.int32)
    _find(postings, recipe, asked, sex, seen, np.zeros((2, 3), dtype=np.int64), starts, rows)
    return starts, rows[:starts[-1]].copy()


@compiled
def _find(postings: tuple[Postings, ...], recipe: np.ndarray, asked: Asked, sex: np.ndarray, seen: np.ndarray, scratch: np.ndarray,
          starts: np.ndarray, rows: np.ndarray) -> None:
    first, many = scratch[0], scratch[1]
    n = 0
    for r in range(len(asked.sex)):
        for b in range(len(postings)):
            for f in range(3):
                field = recipe[b, f, 0]
                first[f] = asked.first[field, r] if field >= 0 else 0
                many[f] = asked.first[field, r + 1] - first[f] if field >= 0 else 1
            if min(many[0], many[1], many[2]) == 0:
                continue
            brought = 0
            for rank in range(many[0] + many[1] + many[2] - 2):                      # of the combination: the sum of its values' ranks
                for i in range(min(rank + 1, many[0])):
                    for j in range(min(rank - i + 1, many[1])):
                        k = rank - i - j
                        if k >= many[2]:
                            continue
                        key = asked.values[first[0] + i]
                        if recipe[b, 1, 0] >= 0:
                            key = key * recipe[b, 1, 1] + asked.values[first[1] + j]
                        if recipe[b, 2, 0] >= 0:
                            key = key * recipe[b, 2, 1] + asked.values[first[2] + k]
                        at = np.searchsorted(postings[b].keys, key)
                        if at == len(postings[b].keys) or postings[b].keys[at] != key:
                            continue
                        here, end = postings[b].starts[at], postings[b].starts[at + 1]
                        if brought + end - here > _MOST:
                            continue
                        brought += end - here
                        for p in range(here, end):
                            row = postings[b].rows[p]
                            if seen[row] != r and (asked.sex[r] == 0 or sex[row] == 0 or sex[row] == asked.sex[r]):
                                rows[n] = row
                                n += 1
                            seen[row] = r
        starts[r + 1] = n
