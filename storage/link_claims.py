"""The entries of the same people, as `matching.lives` hears them."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.entry import ROLES
from matching.lives import Claim, LinkedEntry
from matching.registrations import Registration
from storage.models import Entry, Field, Link, Page, Person, PopulationSnapshot
from storage.readings import SETTLED_STATES

_HAPPENED = {"KS": "nksNgaySinh", "KT": "nktNgayChet", "KH": "ngayDangKy"}
_NAMES = {f"{role}HoTen": role for roles in ROLES.values() for role in roles}
_CODES = ("so", "ngayDangKy", "noiDangKy", "loaiDangKy", *sorted(set(_HAPPENED.values()) - {"ngayDangKy"}), *sorted(_NAMES))
_AGAIN = "2"                # loaiDangKy: đăng ký lại
_STEP = 500                 # values named in one question
Value = TypeVar("Value", int, str)


def entries_of_people(session: Session, people: Collection[str]) -> set[int]:
    """Entries linked to any of these people, surely or not."""
    found: set[int] = set()
    for part in parts(people):
        found |= set(session.scalars(sa.select(Link.entry_id).where(Link.personal_id.in_(part))))
    return found


def linked_entries(session: Session, entries: Collection[int]) -> list[LinkedEntry]:
    """These entries with what identifies their registration and their links; those on pages that were set aside are left out."""
    out = []
    for part in parts(entries):
        query = sa.select(Entry.id, Entry.kind, Entry.status).join(Page, Entry.page_id == Page.id)
        rows = session.execute(query.where(Entry.id.in_(part), Page.state != "set_aside").order_by(Entry.id)).all()
        values: dict[int, dict[str, str]] = {}
        fields = sa.select(Field.entry_id, Field.code, Field.value).where(Field.entry_id.in_(part), Field.code.in_(_CODES))
        for entry_id, code, value in session.execute(fields):
            values.setdefault(entry_id, {})[code] = value
        links: dict[int, list[Link]] = {}
        for link in session.scalars(sa.select(Link).where(Link.entry_id.in_(part), Link.personal_id.is_not(None))):
            links.setdefault(link.entry_id, []).append(link)
        for entry_id, kind, status in rows:
            settled = status in SETTLED_STATES
            claims = {x.role: Claim(x.personal_id or "", x.linker_probability, settled or x.decided_by is not None)
                      for x in links.get(entry_id, ()) if x.decision != "none"}
            said = values.get(entry_id, {})
            names = {role: said[code] for code, role in _NAMES.items() if said.get(code)}
            out.append(LinkedEntry(entry_id, _registration(kind, said), claims, names))
    return out


def _registration(kind: str, said: dict[str, str]) -> Registration:
    number = said.get("so", "").split("/")[0].strip().lstrip("0")
    return Registration(kind, number, said.get("ngayDangKy", ""), said.get(_HAPPENED.get(kind, ""), ""), said.get("noiDangKy", ""),
                        said.get("loaiDangKy", "") == _AGAIN)


def people_facts(session: Session, people: Collection[str]) -> tuple[dict[str, str], dict[str, bool]]:
    """(birth dates, whether the row names a partner) of these people in the current population."""
    born: dict[str, str] = {}
    named: dict[str, bool] = {}
    for part in parts(people):
        query = sa.select(Person.personal_id, Person.birth_date, Person.spouse_name, Person.spouse_id).join(
            PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id)
        for person, birth, name, number in session.execute(query.where(
                PopulationSnapshot.state == "current", Person.personal_id.in_(part))):
            born[person], named[person] = birth, bool(name or number)
    return born, named


def parts(values: Collection[Value]) -> Iterator[list[Value]]:
    """The values in order, as many at a time as one question to the database may name."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _STEP):
        yield ordered[start:start + _STEP]
