"""Whom the best candidates of one role bring for the others of an entry: parents, partners, children that the parents have together."""
from __future__ import annotations

import numpy as np

from matching.compiled import compiled
from matching.families import Families
from matching.population import FEMALE, MALE, UNKNOWN, People
from matching.readings import Bonded
from matching.ties import among, neighbours

FAMILY_OF = 4           # so many of the best candidates bring their families
_CHILDREN = 6           # children of one couple that are brought
_MOST = 64              # people brought to one role


def with_relatives(bonded: Bonded, sex: np.ndarray, starts: np.ndarray, rows: np.ndarray, people: People, families: Families
                   ) -> tuple[np.ndarray, np.ndarray]:
    """(starts, rows) of each reading's candidates, likeliest first, with their families' people added after them, ascending. sex: int8
    (readings,), 0 for unknown."""
    readings = len(starts) - 1
    brought = np.empty((readings, _MOST), dtype=np.int32)
    count = np.zeros(readings, dtype=np.int64)
    _bring_all(bonded, sex, starts, rows, people, families, brought, count)
    parts = [np.concatenate((own, np.setdiff1d(brought[r, :count[r]], own))) if count[r] else own
             for r in range(readings) for own in (rows[starts[r]:starts[r + 1]],)]
    return np.cumsum([0, *map(len, parts)]), np.concatenate([np.empty(0, dtype=np.int32), *parts])


@compiled
def _bring_all(bonded: Bonded, sex: np.ndarray, starts: np.ndarray, rows: np.ndarray, people: People, families: Families,
               brought: np.ndarray, count: np.ndarray) -> None:
    for r in range(len(starts) - 1):
        best = rows[starts[r]:min(starts[r + 1], starts[r] + FAMILY_OF)]
        partner, parents = bonded.partner[r], bonded.parents[r]
        if partner >= 0:
            for row in best:
                for other in neighbours(families.partners, row):
                    if people.sex[other] == UNKNOWN or people.sex[other] == sex[partner]:
                        _bring(brought, count, partner, other)
        for k in range(len(parents)):
            if parents[k] < 0:
                continue
            for row in best:
                if sex[parents[k]] != MALE:
                    _bring(brought, count, parents[k], people.mother[row])
                if sex[parents[k]] != FEMALE:
                    _bring(brought, count, parents[k], people.father[row])
            if k % 2 == 0:
                _bring_children(r, parents[k], parents[k + 1], starts, rows, families, brought, count)


@compiled
def _bring(brought: np.ndarray, count: np.ndarray, r: int, row: int) -> None:
    if row >= 0 and count[r] < _MOST:
        brought[r, count[r]] = row
        count[r] += 1


@compiled
def _bring_children(child: int, one: int, other: int, starts: np.ndarray, rows: np.ndarray, families: Families, brought: np.ndarray,
                    count: np.ndarray) -> None:
    """The first children that one of the best of one parent has with one of the best of the other, or alone if there is none."""
    taken = 0
    for i in range(starts[one], min(starts[one + 1], starts[one] + FAMILY_OF)):
        for c in neighbours(families.children, rows[i]):
            shared = other < 0
            if other >= 0:
                for j in range(starts[other], min(starts[other + 1], starts[other] + FAMILY_OF)):
                    shared = shared or among(c, neighbours(families.children, rows[j]))
            if shared and taken < _CHILDREN:
                _bring(brought, count, child, c)
                taken += 1
