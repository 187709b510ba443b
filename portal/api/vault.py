"""The personal vault: every record of one person, for whoever shows the law or the person's consent that allows it."""
from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.api.context import Inquiry, inquiry
from portal.api.disclosure import disclosure
from portal.api.problems import Problem, responses
from portal.api.records import Kind, RecordReference, reference, shared
from portal.notation import VIETNAM
from storage.models import Entry, utc_now
from storage.person_records import PersonRecord, person_records
from storage.watch_digest import asked_person

router = APIRouter(prefix="/persons", tags=["persons"])


class Consent(BaseModel):
    """The person's own consent: where it is kept and the day it was given (Luật 91/2025/QH15)."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["consent"]
    reference: Annotated[str, StringConstraints(pattern=r"^[\w][\w./-]{2,79}$")]
    date: date


class Law(BaseModel):
    """The article that makes it a duty, for example `Điều 12 Luật Hộ tịch 2014`."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["law"]
    article: Annotated[str, StringConstraints(min_length=5, max_length=200, strip_whitespace=True)]


class VaultWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")
    personal_id: Annotated[str, StringConstraints(pattern=r"^(\d{9}|\d{12})$")]
    legal_basis: Annotated[Consent | Law, Field(discriminator="kind", description="Without it nothing is looked up")]


class VaultRecord(BaseModel):
    """fields, personal_numbers: what the rule in force lets be shared, of records about the person, their child or spouse; of others only
    that they are there. basis: that rule, null where nothing may be given."""

    record: RecordReference
    basis: str | None
    fields: dict[str, str]
    personal_numbers: dict[str, str]


class VaultAnswer(BaseModel):
    """kinds: the registers that were looked in, those the client may read; of the others nothing is said here."""

    count: int
    kinds: list[Kind]
    records: list[VaultRecord]


@router.post("/vault", summary="Kho dữ liệu hộ tịch của một người / Everything of one person",
             responses=responses("missing_context", "not_authenticated", "not_permitted", "invalid", "too_many", "unavailable"))
def vault(wanted: VaultWanted, asked: Annotated[Inquiry, Depends(inquiry)]) -> VaultAnswer:
    """The person as subject or party, by a number written in the record or by an accepted link. Needs the scope person:vault."""
    if not asked.actor.may("api.vault"):
        raise Problem("not_permitted", "The token lacks the scope person:vault.", "Mã truy cập thiếu phạm vi person:vault.")
    kinds = sorted(asked.client.kinds("read"))
    if not kinds:
        raise Problem("not_permitted", "The token has no read scope.", "Mã truy cập không có phạm vi đọc nào.")
    basis = wanted.legal_basis
    if isinstance(basis, Consent) and basis.date > utc_now().astimezone(VIETNAM).date():
        raise Problem("invalid", "legal_basis.date is still to come.", "Ngày đồng ý còn ở phía trước.")
    asked.spend("searches")
    said = f"consent {basis.reference} {basis.date.isoformat()}" if isinstance(basis, Consent) else basis.article
    with asked.desk.services.database.reading() as session:
        found = person_records(session, wanted.personal_id, kinds, actor=asked.actor)
        entries = {e.id: e for e in session.scalars(select(Entry).where(Entry.id.in_([r.hit.entry_id for r in found])).options(
            selectinload(Entry.fields), selectinload(Entry.links)))}
        records = [_record(asked, session, r, entries[r.hit.entry_id]) for r in found if r.hit.archive_id is not None]
    fields = sorted({f"{v.record.kind}:{code}" for v in records
                     for code in (*v.fields, *(f"{role}:personal_number" for role in v.personal_numbers))})
    asked.record("person.vault", "records", basis=said, by=basis.kind, records=[f"entry:{r.hit.entry_id}" for r in found],
                 count=len(records), fields=fields, **asked_person(asked.desk.watch_key, wanted.personal_id))
    return VaultAnswer(count=len(records), kinds=kinds, records=records)        # type: ignore[arg-type]


def _record(asked: Inquiry, session: Session, found: PersonRecord, entry: Entry) -> VaultRecord:
    rule = disclosure(entry.kind, utc_now().astimezone(VIETNAM).date(), asked.service) if found.own else None
    fields, numbers = shared(session, entry, rule, asked.groups(entry.kind)) if rule else ({}, {})
    return VaultRecord(record=reference(found.hit), basis=rule.basis if rule else None, fields=fields, personal_numbers=numbers)
