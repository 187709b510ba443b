"""The people of one entry together: P(child, mother, father | all that was read), of a couple, of one person alone.

    P(c, m, f | read)  ~  P(c) P(m, f | c) P(read | c, m, f),    each of c, m, f a candidate or "not in the population"

P(m, f | c) comes from the population's own ties and is normalised over all pairs, candidates or not, so that a tie is never counted twice.
The hand is one latent value for the whole entry. What a family shares (the commune, the surname) is evidence for the newborn or, if the
newborn is not in the population, for the parents, never for both.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.comparisons import NameComparison
from matching.entry import RoleReading
from matching.evidence import RoleEvidence
from matching.model import LinkModel
from matching.population import NO_NAME, PopulationIndex
from matching.ties import FamilyTies, Ties


@dataclass(frozen=True)
class Posterior:
    """P(role is candidate) by role: float64 (candidates + 1,), the last for "not in the population"; and P(hand | entry): (hands,)."""

    by_role: dict[str, np.ndarray]
    hands: np.ndarray


class Household:
    def __init__(self, index: PopulationIndex, model: LinkModel, names: NameComparison) -> None:
        self.index, self.model, self.names = index, model, names
        self.ties = FamilyTies(index, model, names)

    def alone(self, person: RoleEvidence) -> Posterior:
        joint = self.model.log_shares[:, None] + _with_absent(person)[None, :]
        joint[:, :-1] += person.weights + person.place[None, :]
        return _posterior(np.exp(joint - joint.max()), (person.role,))

    def couple(self, wife: RoleEvidence, husband: RoleEvidence) -> Posterior:
        """The posterior of a wedding's two roles. Partners in the population are likely this couple, but people marry twice."""
        prior_w, prior_h = _with_absent(wife), _with_absent(husband)
        ties = self.ties.of_partners(wife.rows, husband.rows, prior_h)
        log_h = prior_h[None, :] + ties.weights
        log_h -= np.logaddexp(np.logaddexp.reduce(log_h, axis=1), np.log(self.model.present[husband.role]) + ties.rest)[:, None]
        joint = self.model.log_shares[:, None, None] + (prior_w[:, None] + log_h)[None]
        joint[:, :-1] += (wife.weights + wife.place[None, :])[:, :, None]
        joint[:, :, :-1] += (husband.weights + husband.place[None, :])[:, None, :]
        return _posterior(np.exp(joint - joint.max()), (wife.role, husband.role))

    def birth(self, child: RoleEvidence, mother: RoleEvidence, father: RoleEvidence, read: tuple[RoleReading, RoleReading, RoleReading]
              ) -> Posterior:
        """The posterior of a birth's three roles. read: what was read of child, mother and father."""
        child_read, mother_read, father_read = read
        n_c, n_m, n_f = len(child.rows), len(mother.rows), len(father.rows)
        joint = self.model.log_shares[:, None, None, None] + (_with_absent(child)[:, None, None] + self._pairs(child, mother, father))[None]
        joint[:, :n_c] += (child.weights + child.place[None, :])[:, :, None, None]
        joint[:, :, :n_m] += mother.weights[:, None, :, None]
        joint[:, :, :, :n_f] += father.weights[:, None, None, :]
        joint[:, :, n_m, :] += self._named_in_family(child.rows, father.rows, self.index.mother_name, mother_read)
        joint[:, :, :, n_f] += self._named_in_family(child.rows, mother.rows, self.index.father_name, father_read)
        joint[:, n_c, :n_m, :] += mother.place[None, :, None]
        joint[:, n_c, n_m, :n_f] += father.place[None, :]
        joint[:, n_c, :n_m, :n_f] += np.minimum(father.place, 0.0)[None, None, :]       # a couple lives together: agreement counts once
        if not father_read.tokens:                                                      # else the father's own surname has said it
            surname = self.names.surname_weights(list(child_read.tokens), self.index.name[father.rows], self.model.surname_kept)
            joint[:, n_c, :, :n_f] += surname[:, None, :]
        return _posterior(self._with_twins(joint, child, list(child_read.tokens)), (child.role, mother.role, father.role))

    def _pairs(self, child: RoleEvidence, mother: RoleEvidence, father: RoleEvidence) -> np.ndarray:
        """ln P(mother, father | child, the population's ties): (children + 1, mothers + 1, fathers + 1), normalised over these pairs
        and all
        others, who stand in one more row and column while summing."""
        index, n_f = self.index, len(father.rows)
        prior_m, prior_f = _with_absent(mother), _with_absent(father)
        to_mother = self.ties.of_parents(child.rows, mother.rows, prior_m, index.mother, index.mother_name)
        to_father = self.ties.of_parents(child.rows, father.rows, prior_f, index.father, index.father_name)
        between = self.ties.of_partners(mother.rows, father.rows, prior_f)
        tie_cf = np.column_stack((to_father.weights, to_father.rest))
        tie_mf = np.vstack((np.column_stack((between.weights, between.rest)), np.zeros(n_f + 2)))
        once = to_father.by_name[:, None] & np.append(between.by_name, False)[None, :]
        ties = np.where(once[:, :, None], np.maximum(tie_cf[:, None, :], tie_mf[None]), tie_cf[:, None, :] + tie_mf[None])
        self._add_agreeing_names(ties, child.rows, mother.rows, father.rows, to_mother, to_father, between)
        log_m = np.column_stack((prior_m[None, :] + to_mother.weights, np.log(self.model.present[mother.role]) + to_mother.rest))
        pairs = log_m[:, :, None] + np.append(prior_f, np.log(self.model.present[father.role]))[None, None, :] + ties
        pairs -= np.logaddexp.reduce(pairs.reshape(len(pairs), -1), axis=1)[:, None, None]
        return pairs[:, :-1, :-1]

    def _add_agreeing_names(self, ties: np.ndarray, c: np.ndarray, m: np.ndarray, f: np.ndarray, to_mother: Ties, to_father: Ties,
                            between: Ties
                            ) -> None:
        """Where the child's row and one parent's both name the other parent, their agreeing speaks for the first parent, and the name
        speaks
        once for a person who bears it."""
        n_c, n_m, n_f = len(c), len(m), len(f)
        agreed = self.ties.named_alike(c, self.index.father_name, m, between.by_name)
        ties[:n_c, :n_m, :] += np.where(to_father.by_name[:n_c, None], agreed, 0.0)[:, :, None]
        ties[:n_c, :n_m, n_f] += np.where(to_father.by_name[:n_c, None], 0.0, agreed)
        said, silent, by_name = self.ties.said_by_second(m, f, between)
        once = to_mother.by_name[:, None, None] & by_name[None, None, :-1]
        ties[:, :n_m, :n_f] += np.where(once, np.minimum(said, 0.0)[None], said[None])
        agreed = np.where(to_mother.by_name[:n_c, None], self.ties.named_alike(c, self.index.mother_name, f, by_name), 0.0)
        ties[:n_c, :, :n_f] += agreed[:, None, :] * np.append(silent, (True, True))[None, :, None]

    def _named_in_family(self, children: np.ndarray, partners: np.ndarray, column: np.ndarray, read: RoleReading) -> np.ndarray:
        """The weight of the name read for a parent who is not in the population, against the name the child's row gives, else those
        that the
        other parent's row gives: (hands, children + 1, partners + 1)."""
        out = np.zeros((len(self.model.hands), len(children) + 1, len(partners) + 1))
        if not read.tokens:
            return out
        named = [self.index.families.partner_names(int(p)) for p in partners]
        weight = self.names.weights(list(read.tokens), np.concatenate([column[children], *named]).astype(np.int64), read.sex)
        at, couple = len(children), self.model.couple
        for j, names in enumerate(named):
            if len(names):
                mean = np.logaddexp.reduce(weight[:, at:at + len(names)], axis=1) - np.log(len(names))
                out[:, :, j] = np.logaddexp(mean + np.log(couple), np.log1p(-couple))[:, None]
            at += len(names)
        has_name = np.flatnonzero(column[children] != NO_NAME)
        out[:, has_name, :] = weight[:, has_name, None]
        return out

    def _with_twins(self, joint: np.ndarray, child: RoleEvidence, tokens: list[str]) -> np.ndarray:
        """exp(joint), part of each newborn's mass moved to "not in the population": the entry may be of a twin who is not, with whom
        all but
        the given name and the sex would agree as well."""
        odds = np.log(self.model.twins) + child.log_absent - np.log1p(-np.exp(child.log_absent))
        surname = self.names.surname_weights(tokens, self.index.name[child.rows], self.model.surname_kept)
        share = np.exp(odds + surname - child.name - child.parts["sex"][None, :])
        mass = np.exp(joint - joint.max())
        mass[:, -1] += (mass[:, :-1] * share[:, :, None, None]).sum(axis=1)
        return mass


def _with_absent(evidence: RoleEvidence) -> np.ndarray:
    return np.append(evidence.log_prior, evidence.log_absent)


def _posterior(joint: np.ndarray, roles: tuple[str, ...]) -> Posterior:
    """From the unnormalised joint probability (hands, role, role …)."""
    joint = joint / joint.sum()
    axes = range(joint.ndim)
    by_role = {role: joint.sum(axis=tuple(a for a in axes if a != k + 1)) for k, role in enumerate(roles)}
    return Posterior(by_role, joint.sum(axis=tuple(a for a in axes if a)))
