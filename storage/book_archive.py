"""The closing package of a book: written when every entry of it is archived; it lists their packages and changes none of them.

A package an entry and one a book, because entries are verified over weeks and a package may never be rewritten: an entry's package is
complete in itself the day it is made, and the book's follows when there is nothing left to add. A correction afterwards makes the next
version of both.
"""
from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.aip.build import Assembled, assemble_book
from storage.aip.description import Description, objid, valid_fonds
from storage.aip.premis import Agent, Step
from storage.aip.unpack import inner_files
from storage.archive import JSON, ZIP, Keeper
from storage.archive_package import RetentionOptions, manifest, package_name, retention, safe
from storage.archive_steps import program
from storage.archive_subject import TITLES
from storage.catalogue import row
from storage.database import Database
from storage.errors import NoFondsCode
from storage.models import ArchivePackage, Batch, BookPackage, Entry, Field, Page, StoredObject
from storage.outbox import ObjectLedger
from storage.signing import Signer


def complete(session: Session, batch_id: str) -> bool:
    """Whether all that was scanned is read and every entry is archived."""
    pages = set(session.scalars(sa.select(Page.state).where(Page.batch_id == batch_id).distinct()))
    entries = set(session.scalars(sa.select(Entry.status).join(Page, Entry.page_id == Page.id)
                                  .where(Page.batch_id == batch_id, Page.state != "set_aside").distinct()))
    return "read" in pages and pages <= {"read", "set_aside"} and entries == {"archived"}


def close_book(database: Database, ledger: ObjectLedger, signer: Signer, options: RetentionOptions, batch_id: str,
               actor: str) -> BookPackage | None:
    """Write the closing package if the book is complete and none says the same yet; None if it is not complete.

    Idempotent; killed anywhere and run again, it goes on where it was. Raises NoFondsCode, StorageError.
    """
    fonds = str(getattr(options, "fonds_code", ""))
    with database.reading() as session:
        batch = session.get_one(Batch, batch_id)
        if batch.kind == "HS" or not complete(session, batch_id):
            return None
        listed = _entries(session, batch_id, fonds)
        mark = hashlib.sha256(json.dumps([e["id"] for e in listed]).encode()).hexdigest()
        last = session.scalar(sa.select(BookPackage).where(BookPackage.batch_id == batch_id).order_by(BookPackage.version.desc()).limit(1))
        pages = session.scalar(sa.select(sa.func.count()).select_from(Page).where(Page.batch_id == batch_id, Page.state == "read")) or 0
        dates = sorted(v for v in session.scalars(sa.select(Field.value).join(Entry, Field.entry_id == Entry.id).join(
            Page, Entry.page_id == Page.id).where(Page.batch_id == batch_id, Field.code == "ngayDangKy")) if v[:4].isdigit())
    if last is not None and last.mark == mark:
        return last
    if not valid_fonds(fonds):
        raise NoFondsCode(found=fonds or "archive.fonds_code")
    version = last.version + 1 if last else 1
    now = signer.clock().astimezone(UTC).replace(microsecond=0)
    until, mode = retention(options, now)
    name = package_name(batch.kind or "?", batch.year, batch.book_number, None, "book", batch.id, mark, last.id if last else "")
    folder = "/".join([*name.folder.split("/")[:4], "book", name.id])
    code = ".".join(safe(str(p)) for p in (fonds, batch.kind, batch.year or "0000", (batch.book_number or batch.id).replace("/", "-")))
    title = f"{TITLES.get(batch.kind or '', batch.kind)}, quyển {batch.book_number or batch.id}, năm {batch.year or '?'}"
    year = str(batch.year or "")
    d = Description(name.id, fonds, batch.kind or "?", code, title, title, code, f"{code}.0000000", batch.book_number or batch.id,
                    options.agency_name, options.agency_code, year, dates[0] if dates else year, dates[-1] if dates else year, pages,
                    len(listed), now, version, last.id if last else None, None, ("hộ tịch", batch.registry_office or ""))
    own = Agent("chuong-trinh:sogoc", "Sổ Gốc", "software", program())
    steps = [Step("khep-quyen", "accession", now, [(own, "executing program")], f"Khép quyển: {len(listed)} gói bản ghi")]
    keep, made = Keeper(ledger, until, mode), list[Assembled]()
    schemas = keep.schemas()

    def zipped() -> bytes:
        made.append(assemble_book(d, program(), listed, {"format": "sogoc-catalogue/1", "batch": row(batch)}, steps, schemas))
        return made[0].zip

    whole = keep(f"{folder}/package.zip", ZIP, zipped, mode)
    files = made[0].inner if made else inner_files(ledger.get(whole.key))
    objects: list[tuple[str, str, StoredObject]] = [("package", "", whole), *(("schema", f.path, keep.row(f.key or "")) for f in schemas)]
    with database.reading() as session:
        head = events.head(session)
    about = {"kind": batch.kind, "year": batch.year, "book": batch.book_number, "batch": batch.id,
             "entries": [{"id": e["id"], "manifest_sha256": e["manifest_sha256"]} for e in listed],
             **({"previous": last.id} if last else {})}
    root = keep(f"{folder}/manifest.json", JSON, lambda: manifest(
        name.id, f"batch:{batch_id}", about, objects, files=files, objid=d.objid, version=version, event_seq=head.seq, event_hash=head.hash,
        made=now, until=until, mode=mode, options=options), mode)
    with database.session() as session:
        there = session.get(BookPackage, name.id)
        if there is not None:
            return there
        package = BookPackage(id=name.id, batch_id=batch_id, version=version, manifest_key=root.key, entries=len(listed), mark=mark,
                              created_at=now)
        session.add(package)
        events.append(session, actor, "book.archive", f"batch:{batch_id}",
                      {"package": name.id, "manifest_sha256": root.sha256, "entries": len(listed), "version": version})
    return package


def _entries(session: Session, batch_id: str, fonds: str) -> list[dict[str, Any]]:
    found = session.execute(
        sa.select(ArchivePackage.id, ArchivePackage.version, StoredObject.sha256, Entry.number, Entry.row, Page.file)
        .join(Entry, Entry.archive_id == ArchivePackage.id).join(Page, Entry.page_id == Page.id)
        .join(StoredObject, StoredObject.key == ArchivePackage.manifest_key)
        .where(Page.batch_id == batch_id).order_by(Page.file, Page.frame, Entry.row))
    return [{"id": i, "objid": objid(fonds, i), "version": version, "manifest_sha256": sha256,
             "title": f"Số {number or '?'} ({file}, dòng {row_})"} for i, version, sha256, number, row_, file in found]
