"""Who belongs to whom in the population, from the numbers it gives: children, partners, the names of partners."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Neighbours(NamedTuple):
    """Sorted distinct neighbours of each row in two flat arrays. starts: int64 (rows + 1,); to: int32."""

    starts: np.ndarray
    to: np.ndarray

    def of(self, row: int) -> np.ndarray:
        return self.to[self.starts[row]:self.starts[row + 1]]


class Families(NamedTuple):
    """Rows of the children and partners of each row, ids of the names of its partners. A partner is a spouse, or the other parent of a
    child."""

    children: Neighbours
    partners: Neighbours
    partner_names: Neighbours

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Families:
        return cls(*(Neighbours(arrays[f"families.{f}.starts"], arrays[f"families.{f}.to"]) for f in cls._fields))


def family_arrays(people: Mapping[str, np.ndarray], no_name: int) -> dict[str, np.ndarray]:
    """The arrays of `Families` for the columns father, mother, spouse (rows or negative) and …_name (ids)."""
    father, mother, spouse = (people[c].astype(np.int64) for c in ("father", "mother", "spouse"))
    father_name, mother_name, spouse_name = (people[f"{c}_name"].astype(np.int64) for c in ("father", "mother", "spouse"))
    rows = np.arange(len(father), dtype=np.int64)
    both, wed = (mother >= 0) & (father >= 0), spouse >= 0
    m, f = mother[both], father[both]
    named_m, named_f = (mother >= 0) & (father_name != no_name), (father >= 0) & (mother_name != no_name)
    has_spouse = spouse_name != no_name
    found = {
        "children": _neighbours(np.concatenate((mother, father)), np.concatenate((rows, rows)), len(rows)),
        "partners": _neighbours(np.concatenate((m, f, rows[wed], spouse[wed])), np.concatenate((f, m, spouse[wed], rows[wed])), len(rows)),
        "partner_names": _neighbours(np.concatenate((mother[named_m], father[named_f], rows[has_spouse])),
                                     np.concatenate((father_name[named_m], mother_name[named_f], spouse_name[has_spouse])), len(rows)),
    }
    return {f"families.{name}.{part}": getattr(n, part) for name, n in found.items() for part in Neighbours._fields}


def _neighbours(a: np.ndarray, b: np.ndarray, rows: int) -> Neighbours:
    keep = a >= 0
    pairs = np.unique((a[keep] << 32) | b[keep])
    return Neighbours(np.searchsorted(pairs, np.arange(rows + 1, dtype=np.int64) << 32), (pairs & 0xFFFFFFFF).astype(np.int32))
