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
        tie_cm, rest_cm, by_name_cm = self._parent_ties(child.rows, mother.rows, prior_m, self.index.mother, self.index.mother_name)
        tie_cf, rest_cf, by_name_c = self._parent_ties(child.rows, father.rows, prior_f, self.index.father, self.index.father_name)
        tie_mf, rest_mf, by_name_m = self._partner_ties(mother.rows, father.rows, prior_f)
        prior = self._pair_prior(child, mother, father, (prior_m, tie_cm, rest_cm, by_name_cm), (prior_f, tie_cf, rest_cf, by_name_c),
                                 (tie_mf, rest_mf, by_name_m))

        joint = np.zeros((hands, n_c + 1, n_m + 1, n_f + 1))
        joint += model.log_shares[:, None, None, None]
        joint += _with_absent(child.log_prior, child.log_absent)[None, :, None, None] + prior[None]
        joint[:, :n_c] += (child.weights + child.place[None, :])[:, :, None, None]
        joint[:, :, :n_m] += mother.weights[:, None, :, None]
        joint[:, :, :, :n_f] += father.weights[:, None, None, :]
        joint[:, :, n_m, :] += self._named_in_family(child.rows, father.rows, self.index.mother_name, *mother_read)
        joint[:, :, :, n_f] += self._named_in_family(child.rows, mother.rows, self.index.father_name, *father_read)
        joint[:, n_c, :n_m, :] += mother.place[None, :, None]
        joint[:, n_c, n_m, :n_f] += father.place[None, :]
        joint[:, n_c, :n_m, :n_f] += np.minimum(father.place, 0.0)[None, None, :]       # a couple lives together: agreeing twice is one piece of evidence
        if not father_read[0]:                                                          # else the father's own name has said it
            joint[:, n_c, :, :n_f] += self.names.surname_weights(surname, self.index.name[father.rows], model.surname_kept)[:, None, :]
        return _posterior(self._with_twins(joint, child, surname), ("nks", "me", "cha"))

    def _pair_prior(self, child: RoleEvidence, mother: RoleEvidence, father: RoleEvidence, of_m: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
                    of_f: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], of_mf: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """ln P(mother, father | child, the population's ties): (children + 1, mothers + 1, fathers + 1), normalised over these pairs and all
        others, who have one more row and column while summing.

        Where the child's row and the mother's both only name the father, the two names agreeing speaks for the mother, and only one of them
        then speaks for a father of that name.
        """
        (prior_m, tie_cm, rest_cm, by_name_cm), (prior_f, tie_cf, rest_cf, by_name_c), (tie_mf, rest_mf, by_name_m) = of_m, of_f, of_mf
        n_c, n_m, n_f = len(child.rows), len(mother.rows), len(father.rows)
        tie_cf = np.column_stack((tie_cf, rest_cf))
        tie_mf = np.vstack((np.column_stack((tie_mf, rest_mf)), np.zeros(n_f + 2)))
        once = by_name_c[:, None] & np.append(by_name_m, False)[None, :]
        ties = np.where(once[:, :, None], np.maximum(tie_cf[:, None, :], tie_mf[None]), tie_cf[:, None, :] + tie_mf[None])
        agreed = self._named_alike(child.rows, self.index.father_name, mother.rows, by_name_m)
        ties[:n_c, :n_m, :] += np.where(by_name_c[:n_c, None], agreed, 0.0)[:, :, None]
        ties[:n_c, :n_m, n_f] += np.where(by_name_c[:n_c, None], 0.0, agreed)
        self._add_fathers_word(ties, child.rows, mother.rows, father.rows, by_name_cm, by_name_m)
        log_m = np.column_stack((prior_m[None, :] + tie_cm, np.log(self.model.present["me"]) + rest_cm))
        log_f = np.append(prior_f, np.log(self.model.present["cha"]))
        pairs = log_m[:, :, None] + log_f[None, None, :] + ties
        pairs -= np.logaddexp.reduce(pairs.reshape(n_c + 1, -1), axis=1)[:, None, None]
        return pairs[:, :-1, :-1]

    def _add_fathers_word(self, ties: np.ndarray, children: np.ndarray, mothers: np.ndarray, fathers: np.ndarray, by_name_cm: np.ndarray,
                          by_name_m: np.ndarray) -> None:
        """The same the other way round: what the father's row says of a mother whose own row names no partner."""
        families, couple = self.index.families, self.model.couple
        names_f = [np.empty(0, np.int64) if len(families.partners(int(f))) else families.partner_names(int(f)) for f in fathers]
        by_name_f = np.array([*(len(n) > 0 for n in names_f), False])
        silent = np.array([not by_name_m[i] and not len(families.partners(int(m))) for i, m in enumerate(mothers)], dtype=bool)
        said = np.zeros((len(mothers), len(fathers)))
        for j in np.flatnonzero(by_name_f[:-1]):
            tied = np.mean([np.exp(self._name_ties(int(n), mothers)) for n in names_f[j]], axis=0)
            said[:, j] = np.where(silent, np.log(couple * tied + 1 - couple), 0.0)
        n_c, n_m, n_f = len(children), len(mothers), len(fathers)
        once = by_name_cm[:, None, None] & by_name_f[None, None, :-1]
        ties[:, :n_m, :n_f] += np.where(once, np.minimum(said, 0.0)[None], said[None])
        agreed = self._named_alike(children, self.index.mother_name, fathers, by_name_f)
        ties[:n_c, :, :n_f] += np.where(by_name_cm[:n_c, None], agreed, 0.0)[:, None, :] * np.append(silent, (True, True))[None, :, None]

    def _named_alike(self, children: np.ndarray, column: np.ndarray, partners: np.ndarray, by_name: np.ndarray) -> np.ndarray:
        """ln P(the child's row names the same partner as the partner's row) / P(by chance): (children, partners), 0 where one names nobody."""
        out = np.zeros((len(children), len(partners)))
        couple, families = self.model.couple, self.index.families
        shares = self.index.names.share
        for j in np.flatnonzero(by_name[:-1]):
            partner_names = families.partner_names(int(partners[j]))
            for i, c in enumerate(children):
                if column[c] == NO_NAME:
                    continue
                alike = min(self._likeness(int(column[c]), int(n)) for n in partner_names)
                share = float(shares(column[c:c + 1])[0])
                kept = self.model.name_kept / share if alike == 0 else self.model.name_altered / max(share, 1e-4) if alike <= 1.0 else 0.0
                out[i, j] = np.log(couple * kept / len(partner_names) + (1 - couple))
        return out

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


