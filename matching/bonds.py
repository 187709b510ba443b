"""Who in an entry belongs to whom, and what that says of the people of the registers of recognition, guardianship and adoption.

In a birth, mother, father and child are weighed at once (`household`). In the other registers a bond need not stand in the population: a
child is recognised before or after the snapshot, an adopted child has the numbers of either pair of parents. So each bond is a mixture:
with probability `LinkModel.bonds` the population shows it, else it says nothing. The child stands in the middle; what its parents'
candidates say of it and it of them is passed along the bonds (belief propagation on a star, which is exact; a couple is weighed before).
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from matching.entry import SEX_OF_ROLE
from matching.model import LinkModel
from matching.population import FEMALE, People
from matching.ties import TieModel, Ties, to_parents

PARTNERS = (("me", "cha"), ("vo", "chong"), ("meNuoi", "chaNuoi"), ("meGiao", "chaGiao"))
PARENTS: Mapping[str, tuple[str, ...]] = {"nks": ("me", "cha"), "nc": ("cm",), "cn": ("meNuoi", "chaNuoi", "meGiao", "chaGiao")}
PARENTS_MOST = 4
_PARTNER_OF = {a: b for pair in PARTNERS for a, b in (pair, pair[::-1])}


@lru_cache(maxsize=256)
def bonds_of(roles: tuple[str, ...]) -> Mapping[str, tuple[str | None, tuple[str, ...]]]:
    """For each role of an entry: its partner and its parents, as far as they are among the roles."""
    return {role: (partner if (partner := _PARTNER_OF.get(role)) in roles else None,
                   tuple(p for p in PARENTS.get(role, ()) if p in roles)) for role in roles}


@lru_cache(maxsize=256)
def weighed_together(kind: str, roles: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The roles in groups that `household` weighs at once: a birth's three, a couple, one person."""
    if kind == "KS":
        return (("nks", "me", "cha"),)
    pairs = [p for p in PARTNERS if set(p) <= set(roles)]
    return (*pairs, *((r,) for r in roles if not any(r in p for p in pairs)))


class Person:
    """A role's candidates: rows (n,); prior (n + 1,), ln P, and p (n + 1,), the probability so far, the last for "not in the
    population"."""

    def __init__(self, rows: np.ndarray, prior: np.ndarray, p: np.ndarray) -> None:
        self.rows, self.prior, self.p = rows, prior, p


class Bonds:
    """What the bonds between the roles of an entry of any register but births and weddings make of their probabilities."""

    def __init__(self, people: People, ties: TieModel, model: LinkModel) -> None:
        self.people, self._ties, self._model = people, ties, model

    def heard(self, by_role: Mapping[str, Person]) -> dict[str, np.ndarray]:
        """The probabilities, (candidates + 1,), of the roles that have a bond, from those without it."""
        out: dict[str, np.ndarray] = {}
        for child in (c for c in PARENTS if c in by_role):
            out |= self._star(by_role[child], child, {p: by_role[p] for p in PARENTS[child] if p in by_role})
        return out

    def _star(self, child: Person, role: str, parents: Mapping[str, Person]) -> dict[str, np.ndarray]:
        bonds = {p: self._bond(p, child, person) for p, person in parents.items()}
        said = {p: bonds[p] @ person.p for p, person in parents.items()}    # P(what was read of p | child) / P(what was read of p)
        out = {role: _normal(child.p * _product(said.values(), child.p))}
        for p, person in parents.items():
            others = child.p * _product([said[q] for q in parents if q != p], child.p)
            out[p] = _normal(person.p * (_normal(others) @ bonds[p]))
        return out

    def _bond(self, role: str, child: Person, parent: Person) -> np.ndarray:
        """P(this parent | this child) / P(this parent): (children + 1, parents + 1), the last for "not in the population"."""
        people, count = self.people, len(parent.rows)
        mother, father = (self._to(child, parent, numbers, names) for numbers, names in (
            (people.mother, people.mother_name), (people.father, people.father_name)))
        sex = SEX_OF_ROLE.get(role)
        women = np.append(people.sex[parent.rows] == FEMALE, False) if sex is None else np.full(count + 1, sex == FEMALE)
        tie = np.where(women[None, :], mother, father)
        tie[:, -1] = np.where(sex is None, np.maximum(mother[:, -1], father[:, -1]), tie[:, -1])
        shown = self._model.bonds[role]
        return shown * np.exp(tie) + 1 - shown

    def _to(self, child: Person, parent: Person, number: np.ndarray, name: np.ndarray) -> np.ndarray:
        ties = Ties.room(len(child.rows), len(parent.rows))
        to_parents(child.rows, parent.rows, parent.prior, number, name, self._ties, ties)
        return ties.weights[:, :-1]


def _product(factors: Iterable[np.ndarray], like: np.ndarray) -> np.ndarray:
    return np.prod([np.ones_like(like), *factors], axis=0)


def _normal(p: np.ndarray) -> np.ndarray:
    return p / p.sum()
