"""An extract's way: requested -> signed -> numbered -> issued -> delivered; refused before it is signed, cancelled before it is delivered.

Each step holds the row, moves it if it stands where the step begins, and writes its lines of log and feed, in one unit of work. Documents
are stored before that, the record of the step after it (`keeping`); a kill in between leaves a document that nothing names and a step that
can be done again, or a record that is written later.

The number: reserved first (sequence and row in one unit of work), written into the store, then signed into the document by the agency,
then the step is done. A number once reserved belongs to its extract, also when that is cancelled: no number is given twice and none is
missing from the list.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.access_log import Purpose
from storage.extracts.deadline import VIETNAM, today
from storage.extracts.document import document
from storage.extracts.errors import NoSuchExtract, ReasonNeeded, RecordChanged, WrongState
from storage.extracts.form import ExtractForm, form_in_force
from storage.extracts.keeping import keep, keep_keys, keep_soon, moved
from storage.extracts.listing import visible_extract
from storage.extracts.office import Office, agency_place, person_place
from storage.extracts.options import CompetentSigner
from storage.extracts.proof import Statement, encode, matrix
from storage.extracts.values import digest, hint, printed_values
from storage.models import Entry, Extract, ExtractNumber
from storage.policy import Actor, allows
from storage.review_errors import NotAllowed

RIGHTS = {"sign": "extract.sign", "number": "extract.number", "issue": "extract.hand", "deliver": "extract.hand",
          "refuse": "extract.number", "cancel": "extract.number"}
BEGINS = {"sign": ("requested",), "number": ("signed",), "issue": ("numbered",), "deliver": ("issued",), "refuse": ("requested",),
          "cancel": ("signed", "numbered", "issued")}
_REASON = range(5, 501)
PURPOSE = "extract"


def sign(office: Office, actor: Actor, extract_id: str) -> Extract:
    """The competent person signs: the document is made from the record's values of now. Raises NotAllowed, NotASigner, WrongState,
    NoSuchExtract, DoesNotFit, SigningFailed."""
    with office.database.reading() as session:
        found, person = _permitted(session, actor, extract_id, "sign"), office.options.signer(actor.name)
        ready = _prepared(office, session, found, person)
    form, values, pdf = ready.form, ready.values, ready.pdf
    place = person_place(person, ready.box, ready.when.isoformat())
    signed = office.signer.with_key(person.key).sign(pdf, reason=f"{form.title} (bản sao)", place=place)
    key = office.keep(found.id, signed)
    with office.database.session() as session:
        held = _hold(session, extract_id, "sign")
        if _archived_version(session, held) != ready.package:
            raise RecordChanged()
        held.state, held.signed_by, held.signed_at, held.signed_key, held.package_id = "signed", actor.name, ready.when, key, ready.package
        held.values_digest, held.hint, held.suffix = digest(list(values.items()), held.check_code).hex(), hint(values, form), form.suffix
        _moved(session, actor, held, "sign", fields=list(values))
    keep_soon(office, extract_id)
    return held


def draft(office: Office, actor: Actor, extract_id: str) -> bytes:
    """What would be signed now, without a signature. Raises NoSuchExtract, NoFormInForce, NoAgency, DoesNotFit."""
    with office.database.reading() as session:
        found = visible_extract(session, actor, extract_id)
        return _prepared(office, session, found, office.options.signers.get(actor.name, CompetentSigner("", ())), draft=True).pdf


def number(office: Office, actor: Actor, extract_id: str) -> Extract:
    """Văn thư gives the number and the day; the agency's signature puts them and the code into the document. Raises as `sign`,
    RecordChanged."""
    with office.database.session() as session:
        _permitted(session, actor, extract_id, "number")
        held = _hold(session, extract_id, "number")
        _must_be_current(session, held)
        if held.number is None:
            held.issue_day = today(office.now())
            held.number_year, held.numbered_by = held.issue_day.year, actor.name
            held.number = _next_number(session, held.agency_code, held.number_year)
            _moved(session, actor, held, "reserve", number=number_text(held))
    keep(office, extract_id)            # before the number is on any paper: a restore from the store alone never gives it again
    assert held.issue_day is not None and held.signed_key is not None and held.values_digest is not None
    agency = office.options.agency_named(held.agency_code)
    said = Statement(number_text(held), held.kind, held.issue_day, held.agency_code, held.package_id, bytes.fromhex(held.values_digest),
                     held.hint)
    key_id, private = office.keys.signing()
    keep_keys(office)
    code = encode(said, key_id, private)
    place = agency_place(agency, said.number, held.issue_day, matrix(code))
    key = office.keep(held.id, office.signer.sign(office.ledger.get(held.signed_key), reason="Cấp số, phát hành", place=place))
    with office.database.session() as session:
        held = _hold(session, extract_id, "number")
        _must_be_current(session, held)
        held.state, held.numbered_at, held.pdf_key, held.code_text = "numbered", office.now(), key, code
        _moved(session, actor, held, "number", number=said.number)
    keep_soon(office, extract_id)
    return held


def issue(office: Office, actor: Actor, extract_id: str) -> Extract:
    """Hand it out: from now on the one who asked may fetch it. Raises as `number`."""
    with office.database.session() as session:
        _permitted(session, actor, extract_id, "issue")
        held = _hold(session, extract_id, "issue")
        _must_be_current(session, held)
        held.state, held.issued_by, held.issued_at = "issued", actor.name, office.now()
        _moved(session, actor, held, "issue")
    keep_soon(office, extract_id)
    return held


def deliver(office: Office, actor: Actor, extract_id: str, purpose: Purpose | None = None) -> Extract:
    """The one who asked has it; said by the office or by the program that asked. Again: nothing. Raises as `sign`."""
    with office.database.session() as session:
        found = _permitted(session, actor, extract_id, "deliver")
        if found.state == "delivered":
            return found
        held = _hold(session, extract_id, "deliver")
        held.state, held.delivered_by, held.delivered_at = "delivered", actor.name, office.now()
        _moved(session, actor, held, "deliver", purpose)
    keep_soon(office, extract_id)
    return held


def refuse(office: Office, actor: Actor, extract_id: str, reason: str) -> Extract:
    """Not to be made, for a reason that the one who asked is told. Raises as `sign`, ReasonNeeded."""
    return _end(office, actor, extract_id, reason, "refuse", "refused")


def cancel(office: Office, actor: Actor, extract_id: str, reason: str) -> Extract:
    """Made, but not to be used; its number stays its own. Raises as `refuse`."""
    return _end(office, actor, extract_id, reason, "cancel", "cancelled")


def number_text(extract: Extract) -> str:
    """`12/TLKS-BS`; empty before it has one."""
    return f"{extract.number}/{extract.suffix}" if extract.number is not None else ""


def steps_open(actor: Actor, extract: Extract) -> Sequence[str]:
    """The steps this actor may do now, the next one of the way first."""
    return [step for step, states in BEGINS.items() if extract.state in states
            and allows(actor, RIGHTS[step], extract.commune_code, extract.kind)]


@dataclass(frozen=True)
class _Prepared:
    """The document before the person's signature, whose place is `box`; package: the archived version it is of."""

    pdf: bytes
    box: tuple[int, int, int, int]
    form: ExtractForm
    values: dict[str, str]
    package: str
    when: datetime


def _prepared(office: Office, session: Session, extract: Extract, person: CompetentSigner, draft: bool = False) -> _Prepared:
    entry, agency = session.get_one(Entry, extract.entry_id), office.options.agency_named(extract.agency_code)
    when = office.now().astimezone(VIETNAM).replace(microsecond=0)
    form = form_in_force(extract.kind, when.date())
    values = printed_values(session, entry, form)
    pdf, box = document(extract.id, form, values, agency, person, extract.check_code, when, draft)
    return _Prepared(pdf, box, form, values, str(entry.archive_id), when)


def _end(office: Office, actor: Actor, extract_id: str, reason: str, step: str, state: str) -> Extract:
    said = " ".join(reason.split())
    if len(said) not in _REASON:
        raise ReasonNeeded()
    with office.database.session() as session:
        _permitted(session, actor, extract_id, step)
        held = _hold(session, extract_id, step)
        held.state, held.ended_by, held.ended_at, held.reason = state, actor.name, office.now(), said
        _moved(session, actor, held, step)
    keep_soon(office, extract_id)
    return held


def _permitted(session: Session, actor: Actor, extract_id: str, step: str) -> Extract:
    found = visible_extract(session, actor, extract_id)
    if actor.channel == "api":                  # a program sees only its own, and only says that it has it
        if step != "deliver" or not allows(actor, "api.extract", found.commune_code, found.kind):
            raise NotAllowed(actor=actor.name)
    elif not allows(actor, RIGHTS[step], found.commune_code, found.kind):
        raise NotAllowed(actor=actor.name)
    if found.state not in BEGINS[step] and not (step == "deliver" and found.state == "delivered"):
        raise WrongState(state=found.state)
    return found


def _hold(session: Session, extract_id: str, step: str) -> Extract:
    held = session.scalar(sa.select(Extract).where(Extract.id == extract_id).with_for_update(), execution_options={
        "populate_existing": True})
    if held is None:
        raise NoSuchExtract(extract=extract_id)
    if held.state not in BEGINS[step]:
        raise WrongState(state=held.state)
    return held


def _must_be_current(session: Session, extract: Extract) -> None:
    """A correction waits until this unit of work ends (storage.corrections locks the entry too), or is seen here."""
    if _archived_version(session, extract) != extract.package_id:
        raise RecordChanged()


def _archived_version(session: Session, extract: Extract) -> str | None:
    return session.scalar(sa.select(Entry.archive_id).where(Entry.id == extract.entry_id).with_for_update())


def _next_number(session: Session, agency: str, year: int) -> int:
    """The next number of that agency's year. The row is locked until the unit of work ends, and a roll-back takes the number back."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(ExtractNumber).values(agency_code=agency, year=year, last=1)
    grown = fresh.on_conflict_do_update(index_elements=["agency_code", "year"], set_={"last": ExtractNumber.last + 1})
    return int(session.execute(grown.returning(ExtractNumber.last)).scalar_one())


def _moved(session: Session, actor: Actor, extract: Extract, step: str, purpose: Purpose | None = None, **particulars: Any) -> None:
    moved(session, actor, extract, step, purpose or Purpose(PURPOSE, extract.dossier), **particulars)
