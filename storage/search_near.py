"""Find archived entries of people whose name or birth date is nearly the one asked for, and say in what they differ.

Candidates share the given name as one hears it and about the birth year, or the very day of birth (or day and month the other way round);
each is then compared by its keys alone, and only the best are looked up. What `storage.search.by_name_and_date` would find is here too and
marked as exact, unless more than 20,000 share that given name and those years and the date is no whole one.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

from rapidfuzz.distance import Levenshtein
from sqlalchemy import CompoundSelect, select, union_all
from sqlalchemy.orm import Session

from matching.vocabulary import ear_key
from records.text import strip_marks
from storage.models import Entry, PersonKey
from storage.policy import Actor
from storage.search import HIT, SETTLED, SearchHit, hits_of, is_subject, visible
from storage.search_keys import given_key, name_key

_CANDIDATES = 20_000        # compared at most: a name that thirteen share has 3,500 among a million records
_TOGETHER = 200             # of the best looked up at a time
_LEAST = 0.72               # score from which a record is named
_SPELLED = 0.75             # share of letters that near names have in common
_NAME, _DATE = 0.6, 0.4     # what name and date count for

# How sure each agreement is, and its words. Two names or dates have one of each group.
WHY: Mapping[str, tuple[float, str, str]] = {
    "name_same": (1.0, "họ tên giống hệt", "the same name"),
    "name_marks": (0.96, "họ tên khác dấu", "the name differs in its marks"),
    "name_sounds": (0.93, "họ tên đọc gần giống", "the name sounds alike"),
    "name_part": (0.88, "thiếu hoặc thừa chữ đệm", "a middle name is missing or added"),
    "name_letters": (0.9, "họ tên khác vài chữ cái", "some letters of the name differ"),
    "date_same": (1.0, "ngày sinh giống hệt", "the same birth date"),
    "date_less_exact": (0.95, "một bên chỉ ghi tháng hoặc năm sinh", "one of the birth dates is less exact"),
    "date_swapped": (0.85, "ngày và tháng sinh đổi chỗ", "day and month of birth are exchanged"),
    "date_digit": (0.8, "ngày sinh khác một chữ số", "one digit of the birth date differs"),
    "date_year": (0.6, "chỉ giống năm sinh", "only the birth year is the same"),
    "date_next_year": (0.5, "năm sinh lệch một năm", "the birth year is one off"),
    "mother_same": (1.0, "họ tên mẹ giống", "the same mother's name"),
    "mother_near": (0.97, "họ tên mẹ gần giống", "the mother's name is near"),
    "mother_other": (0.8, "họ tên mẹ khác", "another mother's name"),
}


@dataclass(frozen=True)
class NearHit:
    """score: 0..1. why: codes of WHY, of name, date and, where both sides name one, mother. exact: the exact search finds it as well."""

    hit: SearchHit
    score: float
    why: tuple[str, ...]

    @property
    def exact(self) -> bool:
        return self.why[0] == "name_same" and self.why[1] in ("date_same", "date_less_exact") and self.why[2:] in ((), ("mother_same",))


def by_near_name(session: Session, name: str, birth_date: str, kinds: Collection[str], *, mother: str | None = None,
                 actor: Actor | None = None, statuses: Collection[str] = SETTLED, limit: int = 20) -> list[NearHit]:
    """Best first; of an entry its best person. birth_date: ISO, YYYY-MM or YYYY."""
    asked, connection = Asked(name_key(name), birth_date, name_key(mother) if mother else None), session.connection()
    best: dict[int, tuple[float, tuple[str, ...], str]] = {}
    for entry_id, role, its_name, its_born, its_mother in connection.execute(_candidates(asked.name, birth_date, kinds)):
        compared = asked.compare(its_name, its_born or "", its_mother)
        if compared is not None and compared[0] >= _LEAST and compared[0] > best.get(entry_id, (0.0,))[0]:
            best[entry_id] = (*compared, role)
    hits: list[NearHit] = []
    ranked = sorted(best, key=lambda n: (-best[n][0], n))
    for start in range(0, len(ranked), _TOGETHER):
        ids = ranked[start:start + _TOGETHER]
        rows = {row.id: row for row in connection.execute(visible(actor, kinds, statuses, *HIT).where(Entry.id.in_(ids)))}
        for entry_id in ids:
            if entry_id in rows:
                score, why, role = best[entry_id]
                hits.append(NearHit(hits_of([(*rows[entry_id], role)])[0], score, why))
                if len(hits) == limit:
                    return hits
    return hits


def _candidates(name: str, birth_date: str, kinds: Collection[str]) -> CompoundSelect[Any]:
    """Three ways into the keys, each by an index; whoever is on several comes several times. The nearest dates come first."""
    year, near = _year(birth_date), sorted({birth_date, *near_dates(birth_date)})
    person = PersonKey.__table__.c
    subjects = select(person.entry_id, person.role, person.name_key, person.birth_date, person.mother_key).where(
        is_subject(person.kind, person.role, kinds))
    heard = subjects.where(person.given_key == given_key(name))
    ways = [heard.where(person.birth_year.in_(sorted({_year(d) for d in near})), person.birth_date.in_(near)),
            heard.where(person.birth_year.in_((year - 1, year, year + 1)))]
    if len(birth_date) == 10:
        ways.insert(0, subjects.where(person.birth_date.in_(sorted({birth_date, *swapped(birth_date)}))))
    return union_all(*ways).limit(_CANDIDATES)


def _year(born: str) -> int:
    return int(born[:4]) if born[:4].isdigit() else -1


def swapped(born: str) -> Iterator[str]:
    """The date with day and month exchanged, if there is such a day."""
    if len(born) == 10 and born[5:7] != born[8:]:
        yield from _days([f"{born[:4]}-{born[8:]}-{born[5:7]}"])


def near_dates(born: str) -> Iterator[str]:
    """Days that are written nearly like a whole date: day and month exchanged, one digit another."""
    yield from swapped(born)
    if len(born) == 10:
        places = [n for n in range(2, 10) if born[n] != "-"]
        yield from _days(born[:n] + digit + born[n + 1:] for n in places for digit in "0123456789" if digit != born[n])


def _days(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        try:
            date.fromisoformat(text)
        except ValueError:
            continue
        yield text


class Asked:
    """Whom one search asks for, in folded names. Thousands of candidates share some hundred names and dates, so each is compared once."""

    def __init__(self, name: str, born: str, mother: str | None) -> None:
        self.name, self._mother = name, mother
        self._name_of, self._date_of = cache(partial(name_agreement, name)), cache(partial(date_agreement, born))
        self._mother_of = cache(partial(name_agreement, mother)) if mother else None

    def compare(self, its_name: str, its_born: str, its_mother: str | None) -> tuple[float, tuple[str, ...]] | None:
        """(score, codes of WHY); None where name or date are not near."""
        d = self._date_of(its_born)
        n = self._name_of(its_name) if d is not None else None
        if n is None or d is None:
            return None
        score, why = _NAME * n[1] + _DATE * WHY[d][0], [n[0], d]
        if self._mother_of is not None and its_mother:
            agreed = self._mother_of(its_mother)
            why.append("mother_same" if self._mother == its_mother else "mother_near" if agreed else "mother_other")
            score *= WHY[why[-1]][0]
        return round(score, 3), tuple(why)


def name_agreement(a: str, b: str) -> tuple[str, float] | None:
    """(code, how sure 0..1) of two folded names; None: they are not near."""
    if a == b and a:
        return "name_same", 1.0
    x, y = strip_marks(a), strip_marks(b)
    if not x or not y:
        return None
    if x == y:
        return "name_marks", WHY["name_marks"][0]
    one, other = [ear_key(t) for t in a.split()], [ear_key(t) for t in b.split()]
    if one == other:
        return "name_sounds", WHY["name_sounds"][0]
    short, long = sorted((one, other), key=len)
    if 1 < len(short) < len(long) and (short[0], short[-1]) == (long[0], long[-1]) and _within(short, long):
        return "name_part", WHY["name_part"][0]
    alike = Levenshtein.normalized_similarity(x, y)
    return ("name_letters", WHY["name_letters"][0] * alike) if alike >= _SPELLED else None


def _within(short: list[str], long: list[str]) -> bool:
    """Whether the words stand in the longer name, in their order."""
    left = iter(long)
    return all(word in left for word in short)


def date_agreement(a: str, b: str) -> str | None:
    """The code of how two dates (ISO, or less exact) agree; None: they are not near."""
    if a == b and a:
        return "date_same"
    if _year(a) < 0 or _year(b) < 0:
        return None
    if len(a) != len(b) and (a.startswith(b) or b.startswith(a)):
        return "date_less_exact"
    if b in set(swapped(a)):
        return "date_swapped"
    if len(a) == len(b) == 10 and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        return "date_digit"
    years = abs(_year(a) - _year(b))
    return "date_year" if years == 0 else "date_next_year" if years == 1 else None
