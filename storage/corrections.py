"""Corrections after archiving (cải chính, thay đổi, bổ sung …): a later version of the package with its legal basis. Nothing is rewritten.

What the register says stays what it says, in the entry's fields and in every package; a correction says what is to be read instead, and by
which decision. Luật Hộ tịch 2014, Điều 26–29; Thông tư 04/2020/TT-BTP, Điều 17.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from records.field_text import BadValue, allowed
from storage.aip.description import LegalBasis
from storage.archive import write_package
from storage.archive_package import RetentionOptions
from storage.archive_subject import KINDS_OF_CORRECTION as KINDS
from storage.archive_subject import load_entry, of_entry
from storage.correction_page import note_page
from storage.database import Database
from storage.errors import CorrectionRefused, Words, WrongCorrection
from storage.event_segments import write_segments
from storage.field_writing import codes_of_kind
from storage.models import ArchiveCorrection, ArchivePackage, Entry
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.review_errors import NotAllowed
from storage.review_queue import visible_entry
from storage.search_keys import write_keys
from storage.signing import Signer

__all__ = ["KINDS", "Correction", "Version", "correct_archived", "current_values", "newest", "versions"]
_LONGEST = 2000             # characters of a value or note


@dataclass(frozen=True)
class Correction:
    """kind: a key of KINDS. number, decided_on, agency: the decision it rests on. fields: Ministry's code -> what is to be read from now
    on; may be empty for what only adds a note (a divorce, an annulment), which then must say something."""

    kind: str
    number: str
    decided_on: date
    agency: str
    fields: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Version:
    """One version of an archived entry. correction: None for the first."""

    package: ArchivePackage
    correction: ArchiveCorrection | None


def correct_archived(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, actor: Actor, entry_id: int,
                     correction: Correction) -> ArchivePackage:
    """Write the next version of an archived entry's package and return it. The same correction again returns the package it made.

    The copy shows the page as it is and, behind it, a page that says what was decided. Raises NotAllowed (right `approve`), NoSuchEntry,
    WrongCorrection (what it says cannot be), CorrectionRefused, StorageError. Safe to kill anywhere and to repeat.
    """
    if not actor.may("approve"):
        raise NotAllowed(actor=actor.name)
    _check(entry_id, correction)
    with database.reading() as session:
        visible_entry(session, actor, entry_id)
        entry = load_entry(session, entry_id)
        if entry.status != "archived" or entry.archive_id is None:
            raise CorrectionRefused(subject=f"entry:{entry_id}", cause=Words(
                "mục chưa được lưu trữ; hãy sửa trường ở trang rà soát", "it is not archived; correct its fields instead"))
        correction = replace(correction, fields=_values(entry, correction.fields))
        before = _corrections(session, entry_id)
        if before and _same(before[-1], correction):
            return session.get_one(ArchivePackage, before[-1].package_id)
        current = current_values(session, entry)
        changed = {code: {"before": current.get(code, ""), "after": value} for code, value in sorted(correction.fields.items())
                   if current.get(code, "") != value}
        if not changed and not correction.note.strip():
            raise WrongCorrection(subject=f"entry:{entry_id}", cause=Words("không trường nào thay đổi và không có ghi chú",
                                                                           "nothing would change and there is no note"))
        previous = entry.archive_id
        version = session.get_one(ArchivePackage, previous).version + 1
        row = ArchiveCorrection(package_id="", previous_id=previous, entry_id=entry_id, version=version, kind=correction.kind,
                                number=correction.number.strip(), decided_on=correction.decided_on, agency=correction.agency.strip(),
                                note=correction.note.strip(), fields=changed, made_by=actor.name, created_at=signer.clock())
        basis = LegalBasis(row.kind, KINDS[row.kind][0], row.number, row.decided_on.isoformat(), row.agency, row.note)
        subject = of_entry(session, entry, [*before, row], basis, _digest(correction))

    def settle(session: Session, package: ArchivePackage) -> ArchivePackage | None:
        locked = session.execute(sa.select(Entry).where(Entry.id == entry_id).with_for_update()).scalar_one()
        if locked.archive_id == package.id:
            return session.get_one(ArchivePackage, package.id)
        if locked.archive_id != previous:
            raise CorrectionRefused(subject=f"entry:{entry_id}", cause=Words(
                "trong lúc đó đã có cải chính khác được lưu trữ; hãy làm lại", "another correction was archived meanwhile"))
        session.add(package)
        session.flush()                                 # the row below refers to it
        session.add(row)
        locked.archive_id = package.id
        write_keys(session, entry_id)
        return None

    package = write_package(database, ledger, signer, options, subject, settle, actor.name, "entry.correct",
                            [note_page(subject.title, basis, changed, subject.labels, subject.read, version)])
    write_segments(ledger, options)         # one at a time and far between: the log with it must not wait for the night
    return package


def versions(session: Session, entry_id: int) -> Sequence[Version]:
    """Every version of an archived entry's package, oldest first."""
    corrections = {c.package_id: c for c in _corrections(session, entry_id)}
    packages = session.scalars(sa.select(ArchivePackage).where(ArchivePackage.subject == f"entry:{entry_id}")
                               .order_by(ArchivePackage.version)).all()
    return [Version(p, corrections.get(p.id)) for p in packages]


def newest(session: Session, package_id: str) -> ArchivePackage | None:
    """The newest version of what this package is a version of; None if there is no such package."""
    package = session.get(ArchivePackage, package_id)
    while package is not None:
        follower = session.scalar(sa.select(ArchiveCorrection.package_id).where(ArchiveCorrection.previous_id == package.id))
        if follower is None:
            return package
        package = session.get_one(ArchivePackage, follower)
    return None


def current_values(session: Session, entry: Entry) -> dict[str, str]:
    """Field code -> what is to be read today: as written in the register, or as the last correction of it says."""
    values = {f.code: f.value for f in entry.fields}
    for c in _corrections(session, entry.id):
        values |= {code: str(change["after"]) for code, change in c.fields.items()}
    return values


def _corrections(session: Session, entry_id: int) -> list[ArchiveCorrection]:
    query = sa.select(ArchiveCorrection).where(ArchiveCorrection.entry_id == entry_id)
    return list(session.scalars(query.order_by(ArchiveCorrection.version)))


def _check(entry_id: int, c: Correction) -> None:
    cause = None
    if c.kind not in KINDS:
        cause = Words(f"không có loại quyết định {c.kind}; chọn một trong {', '.join(KINDS)}", f"kind {c.kind}; one of {', '.join(KINDS)}")
    elif not c.number.strip() or len(c.number) > 80 or not c.agency.strip():
        cause = Words("cần số quyết định (không quá 80 ký tự) và cơ quan ra quyết định", "the decision's number and agency are needed")
    elif c.decided_on > date.today():
        cause = Words(f"ngày quyết định {c.decided_on:%d/%m/%Y} chưa đến", f"decided on {c.decided_on.isoformat()}, which is still to come")
    elif any(len(v) > _LONGEST for v in (*c.fields.values(), c.note, c.agency)):
        cause = Words(f"một giá trị dài quá {_LONGEST} ký tự", f"a value is longer than {_LONGEST} characters")
    if cause is not None:
        raise WrongCorrection(subject=f"entry:{entry_id}", cause=cause)


def _values(entry: Entry, said: Mapping[str, str]) -> dict[str, str]:
    """Field code -> canonical value. Raises WrongCorrection for a field the register has not, and what a field cannot hold: a version that
    is archived stays for ever."""
    known, values = codes_of_kind(entry), {}
    for code, text in said.items():
        if code not in known:
            named = ", ".join(sorted(known))
            raise WrongCorrection(subject=f"entry:{entry.id}", cause=Words(
                f"sổ loại {entry.kind} không có trường {code[:60]}; các trường: {named}",
                f"a register of kind {entry.kind} has no field code {code[:60]}; there are {named}"))
        try:
            values[code] = allowed(code, text, entry.kind, entry.form)
        except BadValue as e:
            vi, en = (words.rstrip(".") for words in e.pair)
            raise WrongCorrection(subject=f"entry:{entry.id}", cause=Words(f"trường {code} không nhận “{text[:60]}”: {vi}",
                                                                           f"field {code} cannot hold “{text[:60]}”: {en}")) from e
    return values


def _same(row: ArchiveCorrection, c: Correction) -> bool:
    return ((row.kind, row.number, row.decided_on, row.agency, row.note) == (c.kind, c.number.strip(), c.decided_on, c.agency.strip(),
                                                                           c.note.strip())
            and all(row.fields.get(code, {}).get("after") == value for code, value in c.fields.items() if code in row.fields)
            and set(row.fields) <= set(c.fields))


def _digest(c: Correction) -> str:
    said = [c.kind, c.number.strip(), c.decided_on.isoformat(), c.agency.strip(), c.note.strip(), sorted(c.fields.items())]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
