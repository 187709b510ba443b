"""Archiving: one package an entry or dossier, made once, locked, and never made again. Safe to kill anywhere and to repeat."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from ocr.dossier import CONFIRM
from records.forms import load_forms
from storage import events
from storage.archive_package import ArchiveOptions, PackageName, RetentionOptions, manifest, package_name, retention, to_json
from storage.database import Database
from storage.dossier_review import CONFIRMED
from storage.dossier_review import revision as dossier_revision
from storage.errors import NotReadyToArchive, ObjectDiffers
from storage.export import entry_line
from storage.fixity import Difference, verify_archive
from storage.models import ArchivePackage, Batch, Dossier, Entry, Event, Field, Page, StoredObject, User
from storage.outbox import ObjectLedger
from storage.page_pdf import pdf_page
from storage.pdfa import DocumentInfo, build
from storage.review_queue import check_waits
from storage.signing import Signer

__all__ = ["ArchiveOptions", "Difference", "archive_dossier", "archive_entry", "verify_archive"]

PDF, JSON = "application/pdf", "application/json"
TITLES = {"KS": "Sổ đăng ký khai sinh", "KH": "Sổ đăng ký kết hôn", "KT": "Sổ đăng ký khai tử", "NCM": "Sổ đăng ký nhận cha, mẹ, con",
          "CMC": "Sổ đăng ký nhận cha, mẹ, con", "GH": "Sổ đăng ký giám hộ", "CN": "Sổ đăng ký nuôi con nuôi", "CC": "Sổ đăng ký cải chính",
          "HN": "Sổ cấp giấy xác nhận tình trạng hôn nhân", "HS": "Hồ sơ"}


@dataclass(frozen=True)
class _Subject:
    """What is to be archived, read at one moment."""

    subject: str
    name: PackageName
    title: str
    created: datetime                       # when its content was settled; written into the PDF
    about: Mapping[str, Any]
    pages: Sequence[Page]
    record: Mapping[str, Any]
    fields: Sequence[Field] = field(default=())


def archive_entry(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, entry_id: int,
                  actor: str) -> ArchivePackage:
    """Archive a verified entry and return its package; an archived entry's package is returned as it is.

    In the package: the page's original (locked where it lies), the signed searchable PDF, record.json, manifest.json; all under object
    lock. What an earlier, interrupted call has stored is used, not made again. Raises NotReadyToArchive, SigningFailed, StorageError.
    """
    with database.reading() as session:
        entry = _entry(session, entry_id)
        if entry.status == "archived" and entry.archive_id:
            return session.get_one(ArchivePackage, entry.archive_id)
        if entry.status != "verified" or entry.verified_at is None:
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause=f"status {entry.status}")
        if check_waits(session, entry_id):
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause="its second check is not done")
        subject, revision = _of_entry(session, entry), entry.revision

    def settle(session: Session, package: ArchivePackage) -> ArchivePackage | None:
        """Mark the entry in the same unit of work; a package another program made meanwhile is returned instead."""
        row = session.execute(sa.select(Entry).where(Entry.id == entry_id).with_for_update()).scalar_one()
        if row.status == "archived" and row.archive_id == package.id:
            return session.get_one(ArchivePackage, package.id)
        if row.status != "verified" or row.revision != revision:
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause="it was changed while it was being archived")
        row.status, row.archive_id = "archived", package.id
        return None

    return _archive(database, ledger, signer, options, subject, settle, actor)


def archive_dossier(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, dossier_id: int,
                    actor: str) -> ArchivePackage:
    """Archive an administrative dossier: all its pages in one PDF. As `archive_entry` in everything else."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, dossier_id)
        if dossier.archive_id:
            return session.get_one(ArchivePackage, dossier.archive_id)
        if dossier.fields.get(CONFIRM):
            raise NotReadyToArchive(subject=f"dossier:{dossier_id}", cause="to confirm: " + ", ".join(dossier.fields[CONFIRM]))
        subject, fields = _of_dossier(session, dossier), dict(dossier.fields)

    def settle(session: Session, package: ArchivePackage) -> ArchivePackage | None:
        row = session.execute(sa.select(Dossier).where(Dossier.id == dossier_id).with_for_update()).scalar_one()
        if row.archive_id:
            return session.get_one(ArchivePackage, row.archive_id)
        if row.fields != fields:
            raise NotReadyToArchive(subject=f"dossier:{dossier_id}", cause="changed meanwhile")
        row.archive_id = package.id
        return None

    return _archive(database, ledger, signer, options, subject, settle, actor)


def _archive(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, subject: _Subject,
             settle: Callable[[Session, ArchivePackage], ArchivePackage | None], actor: str) -> ArchivePackage:
    if not subject.pages or any(p.original_key is None for p in subject.pages):
        raise NotReadyToArchive(subject=subject.subject, cause="a page has no stored original")
    now = signer.clock().astimezone(UTC).replace(microsecond=0)
    until, mode = retention(options, now)
    name = subject.name

    def keep(key: str, media_type: str, make: Callable[[], bytes]) -> StoredObject:
        """The stored object under this key, made only if it is not there; of two programs at once, the first one's is used by both."""
        row = ledger.settled(key)
        if row is None:
            try:
                ledger.put("archive", key, make(), media_type, until, mode)
            except ObjectDiffers:
                if ledger.settled(key) is None:
                    raise
            row = ledger.row(key)
            assert row is not None
        return row

    originals = [ledger.row(key) for key in dict.fromkeys(p.original_key for p in subject.pages if p.original_key)]
    objects = [("original", o) for o in originals if o is not None]
    if len(objects) != len(originals):
        raise NotReadyToArchive(subject=subject.subject, cause="a page's original is not in the store")
    for _, original in objects:
        ledger.retain(original.key, until, mode)
    pdf = keep(name.pdf, PDF, lambda: signer.sign(_pdf(ledger, subject, options)))
    objects += [("copy", pdf), ("record", keep(name.record, JSON, lambda: to_json(subject.record)))]
    with database.reading() as session:
        head = events.head(session)
    listed = keep(name.manifest, JSON, lambda: manifest(
        name, subject.subject, subject.about, objects, event_seq=head.seq, event_hash=head.hash, made=now, until=until, mode=mode,
        options=options))
    with database.session() as session:
        package = ArchivePackage(id=name.id, subject=subject.subject, manifest_key=name.manifest, pdf_key=name.pdf,
                                 original_key=objects[0][1].key, created_at=now)
        made_before = settle(session, package)
        if made_before is not None:
            return made_before
        session.add(package)
        events.append(session, actor, "entry.archive" if subject.subject.startswith("entry:") else "dossier.archive", subject.subject,
                      {"package": name.id, "manifest_sha256": listed.sha256, "pdf_sha256": pdf.sha256, "until": until.isoformat()})
        session.flush()
    return package


def _pdf(ledger: ObjectLedger, subject: _Subject, options: RetentionOptions) -> bytes:
    originals = {key: ledger.get(key) for key in {p.original_key for p in subject.pages} if key}
    pages = [pdf_page(p, originals[p.original_key or ""], subject.fields if n == 0 else ()) for n, p in enumerate(subject.pages)]
    return build(pages, DocumentInfo(subject.title, subject.name.id, subject.created, options.agency_name))


def _entry(session: Session, entry_id: int) -> Entry:
    query = sa.select(Entry).where(Entry.id == entry_id).options(
        joinedload(Entry.page).joinedload(Page.batch), selectinload(Entry.fields), selectinload(Entry.links))
    return session.execute(query).unique().scalar_one()


def _of_entry(session: Session, entry: Entry) -> _Subject:
    page, batch = entry.page, entry.page.batch
    second = session.get(Page, entry.second_page_id) if entry.second_page_id else None
    values = {f.code: f.value for f in entry.fields}
    book, year = values.get("quyenSo") or batch.book_number, entry.year or batch.year
    number = entry.number or values.get("so") or ""
    siblings = session.scalar(sa.select(sa.func.count()).select_from(Entry).where(Entry.page_id == page.id)) or 1
    verified_at = entry.verified_at or page.updated_at
    name = package_name(entry.kind, year, book, number, "entry", page.sha256, batch.id, page.file, page.frame, entry.row, entry.revision,
                        verified_at.isoformat())
    form = load_forms().get(entry.form or "")
    book_title = form.title if form is not None else TITLES.get(entry.kind, entry.kind)
    title = f"{book_title}, số {number or '?'}, quyển {book or '?'}, năm {year or '?'}"
    about = {"kind": entry.kind, "year": year, "book": book, "number": number, "batch": batch.id, "file": page.file, "page": page.frame + 1,
             "row": entry.row}
    record = {**entry_line(entry, siblings, second.file if second else None),
              "verified": {"by": entry.verified_by, "name": _display_name(session, entry.verified_by), "at": verified_at.isoformat()},
              "history": _history(session, f"entry:{entry.id}")}
    return _Subject(f"entry:{entry.id}", name, title, verified_at, about, [page, *([second] if second else [])], record, list(entry.fields))


def _of_dossier(session: Session, dossier: Dossier) -> _Subject:
    batch = session.get_one(Batch, dossier.batch_id)
    pages = session.scalars(sa.select(Page).where(Page.batch_id == batch.id, Page.state == "read").order_by(Page.file, Page.frame)).all()
    issued = str(dossier.fields.get("ngayBanHanh") or "")
    year = int(issued[:4]) if issued[:4].isdigit() else batch.year
    name = package_name("HS", year, batch.id, str(dossier.fields.get("soKyHieu") or "").replace("/", "-"), "dossier", batch.id,
                        *[f"{p.sha256}:{p.frame}" for p in pages], *([dossier_revision(dossier)] if dossier.fields.get(CONFIRMED) else []))
    parts = [dossier.fields.get(k) for k in ("loaiVanBan", "soKyHieu", "trichYeu")]
    about = {"kind": "HS", "year": year, "batch": batch.id, "files": [p.file for p in pages if p.frame == 0]}
    record = {"batch": batch.id, "loai": "HS", "fields": dict(dossier.fields),
              "history": _history(session, f"batch:{batch.id}") + _history(session, f"dossier:{dossier.id}")}
    return _Subject(f"dossier:{dossier.id}", name, ", ".join(str(p) for p in parts if p) or f"Hồ sơ {batch.id}", batch.created_at, about,
                    list(pages), record)


def _display_name(session: Session, user: str | None) -> str:
    found = session.get(User, user) if user else None
    return found.display_name if found is not None else ""


def _history(session: Session, subject: str) -> list[dict[str, Any]]:
    """What was done to it, by whom and when; who only looked is in the log, not in the package."""
    rows = session.scalars(sa.select(Event).where(Event.subject == subject).order_by(Event.seq))
    return [{"seq": e.seq, "at": e.at.isoformat(), "actor": e.actor, "action": e.action} for e in rows
            if not e.action.startswith(("record.", "copy.")) and "view" not in e.action]
