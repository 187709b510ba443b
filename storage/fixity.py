"""Fixity audit: every object re-hashed, every manifest, row and link of the chain compared, and what differs named."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage import events
from storage.database import Database
from storage.errors import ChainBroken, ObjectMissing
from storage.models import ArchiveCorrection, ArchivePackage, Dossier, Entry, Event, StoredObject, utc_now
from storage.objects import ObjectStore
from storage.outbox import PENDING, STORED, ObjectLedger

_CHUNK = 200


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was recorded. code: stable; where: a key, entry:12, package id or event number."""

    code: str
    where: str
    expected: str = ""
    found: str = ""

    def message(self, lang: str = "vi") -> str:
        vi, en = _WORDS[self.code]
        return (vi if lang == "vi" else en).format(where=self.where, expected=self.expected, found=self.found)


_WORDS = {
    "object_missing": ("Thiếu tệp {where}: sổ ghi có, kho không có.", "Object {where} is missing from the store."),
    "object_changed": ("Tệp {where} đã bị thay đổi: cần {expected}, thấy {found}.",
                       "Object {where} changed: expected {expected}, found {found}."),
    "object_replaced": ("Tệp {where} có phiên bản khác đè lên: cần {expected}, thấy {found}.",
                        "Object {where} was overlaid by another version: expected {expected}, found {found}."),
    "object_unlocked": ("Tệp {where} không còn khóa đến {expected} (thấy: {found}).",
                        "Object {where} is not locked until {expected} (found: {found})."),
    "object_without_row": ("Tệp {where} có trong kho mà sổ không ghi.", "Object {where} has no row."),
    "object_unfinished": ("Tệp {where} đang ghi dở; chạy lại 'sogoc run'.", "Object {where} is unfinished; run 'sogoc run' again."),
    "manifest_unreadable": ("Bản kê {where} không đọc được.", "Manifest {where} cannot be read."),
    "manifest_differs": ("Bản kê {where} khác sổ ghi: cần {expected}, thấy {found}.",
                         "Manifest {where}: expected {expected}, found {found}."),
    "package_missing": ("{where} ghi là đã lưu trữ nhưng không có gói {expected}.",
                        "{where} is marked archived but package {expected} is missing."),
    "package_unclaimed": ("Gói {where} không thuộc bản ghi nào (ghi: {expected}).",
                          "Package {where} belongs to nothing (says {expected})."),
    "event_chain_broken": ("Nhật ký đứt tại dòng {where}: {found}.",
                           "The event log is broken at {where}: {found}."),
    "event_head_lost": ("Nhật ký không còn dòng mà gói {where} đã ghi nhận ({expected}).",
                        "The event log lacks the row that package {where} noted ({expected})."),
}


def verify_archive(database: Database, store: ObjectStore, progress: Callable[[int, int], None] | None = None) -> list[Difference]:
    """Re-hash every stored object and compare manifests, rows, locks and the event chain; empty when all is as it was recorded.

    Objects proven good get `proven_at`. progress(done, total) counts objects. Reads everything once: some 50 MB/s on one disk.
    Raises ObjectStoreUnavailable when the store does not answer (that is no finding).
    """
    found = [*_orphans(database, store), *_objects(database, store, progress), *_packages(database, store), *_claims(database)]
    return found + list(_chain(database))


def _orphans(database: Database, store: ObjectStore) -> Iterator[Difference]:
    with database.reading() as session:
        for key in session.scalars(sa.select(StoredObject.key).where(StoredObject.state == PENDING).order_by(StoredObject.key)):
            yield Difference("object_unfinished", key)
    for kind, key in ObjectLedger(database, store).orphans().objects_without_row:
        yield Difference("object_without_row", f"{kind}:{key}")


def _objects(database: Database, store: ObjectStore, progress: Callable[[int, int], None] | None) -> Iterator[Difference]:
    with database.reading() as session:
        total = session.scalar(sa.select(sa.func.count()).select_from(StoredObject).where(StoredObject.state == STORED)) or 0
    last, done = "", 0
    while True:
        with database.reading() as session:
            rows = session.scalars(sa.select(StoredObject).where(StoredObject.state == STORED, StoredObject.key > last)
                                   .order_by(StoredObject.key).limit(_CHUNK)).all()
        if not rows:
            return
        good: list[str] = []
        for row in rows:
            differences = list(_object(row, store))
            good += [] if differences else [row.key]
            yield from differences
            done += 1
            if progress:
                progress(done, total)
        with database.session() as session:
            session.execute(sa.update(StoredObject).where(StoredObject.key.in_(good)).values(proven_at=utc_now()))
        last = rows[-1].key


def _object(row: StoredObject, store: ObjectStore) -> Iterator[Difference]:
    kind = "archive" if row.bucket == "archive" else "work"
    try:
        digest, size = store.sha256(kind, row.key, row.version_id)  # type: ignore[arg-type]
        if (digest, size) != (row.sha256, row.size):
            yield Difference("object_changed", row.key, f"{row.sha256} ({row.size})", f"{digest} ({size})")
        facts = store.stat(kind, row.key)  # type: ignore[arg-type]
        if row.version_id and facts.version_id != row.version_id:
            yield Difference("object_replaced", row.key, row.version_id, facts.version_id or "-")
        elif row.retain_until is not None and (facts.retain_until is None or facts.retain_until < row.retain_until):
            yield Difference("object_unlocked", row.key, row.retain_until.isoformat(), str(facts.retain_until or "-"))
    except ObjectMissing:
        yield Difference("object_missing", row.key)


def _packages(database: Database, store: ObjectStore) -> Iterator[Difference]:
    last = ""
    while True:
        with database.reading() as session:
            packages = session.scalars(sa.select(ArchivePackage).where(ArchivePackage.id > last)
                                       .order_by(ArchivePackage.id).limit(_CHUNK)).all()
            keys = {k for p in packages for k in (p.manifest_key, p.pdf_key, p.original_key)}
            rows = {r.key: r for r in session.scalars(sa.select(StoredObject).where(StoredObject.key.in_(keys)))}
        if not packages:
            return
        for package in packages:
            yield from _package(database, store, package, rows)
        last = packages[-1].id


def _package(database: Database, store: ObjectStore, package: ArchivePackage, rows: dict[str, StoredObject]) -> Iterator[Difference]:
    key = package.manifest_key
    try:
        data: dict[str, Any] = json.loads(store.get("archive", key, rows[key].version_id if key in rows else None))
        listed = {o["key"]: (o["sha256"], o["size"]) for o in data["objects"]}
        head, who = data["events"], (data["package"], data["subject"])
        seq, noted = int(head["seq"]), str(head["hash"])
    except ObjectMissing:
        return                              # already named among the objects
    except (ValueError, KeyError, TypeError):
        yield Difference("manifest_unreadable", key)
        return
    if who != (package.id, package.subject):
        yield Difference("manifest_differs", key, f"{package.id} {package.subject}", f"{who[0]} {who[1]}")
    with database.reading() as session:
        named = {r.key: r for r in session.scalars(sa.select(StoredObject).where(StoredObject.key.in_(listed)))}
        kept = session.scalar(sa.select(Event.hash).where(Event.seq == seq)) if seq else events.GENESIS
    for name, (sha256, size) in listed.items():
        row = named.get(name)
        if row is None or (row.sha256, row.size) != (sha256, size):
            yield Difference("manifest_differs", key, f"{name} {sha256}", f"{row.sha256 if row else '-'}")
    for name in (package.pdf_key, package.original_key):
        if name not in listed:
            yield Difference("manifest_differs", key, name, "-")
    if kept != noted:
        yield Difference("event_head_lost", package.id, f"{seq} {noted}")


def _claims(database: Database) -> Iterator[Difference]:
    """Entries and packages must name each other."""
    with database.reading() as session:
        there = sa.select(ArchivePackage.id)
        for i, archive_id in session.execute(sa.select(Entry.id, Entry.archive_id).where(
                Entry.status == "archived", sa.or_(Entry.archive_id.is_(None), Entry.archive_id.not_in(there))).order_by(Entry.id)):
            yield Difference("package_missing", f"entry:{i}", archive_id or "-")
        for i, archive_id in session.execute(sa.select(Dossier.id, Dossier.archive_id).where(
                Dossier.archive_id.is_not(None), Dossier.archive_id.not_in(there)).order_by(Dossier.id)):
            yield Difference("package_missing", f"dossier:{i}", archive_id or "-")
        entries = sa.select(Entry.archive_id).where(Entry.archive_id.is_not(None))
        dossiers = sa.select(Dossier.archive_id).where(Dossier.archive_id.is_not(None))
        stray = sa.select(ArchivePackage.id, ArchivePackage.subject).where(
            ArchivePackage.id.not_in(entries), ArchivePackage.id.not_in(dossiers),
            ArchivePackage.id.not_in(sa.select(ArchiveCorrection.previous_id))).order_by(ArchivePackage.id)
        for package_id, subject in session.execute(stray):
            yield Difference("package_unclaimed", package_id, subject)


def _chain(database: Database) -> Iterator[Difference]:
    try:
        with database.reading() as session:
            events.verify_chain(session)
    except ChainBroken as e:
        yield Difference("event_chain_broken", str(e.evidence["seq"]), found=str(e.evidence["cause"]))
