"""The people of one entry together: P(child, mother, father | everything read), and of a couple, over the candidates and "not in the population".

    P(c, m, f, read) = P(c) P(m | c) P(f | c, m) P(read | c, m, f)

P(m | c) and P(f | c, m) come from the population's own numbers and names of parents and partners, and are normalised over all candidates
and the rest of the population, so that a family tie is never counted twice. The hand is one latent value for the whole entry. Values that a
family shares (commune, surname) are evidence for the newborn, or, if the newborn is not in the population, for the parents.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.comparisons import NameComparison
from matching.evidence import RoleEvidence
from matching.model import LinkModel
from matching.population import ELSEWHERE, NO_NAME, PopulationIndex



@dataclass(frozen=True)
class Posterior:
    """P(role is candidate) by role: float64 (candidates + 1,), the last for "not in the population"; and P(hand | entry)."""

    by_role: dict[str, np.ndarray]
    hands: np.ndarray


class Household:
    def __init__(self, index: PopulationIndex, model: LinkModel, names: NameComparison) -> None:
        self.index, self.model, self.names = index, model, names
        unnumbered, absent = index.missing_number_share, 0.1
        self._unnumbered = float(np.log(np.clip((unnumbered - absent) / (1 - absent), 0.02, 0.98)))
        self._alike: dict[tuple[int, int], float] = {}

    # ---- one birth --------------------------------------------------------------------------------------------------------------

    def birth(self, child: RoleEvidence, mother: RoleEvidence, father: RoleEvidence, surname: list[str],
              mother_read: tuple[list[str], int], father_read: tuple[list[str], int]) -> Posterior:
        """The posterior of the three roles. surname: the child's tokens as read; mother_read, father_read: tokens and sex, for a parent
        who is not in the population but whose name the child's row, or the partner's, gives."""
        model, hands = self.model, len(self.model.hands)
        n_c, n_m, n_f = len(child.rows), len(mother.rows), len(father.rows)
        prior_m, prior_f = _with_absent(mother.log_prior, mother.log_absent), _with_absent(father.log_prior, father.log_absent)
        tie_cm, rest_cm, _ = self._parent_ties(child.rows, mother.rows, prior_m, self.index.mother, self.index.mother_name)
        tie_cf, rest_cf, by_name_c = self._parent_ties(child.rows, father.rows, prior_f, self.index.father, self.index.father_name)
        tie_mf, rest_mf, by_name_m = self._partner_ties(mother.rows, father.rows, prior_f)
        log_m = prior_m[None, :] + tie_cm
        log_m -= np.logaddexp(np.logaddexp.reduce(log_m, axis=1), np.log(model.present["me"]) + rest_cm)[:, None]
        once = by_name_c[:, None] & by_name_m[None, :]          # the same name in the child's row and the mother's is one piece of evidence
        log_f = prior_f[None, None, :] + np.where(once[:, :, None], np.maximum(tie_cf[:, None, :], tie_mf[None, :, :]),
                                                  tie_cf[:, None, :] + tie_mf[None, :, :])
        rest_f = np.log(model.present["cha"]) + np.where(once, np.maximum(rest_cf[:, None], rest_mf[None, :]), rest_cf[:, None] + rest_mf[None, :])
        log_f -= np.logaddexp(np.logaddexp.reduce(log_f, axis=2), rest_f)[:, :, None]

        joint = np.zeros((hands, n_c + 1, n_m + 1, n_f + 1))
        joint += model.log_shares[:, None, None, None]
        joint += _with_absent(child.log_prior, child.log_absent)[None, :, None, None] + log_m[None, :, :, None] + log_f[None, :, :, :]
        joint[:, :n_c] += (child.weights + child.place[None, :])[:, :, None, None]
        joint[:, :, :n_m] += mother.weights[:, None, :, None]
        joint[:, :, :, :n_f] += father.weights[:, None, None, :]
        joint[:, :, n_m, :] += self._named_in_family(child.rows, father.rows, self.index.mother_name, *mother_read)
        joint[:, :, :, n_f] += self._named_in_family(child.rows, mother.rows, self.index.father_name, *father_read)
        joint[:, n_c, :n_m, :] += mother.place[None, :, None]
        joint[:, n_c, n_m, :n_f] += father.place[None, :]
        joint[:, n_c, :, :n_f] += self.names.surname_weights(surname, self.index.name[father.rows], model.surname_kept)[:, None, :]
        return _posterior(self._with_twins(joint, child, surname), ("nks", "me", "cha"))

    def _with_twins(self, joint: np.ndarray, child: RoleEvidence, tokens: list[str]) -> np.ndarray:
        """exp(joint), with the chance that the entry is of a twin of the candidate, absent from the population, moved to "absent": all but the
        given name and the sex would agree as well."""
        odds = np.log(self.model.twins) + child.log_absent - np.log1p(-np.exp(child.log_absent))
        surname = self.names.surname_weights(tokens, self.index.name[child.rows], self.model.surname_kept)
        share = np.exp(odds + surname - child.name - child.parts["sex"][None, :])
        mass = np.exp(joint - joint.max())
        mass[:, -1] += (mass[:, :-1] * share[:, :, None, None]).sum(axis=1)
        return mass

    # ---- one couple, or one person ------------------------------------------------------------------------------------------------

    def couple(self, wife: RoleEvidence, husband: RoleEvidence) -> Posterior:
        """The posterior of a wedding's two roles. Partners by the population's book are likely this couple, but people marry twice."""
        model, hands = self.model, len(self.model.hands)
        prior_w, prior_h = _with_absent(wife.log_prior, wife.log_absent), _with_absent(husband.log_prior, husband.log_absent)
        ties, rest, _ = self._partner_ties(wife.rows, husband.rows, prior_h)
        log_h = prior_h[None, :] + ties
        log_h -= np.logaddexp(np.logaddexp.reduce(log_h, axis=1), np.log(model.present["chong"]) + rest)[:, None]
        joint = model.log_shares[:, None, None] + (prior_w[:, None] + log_h)[None] + np.zeros((hands, 1, 1))
        joint[:, :-1] += (wife.weights + wife.place[None, :])[:, :, None]
        joint[:, :, :-1] += (husband.weights + husband.place[None, :])[:, None, :]
        return _posterior(np.exp(joint - joint.max()), (wife.role, husband.role))

    def alone(self, person: RoleEvidence) -> Posterior:
        joint = self.model.log_shares[:, None] + _with_absent(person.log_prior, person.log_absent)[None, :]
        joint[:, :-1] += person.weights + person.place[None, :]
        return _posterior(np.exp(joint - joint.max()), (person.role,))

    # ---- ties -----------------------------------------------------------------------------------------------------------------

    def _parent_ties(self, children: np.ndarray, parents: np.ndarray, prior: np.ndarray, number: np.ndarray, name: np.ndarray
                     ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ln P(parent | child) / P(parent), unnormalised: (children + 1, parents + 1), last row and column "not in the population"; and the
        same of an average parent who is no candidate: (children + 1,); and whether only a name ties them: bool (children + 1,)."""
        model, index = self.model, self.index
        ties, rest = np.zeros((len(children) + 1, len(parents) + 1)), np.zeros(len(children) + 1)
        by_name = np.zeros(len(children) + 1, dtype=bool)
        lost = np.log1p(-model.number_kept)
        for i, c in enumerate(children):
            if number[c] >= 0:
                ties[i, :] = rest[i] = lost
                hit = np.flatnonzero(parents == number[c])
                ties[i, hit] = np.log(model.number_kept) - prior[hit]
            elif number[c] == ELSEWHERE:
                ties[i, :] = rest[i] = lost
                ties[i, -1] = np.log(model.number_kept) - prior[-1]
            elif name[c] != NO_NAME:
                by_name[i] = True
                ties[i, :-1] = self._name_ties(int(name[c]), parents) + self._unnumbered
                near = index.places.commune[index.residence[parents]] == index.places.commune[index.birth_place[c]]
                here = index.places.frequency[index.birth_place[c]]
                ties[i, :-1] += np.where(near, np.log(model.living_here[0] / here), np.log(1 - model.living_here[0]))
                rest[i] = np.log(1 - model.name_kept - model.name_altered) + self._unnumbered
        return ties, rest, by_name

    def _name_ties(self, name: int, people: np.ndarray) -> np.ndarray:
        """ln P(the row gives this name | the person) / P(it | anybody)."""
        share = float(self.index.names.share(np.array([name]))[0])
        kept, altered = self.model.name_kept, self.model.name_altered
        other = 1 - kept - altered
        alike = np.array([self._likeness(name, int(n)) for n in self.index.name[people]])
        return np.log(np.select([alike == 0, alike <= 1.0], [kept / share, altered / max(share, 1e-4)], 0.0) + other)

    def _likeness(self, a: int, b: int) -> float:
        if a == b:
            return 0.0
        key = (a, b)
        found = self._alike.get(key)
        if found is None:
            names = self.index.names
            tokens = [names.vocabulary.tokens[t] for t in names.tokens[a] if t >= 0]
            found = self._alike[key] = self.names.edits(tokens, b) if abs(int(names.length[a]) - int(names.length[b])) <= 1 else 9.0
            if len(self._alike) > 400_000:
                self._alike.clear()
        return found

    def _partner_ties(self, first: np.ndarray, second: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for partners: (first + 1, second + 1), (first + 1,), (first + 1,)."""
        model, families = self.model, self.index.families
        ties, rest = np.zeros((len(first) + 1, len(second) + 1)), np.zeros(len(first) + 1)
        by_name = np.zeros(len(first) + 1, dtype=bool)
        other = np.log1p(-model.couple)
        taken = [families.partners(int(row)) for row in second]
        for i, row in enumerate(first):
            ties[i, :-1] = [other if len(t) and row not in t else 0.0 for t in taken]     # the second has a partner, and it is not the first
            partners = families.partners(int(row))
            if len(partners):
                ties[i, :] += other
                rest[i] = other
                hits = np.flatnonzero(np.isin(second, partners))
                ties[i, hits] = np.log(model.couple / len(partners)) - prior[hits]
                continue
            names = families.partner_names(int(row))
            if len(names):
                by_name[i] = True
                tied = np.logaddexp.reduce([self._name_ties(int(n), second) for n in names], axis=0) - np.log(len(names))
                ties[i, :-1] += np.logaddexp(tied + np.log(model.couple), other) + self._unnumbered
                rest[i] = other + self._unnumbered
        return ties, rest, by_name

    def _named_in_family(self, children: np.ndarray, partners: np.ndarray, column: np.ndarray, tokens: list[str], sex: int) -> np.ndarray:
        """The weight of a name as read for a parent who is not in the population: against the name the child's row gives, else those of the
        partner's partners: (hands, children + 1, partners + 1)."""
        hands = len(self.model.hands)
        out = np.zeros((hands, len(children) + 1, len(partners) + 1))
        if not tokens:
            return out
        families = self.index.families
        named = [families.partner_names(int(p)) for p in partners]
        ids = np.concatenate([column[children], *named]).astype(np.int64) if len(named) else column[children].astype(np.int64)
        weight = self.names.weights(tokens, ids, sex)
        at = len(children)
        for j, found in enumerate(named):
            if len(found):
                mean = np.logaddexp.reduce(weight[:, at:at + len(found)], axis=1) - np.log(len(found))
                out[:, :, j] = np.logaddexp(mean + np.log(self.model.couple), np.log1p(-self.model.couple))[:, None]
            at += len(found)
        has_name = column[children] != NO_NAME
        out[:, :len(children), :][:, has_name] = weight[:, :len(children)][:, has_name, None]
        return out


def _with_absent(log_prior: np.ndarray, log_absent: float) -> np.ndarray:
    return np.append(log_prior, log_absent)


def _posterior(joint: np.ndarray, roles: tuple[str, ...]) -> Posterior:
    """From the unnormalised joint probability (hands, role, role …)."""
    joint = joint / joint.sum()
    axes = range(joint.ndim)
    by_role = {role: joint.sum(axis=tuple(a for a in axes if a != k + 1)) for k, role in enumerate(roles)}
    return Posterior(by_role, joint.sum(axis=tuple(a for a in axes if a)))


