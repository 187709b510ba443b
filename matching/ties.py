"""Family ties as the population's own rows give them: by number where there is one, else by name.

A tie is ln P(this parent | this child) / P(this parent | any child), and so for partners. What is not tied by number or name is not
excluded:
numbers and names in a population are wrong at times, and people marry again.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.comparisons import NameComparison
from matching.model import LinkModel
from matching.population import ELSEWHERE, NO_NAME, PopulationIndex


@dataclass(frozen=True)
class Ties:
    """weights: (a + 1, b + 1), last row and column for "not in the population"; rest: (a + 1,), of a b who is no candidate;
    by_name: bool (a + 1,), whether a's row only names its b."""

    weights: np.ndarray
    rest: np.ndarray
    by_name: np.ndarray

    @classmethod
    def none(cls, a: int, b: int) -> Ties:
        return cls(np.zeros((a + 1, b + 1)), np.zeros(a + 1), np.zeros(a + 1, dtype=bool))


class FamilyTies:
    def __init__(self, index: PopulationIndex, model: LinkModel, names: NameComparison) -> None:
        self.index, self.model, self._names = index, model, names
        present = model.present["me"]
        share = (index.missing_number_share - (1 - present)) / present
        self._unnumbered = float(np.log(np.clip(share, 0.02, 0.98)))         # ln P(no number | the parent is in the population)
        self._alike: dict[tuple[int, int], float] = {}

    def of_parents(self, children: np.ndarray, parents: np.ndarray, prior: np.ndarray, number: np.ndarray, name: np.ndarray) -> Ties:
        """Children to one parent; number, name: the population's columns for that parent; prior: ln P(parent), (parents + 1,)."""
        model, index, ties = self.model, self.index, Ties.none(len(children), len(parents))
        lost = np.log1p(-model.number_kept)
        for i, c in enumerate(children):
            if number[c] >= 0:
                ties.weights[i, :] = ties.rest[i] = lost
                hit = np.flatnonzero(parents == number[c])
                ties.weights[i, hit] = np.log(model.number_kept) - prior[hit]
            elif number[c] == ELSEWHERE:
                ties.weights[i, :] = ties.rest[i] = lost
                ties.weights[i, -1] = np.log(model.number_kept) - prior[-1]
            elif name[c] != NO_NAME:
                ties.by_name[i] = True
                near = index.places.commune[index.residence[parents]] == index.places.commune[index.birth_place[c]]
                here = index.places.frequency[index.birth_place[c]]
                ties.weights[i, :-1] = self.of_name(int(name[c]), parents) + self._unnumbered + np.where(
                    near, np.log(model.living_here[0] / here), np.log(1 - model.living_here[0]))
                ties.rest[i] = np.log(1 - model.name_kept - model.name_altered) + self._unnumbered
        return ties

    def of_partners(self, first: np.ndarray, second: np.ndarray, prior: np.ndarray) -> Ties:
        """Partners, by what the first's rows and their children's say, and whether the second has another partner; prior: ln P(second)."""
        families, ties = self.index.families, Ties.none(len(first), len(second))
        couple, other = np.log(self.model.couple), np.log1p(-self.model.couple)
        known = [families.partners(int(row)) for row in second]
        for i, row in enumerate(first):
            ties.weights[i, :-1] = [other if len(k) and row not in k else 0.0 for k in known]
            partners, names = families.partners(int(row)), families.partner_names(int(row))
            if len(partners):
                ties.weights[i, :] += other
                ties.rest[i] = other
                hits = np.flatnonzero(np.isin(second, partners))
                ties.weights[i, hits] = couple - np.log(len(partners)) - prior[hits]
            elif len(names):
                ties.by_name[i] = True
                named = np.logaddexp.reduce([self.of_name(int(n), second) for n in names], axis=0) - np.log(len(names))
                ties.weights[i, :-1] += np.logaddexp(named + couple, other) + self._unnumbered
                ties.rest[i] = other + self._unnumbered
        return ties

    def said_by_second(self, first: np.ndarray, second: np.ndarray, ties: Ties) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the second's rows say of a first whose own row names no partner: (weights (first, second); bool (first,) who is silent;
        bool (second + 1,) who only names a partner)."""
        families, couple = self.index.families, self.model.couple
        names = [families.partner_names(int(s)) if not len(families.partners(int(s))) else () for s in second]
        by_name = np.array([*(len(n) > 0 for n in names), False])
        silent = np.array([not ties.by_name[i] and not len(families.partners(int(f))) for i, f in enumerate(first)], dtype=bool)
        weights = np.zeros((len(first), len(second)))
        for j in np.flatnonzero(by_name[:-1]):
            named = np.mean([np.exp(self.of_name(int(n), first)) for n in names[j]], axis=0)
            weights[:, j] = np.where(silent, np.log(couple * named + 1 - couple), 0.0)
        return weights, silent, by_name

    def named_alike(self, children: np.ndarray, column: np.ndarray, partners: np.ndarray, by_name: np.ndarray) -> np.ndarray:
        """ln P(the child's row and the partner's name the same other parent) / P(by chance): (children, partners), 0 where one is
        silent."""
        out = np.zeros((len(children), len(partners)))
        for j in np.flatnonzero(by_name[:-1]):
            names = self.index.families.partner_names(int(partners[j]))
            for i, c in enumerate(children):
                if column[c] != NO_NAME:
                    alike = min(self._likeness(int(column[c]), int(n)) for n in names)
                    ratio = self._ratio(np.array([alike]), self._share(int(column[c])))[0]
                    out[i, j] = np.log(self.model.couple * ratio / len(names) + 1 - self.model.couple)
        return out

    def of_name(self, name: int, people: np.ndarray) -> np.ndarray:
        """ln P(a row gives this name | the person is meant) / P(it | anybody): (people,)."""
        alike = np.array([self._likeness(name, int(n)) for n in self.index.name[people]])
        return np.log(self._ratio(alike, self._share(name)) + 1 - self.model.name_kept - self.model.name_altered)

    def _ratio(self, alike: np.ndarray, share: float) -> np.ndarray:
        return np.select([alike == 0, alike <= 1.0], [self.model.name_kept / share, self.model.name_altered / max(share, 1e-4)], 0.0)

    def _share(self, name: int) -> float:
        return float(self.index.names.share(np.array([name]))[0])

    def _likeness(self, a: int, b: int) -> float:
        """Edits between two names of the population; 9 for names of quite another length."""
        if a == b:
            return 0.0
        found = self._alike.get((a, b))
        if found is None:
            names = self.index.names
            far = abs(int(names.length[a]) - int(names.length[b])) > 1
            found = 9.0 if far else self._names.edits([names.vocabulary.tokens[t] for t in names.tokens[a] if t >= 0], b)
            if len(self._alike) > 400_000:
                self._alike.clear()
            self._alike[a, b] = found
        return found
