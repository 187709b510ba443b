"""The people of one entry together: P(child, mother, father | all that was read), of a couple, of one person alone.

    P(c, m, f | read)  ~  P(c) P(m, f | c) P(read | c, m, f),    each of c, m, f a candidate or "not in the population"

P(m, f | c) comes from the population's own ties (`family_prior`) and is normalised over all pairs, candidates or not, so that a tie is
never counted twice. The hand is one latent value for the whole entry. What a family shares (the commune, the surname) is evidence for the
newborn or, if the newborn is not in the population, for the parents, never for both.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled, spliced
from matching.evidence import Evidence
from matching.family_prior import PairRoom, weigh_pairs
from matching.model import LinkModel
from matching.name_comparison import NameModel, NamesRead, log_sum, name_cells, one_name, surname_weight
from matching.population import NO_NAME, PopulationIndex
from matching.readings import Readings
from matching.ties import TieModel, neighbours, tie_model, to_partners

_NOTHING = -45.0        # nats below the likeliest that count for nothing


class FamilyModel(NamedTuple):
    """log_shares: float64 (hands,), of the hands; surname_kept, twins, couple as in `LinkModel`."""

    ties: TieModel
    names: NameModel
    log_shares: np.ndarray
    surname_kept: float
    twins: float
    couple: float


class Person(NamedTuple):
    """One role's evidence. n: its reading; rows: int32 (candidates,); prior: (candidates + 1,), ln P, the last for "not in the population";
    log_present: ln P(in the population); weights: (candidates, hands), of everything but place: (candidates,); alone: (candidates, hands),
    of what twins do not share, the name and the sex."""

    n: int
    rows: np.ndarray
    prior: np.ndarray
    log_present: float
    weights: np.ndarray
    place: np.ndarray
    alone: np.ndarray


class _Columns(NamedTuple):
    """The evidence of all readings as `Person` takes its share; prior has one place more for each reading."""

    starts: np.ndarray
    rows: np.ndarray
    prior: np.ndarray
    log_present: np.ndarray
    weights: np.ndarray
    place: np.ndarray
    alone: np.ndarray


class _Room(NamedTuple):
    """Scratch for the largest entry. joint: (hands, a + 1, b + 1, c + 1); no_mother: (a + 1, c + 1, hands); no_father: (a + 1, b + 1,
    hands)."""

    joint: np.ndarray
    no_mother: np.ndarray
    no_father: np.ndarray
    by_surname: np.ndarray
    pairs: PairRoom
    cells: np.ndarray


def family_model(index: PopulationIndex, model: LinkModel, names: NameModel) -> FamilyModel:
    return FamilyModel(tie_model(index, model), names, model.log_shares, model.surname_kept, model.twins, model.couple)


def posteriors(groups: np.ndarray, readings: Readings, evidence: Evidence, excess: np.ndarray, family: FamilyModel, model: LinkModel
               ) -> tuple[np.ndarray, np.ndarray]:
    """(P(role is candidate) in the order of the evidence; P(nobody of the population is) by reading).

    groups: int64 (groups, 3), the readings weighed together: child, mother, father; wife, husband, -1; one person, -1, -1.
    """
    sizes = np.append(np.diff(evidence.starts), 0)[groups].max(axis=0, initial=0)
    a, b, c = (int(s) for s in sizes)
    hands = len(model.hands)
    room = _Room(np.empty((hands, a + 1, b + 1, c + 1)), np.empty((a + 1, c + 1, hands)), np.empty((a + 1, b + 1, hands)),
                 np.empty((c, hands)), PairRoom.of(a, b, c), name_cells(model))
    alone = evidence.name + evidence.sex[:, None]
    columns = _Columns(evidence.starts, evidence.rows, np.insert(evidence.log_prior, evidence.starts[1:], readings.roles.log_absent),
                       readings.roles.log_present, alone + evidence.birth + evidence.number + evidence.home[:, None], evidence.place, alone)
    of_candidate, of_nobody = np.zeros(len(evidence.rows)), np.zeros(len(evidence.starts) - 1)
    _weigh(groups, readings.names, columns, excess, family, room, of_candidate, of_nobody)
    return of_candidate, of_nobody


@compiled
def _weigh(groups: np.ndarray, read: NamesRead, columns: _Columns, excess: np.ndarray, model: FamilyModel, room: _Room,
           of_candidate: np.ndarray, of_nobody: np.ndarray) -> None:
    hands, joint = len(model.log_shares), room.joint
    for g in range(len(groups)):
        first = _person(groups[g, 0], columns)
        second = _person(max(groups[g, 1], 0), columns)
        third = _person(max(groups[g, 2], 0), columns)
        roles = 1 if groups[g, 1] < 0 else 2 if groups[g, 2] < 0 else 3
        a, b, c = len(first.rows) + 1, len(second.rows) + 1 if roles > 1 else 1, len(third.rows) + 1 if roles > 2 else 1
        if roles == 1:
            _alone(first, model, joint)
        elif roles == 2:
            _couple(first, second, model, room)
        else:
            _birth(first, second, third, read, excess, model, room)
        best = -np.inf
        for h in range(hands):
            for i in range(a):
                for j in range(b):
                    for k in range(c):
                        best = max(best, joint[h, i, j, k])
        total = 0.0
        for h in range(hands):
            for i in range(a):
                twin = -np.inf
                if roles == 3 and i < a - 1:
                    twin = _twin_share(h, i, first, read, model)
                for j in range(b):
                    for k in range(c):
                        log_p = joint[h, i, j, k] - best
                        if max(log_p, log_p + twin) < _NOTHING:
                            continue
                        p, of_twin = np.exp(log_p), np.exp(log_p + twin)
                        total += p + of_twin
                        _add(first.n, i, p, columns.starts, of_candidate, of_nobody)
                        _add(first.n, a - 1, of_twin, columns.starts, of_candidate, of_nobody)
                        if roles > 1:
                            _add(second.n, j, p + of_twin, columns.starts, of_candidate, of_nobody)
                        if roles > 2:
                            _add(third.n, k, p + of_twin, columns.starts, of_candidate, of_nobody)
        for role in range(roles):
            n = groups[g, role]
            of_nobody[n] /= total
            for k in range(columns.starts[n], columns.starts[n + 1]):
                of_candidate[k] /= total


@spliced
def _person(n: int, columns: _Columns) -> Person:
    start, end = columns.starts[n], columns.starts[n + 1]
    return Person(n, columns.rows[start:end], columns.prior[start + n:end + n + 1], columns.log_present[n], columns.weights[start:end],
                  columns.place[start:end], columns.alone[start:end])


@compiled
def _add(n: int, k: int, p: float, starts: np.ndarray, of_candidate: np.ndarray, of_nobody: np.ndarray) -> None:
    if starts[n] + k < starts[n + 1]:
        of_candidate[starts[n] + k] += p
    else:
        of_nobody[n] += p


@compiled
def _twin_share(h: int, i: int, child: Person, read: NamesRead, model: FamilyModel) -> float:
    """ln of the part of a newborn's probability that goes to "not in the population": the entry may be of a twin who is not in it, with
    whom all but the given name and the sex would agree as well."""
    log_absent = child.prior[len(child.rows)]
    odds = np.log(model.twins) + log_absent - np.log1p(-np.exp(log_absent))
    name = model.ties.people.name[child.rows[i]]
    return odds + surname_weight(h, child.n, name, model.surname_kept, read, model.ties.names, model.names) - child.alone[i, h]


@compiled
def _alone(person: Person, model: FamilyModel, joint: np.ndarray) -> None:
    n = len(person.rows)
    for h in range(len(model.log_shares)):
        for k in range(n + 1):
            joint[h, k, 0, 0] = model.log_shares[h] + person.prior[k] + (person.weights[k, h] + person.place[k] if k < n else 0.0)


@compiled
def _couple(wife: Person, husband: Person, model: FamilyModel, room: _Room) -> None:
    """ln of the joint probability of a wedding's two roles. Partners in the population are likely this couple, but people marry twice."""
    w, m = len(wife.rows), len(husband.rows)
    ties = room.pairs.to_mother
    to_partners(wife.rows, husband.rows, husband.prior, model.ties, ties)
    for i in range(w + 1):
        total = husband.log_present + ties.weights[i, m + 1]
        for j in range(m + 1):
            total = log_sum(total, husband.prior[j] + ties.weights[i, j])
        for j in range(m + 1):
            prior = wife.prior[i] + husband.prior[j] + ties.weights[i, j] - total
            for h in range(len(model.log_shares)):
                read = (wife.weights[i, h] + wife.place[i] if i < w else 0.0) + (husband.weights[j, h] + husband.place[j] if j < m else 0.0)
                room.joint[h, i, j, 0] = model.log_shares[h] + prior + read


@compiled
def _birth(child: Person, mother: Person, father: Person, read: NamesRead, excess: np.ndarray, model: FamilyModel, room: _Room) -> None:
    """ln of the joint probability of a birth's three roles, twins apart."""
    n_c, n_m, n_f, hands = len(child.rows), len(mother.rows), len(father.rows), len(model.log_shares)
    people = model.ties.people
    weigh_pairs(child.rows, mother.rows, father.rows, mother.prior, father.prior, mother.log_present, father.log_present, model.ties,
                room.pairs)
    _named_in_family(child.rows, father.rows, people.mother_name, mother.n, read, excess, model, room.cells, room.no_mother)
    _named_in_family(child.rows, mother.rows, people.father_name, father.n, read, excess, model, room.cells, room.no_father)
    for f in range(n_f):
        for h in range(hands):
            room.by_surname[f, h] = 0.0
            if read.length[father.n] == 0:                              # else the father's own surname has said it
                room.by_surname[f, h] = surname_weight(h, child.n, people.name[father.rows[f]], model.surname_kept, read, model.ties.names,
                                                       model.names)
    for c in range(n_c + 1):
        for m in range(n_m + 1):
            for f in range(n_f + 1):
                shared = child.prior[c] + room.pairs.pairs[c, m, f]
                if c < n_c:
                    shared += child.place[c]
                elif m < n_m:
                    shared += mother.place[m] + (min(father.place[f], 0.0) if f < n_f else 0.0)     # a couple lives together
                elif f < n_f:
                    shared += father.place[f]
                for h in range(hands):
                    weight = child.weights[c, h] if c < n_c else room.by_surname[f, h] if f < n_f else 0.0
                    weight += mother.weights[m, h] if m < n_m else room.no_mother[c, f, h]
                    weight += father.weights[f, h] if f < n_f else room.no_father[c, m, h]
                    room.joint[h, c, m, f] = model.log_shares[h] + shared + weight


@compiled
def _named_in_family(children: np.ndarray, partners: np.ndarray, column: np.ndarray, n: int, read: NamesRead, excess: np.ndarray,
                     model: FamilyModel, cells: np.ndarray, out: np.ndarray) -> None:
    """The weight of the name read for a parent who is not in the population, against the name the child's row gives, else those that the
    other parent's row gives: out (children + 1, partners + 1, hands)."""
    hands = len(model.log_shares)
    weight, mean = cells[2, 0], cells[2, 1]
    for j in range(len(partners) + 1):
        for h in range(hands):
            mean[h] = -np.inf
        named = 0
        if j < len(partners):
            for name in neighbours(model.ties.families.partner_names, partners[j]):
                named += 1
                one_name(n, name, read, model.ties.names, model.names, excess, cells, weight)
                for h in range(hands):
                    mean[h] = log_sum(mean[h], weight[h])
        for h in range(hands):
            said = 0.0
            if named and read.length[n]:
                said = log_sum(mean[h] - np.log(named) + np.log(model.couple), np.log1p(-model.couple))
            for c in range(len(children) + 1):
                out[c, j, h] = said
    for c in range(len(children)):
        name = column[children[c]]
        if name != NO_NAME and read.length[n]:
            one_name(n, name, read, model.ties.names, model.names, excess, cells, weight)
            for j in range(len(partners) + 1):
                for h in range(hands):
                    out[c, j, h] = weight[h]
