"""Find entries: by personal number, by name and date, by register number. Values are compared as written, spelling variants folded."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from records.text import fold
from storage.models import Batch, Entry, Field, Link, Page
from storage.policy import RECORD, Actor, allowed

SUBJECT_ROLES: Mapping[str, tuple[str, ...]] = {
    "KS": ("nks",), "KH": ("vo", "chong"), "KT": ("nkt",), "NCM": ("cm", "nc"), "HN": ("nxn",), "GH": ("ngh", "ndgh"), "CC": ("ntd",),
    "CN": ("cn", "chaNuoi", "meNuoi"),
}
SETTLED = ("verified", "archived")
_NUMBER = re.compile(r"^\s*0*(\d+[A-Za-z]?)")
_LIMIT = 50


@dataclass(frozen=True)
class SearchHit:
    """An entry found. roles: as whom the person stands in it (nks, me …); empty when found by register number."""

    entry_id: int
    kind: str
    number: str | None
    year: int | None
    book_number: str | None
    registry_office: str | None
    status: str
    archive_id: str | None
    roles: tuple[str, ...] = ()


def _entries(actor: Actor | None, kinds: Collection[str], statuses: Collection[str]) -> Select[Entry]:
    query = select(Entry).join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id)
    query = query.where(Entry.kind.in_(sorted(kinds)), Entry.status.in_(sorted(statuses)))
    if actor is None:                   # the caller has seen to it
        return query
    rights = ("api.read",) if actor.channel == "api" else RECORD
    return query.where(or_(*(allowed(actor, right, Batch.commune_code, Entry.kind) for right in rights)))


def _hits(session: Session, query: Select[Entry], roles: Mapping[int, Iterable[str]] | None = None) -> list[SearchHit]:
    rows = session.execute(query.with_only_columns(Entry, Batch.book_number, Batch.registry_office)
                           .order_by(Entry.year, Entry.kind, Entry.id).limit(_LIMIT))
    roles = roles or {}
    return [SearchHit(e.id, e.kind, e.number, e.year, book, office, e.status, e.archive_id, tuple(sorted(roles.get(e.id, ()))))
            for e, book, office in rows]


def by_personal_number(session: Session, personal_id: str, kinds: Collection[str], *, actor: Actor | None = None, all_roles: bool = False,
                       statuses: Collection[str] = SETTLED) -> list[SearchHit]:
    """Entries of the person with this number, through an accepted link or because the number is written in the entry.

    Only as the entry's subject (the child, the spouses, the deceased), unless all_roles: then also as parent.
    """
    linked = _entries(actor, kinds, statuses).join(Link).where(Link.personal_id == personal_id, Link.decision == "accept")
    written = _entries(actor, kinds, statuses).join(Field).where(
        Field.value == personal_id, or_(Field.code.endswith("SoDinhDanh"), Field.code.endswith("SoGiayToTuyThan")))
    found: dict[int, set[str]] = {}
    for entry_id, kind, role in session.execute(linked.with_only_columns(Entry.id, Entry.kind, Link.role)):
        if all_roles or role in SUBJECT_ROLES.get(kind, ()):
            found.setdefault(entry_id, set()).add(role)
    for entry_id, kind, code in session.execute(written.with_only_columns(Entry.id, Entry.kind, Field.code)):
        role = re.sub(r"(SoDinhDanh|SoGiayToTuyThan)$", "", code)
        if all_roles or role in SUBJECT_ROLES.get(kind, ()):
            found.setdefault(entry_id, set()).add(role)
    return _hits(session, _entries(actor, kinds, statuses).where(Entry.id.in_(found)), found) if found else []


def by_name_and_date(session: Session, name: str, birth_date: str, kinds: Collection[str], *, mother: str | None = None,
                     actor: Actor | None = None, statuses: Collection[str] = SETTLED) -> list[SearchHit]:
    """Entries whose subject has this name and birth date (ISO, or YYYY-MM or YYYY), and, where the entry names one, this mother.

    A date that the book has less exactly (only the year) agrees with one inside it. Names agree when their folded spellings do
    (case, tone placement, spaces): hoà = hòa, but not Hoàng = Huỳnh; the machine client is told nothing about near misses.
    """
    wanted, wanted_mother = fold(name), fold(mother) if mother else None
    dates = {birth_date[:n] for n in (4, 7, 10) if len(birth_date) >= n}
    born, named = aliased(Field), aliased(Field)
    found: dict[int, set[str]] = {}
    for kind in kinds:
        for role in SUBJECT_ROLES.get(kind, ()):
            same_day = or_(born.value.in_(dates), born.value.startswith(birth_date, autoescape=True))
            query = (_entries(actor, [kind], statuses)
                     .join(born, and_(born.entry_id == Entry.id, born.code == f"{role}NgaySinh", same_day))
                     .join(named, and_(named.entry_id == Entry.id, named.code == f"{role}HoTen")))
            for entry_id, written in session.execute(query.with_only_columns(Entry.id, named.value)):
                if fold(written) == wanted:
                    found.setdefault(entry_id, set()).add(role)
    if wanted_mother is not None and found:
        mothers = session.execute(select(Field.entry_id, Field.value).where(Field.entry_id.in_(found), Field.code == "meHoTen"))
        other = {entry_id for entry_id, written in mothers if fold(written) != wanted_mother}
        found = {k: v for k, v in found.items() if k not in other}
    return _hits(session, _entries(actor, kinds, statuses).where(Entry.id.in_(found)), found) if found else []


def by_register_number(session: Session, kind: str, number: str, year: int, *, book: str | None = None, place: str | None = None,
                       actor: Actor | None = None, statuses: Collection[str] = SETTLED) -> list[SearchHit]:
    """Entries with this number registered in this year; `12`, `012` and `12/2017` are one number. book: `01/2017` or `1`.

    place: code of the commune that holds the book, or (part of) the registry office's name.
    """
    bare = _NUMBER.match(number)
    if bare is None:
        return []
    same = or_(Entry.number == bare[1], Entry.number.startswith(f"{bare[1]}/", autoescape=True))
    query = _entries(actor, [kind], statuses).where(Entry.year == year, same)
    hits = _hits(session, query.where(Batch.commune_code == place)) if place and place.isdigit() else _hits(session, query)
    if book:
        hits = [h for h in hits if _same_book(h.book_number, book)]
    if place and not place.isdigit():
        hits = [h for h in hits if fold(place) in fold(h.registry_office or "")]
    return hits


def _same_book(written: str | None, asked: str) -> bool:
    def parts(text: str) -> tuple[int, str]:
        number, _, year = text.partition("/")
        return int(number) if number.strip().isdigit() else -1, year.strip()

    if written is None:
        return False
    have, want = parts(written), parts(asked)
    return have[0] == want[0] and (not want[1] or not have[1] or have[1] == want[1])
