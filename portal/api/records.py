"""Find records and read the fields that may be disclosed. Searching is POST, so that no personal data stands in an address."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.api.context import Inquiry, inquiry
from portal.api.disclosure import Disclosure, disclosure
from portal.api.one_thread import OneThread
from portal.api.problems import Problem, responses
from portal.notation import VIETNAM
from records.text import nfc
from storage import search
from storage.field_groups import in_groups, numbers_in_groups
from storage.models import ArchivePackage, Batch, Entry, Page, StoredObject, utc_now
from storage.search import SearchHit
from storage.search_near import WHY, NearHit, by_near_name
from storage.search_places import BookUnit
from storage.signature_upkeep import current_copy
from storage.watch_digest import asked_name, asked_person, asked_register_number

router = APIRouter(prefix="/records", tags=["records"], route_class=OneThread)
Kind = Literal["KS", "KH", "KT", "NCM", "GH", "CN", "CC", "HN"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
EdtfDate = Annotated[str, StringConstraints(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
_REFUSED = responses("missing_context", "not_authenticated", "not_permitted", "invalid", "too_many", "unavailable")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kinds: Annotated[list[Kind] | None, Field(description="Only these registers; all that the token allows if left out")] = None


class ByPersonalNumber(_Body):
    """The subject's personal number: 12 digits (or an older 9-digit one written in the book)."""

    personal_id: Annotated[str, StringConstraints(pattern=r"^(\d{9}|\d{12})$")]


class ByNameAndDate(_Body):
    """Name and birth date of the subject, as on their papers; the mother's name narrows it down where the register names her."""

    name: Name
    birth_date: EdtfDate
    mother_name: Name | None = None
    fuzzy: Annotated[bool, Field(description="Near names and dates too; each record then says how near and why")] = False
    limit: Annotated[int, Field(ge=1, le=50, description="Of a fuzzy search: records at most")] = 20


class ByRegisterNumber(BaseModel):
    """The number on the certificate: kind, number, year of registration; book (`01/2017`) and place
    (commune code or office name) narrow it down."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    number: Annotated[str, StringConstraints(pattern=r"^\s*\d{1,5}[A-Za-z]?(/\d{4})?\s*$")]
    year: Annotated[int, Field(ge=1850, le=2200)]
    book: Annotated[str, StringConstraints(max_length=32)] | None = None
    place: Annotated[str, StringConstraints(max_length=200)] | None = None


class UnitNow(BaseModel):
    """A commune of today. relation: same; or how the land of the commune whose book it was went over to it: whole, divided (to several),
    earlier (over a merger before 2025), unsure (ask a person)."""

    code: str
    name: str
    relation: Literal["same", "whole", "divided", "earlier", "unsure"]


class Unit(BaseModel):
    """The commune whose book it was, by its code and name of then, and what it belongs to today."""

    code: str
    name: str
    today: list[UnitNow]


class Why(BaseModel):
    """What agrees and how, with a stable code."""

    code: str
    vi: str
    en: str


class RecordReference(BaseModel):
    """A record that was found, without personal data. `id` is the archived version's and does not change. match, score (0..1), why: a
    fuzzy search says of each record whether it is what was asked for or only near to it."""

    id: str
    kind: Kind
    number: str | None
    year: int | None
    book: str | None
    registry_office: str | None
    roles: Annotated[list[str], Field(description="As whom the person stands in it: nks, vo, chong, nkt")] = []
    unit: Unit | None = None
    match: Literal["exact", "fuzzy"] = "exact"
    score: float | None = None
    why: list[Why] = []


class SearchAnswer(BaseModel):
    """match: fuzzy where near names and dates were looked for; records that are only near then stand among the others and say so."""

    count: int
    match: Literal["exact", "fuzzy"] = "exact"
    records: list[RecordReference]


class RecordMetadata(BaseModel):
    """Only what the rule in force allows, and of that the groups of fields that the token has. fields: values as written in the register;
    personal_numbers: from the population link that a person or the linker accepted, never mixed with what is written."""

    id: str
    kind: Kind
    basis: str
    archived_at: str
    fields: dict[str, str]
    personal_numbers: dict[str, str]
    copy_sha256: str
    copy_bytes: int


def _allowed(asked: Inquiry, kinds: list[Kind] | None) -> list[str]:
    permitted = asked.client.kinds("read")
    if kinds:
        for kind in kinds:
            asked.must(kind, "read")
        return sorted(kinds)
    if not permitted:
        raise Problem("not_permitted", "The token has no read scope.", "Mã truy cập không có phạm vi đọc nào.")
    return sorted(permitted)


def _answer(asked: Inquiry, by: str, hits: list[SearchHit], digests: Mapping[str, Any]) -> SearchAnswer:
    found = [h for h in hits if h.archive_id is not None]
    asked.record("record.search", "records", by=by, records=[f"entry:{h.entry_id}" for h in found], count=len(found), **digests)
    return SearchAnswer(count=len(found), records=[reference(h) for h in found])


def _fuzzy_answer(asked: Inquiry, near: list[NearHit], digests: Mapping[str, Any]) -> SearchAnswer:
    asked.record("record.search", "records", by="name_and_date_fuzzy", records=[f"entry:{n.hit.entry_id}" for n in near], count=len(near),
                 **digests)
    return SearchAnswer(count=len(near), match="fuzzy", records=[reference(n.hit).model_copy(update={
        "match": "exact" if n.exact else "fuzzy", "score": n.score,
        "why": [Why(code=code, vi=WHY[code][1], en=WHY[code][2]) for code in n.why]}) for n in near])


def reference(hit: SearchHit) -> RecordReference:
    return RecordReference(id=str(hit.archive_id), kind=hit.kind, number=hit.number, year=hit.year, book=hit.book_number,   # type: ignore[arg-type]
                           registry_office=hit.registry_office, roles=list(hit.roles), unit=_unit(hit.unit))


def _unit(unit: BookUnit | None) -> Unit | None:
    return None if unit is None else Unit(code=unit.code, name=unit.name, today=[
        UnitNow(code=u.code, name=u.name, relation=u.relation) for u in unit.today])       # type: ignore[arg-type]


@router.post("/search/personal-number", responses=_REFUSED, summary="Tìm theo số định danh / Find by personal number")
def find_by_personal_number(body: ByPersonalNumber, asked: Annotated[Inquiry, Depends(inquiry)]) -> SearchAnswer:
    kinds = _allowed(asked, body.kinds)
    asked.spend("searches")
    with asked.desk.services.database.glance() as session:
        hits = search.by_personal_number(session, body.personal_id, kinds, actor=asked.actor)
    return _answer(asked, "personal_number", hits, asked_person(asked.desk.watch_key, body.personal_id))


@router.post("/search/name", responses=_REFUSED, summary="Tìm theo họ tên và ngày sinh / Find by name and birth date")
def find_by_name(body: ByNameAndDate, asked: Annotated[Inquiry, Depends(inquiry)]) -> SearchAnswer:
    kinds = _allowed(asked, body.kinds)
    asked.spend("searches")
    digests = asked_name(asked.desk.watch_key, body.name, body.birth_date)
    mother = nfc(body.mother_name) if body.mother_name else None
    with asked.desk.services.database.glance() as session:
        if body.fuzzy:
            near = by_near_name(session, nfc(body.name), body.birth_date, kinds, mother=mother, actor=asked.actor, limit=body.limit)
            return _fuzzy_answer(asked, near, digests)
        hits = search.by_name_and_date(session, nfc(body.name), body.birth_date, kinds, mother=mother, actor=asked.actor)
    return _answer(asked, "name_and_date", hits, digests)


@router.post("/search/register-number", responses=_REFUSED, summary="Tìm theo số đăng ký / Find by register number")
def find_by_register_number(body: ByRegisterNumber, asked: Annotated[Inquiry, Depends(inquiry)]) -> SearchAnswer:
    asked.must(body.kind, "read")
    asked.spend("searches")
    with asked.desk.services.database.glance() as session:
        hits = search.by_register_number(session, body.kind, body.number, body.year, book=body.book, place=body.place, actor=asked.actor)
    return _answer(asked, "register_number", hits, asked_register_number(asked.desk.watch_key, body.kind, body.year, body.number))


def archived_entry(session: Session, record_id: str) -> tuple[Entry, ArchivePackage, StoredObject]:
    """The archived entry, its package and the row of its signed PDF. Raises Problem not_found."""
    package = session.get(ArchivePackage, record_id[:64])
    entry = session.scalar(select(Entry).where(Entry.archive_id == record_id[:64],
        Entry.status == "archived")) if package is not None else None
    stored = current_copy(session, package) if package is not None else None
    if package is None or entry is None or stored is None:
        raise Problem("not_found")
    return entry, package, stored


@router.get("/{record_id}", responses={**_REFUSED, **responses("not_found")},
    summary="Dữ liệu được phép chia sẻ / The fields that may be shared")
def metadata(record_id: str, asked: Annotated[Inquiry, Depends(inquiry)]) -> RecordMetadata:
    asked.spend("records")
    with asked.desk.services.database.session() as session:
        entry, package, stored = archived_entry(session, record_id)
        asked.must(entry.kind, "read")
        rule = disclosure(entry.kind, utc_now().astimezone(VIETNAM).date(), asked.service)
        if rule is None:
            raise Problem("not_permitted", "No rule in force lets records of this kind be shared as data; fetch the copy.",
                          "Chưa có quy định chia sẻ dữ liệu của loại sổ này; hãy lấy bản sao.")
        fields, numbers = shared(session, entry, rule, asked.groups(entry.kind))
        asked.log(session, "record.metadata", f"entry:{entry.id}", basis=rule.basis, count=1,
                  fields=[*fields, *(f"{r}:personal_number" for r in numbers)])
        return RecordMetadata(id=record_id, kind=entry.kind, basis=rule.basis, archived_at=_iso(package.created_at.astimezone(VIETNAM)),   # type: ignore[arg-type]
                              fields=fields, personal_numbers=numbers, copy_sha256=stored.sha256, copy_bytes=stored.size)


def shared(session: Session, entry: Entry, rule: Disclosure, groups: frozenset[str] | None) -> tuple[dict[str, str], dict[str, str]]:
    """The fields as written in the register, and role -> personal number of the accepted population link: what the rule lets be given, of
    the groups of fields that the token has."""
    allowed, roles = in_groups(rule.fields, groups), numbers_in_groups(rule.numbers_of, groups)
    written = {f.code: f.value for f in entry.fields}
    if "noiDangKy" in allowed and "noiDangKy" not in written:
        page = session.get_one(Page, entry.page_id)
        written["noiDangKy"] = session.get_one(Batch, page.batch_id).registry_office or ""
    numbers = {x.role: x.personal_id for x in entry.links if x.role in roles and x.decision == "accept" and x.personal_id}
    return {code: written[code] for code in allowed if written.get(code)}, numbers


def _iso(at: date) -> str:
    return at.isoformat()
