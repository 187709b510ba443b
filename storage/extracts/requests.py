"""Taking in requests for extracts: which record is meant, once and not twice, by when it is due."""
from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.text import fold
from storage.access_log import Purpose
from storage.corrections import current_values
from storage.extracts.deadline import due_on, today
from storage.extracts.errors import NoSuchRecord, RequestDiffers
from storage.extracts.form import form_in_force
from storage.extracts.keeping import keep_soon, moved
from storage.extracts.office import Office
from storage.models import Entry, Extract
from storage.policy import Actor, allows
from storage.review_errors import NotAllowed
from storage.search import SUBJECT_ROLES, by_register_number

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"        # none that are taken for another
ENDED = ("refused", "cancelled")


@dataclass(frozen=True)
class Registration:
    """The registration an extract is asked of, as the one-stop system's module BS names it (domain: soDangKyTruocDay …). day: of
    registration; book, place, name, born: empty where not said. born: EDTF."""

    kind: str
    number: str
    day: date
    book: str = ""
    place: str = ""
    name: str = ""
    born: str = ""


@dataclass(frozen=True)
class Request:
    """What is asked. key: the sender's own for this request, by which it is told again; empty: by dossier and record alone."""

    entry_id: int
    dossier: str
    copies: int = 1
    key: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.entry_id, self.dossier, self.copies]).encode()).hexdigest()


def find_entry(session: Session, asked: Registration) -> int:
    """The one archived entry meant. Raises NoSuchRecord when none fits, or several do."""
    hits = by_register_number(session, asked.kind, asked.number, asked.day.year, book=asked.book or None, place=asked.place or None,
                              statuses=("archived",))
    fitting = [h.entry_id for h in hits if _fits(current_values(session, session.get_one(Entry, h.entry_id)), asked)]
    if len(fitting) != 1:
        raise NoSuchRecord(found=len(fitting))
    return fitting[0]


def entry_of_package(session: Session, record_id: str, kinds: Collection[str]) -> int:
    """The entry whose newest archived version this is. Raises NoSuchRecord."""
    found = session.scalar(sa.select(Entry.id).where(Entry.archive_id == record_id[:64], Entry.status == "archived",
                                                     Entry.kind.in_(kinds)))
    if found is None:
        raise NoSuchRecord(found=0)
    return found


def take(office: Office, actor: Actor, request: Request, purpose: Purpose) -> tuple[Extract, bool]:
    """The extract of this request, and whether it is new. The same request again (same key; or same dossier and record while that one is
    not refused or cancelled) gives the extract it gave before. Raises NoSuchRecord, RequestDiffers, NotAllowed, NoAgency, NoFormInForce."""
    for _ in range(3):
        try:
            with office.database.session() as session:
                entry = _permitted(session, actor, request)
                earlier = _earlier(session, actor, request)
                if earlier is not None:
                    return earlier, False
                made = _new(office, session, actor, request, entry)
                session.flush()
                moved(session, actor, made, "request", purpose, kind=made.kind, copies=made.copies, until=made.due_on.isoformat())
            keep_soon(office, made.id)
            return made, True
        except IntegrityError:                  # the same request came at the same moment by another way
            continue
    raise RequestDiffers()


def _permitted(session: Session, actor: Actor, request: Request) -> Entry:
    entry = session.get(Entry, request.entry_id)
    if entry is None or entry.status != "archived" or entry.archive_id is None:
        raise NoSuchRecord(found=0)
    right = "api.extract" if actor.channel == "api" else "extract.request"
    if not allows(actor, right, entry.commune_code, entry.kind):
        raise NotAllowed(actor=actor.name)
    return entry


def _earlier(session: Session, actor: Actor, request: Request) -> Extract | None:
    own = sa.select(Extract).where(Extract.requested_by == actor.name)
    if request.key:
        told = session.scalar(own.where(Extract.request_key == request.key))
        if told is not None:
            if told.request_digest != request.digest:
                raise RequestDiffers()
            return told
    return session.scalar(own.where(Extract.dossier == request.dossier, Extract.entry_id == request.entry_id,
                                    Extract.state.not_in(ENDED)))


def _new(office: Office, session: Session, actor: Actor, request: Request, entry: Entry) -> Extract:
    now = office.now()
    form_in_force(entry.kind, today(now))
    agency = office.options.agency_of(entry.commune_code)
    made = Extract(id=str(uuid.uuid4()), entry_id=entry.id, package_id=entry.archive_id, kind=entry.kind, commune_code=entry.commune_code,
                   agency_code=agency.code, state="requested", requested_by=actor.name, request_key=request.key or None,
                   request_digest=request.digest, dossier=request.dossier, copies=request.copies, received_at=now,
                   due_on=due_on(now, office.options.cutoff), check_code=_check_code())
    session.add(made)
    return made


def _check_code() -> str:
    """Twenty letters, 98 bits: printed on the page, typed by nobody in a hurry, guessed by nobody."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(20))
    return "-".join(letters[n:n + 5] for n in range(0, 20, 5))


def _fits(values: dict[str, str], asked: Registration) -> bool:
    """Whether day of registration, and name and birth date of a subject where they are said, are the record's."""
    registered = values.get("ngayDangKy", "")
    if not asked.day.isoformat().startswith(registered):        # the book may have the year alone
        return False
    if not asked.name and not asked.born:
        return True
    return any((not asked.name or fold(values.get(f"{role}HoTen", "")) == fold(asked.name))
               and (not asked.born or _same_day(values.get(f"{role}NgaySinh", ""), asked.born)) for role in SUBJECT_ROLES[asked.kind])


def _same_day(written: str, asked: str) -> bool:
    shorter = min(len(written), len(asked))
    return shorter >= 4 and written[:shorter] == asked[:shorter]
