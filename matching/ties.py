"""Family ties as the population's own rows give them: by number where there is one, else by name.

A tie is ln P(this parent | this child) / P(this parent | any child), and so for partners. What is not tied by number or name is not
excluded: numbers and names in a population are wrong at times, and people marry again.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled, spliced
from matching.families import Families, Neighbours
from matching.model import LinkModel
from matching.name_comparison import log_sum
from matching.name_likeness import ALTERED, SAME, WordLetters, likeness, word_letters
from matching.population import ELSEWHERE, NO_NAME, NameColumns, PopulationIndex


class Ties(NamedTuple):
    """Of each of a's rows to b's. weights: (a + 1, b + 2), the last row for an a who is not in the population, the last two columns for a b
    who is not, and for one who is but is no candidate; by_name: bool (a + 1,), whether a's row only names its b. May be larger."""

    weights: np.ndarray
    by_name: np.ndarray

    @classmethod
    def room(cls, a: int, b: int) -> Ties:
        """For at most a and b candidates."""
        return cls(np.zeros((a + 1, b + 2)), np.zeros(a + 1, dtype=np.bool_))


class Kin(NamedTuple):
    """The columns of `People` that tell who belongs to whom."""

    name: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    mother_name: np.ndarray
    father_name: np.ndarray
    birth_place: np.ndarray
    residence: np.ndarray


class TieModel(NamedTuple):
    """The population and the parameters that ties need. unnumbered: ln P(no number is given | the parent is in the population); here: P(a
    parent lives in the commune the child was born in); residence and birth communes by place, with their frequencies."""

    people: Kin
    names: NameColumns
    words: WordLetters
    families: Families
    commune: np.ndarray
    frequency: np.ndarray
    number_kept: float
    name_kept: float
    name_altered: float
    couple: float
    unnumbered: float
    here: float


def tie_model(index: PopulationIndex, model: LinkModel) -> TieModel:
    present = model.present["me"]
    share = (index.missing_number_share - (1 - present)) / present
    kin = Kin(*(getattr(index.people, c) for c in Kin._fields))
    return TieModel(kin, index.names.columns, word_letters(index.names.vocabulary), index.families, index.places.commune,
                    index.places.frequency, model.number_kept, model.name_kept, model.name_altered, model.couple,
                    float(np.log(np.clip(share, 0.02, 0.98))), model.living_here[0])


@compiled
def to_parents(children: np.ndarray, parents: np.ndarray, prior: np.ndarray, number: np.ndarray, name: np.ndarray, model: TieModel,
               ties: Ties) -> None:
    """Children to one parent. number, name: the population's columns for that parent; prior: ln P(parent), (parents + 1,); ties: filled."""
    c, p = len(children), len(parents)
    _clear(ties, c, p)
    lost, kept = np.log1p(-model.number_kept), np.log(model.number_kept)
    for i in range(c):
        child = children[i]
        if number[child] >= 0 or number[child] == ELSEWHERE:
            for j in range(p + 2):
                ties.weights[i, j] = lost
            for j in range(p):
                if parents[j] == number[child]:
                    ties.weights[i, j] = kept - prior[j]
            if number[child] == ELSEWHERE:
                ties.weights[i, p] = kept - prior[p]
        elif name[child] != NO_NAME:
            ties.by_name[i] = True
            birth = model.people.birth_place[child]
            near, far = np.log(model.here / model.frequency[birth]), np.log(1.0 - model.here)
            for j in range(p):
                lives = model.commune[model.people.residence[parents[j]]]
                ties.weights[i, j] = (of_name(name[child], parents[j], model) + model.unnumbered
                                      + (near if lives == model.commune[birth] else far))
            ties.weights[i, p + 1] = np.log(1.0 - model.name_kept - model.name_altered) + model.unnumbered


@compiled
def to_partners(first: np.ndarray, second: np.ndarray, prior: np.ndarray, model: TieModel, ties: Ties) -> None:
    """Partners, by what the first's rows and their children's say, and whether the second has another partner; prior: ln P(second);
    ties: filled."""
    a, b = len(first), len(second)
    _clear(ties, a, b)
    couple, other = np.log(model.couple), np.log1p(-model.couple)
    for i in range(a):
        partners, names = neighbours(model.families.partners, first[i]), neighbours(model.families.partner_names, first[i])
        for j in range(b):
            of_second = neighbours(model.families.partners, second[j])
            ties.weights[i, j] = other if len(of_second) and not among(first[i], of_second) else 0.0
        if len(partners):
            for j in range(b):
                if among(second[j], partners):
                    ties.weights[i, j] = couple - np.log(len(partners)) - prior[j]
                else:
                    ties.weights[i, j] += other
            ties.weights[i, b] = ties.weights[i, b + 1] = other
        elif len(names):
            ties.by_name[i] = True
            for j in range(b):
                named = -np.inf
                for name in names:
                    named = log_sum(named, of_name(name, second[j], model))
                ties.weights[i, j] += log_sum(named - np.log(len(names)) + couple, other) + model.unnumbered
            ties.weights[i, b + 1] = other + model.unnumbered


@compiled
def _clear(ties: Ties, a: int, b: int) -> None:
    for i in range(a + 1):
        ties.by_name[i] = False
        for j in range(b + 2):
            ties.weights[i, j] = 0.0


@compiled
def said_by_second(first: np.ndarray, second: np.ndarray, ties: Ties, model: TieModel, weights: np.ndarray, silent: np.ndarray,
                   by_name: np.ndarray) -> None:
    """What the second's rows say of a first whose own row names no partner. Filled: weights (first, second); silent: bool (first,), who is;
    by_name: bool (second,), who only names a partner."""
    a, b = len(first), len(second)
    for i in range(a):
        silent[i] = not ties.by_name[i] and not len(neighbours(model.families.partners, first[i]))
    for j in range(b):
        names = neighbours(model.families.partner_names, second[j])
        by_name[j] = len(names) > 0 and not len(neighbours(model.families.partners, second[j]))
        for i in range(a):
            weights[i, j] = 0.0
            if by_name[j] and silent[i]:
                named = 0.0
                for name in names:
                    named += np.exp(of_name(name, first[i], model))
                weights[i, j] = np.log(model.couple * named / len(names) + 1.0 - model.couple)


@compiled
def named_alike(child: int, column: np.ndarray, partner: int, model: TieModel) -> float:
    """ln P(the child's row and the partner's name the same other parent) / P(by chance); 0 where the child's names none."""
    name = column[child]
    if name == NO_NAME:
        return 0.0
    names = neighbours(model.families.partner_names, partner)
    alike = 2
    for other in names:
        alike = min(alike, likeness(name, other, model.names, model.words))
    return np.log(model.couple * _ratio(alike, name, model) / len(names) + 1.0 - model.couple)


@compiled
def of_name(name: int, person: int, model: TieModel) -> float:
    """ln P(a row gives this name | the person is meant) / P(it | anybody)."""
    alike = likeness(name, model.people.name[person], model.names, model.words)
    return np.log(_ratio(alike, name, model) + 1.0 - model.name_kept - model.name_altered)


@compiled
def _ratio(alike: int, name: int, model: TieModel) -> float:
    share = max(float(model.names.count[0, name]), 0.5) / model.names.total[0]
    if alike == SAME:
        return model.name_kept / share
    return model.name_altered / max(share, 1e-4) if alike == ALTERED else 0.0


@spliced
def neighbours(of: Neighbours, row: int) -> np.ndarray:
    return of.to[of.starts[row]:of.starts[row + 1]]


@compiled
def among(row: int, rows: np.ndarray) -> bool:
    for other in rows:          # noqa: SIM110 - `any` is not compiled
        if other == row:
            return True
    return False
