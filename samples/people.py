"""A simulated district: families over some sixty years, their births, marriages and deaths as a commune's registers record them.

Nobody in it exists. Names, hazards and customs come from general knowledge (`samples.naming`); personal numbers follow the rule of
Thông tư 07/2016: province of birth, century and sex, year, six digits of which no two are alike.
"""
from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np

from samples.naming import draw_name, draw_surname

FIRST_YEAR, LAST_YEAR = 1962, 2021
_CAUSES = ("Già yếu", "Bệnh", "Ung thư", "Tai biến mạch máu não", "Tai nạn giao thông", "Tai nạn", "Đuối nước", "Suy tim")


@dataclass(frozen=True)
class District:
    """Where the people live. `communes`: as the books write them ("Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi"); `code`: its digits.

    The people live in the first `settled` communes (all, if None); some come from the others.
    """

    communes: tuple[str, ...]
    code: str
    settled: int | None = None
    minority: str = "Tày"
    minority_share: float = 0.05

    @property
    def name(self) -> str:
        """District and province, "Huyện Tư Nghĩa, Quảng Ngãi"."""
        return self.communes[0].split(", ", 1)[1]


@dataclass
class Person:
    """Someone of the simulated district. `father`, `mother`, `spouse`: indices into `World.people`, None if unknown or not of it."""

    index: int
    number: str
    name: str
    surname: str
    sex: Literal["Nam", "Nữ"]
    born: date
    ethnicity: str
    birthplace: str
    hometown: str
    residence: str
    father: int | None = None
    mother: int | None = None
    spouse: int | None = None
    parents_written: tuple[str, str] = ("", "")      # names of parents who are not in the world
    died: date | None = None
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """What a register records. `kind`: of the register; simulated are KS, KH, KT. `roles`: nks/me/cha, vo/chong, nkt and so on with the
    form, nyc (who came to register) to indices of people."""

    kind: str
    happened: date
    registered: date
    commune: str
    roles: dict[str, int]
    late: bool = False
    cause: str = ""


@dataclass
class World:
    district: District
    people: list[Person]
    events: list[Event]

    def of_book(self, kind: str, year: int, commune: str) -> list[Event]:
        """The events a commune's book of that year holds, in the order of registration."""
        held = [e for e in self.events if e.kind == kind and e.registered.year == year and e.commune == commune]
        return sorted(held, key=lambda e: (e.registered, min(e.roles.values())))


class _Simulation:
    def __init__(self, district: District, founders: int, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 1])
        self.district = district
        self.people: list[Person] = []
        self.events: list[Event] = []
        self.numbers: set[str] = set()
        self.single: dict[str, list[int]] = {"Nam": [], "Nữ": []}
        self.alive: list[int] = []
        for _ in range(founders): self._founder()

    def _number(self, sex: str, born: date) -> str:
        century = 2 * (born.year // 100 - 19) + (sex == "Nữ")
        while True:
            number = f"{self.district.code}{century}{born.year % 100:02d}{self.rng.integers(1000, 999999):06d}"
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    def _day(self, year: int) -> date:
        return date(year, 1, 1) + timedelta(int(self.rng.integers(365)))

    def _add(
        self, sex: Literal["Nam", "Nữ"], born: date, surname: str, ethnicity: str, birthplace: str, hometown: str, residence: str,
    ) -> Person:
        name = draw_name(surname, sex, ethnicity, born.year, self.rng)
        person = Person(len(self.people), self._number(sex, born), name, surname, sex, born, ethnicity, birthplace, hometown, residence)
        self.people.append(person)
        self.alive.append(person.index)
        self.single[sex].append(person.index)
        return person

    def _founder(self) -> None:
        rng, d = self.rng, self.district
        sex: Literal["Nam", "Nữ"] = "Nam" if rng.random() < 0.5 else "Nữ"
        home = str(rng.choice(d.communes[:d.settled]))
        origin = str(rng.choice(d.communes)) if rng.random() < 0.3 else home
        ethnicity = d.minority if rng.random() < d.minority_share else "Kinh"
        surname = draw_surname(ethnicity, rng)
        born = self._day(int(FIRST_YEAR - rng.triangular(1, 12, 38)))
        person = self._add(sex, born, surname, ethnicity, origin, origin, home)
        mother = draw_name(draw_surname(ethnicity, rng), "Nữ", ethnicity, born.year - 25, rng)
        person.parents_written = (draw_name(surname, "Nam", ethnicity, born.year - 27, rng), mother)

    def _late(self, happened: date, within: int, share: float) -> tuple[date, bool]:
        """When it was registered, and whether later than `within` days; a share is late by months."""
        if self.rng.random() < share: return happened + timedelta(int(self.rng.integers(within + 2, within + 540))), True
        return happened + timedelta(int(self.rng.integers(1, min(within, 40)))), False

    def _marry(self, year: int) -> None:
        rng, people = self.rng, self.people
        men = defaultdict(list)
        for i in self.single["Nam"]: men[people[i].born.year].append(i)
        for w in list(self.single["Nữ"]):
            bride = people[w]
            age = year - bride.born.year
            if not 19 <= age <= 36 or rng.random() > 0.16: continue
            of_age = [m for y in range(bride.born.year - 6, bride.born.year + 2) if year - y >= 21 for m in men[y]]
            choices = [m for m in of_age if people[m].father is None or people[m].father != bride.father]
            if not choices: continue
            alike = [m for m in choices if people[m].ethnicity == bride.ethnicity] if rng.random() < 0.85 else choices
            if not alike: continue
            groom = people[int(rng.choice(alike))]
            men[groom.born.year].remove(groom.index)
            self.single["Nữ"].remove(w)
            self.single["Nam"].remove(groom.index)
            bride.spouse, groom.spouse = groom.index, w
            day = self._day(year)
            office = bride.residence if rng.random() < 0.4 else groom.residence
            if rng.random() < 0.8: self.events.append(Event("KH", day, day, office, {"vo": w, "chong": groom.index}))
            bride.residence = groom.residence if rng.random() < 0.85 else bride.residence

    def _bear(self, year: int) -> None:
        rng, people = self.rng, self.people
        for m in [i for i in self.alive if people[i].sex == "Nữ" and 18 <= year - people[i].born.year <= 42]:
            mother = people[m]
            father = people[mother.spouse] if mother.spouse is not None and people[mother.spouse].died is None else None
            many = len(mother.children)
            early = year < 1992
            chance = ((0.45, 0.24, 0.17, 0.14) if early else (0.45, 0.18, 0.05, 0.012))[min(many, 3)] * (0.6 if many > 4 else 1)
            if father is None: chance = 0.006 if mother.spouse is None and many == 0 else 0.0
            if rng.random() > chance or (many and people[mother.children[-1]].born.year >= year - 1): continue
            born = self._day(year)
            sex: Literal["Nam", "Nữ"] = "Nam" if rng.random() < 0.52 else "Nữ"
            lead = father or mother
            child = self._add(sex, born, lead.surname, lead.ethnicity, mother.residence, lead.hometown, (father or mother).residence)
            child.mother, child.father = m, father.index if father else None
            mother.children.append(child.index)
            if father: father.children.append(child.index)
            registered, late = self._late(born, 60, 0.12)
            informant = m if father is None or rng.random() < 0.45 else father.index
            roles = {"nks": child.index, "me": m} | ({"cha": father.index} if father else {}) | {"nyc": informant}
            self.events.append(Event("KS", born, registered, mother.residence if rng.random() < 0.85 else child.residence, roles, late))

    def _die(self, year: int) -> None:
        rng, people = self.rng, self.people
        for i in list(self.alive):
            p = people[i]
            age = year - p.born.year
            if rng.random() > (0.008 if age == 0 else 0.00006 * math.exp(0.092 * age)): continue
            p.died = max(self._day(year), p.born + timedelta(2))
            self.alive.remove(i)
            if i in self.single[p.sex]: self.single[p.sex].remove(i)
            family = [c for c in (*p.children, p.spouse, p.father, p.mother) if c is not None]
            near = [c for c in family if people[c].died is None and year - people[c].born.year >= 18]
            if not near: continue
            registered, late = self._late(p.died, 15, 0.15)
            roles, cause = {"nkt": i, "nyc": int(rng.choice(near))}, str(rng.choice(_CAUSES)) if age < 78 else "Già yếu"
            self.events.append(Event("KT", p.died, registered, p.residence, roles, late, cause))

    def run(self) -> World:
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            self._marry(year)
            self._bear(year)
            self._die(year)
        return World(self.district, self.people, self.events)


def simulate(district: District, people: int, seed: int) -> World:
    """A district that has seen about `people` people, the dead included. The same seed gives the same people."""
    founders = max(20, round(people / 3.65))
    return _Simulation(district, founders, seed).run()
