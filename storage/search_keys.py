"""The keys archived entries are found by: folded names, dates, numbers and places, filled in the unit of work that archives or corrects.

Search then asks small indexed tables and folds nothing. A corrected entry is found by what the register says and by what is to be read
today. Links to the population are not repeated here: they change after archiving, and their own table has an index.
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.vocabulary import ear_key
from records.places import TWO_TIERS, default_gazetteer
from records.text import fold
from storage.models import ArchiveCorrection, Batch, Entry, Field, Page, PersonKey, RecordKey

NUMBER = re.compile(r"^\s*0*(\d+[A-Za-z]?)")
_PERSON = re.compile(r"^(\w+?)(HoTen|NgaySinh|SoDinhDanh|SoGiayToTuyThan)$")
_BOOK = re.compile(r"^\s*(\d{1,15})\s*(?:/\s*(.*?)\s*)?$")
_YEAR = re.compile(r"^(\d{4})")
_SURE = 0.9                     # score from which a written office names a unit


def name_key(name: str) -> str:
    """What names are compared by: case, tone placement and punctuation make no difference."""
    return fold(name)[:120].strip()


def given_key(name: str) -> str:
    """The given name as one hears it, "" without one; near names are looked for among those that share it."""
    words = fold(name).split()
    return ear_key(words[-1])[:24] if words else ""


def book_parts(written: str | None) -> tuple[int, str] | None:
    """(1, "2017") of 01/2017, (1, "") of 1; None of what is no book number."""
    match = _BOOK.match(written or "")
    return (int(match[1]), (match[2] or "")[:32]) if match else None


def record_keys(kind: str, number: str | None, year: int | None, book: str | None, office: str | None, commune: str | None
                ) -> dict[str, Any]:
    """Columns of a RecordKey, without entry_id."""
    bare, parts = NUMBER.match(number or ""), book_parts(book)
    unit = book_unit(office or "", commune or "", year or 0)
    return {"kind": kind, "year": year, "number": bare[1][:32] if bare else None, "book": parts[0] if parts else None,
            "book_year": parts[1] if parts else None, "unit_code": unit[0] if unit else None, "unit_list": unit[1] if unit else None,
            "office_key": fold(office or "")[:300]}


def person_keys(kind: str, written: Mapping[str, str], corrected: Mapping[str, str] = {}) -> Iterator[dict[str, Any]]:
    """Columns of the PersonKeys of one entry, without entry_id. written: field code -> value; corrected: what decisions changed of it."""
    before = dict(_people(kind, written))
    for role, keys in before.items():
        yield {**keys, "role": role, "corrected": False}
    for role, keys in _people(kind, {**written, **corrected}):
        if before.get(role) != keys:
            yield {**keys, "role": role, "corrected": True}


def _people(kind: str, values: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    for code, value in values.items():
        part = _PERSON.match(code)
        if part and value.strip() and len(part[1]) <= 16:
            roles[part[1]][part[2]] = value.strip()
    mother = name_key(values.get("meHoTen") or "") or None
    for role, said in roles.items():
        born, name = said.get("NgaySinh"), said.get("HoTen", "")
        year = _YEAR.match(born or "")
        yield role, {"kind": kind, "name_key": name_key(name), "given_key": given_key(name), "birth_date": born[:24] if born else None,
                     "birth_year": int(year[1]) if year else None, "mother_key": mother,
                     "personal_number": _number(said.get("SoDinhDanh")), "paper_number": _number(said.get("SoGiayToTuyThan"))}


def _number(written: str | None) -> str | None:
    return written if written and len(written) <= 20 else None


@lru_cache(maxsize=20_000)
def book_unit(office: str, commune: str, year: int) -> tuple[str, str] | None:
    """(code, numbering) of the commune whose book it was: the one the registry office is called after, if its name tells, else the
    holder's. The two differ since July 2025, when communes took over the books of those they were made of.

    The numbering is C for codes of before July 2025, D for those since.
    """
    places = default_gazetteer()
    on = date(year, 6, 30) if 1900 <= year <= 2200 else date(2017, 6, 30)
    holder = places.unit(commune, on) or next(iter(places.units(commune)), None)
    if office:
        near = (commune, holder.district_code, holder.province_code) if holder else ()
        found = [m for m in places.find(office, on=on, limit=3, near=near) if m.unit.level == "commune" and m.score >= _SURE]
        if found and (holder is None or found[0].unit.province == holder.province or found[0].unit.code == commune):
            return found[0].unit.code, numbering(found[0].unit.lists)
    if holder is not None and holder.level == "commune":
        return holder.code, numbering(holder.lists)
    return (commune[:8], "D" if on >= TWO_TIERS else "C") if commune else None


def numbering(lists: str) -> str:
    """D for a unit that exists since July 2025, else C."""
    return "D" if lists == "D" else "C"


def write_keys(session: Session, entry_id: int) -> None:
    """Fill (or renew) the keys of one entry, in the caller's unit of work."""
    session.flush()
    entry = session.execute(sa.select(Entry.kind, Entry.number, Entry.year, Batch.book_number, Batch.registry_office, Batch.commune_code)
                            .join(Page, Page.id == Entry.page_id).join(Batch, Batch.id == Page.batch_id)
                            .where(Entry.id == entry_id)).one()
    written: dict[str, str] = {code: value for code, value in session.execute(sa.select(Field.code, Field.value)
                                                                              .where(Field.entry_id == entry_id))}
    corrected: dict[str, str] = {}
    for changes in session.scalars(sa.select(ArchiveCorrection.fields).where(ArchiveCorrection.entry_id == entry_id)
                                   .order_by(ArchiveCorrection.version)):
        corrected |= {code: str(change["after"]) for code, change in changes.items()}
    for table in (PersonKey, RecordKey):
        session.execute(sa.delete(table).where(table.entry_id == entry_id))
    keys = record_keys(entry.kind, entry.number, entry.year, entry.book_number, entry.registry_office, entry.commune_code)
    session.add(RecordKey(entry_id=entry_id, **keys))
    session.add_all(PersonKey(entry_id=entry_id, **p) for p in person_keys(entry.kind, written, corrected))
    session.flush()


def write_book_keys(session: Session, batch_id: str) -> None:
    """Renew the keys of a book's archived entries, after what is known of the book has changed."""
    session.flush()
    for entry_id in session.scalars(sa.select(Entry.id).where(Entry.batch_id == batch_id, Entry.status == "archived")).all():
        write_keys(session, entry_id)
