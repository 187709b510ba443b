"""Archiving: one package an entry or dossier, made once, locked, and never made again. Safe to kill anywhere and to repeat."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.dossier import CONFIRM
from storage import change_feed, events
from storage.aip.build import Assembled, Content, PackageFile, assemble, schema_files
from storage.aip.description import Description, objid, valid_fonds
from storage.aip.unpack import inner_files
from storage.archive_package import ArchiveOptions, RetentionOptions, manifest, retention, safe
from storage.archive_steps import program, steps_of
from storage.archive_subject import Subject, load_entry, of_dossier, of_entry
from storage.database import Database
from storage.errors import NoFondsCode, NotReadyToArchive, ObjectDiffers
from storage.fixity import Difference, verify_archive
from storage.models import ArchivePackage, Dossier, Entry, StoredObject
from storage.objects import RetentionMode
from storage.outbox import ObjectLedger
from storage.page_pdf import pdf_page
from storage.pdfa import DocumentInfo, PdfPage, build
from storage.review_queue import check_waits
from storage.search_keys import write_keys
from storage.signing import Signer

__all__ = ["ArchiveOptions", "Difference", "archive_dossier", "archive_entry", "verify_archive", "write_package"]

PDF, JSON, ZIP = "application/pdf", "application/json", "application/zip"
_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/pdf": "pdf"}
Settle = Callable[[Session, ArchivePackage], ArchivePackage | None]


def archive_entry(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, entry_id: int,
                  actor: str) -> ArchivePackage:
    """Archive a verified entry and return its package; an archived entry's package is returned as it is.

    In the package: the page's original (locked where it lies), the signed searchable PDF, package.zip (METS, EAD, PREMIS, the record as
    data), manifest.json; all under object lock. What an earlier, interrupted call has stored is used, not made again.
    Raises NotReadyToArchive, NoFondsCode, SigningFailed, StorageError.
    """
    with database.reading() as session:
        entry = load_entry(session, entry_id)
        if entry.status == "archived" and entry.archive_id:
            return session.get_one(ArchivePackage, entry.archive_id)
        if entry.status != "verified" or entry.verified_at is None:
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause=f"status {entry.status}")
        if check_waits(session, entry_id):
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause="its second check is not done")
        subject, revision = of_entry(session, entry), entry.revision

    def settle(session: Session, package: ArchivePackage) -> ArchivePackage | None:
        """Mark the entry in the same unit of work; a package another program made meanwhile is returned instead."""
        row = session.execute(sa.select(Entry).where(Entry.id == entry_id).with_for_update()).scalar_one()
        if row.status == "archived" and row.archive_id == package.id:
            return session.get_one(ArchivePackage, package.id)
        if row.status != "verified" or row.revision != revision:
            raise NotReadyToArchive(subject=f"entry:{entry_id}", cause="it was changed while it was being archived")
        row.status, row.archive_id = "archived", package.id
        write_keys(session, entry_id)
        return None

    return write_package(database, ledger, signer, options, subject, settle, actor, "entry.archive")


def archive_dossier(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, dossier_id: int,
                    actor: str) -> ArchivePackage:
    """Archive an administrative dossier: all its pages in one PDF. As `archive_entry` in everything else."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, dossier_id)
        if dossier.archive_id:
            return session.get_one(ArchivePackage, dossier.archive_id)
        if dossier.fields.get(CONFIRM):
            raise NotReadyToArchive(subject=f"dossier:{dossier_id}", cause="to confirm: " + ", ".join(dossier.fields[CONFIRM]))
        subject, fields = of_dossier(session, dossier), dict(dossier.fields)

    def settle(session: Session, package: ArchivePackage) -> ArchivePackage | None:
        row = session.execute(sa.select(Dossier).where(Dossier.id == dossier_id).with_for_update()).scalar_one()
        if row.archive_id:
            return session.get_one(ArchivePackage, row.archive_id)
        if row.fields != fields:
            raise NotReadyToArchive(subject=f"dossier:{dossier_id}", cause="changed meanwhile")
        row.archive_id = package.id
        return None

    return write_package(database, ledger, signer, options, subject, settle, actor, "dossier.archive")


def write_package(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, subject: Subject, settle: Settle,
                  actor: str, action: str, notes: Sequence[PdfPage] = ()) -> ArchivePackage:
    """Make the package of a subject, then settle it, its row and its event in one unit of work. notes: pages added behind the scans."""
    fonds = str(getattr(options, "fonds_code", ""))
    if not valid_fonds(fonds):
        raise NoFondsCode(found=fonds or "archive.fonds_code")
    if not subject.pages or any(p.original_key is None for p in subject.pages):
        raise NotReadyToArchive(subject=subject.subject, cause="a page has no stored original")
    now = signer.clock().astimezone(UTC).replace(microsecond=0)
    until, mode = retention(options, now)
    name = subject.name
    keep = Keeper(ledger, until, mode)
    originals = [ledger.row(key) for key in dict.fromkeys(p.original_key for p in subject.pages if p.original_key)]
    kept = [o for o in originals if o is not None]
    if len(kept) != len(originals):
        raise NotReadyToArchive(subject=subject.subject, cause="a page's original is not in the store")
    for original in kept:
        ledger.retain(original.key, until, mode)
    data = {o.key: ledger.get(o.key) for o in kept}                 # checked against its SHA-256
    scans = _original_files(subject, kept)
    pdf = keep(name.pdf, PDF, lambda: signer.sign(_pdf(subject, data, notes, options)), "GOVERNANCE")
    schemas, copy_path = keep.schemas(), f"representations/rep1/data/{name.stem}.pdf"
    assembled: list[Assembled] = []

    def package_zip() -> bytes:
        copy = PackageFile(copy_path, pdf.sha256, pdf.size, PDF, now, key=pdf.key, format_version="PDF/A-2b")
        content = Content(copy, scans, subject.record, subject.catalogue, subject.labels, subject.read)
        steps = steps_of(subject, {f.key or "": (f.path, data[f.key or ""]) for f in scans}, copy.path, now, options.agency_name,
                         str(signer.certificate()["subject"]))
        assembled.append(assemble(describe(subject, options, fonds, now), program(), content, steps, schemas))
        return assembled[0].zip

    zipped = keep(name.package, ZIP, package_zip, mode)
    listed = keep(name.manifest, JSON, lambda: _manifest(database, ledger, subject, options, fonds, assembled, [
        *(("original", f.path, o) for f, o in zip(scans, kept, strict=True)), ("copy", copy_path, pdf),
        ("package", "", zipped), *(("schema", f.path, keep.row(f.key or "")) for f in schemas)], now, until, mode), mode)
    with database.session() as session:
        package = ArchivePackage(id=name.id, subject=subject.subject, version=subject.version, manifest_key=name.manifest, pdf_key=name.pdf,
                                 original_key=kept[0].key, created_at=now)
        made_before = settle(session, package)
        if made_before is not None:
            return made_before
        session.add(package)
        event = events.append(session, actor, action, subject.subject,
                              {"package": name.id, "manifest_sha256": listed.sha256, "pdf_sha256": pdf.sha256, "until": until.isoformat(),
                               **({"version": subject.version, "previous": subject.previous} if subject.previous else {})})
        if subject.subject.startswith("entry:"):
            change_feed.publish(session, event, change_feed.what_of(subject.basis.kind if subject.basis else None), subject.kind, name.id,
                                subject.version, subject.previous)
    return package


class Keeper:
    """Stored objects by key, made only if they are not there; of two programs at once, the first one's is used by both."""

    def __init__(self, ledger: ObjectLedger, until: datetime, mode: RetentionMode) -> None:
        self._ledger, self._until, self._mode = ledger, until, mode

    def __call__(self, key: str, media_type: str, make: Callable[[], bytes], mode: RetentionMode) -> StoredObject:
        row = self._ledger.settled(key)
        if row is None:
            try:
                self._ledger.put("archive", key, make(), media_type, self._until, mode)
            except ObjectDiffers:
                if self._ledger.settled(key) is None:
                    raise
            row = self.row(key)
        return row

    def row(self, key: str) -> StoredObject:
        row = self._ledger.row(key)
        assert row is not None
        return row

    def schemas(self) -> tuple[PackageFile, ...]:
        """The schemas, in the store once for all packages, locked at least as long as this one."""
        files = schema_files()
        there = self._ledger.rows([f.key or "" for f in files])
        for f in files:
            key = f.key or ""
            if key not in there:
                self._ledger.put("archive", key, f.data or b"", f.media_type, self._until, self._mode)
            elif (there[key].retain_until or self._until) < self._until:
                # Far beyond what is asked, or each package of a day would move the date by seconds.
                self._ledger.retain(key, self._until + (self._until - datetime.now(UTC)) / 10, self._mode)
        return files


def describe(subject: Subject, options: RetentionOptions, fonds: str, now: datetime) -> Description:
    """Descriptive metadata of the package."""
    about = subject.about
    book = ".".join(safe(str(part)) for part in (fonds, subject.kind, subject.year or "0000", _book(about)) if part)
    number = "".join(c for c in str(about.get("number") or "") if c.isdigit())
    date = subject.date or str(subject.year or "")
    keywords = ("hộ tịch", subject.book_title.split(",")[0], subject.batch.registry_office or "")
    return Description(
        subject.name.id, fonds, subject.kind, subject.name.stem, subject.title, subject.book_title, book, f"{book}.{number.zfill(7)}",
        f"{about.get('book') or subject.batch.id}", options.agency_name, options.agency_code, date, date, date, len(subject.pages), 1, now,
        subject.version, subject.previous, subject.basis, keywords)


def _book(about: Mapping[str, Any]) -> str:
    return str(about.get("book") or about.get("batch") or "").replace("/", "-")


def _original_files(subject: Subject, kept: Sequence[StoredObject]) -> list[PackageFile]:
    names = {p.original_key: p.file for p in reversed(subject.pages)}
    out = []
    for n, o in enumerate(kept, 1):
        suffix = _SUFFIX.get(o.media_type, "bin")
        place = f"representations/rep2/data/{subject.name.stem}.goc{'' if len(kept) == 1 else f'-{n}'}.{suffix}"
        out.append(PackageFile(place, o.sha256, o.size, o.media_type, o.created_at, key=o.key, original_name=names.get(o.key, "")))
    return out


def _pdf(subject: Subject, originals: Mapping[str, bytes], notes: Sequence[PdfPage], options: RetentionOptions) -> bytes:
    pages = [pdf_page(p, originals[p.original_key or ""], subject.fields if n == 0 else (), subject.labels, subject.read)
             for n, p in enumerate(subject.pages)]
    return build([*pages, *notes], DocumentInfo(subject.title, subject.name.id, subject.created, options.agency_name))


def _manifest(database: Database, ledger: ObjectLedger, subject: Subject, options: RetentionOptions, fonds: str,
              assembled: Sequence[Assembled], objects: Sequence[tuple[str, str, StoredObject]], now: datetime, until: datetime,
              mode: str) -> bytes:
    files = assembled[0].inner if assembled else inner_files(ledger.get(subject.name.package))
    with database.reading() as session:
        head = events.head(session)
    about = dict(subject.about)
    if subject.previous:
        about |= {"previous": subject.previous, "corrections": subject.record["corrections"]}
    return manifest(subject.name.id, subject.subject, about, objects, files=files, objid=objid(fonds, subject.name.id),
                    version=subject.version, event_seq=head.seq, event_hash=head.hash, made=now, until=until, mode=mode, options=options)
