"""The candidates of one role with their match weights: blocking, then every comparison of what was read with what each person has."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.blocking import Blocks
from matching.comparisons import DateComparison, NameComparison, NumberComparison, PlaceComparison
from matching.entry import SEX_OF_ROLE, RoleReading
from matching.image_evidence import ImageComparison
from matching.model import LinkModel
from matching.population import UNKNOWN, PopulationIndex

_EARLIEST = 1880        # nobody in a population file was born before
_YOUNGEST_ADULT, _ADULT = 12, 18        # years of age of who is a parent or partner; a role of this mean age is one of adults
# the year of birth beside the registration's less the age, with P: the birthday may be yet to come, or tuổi mụ be meant
_BY_AGE = ((0, 0.55), (-1, 0.3), (1, 0.15))


@dataclass(frozen=True)
class RoleEvidence:
    """rows: int64 (n,) candidates, most likely first. log_prior: (n,) ln P(the role is this person). weights: (hands, n) summed over the
    comparisons but `place`, which families share: (n,). name: (hands, n), the name's share of `weights`. parts: by comparison (n,),
    the mean hand, for people to read."""

    role: str
    rows: np.ndarray
    log_prior: np.ndarray
    log_absent: float
    weights: np.ndarray
    place: np.ndarray
    name: np.ndarray
    parts: dict[str, np.ndarray]

    def take(self, keep: np.ndarray) -> RoleEvidence:
        return RoleEvidence(self.role, self.rows[keep], self.log_prior[keep], self.log_absent, self.weights[:, keep], self.place[keep],
                            self.name[:, keep], {k: v[keep] for k, v in self.parts.items()})


class Comparer:
    """All comparisons of one population under one model."""

    def __init__(self, index: PopulationIndex, model: LinkModel, blocks: Blocks) -> None:
        self.index, self.model, self.blocks = index, model, blocks
        self.names = NameComparison(index.names, model)
        self.dates = DateComparison(index, model)
        self.numbers = NumberComparison(index, model)
        self.images = ImageComparison(index, model)
        self.born, self.living = PlaceComparison(index, *model.born_here), PlaceComparison(index, *model.living_here)
        self._year_priors: dict[tuple[str, int], np.ndarray] = {}

    def year_prior(self, role: str, registered: int) -> np.ndarray:
        """P(year of birth) of anybody in the role, float64 (2200,): by the registration's delay for a newborn, by age for parents."""
        found = self._year_priors.get((role, registered))
        if found is None:
            sex = SEX_OF_ROLE.get(role, UNKNOWN)
            share = self.index.year_share[sex]
            found = np.zeros(2200)
            if registered and role == "nks":
                delays = self.model.delays
                for k, p in enumerate(delays[:-1]):
                    found[registered - k] = p
                found[registered - 80:registered - len(delays) + 2] += delays[-1] / (81 - len(delays) + 1)
            elif registered and role in self.model.ages:
                mean, deviation = self.model.ages[role]
                age = registered - np.arange(2200) - 0.5
                found = np.exp(-0.5 * ((age - mean) / deviation) ** 2) + 0.002 * np.exp(-0.5 * ((age - mean) / (3 * deviation)) ** 2)
                found[(age < (_YOUNGEST_ADULT if mean > _ADULT else -0.5)) | (age > 85)] = 0.0
                found = found / found.sum() * 0.98 + 0.02 * _within(share, registered)
            elif registered:
                found = _within(share, registered)
            else:
                found = share.copy()
            found = self._year_priors[role, registered] = found / found.sum()
        return found

    def compare(self, reading: RoleReading, registered: int, rows: np.ndarray) -> RoleEvidence:
        """Evidence for these rows, in the order given."""
        index, model = self.index, self.model
        prior = self.year_prior(reading.role, registered)
        name = self.names.weights(list(reading.tokens), index.name[rows], reading.sex)
        birth = self._birth(reading, rows, prior)
        number = self.numbers.weights(reading.number, rows)
        if reading.images:
            name, birth, number = self.images.instead_of(name, birth, number, reading, rows, prior)
        sex = self._sex(reading.sex, rows)
        place = self._place(reading, rows)
        home = self._home(reading, rows)
        parts = {"name": name.mean(axis=0), "birth": birth.mean(axis=0), "sex": sex, "number": number.mean(axis=0), "home": home,
                 "place": place}
        present = model.present[reading.role]
        sexed = SEX_OF_ROLE.get(reading.role, UNKNOWN)
        year = index.year[rows].astype(np.int64)
        share = index.year_share[sexed]
        # The population may err by a year
        near = np.maximum(prior[year], 0.3 * np.maximum(prior[year - 1], prior[np.minimum(year + 1, 2199)]))
        fits = np.where(year > 0, np.log(np.maximum(near, 1e-9)) - np.log(np.maximum(share[year], 1e-9)), 0.0)
        people = len(index) if sexed == UNKNOWN else int((index.sex == sexed).sum())
        log_prior = np.log(present) - np.log(max(people, 2)) + fits
        return RoleEvidence(reading.role, rows, log_prior, float(np.log1p(-present)), name + birth + number + (sex + home)[None, :],
                            place, name, parts)

    def candidates(self, reading: RoleReading, registered: int, others: tuple[RoleReading, ...]) -> np.ndarray:
        """Distinct rows that blocking brings for the role; `others`: the other roles of the entry (mother and father, or the partner)."""
        b, years = self.blocks, self._years(reading, registered)
        given, communes = b.near_given(reading.tokens), b.communes_like(reading.places)
        found = [b.number(reading.number)]
        by_role = {o.role: o for o in others}
        if reading.role == "nks":
            mother, father = by_role.get("me"), by_role.get("cha")
            found += [b.birthday(reading.date, years), b.born_in(communes, years), b.named(given, years)]
            if mother and father:
                found.append(b.parents(b.near_given(mother.tokens), b.near_given(father.tokens)))
        else:
            narrow = years if reading.date else np.empty(0, dtype=np.int64)
            found += [b.birthday(reading.date, narrow), b.named(given, narrow), b.living_in(communes, narrow), b.named_living(communes,
                given)]
            for other in others:
                if other.role != "nks":
                    found.append(b.partner(given, b.near_given(other.tokens)))
        return b.of_sex(np.concatenate(found), reading.sex if reading.role != "nks" else UNKNOWN)

    def _years(self, reading: RoleReading, registered: int) -> np.ndarray:
        from matching.blocking import plausible_years
        read = reading.date.split("-")[0]
        latest = registered or 2099
        if reading.role == "nks":
            return plausible_years(read, max(_EARLIEST, registered - 90), latest, (registered, registered - 1) if registered else ())
        youngest = _YOUNGEST_ADULT if reading.role in SEX_OF_ROLE and registered else 0
        return plausible_years(read, max(_EARLIEST, registered - 110), latest - youngest)

    def _birth(self, reading: RoleReading, rows: np.ndarray, prior: np.ndarray) -> np.ndarray:
        if not (reading.by_age and reading.date):
            return self.dates.weights(reading.date, rows, prior)
        weights = [np.log(p) + self.dates.weights(str(int(reading.date) + k), rows, prior) for k, p in _BY_AGE]
        return np.logaddexp.reduce(weights)

    def _sex(self, sex: int, rows: np.ndarray) -> np.ndarray:
        have, wrong = self.index.sex[rows], self.model.resexed
        if sex == UNKNOWN:
            return np.zeros(len(rows))
        return np.where(have == UNKNOWN, 0.0, np.where(have == sex, np.log((1 - wrong) / 0.5), np.log(wrong / 0.5)))

    def _place(self, reading: RoleReading, rows: np.ndarray) -> np.ndarray:
        if not reading.places:
            return np.zeros(len(rows))
        born = reading.role == "nks"
        weight = (self.born if born else self.living).of_places(reading.places)
        return weight[(self.index.birth_place if born else self.index.residence)[rows]]

    def _home(self, reading: RoleReading, rows: np.ndarray) -> np.ndarray:
        """The home place (quê quán) beyond what the place of birth already tells: only where the two read places differ."""
        if not reading.home or not reading.places:
            return np.zeros(len(rows))
        weight = self.born.of_places((reading.home,))
        same = np.abs(self.index.places.likeness((reading.home,)) - self.index.places.likeness(reading.places)).max(initial=0.0) < 0.35
        return np.minimum(weight, 0.0)[self.index.home_place[rows]] * 0.5 if same else 0.7 * weight[self.index.home_place[rows]]


def _within(share: np.ndarray, registered: int) -> np.ndarray:
    out = share.copy()
    out[registered + 1:] = 0.0
    return out / max(out.sum(), 1e-12)
