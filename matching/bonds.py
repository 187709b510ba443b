"""Who in an entry belongs to whom, and what that says of the people of the registers of recognition, guardianship and adoption.

In a birth, mother, father and child are weighed at once (`household`). In the other registers a bond need not stand in the population: a
child is recognised before or after the snapshot, an adopted child has the numbers of either pair of parents. So each bond is a mixture:
with probability `LinkModel.bonds` the population shows it, else it says nothing. The child stands in the middle; what its parents'
candidates say of it and it of them is passed along the bonds (belief propagation on a star, which is exact; a couple is weighed before).
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matching.entry import SEX_OF_ROLE, Entry, RoleReading
from matching.evidence import RoleEvidence
from matching.household import Household, Posterior
from matching.population import FEMALE, MALE, UNKNOWN, PopulationIndex

PARTNERS = (("me", "cha"), ("vo", "chong"), ("meNuoi", "chaNuoi"), ("meGiao", "chaGiao"))
PARENTS: Mapping[str, tuple[str, ...]] = {"nks": ("me", "cha"), "nc": ("cm",), "cn": ("meNuoi", "chaNuoi", "meGiao", "chaGiao")}
_PARTNER_OF = {a: b for pair in PARTNERS for a, b in (pair, pair[::-1])}
_CHILDREN = 6               # children of both parents tried as the child of the entry


def named_in(index: PopulationIndex, role: str, other: RoleReading) -> np.ndarray | None:
    """The population's column that may give the other's name in the row of the role's person; None where there is none."""
    if _PARTNER_OF.get(role) == other.role:
        return index.spouse_name
    if other.role in PARENTS.get(role, ()):
        return {FEMALE: index.mother_name, MALE: index.father_name}.get(other.sex)
    return None


def relatives(index: PopulationIndex, entry: Entry, best: Mapping[str, list[int]]) -> dict[str, np.ndarray]:
    """Rows that the best candidates of one role (best: by role) bring for another: parents, partners, children of the parents."""
    families = index.families
    out: dict[str, list[int]] = {r.role: [] for r in entry.roles}
    sexes = {r.role: r.sex for r in entry.roles}
    for role, rows in best.items():
        partner = _PARTNER_OF.get(role)
        if partner in out:
            out[partner] += [int(p) for row in rows for p in families.partners(row) if index.sex[p] in (UNKNOWN, sexes[partner])]
    for child, parents in PARENTS.items():
        named = [p for p in parents if p in out]
        if child not in out or not named:
            continue
        for p in named:
            for column, sex in ((index.mother, FEMALE), (index.father, MALE)):
                if sexes[p] in (UNKNOWN, sex):
                    out[p] += [int(column[c]) for c in best[child]]
        for pair in (named[k:k + 2] for k in range(0, len(named), 2)):
            of_each = [{int(c) for row in best[p] for c in families.children(row)} for p in pair]
            out[child] += sorted(set.intersection(*of_each))[:_CHILDREN]
    return {role: np.array(sorted({r for r in rows if r >= 0}), dtype=np.int64) for role, rows in out.items()}


class Bonds:
    """The posterior of the roles of an entry of any register but those of births and weddings."""

    def __init__(self, household: Household) -> None:
        self.household, self.index, self.model = household, household.index, household.model

    def posterior(self, entry: Entry, evidence: Mapping[str, RoleEvidence]) -> Posterior:
        """By role, people who have no bond with one another each by themselves."""
        by_role: dict[str, np.ndarray] = {}
        hands = []
        for reading in entry.roles:
            role = reading.role
            if role in by_role:
                continue
            pair = next((p for p in PARTNERS if role in p and all(r in evidence for r in p)), None)
            found = self.household.couple(*(evidence[r] for r in pair)) if pair else self.household.alone(evidence[role])
            by_role |= found.by_role
            hands.append(found.hands)
        for child in (c for c in PARENTS if c in by_role):
            by_role |= self._star(child, [p for p in PARENTS[child] if p in by_role], by_role, evidence)
        return Posterior(by_role, np.mean(hands, axis=0) if hands else np.exp(self.model.log_shares))

    def _star(self, child: str, parents: list[str], by_role: Mapping[str, np.ndarray], evidence: Mapping[str, RoleEvidence]
              ) -> dict[str, np.ndarray]:
        """The posteriors of a child and its parents, from those without the bonds."""
        bonds = {p: self._bond(p, evidence[child], evidence[p]) for p in parents}
        said = {p: bonds[p] @ by_role[p] for p in parents}              # P(what was read of p | child) / P(what was read of p)
        out = {child: _normal(by_role[child] * np.prod([*said.values()], axis=0))}
        for p in parents:
            others = by_role[child] * np.prod([said[q] for q in parents if q != p], axis=0)
            out[p] = _normal(by_role[p] * (_normal(others) @ bonds[p]))
        return out

    def _bond(self, role: str, child: RoleEvidence, parent: RoleEvidence) -> np.ndarray:
        """P(this parent | this child) / P(this parent): (children + 1, parents + 1), the last for "not in the population"."""
        prior, index, ties = np.append(parent.log_prior, parent.log_absent), self.index, self.household.ties
        mother = ties.of_parents(child.rows, parent.rows, prior, index.mother, index.mother_name).weights
        father = ties.of_parents(child.rows, parent.rows, prior, index.father, index.father_name).weights
        sex = SEX_OF_ROLE.get(role)
        women = np.append(index.sex[parent.rows] == FEMALE, False) if sex is None else np.full(len(parent.rows) + 1, sex == FEMALE)
        tie = np.where(women[None, :], mother, father)
        tie[:, -1] = np.where(sex is None, np.maximum(mother[:, -1], father[:, -1]), tie[:, -1])
        shown = self.model.bonds[role]
        return shown * np.exp(tie) + 1 - shown


def _normal(p: np.ndarray) -> np.ndarray:
    return p / p.sum()
