"""P(mother, father | child) by what the population's own rows say of all three, before anything is read."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.ties import TieModel, Ties, named_alike, said_by_second, to_parents, to_partners

_NOTHING = -45.0        # nats below the likeliest that count for nothing


class PairRoom(NamedTuple):
    """pairs: (children + 1, mothers + 2, fathers + 2), the result; the rest is scratch."""

    pairs: np.ndarray
    to_mother: Ties
    to_father: Ties
    between: Ties
    said: np.ndarray
    silent: np.ndarray
    by_name: np.ndarray

    @classmethod
    def of(cls, children: int, mothers: int, fathers: int) -> PairRoom:
        """For at most so many candidates of each role."""
        return cls(np.empty((children + 1, mothers + 2, fathers + 2)), Ties.room(children, mothers), Ties.room(children, fathers),
                   Ties.room(mothers, fathers), np.empty((mothers, fathers)), np.empty(mothers, dtype=np.bool_),
                   np.empty(fathers, dtype=np.bool_))


@compiled
def weigh_pairs(children: np.ndarray, mothers: np.ndarray, fathers: np.ndarray, mother_prior: np.ndarray, father_prior: np.ndarray,
                mother_present: float, father_present: float, model: TieModel, room: PairRoom) -> None:
    """Fill room.pairs with ln P(mother, father | child, the population's ties), the last child for one who is not in the population, the
    last two parents for one who is not and for one who is but is no candidate. …_prior: ln P, (candidates + 1,); …_present: ln P(in the
    population). Normalised over all pairs of each child."""
    n_c, n_m, n_f = len(children), len(mothers), len(fathers)
    people, pairs = model.people, room.pairs
    to_parents(children, mothers, mother_prior, people.mother, people.mother_name, model, room.to_mother)
    to_parents(children, fathers, father_prior, people.father, people.father_name, model, room.to_father)
    to_partners(mothers, fathers, father_prior, model, room.between)
    for c in range(n_c + 1):
        for m in range(n_m + 2):
            prior = (mother_prior[m] if m <= n_m else mother_present) + room.to_mother.weights[c, m]
            once = m <= n_m and room.to_father.by_name[c] and room.between.by_name[m]
            for f in range(n_f + 2):
                by_child, by_mother = room.to_father.weights[c, f], room.between.weights[m, f] if m <= n_m else 0.0
                tie = max(by_child, by_mother) if once else by_child + by_mother
                pairs[c, m, f] = prior + (father_prior[f] if f <= n_f else father_present) + tie
    _add_agreeing_names(children, mothers, fathers, model, room)
    for c in range(n_c + 1):
        best, total = -np.inf, 0.0
        for m in range(n_m + 2):
            for f in range(n_f + 2):
                best = max(best, pairs[c, m, f])
        for m in range(n_m + 2):
            for f in range(n_f + 2):
                if pairs[c, m, f] > best + _NOTHING:
                    total += np.exp(pairs[c, m, f] - best)
        for m in range(n_m + 2):
            for f in range(n_f + 2):
                pairs[c, m, f] -= best + np.log(total)


@compiled
def _add_agreeing_names(children: np.ndarray, mothers: np.ndarray, fathers: np.ndarray, model: TieModel, room: PairRoom) -> None:
    """Where the child's row and one parent's both name the other parent, their agreeing speaks for the first parent, and the name speaks
    once for a person who bears it."""
    n_c, n_m, n_f = len(children), len(mothers), len(fathers)
    for c in range(n_c):
        for m in range(n_m):
            if room.between.by_name[m]:
                agreed = named_alike(children[c], model.people.father_name, mothers[m], model)
                for f in range(n_f + 2):
                    if room.to_father.by_name[c] or f == n_f:
                        room.pairs[c, m, f] += agreed
    said_by_second(mothers, fathers, room.between, model, room.said, room.silent, room.by_name)
    for f in range(n_f):
        if not room.by_name[f]:
            continue
        for c in range(n_c + 1):
            for m in range(n_m):
                room.pairs[c, m, f] += min(room.said[m, f], 0.0) if room.to_mother.by_name[c] else room.said[m, f]
            if c < n_c and room.to_mother.by_name[c]:
                agreed = named_alike(children[c], model.people.mother_name, fathers[f], model)
                for m in range(n_m + 2):
                    if m >= n_m or room.silent[m]:
                        room.pairs[c, m, f] += agreed
