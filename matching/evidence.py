"""The candidates of every role of many entries with their match weights: every comparison of what was read with what each person has."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.asked import Asker
from matching.blocking import BLOCKS, Postings, find, recipes
from matching.comparisons import DateComparison, DateModel, NumberComparison, NumberModel, birth_weight, number_edits, number_weight
from matching.compiled import compiled
from matching.entry import SEX_OF_ROLE, Entry, RoleReading
from matching.image_evidence import ImageComparison
from matching.model import LinkModel
from matching.name_comparison import NameComparison, NameModel, name_cells, one_name
from matching.place_comparison import PlaceColumns, PlaceComparison, place_weight
from matching.population import FEMALE, MALE, UNKNOWN, NameColumns, People, PopulationIndex
from matching.readings import NEWBORN, Readings, Roles, all_of, bonded
from matching.year_priors import YearPriors


class Evidence(NamedTuple):
    """Candidates of reading r: starts[r]:starts[r + 1] of the rest. rows: int32, people; log_prior: ln P(the role is this person); name,
    birth, number: float64 (candidates, hands), match weights; sex, home, place: float64 (candidates,), the same in every hand. Families
    share `place`."""

    starts: np.ndarray
    rows: np.ndarray
    log_prior: np.ndarray
    name: np.ndarray
    birth: np.ndarray
    number: np.ndarray
    sex: np.ndarray
    home: np.ndarray
    place: np.ndarray


class CompareModel(NamedTuple):
    """What the comparisons need of the link model. shares: of the hands; born, living: P(same commune), P(only the district)."""

    shares: np.ndarray
    resexed: float
    born: tuple[float, float]
    living: tuple[float, float]
    names: NameModel
    dates: DateModel
    numbers: NumberModel


class Comparer:
    """All comparisons of one population under one model."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self.index, self.model = index, model
        self.names = NameComparison(index.names, model)
        self.dates, self.numbers = DateComparison(index, model), NumberComparison(index, model)
        self.images, self.places = ImageComparison(index, model), PlaceComparison(index.places)
        self.years = YearPriors(index, model)
        self._asker, self._recipes = Asker(index), recipes(len(index.names.vocabulary))
        self._postings = tuple(Postings(*(index.arrays[f"blocks.{b}.{f}"] for f in Postings._fields)) for b in BLOCKS)
        self.kernel = CompareModel(np.exp(model.log_shares), model.resexed, model.born_here, model.living_here, self.names.kernel,
                                   self.dates.kernel, self.numbers.kernel)

    def read(self, entries: Sequence[Entry]) -> Readings:
        """The entries made ready to be compared."""
        readings = all_of(entries)
        year_rows, priors, fits = self.years.of([(r.role, e.year) for e, r in readings])
        texts: dict[tuple[str, ...], int] = {}
        place = np.array([texts.setdefault(r.places, len(texts)) if r.places else -1 for _, r in readings], dtype=np.int32)
        home = np.array([texts.setdefault((r.home,), len(texts)) if r.home and r.places else -1 for _, r in readings], dtype=np.int32)
        home_same = [h >= 0 and self.places.alike((r.home,), r.places) for h, (_, r) in zip(home, readings, strict=True)]
        return Readings(
            self._roles([r for _, r in readings], year_rows, fits), bonded(entries),
            self.names.read([(r.tokens, r.sex) for _, r in readings]),
            self.dates.read([(r.date, r.by_age) for _, r in readings], priors[year_rows]),
            self.numbers.read([r.number for _, r in readings]), self.places.read(list(texts)), place, home, np.array(home_same, dtype=bool))

    def _roles(self, readings: Sequence[RoleReading], year_rows: np.ndarray, fits: np.ndarray) -> Roles:
        people = [len(self.index), *self.index.of_sex[1:].tolist()]
        present = np.array([self.model.present[r.role] for r in readings])
        each = [people[SEX_OF_ROLE.get(r.role, UNKNOWN)] for r in readings]
        return Roles(np.array([r.role == NEWBORN for r in readings], dtype=bool), np.array([r.sex for r in readings], dtype=np.int8),
                     np.log(present), np.log(present) - np.log(np.maximum(each, 2)), np.log1p(-present), year_rows, fits)

    def year_prior(self, role: str, registered: int) -> np.ndarray:
        """P(year of birth) of anybody in the role, float64 (2200,), by the year of registration."""
        return self.years.prior(role, registered)

    def candidates(self, entries: Sequence[Entry]) -> tuple[np.ndarray, np.ndarray]:
        """(starts (readings + 1,), rows): whom blocking brings for each reading."""
        return find(self._postings, self._recipes, self._asker.of(entries), self.index.people.sex)

    def compare(self, entries: Sequence[Entry], readings: Readings, starts: np.ndarray, rows: np.ndarray, excess: np.ndarray, first: bool
                ) -> Evidence:
        """Evidence for these people, in the order given. excess, first: as `NameComparison.compare` has them."""
        people = self.index.people
        by_name = self.names.compare(starts, people.name[rows], readings.names, readings.roles.sex, excess, first)
        log_prior, sex, home, place = np.zeros((4, len(rows)))
        birth, number = np.zeros((2, *by_name.shape))
        _compare_rest(starts, rows, readings, people, self.places.columns, self.kernel, log_prior, birth, number, sex, home, place)
        for k, (entry, reading) in enumerate(all_of(entries)):
            if reading.images:
                mine = slice(starts[k], starts[k + 1])
                shown = self.images.instead_of(by_name[mine].T, birth[mine].T, number[mine].T, reading, rows[mine],
                                               self.year_prior(reading.role, entry.year))
                by_name[mine], birth[mine], number[mine] = (x.T for x in shown)
        return Evidence(starts, rows, log_prior, by_name, birth, number, sex, home, place)

    def best(self, readings: Readings, evidence: Evidence, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(starts, places in the evidence) of each reading's likeliest candidates, likeliest first."""
        score = np.empty(len(evidence.rows))
        _score(readings, evidence, self.index.people, self.index.names.columns, self.kernel, excess, name_cells(self.model), score)
        return likeliest(evidence.starts, evidence.rows, score, self.model.candidates_kept)


@compiled
def _compare_rest(starts: np.ndarray, rows: np.ndarray, readings: Readings, people: People, places: PlaceColumns, model: CompareModel,
                  log_prior: np.ndarray, birth: np.ndarray, number: np.ndarray, sex: np.ndarray, home: np.ndarray, place: np.ndarray
                  ) -> None:
    """Fill log_prior … place of `Evidence`, zeros so far."""
    hands = len(model.shares)
    for r in range(len(starts) - 1):
        for k in range(starts[r], starts[r + 1]):
            row = rows[k]
            log_prior[k] = readings.roles.log_each[r] + readings.roles.fits_year[readings.roles.fits[r], people.year[row]]
            if readings.roles.sex[r] != UNKNOWN and people.sex[row] != UNKNOWN:
                sex[k] = np.log((1.0 - model.resexed if readings.roles.sex[r] == people.sex[row] else model.resexed) / 0.5)
            for h in range(hands):
                birth[k, h] = birth_weight(h, r, people.year[row], people.month[row], people.day[row], readings.dates, model.dates)
            if readings.numbers.length[r]:
                edits = number_edits(r, people.numbers[row], readings.numbers, model.numbers)
                for h in range(hands):
                    number[k, h] = number_weight(h, edits, model.numbers)
            if readings.place[r] >= 0:
                where = people.birth_place[row] if readings.roles.newborn[r] else people.residence[row]
                shares = model.born if readings.roles.newborn[r] else model.living
                place[k] = place_weight(readings.place[r], where, shares[0], shares[1], readings.places, places)
            if readings.home[r] >= 0:
                weight = place_weight(readings.home[r], people.home_place[row], model.born[0], model.born[1], readings.places, places)
                home[k] = 0.5 * min(weight, 0.0) if readings.home_same[r] else 0.7 * weight


@compiled
def _score(readings: Readings, evidence: Evidence, people: People, names: NameColumns, model: CompareModel, excess: np.ndarray,
           cells: np.ndarray, out: np.ndarray) -> None:
    """out: ln P(role is this person) up to a constant, every hand summed over, with what the names of the others say of each candidate by
    the population's own columns: only to choose whom to keep."""
    hands = len(model.shares)
    weight = cells[2, 0]
    for r in range(len(evidence.starts) - 1):
        for k in range(evidence.starts[r], evidence.starts[r + 1]):
            row = evidence.rows[k]
            of_hands = 0.0
            for h in range(hands):
                of_hands += model.shares[h] * np.exp(evidence.name[k, h] + evidence.birth[k, h] + evidence.number[k, h])
            total = np.log(of_hands) + evidence.log_prior[k] + evidence.sex[k] + evidence.home[k] + evidence.place[k]
            partner = readings.bonded.partner[r]
            if partner >= 0:
                total += _named(partner, people.spouse_name[row], readings, names, model, excess, cells, weight)
            for n in readings.bonded.parents[r]:
                if n >= 0 and readings.roles.sex[n] == FEMALE:
                    total += _named(n, people.mother_name[row], readings, names, model, excess, cells, weight)
                elif n >= 0 and readings.roles.sex[n] == MALE:
                    total += _named(n, people.father_name[row], readings, names, model, excess, cells, weight)
            out[k] = total


@compiled
def _named(n: int, name: int, readings: Readings, names: NameColumns, model: CompareModel, excess: np.ndarray, cells: np.ndarray,
           weight: np.ndarray) -> float:
    """The weight of a name for the n-th name read, every hand summed over."""
    one_name(n, name, readings.names, names, model.names, excess, cells, weight)
    said = 0.0
    for h in range(len(weight)):
        said += model.shares[h] * np.exp(weight[h])
    return np.log(said)


def likeliest(starts: np.ndarray, rows: np.ndarray, score: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(starts, indices): at most `most` of each group by score, highest first, equal ones by row."""
    out_starts, out = np.zeros(len(starts), dtype=np.int64), np.empty((len(starts) - 1) * most, dtype=np.int64)
    _likeliest(starts, rows, score, most, out_starts, out)
    return out_starts, out[:out_starts[-1]].copy()


@compiled
def _likeliest(starts: np.ndarray, rows: np.ndarray, score: np.ndarray, most: int, out_starts: np.ndarray, out: np.ndarray) -> None:
    n = 0
    for r in range(len(starts) - 1):
        first = n
        for k in range(starts[r], starts[r + 1]):
            at = n
            while at > first and (score[out[at - 1]] < score[k] or (score[out[at - 1]] == score[k] and rows[out[at - 1]] > rows[k])):
                at -= 1
            if at - first >= most:
                continue
            last = min(n, first + most - 1)
            for i in range(last, at, -1):
                out[i] = out[i - 1]
            out[at] = k
            n = last + 1
        out_starts[r + 1] = n
