"""A place asked for, old or new: which communes' books are meant, and what each of them belongs to today."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, or_

from records.places import default_gazetteer, written
from records.text import fold
from storage.models import Batch, RecordKey
from storage.search_keys import numbering

OLD, NEW = "C", "D"             # numberings of before July 2025 and since (records.places)
_SAME_WORDS, _CLEARLY = 0.999, 0.9


@dataclass(frozen=True)
class UnitToday:
    """What a commune belongs to today. relation: same, or how its land went over: whole, divided (to several), earlier (over a merger
    before 2025), unsure (ask a person)."""

    code: str
    name: str
    relation: str


@dataclass(frozen=True)
class BookUnit:
    """The commune whose book it was, under its name and code of then, and what it belongs to today."""

    code: str
    name: str
    today: tuple[UnitToday, ...]


@dataclass(frozen=True)
class Asked:
    """Codes of the communes that a place means. holder: the code as asked, also looked for as the holder's."""

    old: frozenset[str]
    new: frozenset[str]
    holder: str | None
    text: str

    def condition(self) -> ColumnElement[bool]:
        """On RecordKey and Batch: the book was of one of them, or is held by the one asked for, or its office bears the words asked for."""
        ways = [and_(RecordKey.unit_list == numbers, RecordKey.unit_code.in_(sorted(codes)))
                for numbers, codes in ((OLD, self.old), (NEW, self.new)) if codes]
        ways.append(Batch.commune_code == self.holder if self.holder else RecordKey.office_key.contains(self.text, autoescape=True))
        return or_(*ways)


@lru_cache(maxsize=4096)
def asked(place: str) -> Asked:
    """What a code or a name means: the commune itself, today's communes that took over its land, and those whose land it took over.

    A code is taken in both numberings, since it alone does not say which is meant. Not followed further: books of a neighbour that was
    merged into the same commune are not what was asked for.
    """
    places = default_gazetteer()
    code = place.strip()
    if code.isdigit():
        units = [u for u in places.units(code) if u.level == "commune"]
        old, new = ({u.code for u in units if numbering(u.lists) == numbers} for numbers in (OLD, NEW))
        return Asked(*_with_relatives(old, new), code, "")
    found = [m for m in places.find(place, limit=12) if m.unit.level == "commune"]
    best = max((m.score for m in found), default=0.0)
    meant = [m.unit for m in found if best >= _CLEARLY and m.score >= min(best, _SAME_WORDS)]
    old, new = ({u.code for u in meant if numbering(u.lists) == numbers} for numbers in (OLD, NEW))
    return Asked(*_with_relatives(old, new), None, fold(place))


def _with_relatives(old: Collection[str], new: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    places = default_gazetteer()
    return (frozenset(old).union(code for n in new for code, _ in places.predecessors(n)),
            frozenset(new).union(code for o in old for code, _ in places.succession(o)))


@lru_cache(maxsize=20_000)
def book_unit_today(code: str, numbers: str) -> BookUnit | None:
    """The commune a RecordKey names, and what it belongs to today; None where the code is unknown."""
    places = default_gazetteer()
    of = [u for u in places.units(code) if numbering(u.lists) == numbers]
    if not of:
        return None
    if numbers == NEW:
        return BookUnit(code, written(of[-1]), (UnitToday(code, written(of[-1]), "same"),))
    today = []
    for new, relation in places.succession(code):
        unit = next((u for u in places.units(new) if numbering(u.lists) == NEW), None)
        if unit is not None:
            today.append(UnitToday(new, written(unit), relation))
    return BookUnit(code, written(of[-1]), tuple(today))
