"""Find archived entries: by personal number, by name and date, by register number. Spelling variants are folded (storage.search_keys)."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, or_, select, true, union
from sqlalchemy.orm import Session

from storage.models import Batch, Entry, Link, PersonKey, RecordKey
from storage.policy import RECORD, Actor, Grant, allowed
from storage.search_keys import NUMBER, book_parts, name_key
from storage.search_places import BookUnit, asked, book_unit_today

SUBJECT_ROLES: Mapping[str, tuple[str, ...]] = {
    "KS": ("nks",), "KH": ("vo", "chong"), "KT": ("nkt",), "NCM": ("cm", "nc"), "HN": ("nxn",), "GH": ("ngh", "ndgh"), "CC": ("ntd",),
    "CN": ("cn", "chaNuoi", "meNuoi"),
}
SETTLED = ("archived",)
LIMIT = 50


@dataclass(frozen=True)
class SearchHit:
    """An entry found. roles: as whom the person stands in it (nks, me …); empty when found by register number. unit: whose book it was."""

    entry_id: int
    kind: str
    number: str | None
    year: int | None
    book_number: str | None
    registry_office: str | None
    status: str
    archive_id: str | None
    unit: BookUnit | None = None
    roles: tuple[str, ...] = field(default=())


def visible(actor: Actor | None, kinds: Collection[str], statuses: Collection[str], *columns: Any) -> Select[Any]:
    """`columns` of entries with their book and keys, as far as the actor may see them; None: the caller has seen to it."""
    return _visible(None if actor is None else (actor.held, actor.channel == "api"), frozenset(kinds), frozenset(statuses), columns)


@lru_cache(maxsize=512)
def _visible(may: tuple[tuple[Grant, ...], bool] | None, kinds: frozenset[str], statuses: frozenset[str], columns: tuple[Any, ...]
             ) -> Select[Any]:
    """Built once for all clients with the same rights: building a statement costs more than carrying it out."""
    query = (select(*columns).select_from(Entry).join(Batch, Batch.id == Entry.batch_id)
             .join(RecordKey, RecordKey.entry_id == Entry.id, isouter=True)
             .where(Entry.kind.in_(sorted(kinds)), Entry.status.in_(sorted(statuses))))
    if may is None:
        return query
    actor = Actor("", "", grants=may[0])
    rights = ("api.read",) if may[1] else RECORD
    return query.where(or_(*(allowed(actor, right, Batch.commune_code, Entry.kind) for right in rights)))


HIT = (Entry.id, Entry.kind, Entry.number, Entry.year, Batch.book_number, Batch.registry_office, Entry.status, Entry.archive_id,
       RecordKey.unit_code, RecordKey.unit_list)


def is_subject(kind: Any, role: Any, kinds: Collection[str]) -> ColumnElement[bool]:
    """The condition that an entry is about the one who stands in it as `role`."""
    return or_(*(and_(kind == k, role.in_(SUBJECT_ROLES[k])) for k in sorted(kinds) if k in SUBJECT_ROLES))


def hits_of(rows: Sequence[Any]) -> list[SearchHit]:
    """Rows of HIT and perhaps a role, one hit an entry, in the order of the rows."""
    found: dict[int, tuple[Any, list[str]]] = {}
    for row in rows:
        roles = found.setdefault(row[0], (row, []))[1]
        if len(row) > len(HIT):
            roles.append(row[len(HIT)])
    return [_hit(row, roles) for row, roles in found.values()][:LIMIT]


def _hit(row: Sequence[Any], roles: Sequence[str]) -> SearchHit:
    entry_id, kind, number, year, book, office, status, archive_id, code, numbers = row[:len(HIT)]
    return SearchHit(entry_id, kind, number, year, book, office, status, archive_id, book_unit_today(code, numbers) if code else None,
                     tuple(sorted(set(roles))))


def numbered() -> CompoundSelect[Any]:
    """(entry_id, role) of everybody with the number bound as `personal_id`: written in the entry, or by an accepted link."""
    number: Any = bindparam("personal_id")
    return union(
        select(PersonKey.entry_id, PersonKey.role).where(PersonKey.personal_number == number),
        select(PersonKey.entry_id, PersonKey.role).where(PersonKey.paper_number == number),
        select(Link.entry_id, Link.role).where(Link.personal_id == number, Link.decision == "accept"))


@lru_cache(maxsize=512)
def _by_number(may: tuple[tuple[Grant, ...], bool] | None, kinds: frozenset[str], statuses: frozenset[str], all_roles: bool, limit: int
               ) -> Select[Any]:
    person = numbered().subquery()
    query = _visible(may, kinds, statuses, (*HIT, person.c.role)).join(person, person.c.entry_id == Entry.id)
    if not all_roles:
        query = query.where(is_subject(Entry.kind, person.c.role, kinds))
    return query.order_by(Entry.year, Entry.kind, Entry.id).limit(limit)


def by_personal_number(session: Session, personal_id: str, kinds: Collection[str], *, actor: Actor | None = None, all_roles: bool = False,
                       statuses: Collection[str] = SETTLED) -> list[SearchHit]:
    """Entries of the person with this number, through an accepted link or because the number is written in the entry.

    Only as the entry's subject (the child, the spouses, the deceased), unless all_roles: then also as parent.
    """
    may = None if actor is None else (actor.held, actor.channel == "api")
    query = _by_number(may, frozenset(kinds), frozenset(statuses), all_roles, 2 * LIMIT)
    return hits_of(session.connection().execute(query, {"personal_id": personal_id}).all())


def born(birth_date: str) -> ColumnElement[bool]:
    """The condition that a PersonKey's date and this one (ISO, YYYY-MM or YYYY) may be the same day: one may be less exact."""
    dates = [birth_date[:n] for n in (4, 7, 10) if len(birth_date) >= n]
    year = int(birth_date[:4]) if birth_date[:4].isdigit() else -1
    return and_(PersonKey.birth_year == year,
                or_(PersonKey.birth_date.in_(dates), PersonKey.birth_date.startswith(birth_date, autoescape=True)))


def by_name_and_date(session: Session, name: str, birth_date: str, kinds: Collection[str], *, mother: str | None = None,
                     actor: Actor | None = None, statuses: Collection[str] = SETTLED) -> list[SearchHit]:
    """Entries whose subject has this name and birth date (ISO, or YYYY-MM or YYYY), and, where the entry names one, this mother.

    A date that the book has less exactly (only the year) agrees with one inside it. Names agree when their folded spellings do
    (case, tone placement, spaces): hoà = hòa, but not Hoàng = Huỳnh; near misses are storage.search_near.
    """
    query = visible(actor, kinds, statuses, *HIT, PersonKey.role).join(PersonKey, PersonKey.entry_id == Entry.id).where(
        PersonKey.name_key == name_key(name), born(birth_date), is_subject(Entry.kind, PersonKey.role, kinds))
    if mother is not None:
        query = query.where(or_(PersonKey.mother_key.is_(None), PersonKey.mother_key == name_key(mother)))
    return hits_of(session.connection().execute(query.order_by(Entry.year, Entry.kind, Entry.id).limit(2 * LIMIT)).all())


def by_register_number(session: Session, kind: str, number: str, year: int, *, book: str | None = None, place: str | None = None,
                       actor: Actor | None = None, statuses: Collection[str] = SETTLED, where: ColumnElement[bool] | None = None
                       ) -> list[SearchHit]:
    """Entries with this number registered in this year; `12`, `012` and `12/2017` are one number. book: `01/2017` or `1`. At most LIMIT.
    where: what else must hold of the entry and its book.

    place: code or name of a commune, old or today's (storage.search_places), or (part of) the registry office's name.
    """
    bare = NUMBER.match(number)
    if bare is None:
        return []
    query = visible(actor, [kind], statuses, *HIT).where(
        RecordKey.kind == kind, RecordKey.year == year, RecordKey.number == bare[1], true() if where is None else where)
    if book:
        parts = book_parts(book)
        if parts is None:
            return []
        query = query.where(RecordKey.book == parts[0])
        if parts[1]:
            query = query.where(RecordKey.book_year.in_(("", parts[1])))
    if place:
        query = query.where(asked(place).condition())
    return hits_of(session.connection().execute(query.order_by(Entry.year, Entry.kind, Entry.id).limit(LIMIT)).all())
