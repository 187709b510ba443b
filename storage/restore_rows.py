"""One package's rows put back into the database, from its manifest and its ZIP (or, of the first format, its record)."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from storage.aip.unpack import inner_files
from storage.catalogue import revive
from storage.errors import ObjectDiffers
from storage.models import (
    ArchiveCorrection,
    ArchivePackage,
    Batch,
    BookPackage,
    Cursor,
    Dossier,
    Entry,
    EntryFinding,
    Field,
    Link,
    Page,
    StoredObject,
)
from storage.objects import ObjectStore
from storage.search_keys import write_keys

if TYPE_CHECKING:
    from storage.restore import Restored

_OTHERS = "restore.others"


def add_package(session: Session, store: ObjectStore, key: str, manifest: Mapping[str, Any], out: Restored) -> None:
    """Everything one manifest tells of. A package that is there already is left alone. Raises StorageError, KeyError, ValueError."""
    kind, number = str(manifest["subject"]).split(":", 1)
    model = BookPackage if kind == "batch" else ArchivePackage
    if session.get(model, manifest["package"]) is not None:
        return
    stored_object(session, store, key, None, None)
    for o in manifest["objects"]:
        stored_object(session, store, o["key"], o["sha256"], o["size"], o["media_type"])
    session.flush()
    rows = _catalogue(store, manifest)
    batch = rows["batch"]
    if session.get(Batch, batch["id"]) is None:
        session.add(revive(Batch, batch))
        session.flush()
    created = datetime.fromisoformat(manifest["created"])
    if kind == "batch":
        session.add(BookPackage(id=manifest["package"], batch_id=number, version=manifest["version"], manifest_key=key,
                                entries=len(manifest["entries"]), created_at=created,
                                mark=hashlib.sha256(json.dumps([e["id"] for e in manifest["entries"]]).encode()).hexdigest()))
        out.books += 1
        return
    for page in rows["pages"]:
        if session.get(Page, page["id"]) is None:
            lattice = page.get("lattice_key")
            if lattice and store.exists("work", lattice) is not None:
                stored_object(session, store, lattice, None, None, bucket="work")
                session.flush()
            else:
                lattice = None
            session.add(revive(Page, page, lattice_key=lattice))
    session.flush()
    role = {o["role"]: o["key"] for o in reversed(manifest["objects"])}
    session.add(ArchivePackage(id=manifest["package"], subject=manifest["subject"], version=int(manifest["version"]), manifest_key=key,
                               pdf_key=role["copy"], original_key=role["original"], created_at=created))
    session.flush()
    if kind == "entry":
        _add_entry(session, rows, manifest["package"], out)
    else:
        session.add(revive(Dossier, rows["dossier"], archive_id=manifest["package"]))
        out.dossiers += 1
    session.flush()
    out.packages += 1


def add_others(session: Session) -> None:
    """Entries that shared a page with archived ones and were not archived themselves: put back empty, to be read or typed again, so that
    the archived ones are still the rows of their page that they were."""
    kept = session.get(Cursor, _OTHERS)
    for page_id, others in (kept.value if kept else {}).items():
        for number, row, kind, form in others:
            if session.get(Entry, number) is None:
                session.add(Entry(id=number, page_id=int(page_id), row=row, kind=kind, form=form, status="draft", reasons=[]))
    if kept is not None:
        session.delete(kept)
    session.flush()


def stored_object(session: Session, store: ObjectStore, key: str, sha256: str | None, size: int | None, media_type: str = "",
                  bucket: str = "archive") -> None:
    """The row of an object that is in the store; without a digest it is read. Raises ObjectMissing; ObjectDiffers when its size is not the
    manifest's."""
    if session.get(StoredObject, key) is not None:
        return
    kind: Any = bucket
    facts = store.stat(kind, key)
    if sha256 is None or size is None:
        sha256, size = store.sha256(kind, key, facts.version_id)
    elif facts.size != size:
        raise ObjectDiffers(bucket=bucket, key=key, expected=f"{size} B", found=f"{facts.size} B")
    session.add(StoredObject(key=key, bucket=bucket, sha256=sha256, size=size, media_type=media_type or facts.media_type, state="stored",
                             version_id=facts.version_id, retain_until=facts.retain_until, created_at=facts.modified or datetime.now(UTC)))
    session.flush()


def first_version(store: ObjectStore, key: str) -> str | None:
    """The oldest version of an object, None where it has one: what lies over it came later."""
    versions = [v for k, v, marker in store.versions("archive", key) if k == key and not marker]
    return versions[-1] if len(versions) > 1 else None      # listed newest first


def _add_entry(session: Session, rows: Mapping[str, Any], package_id: str, out: Restored) -> None:
    entry = session.get(Entry, rows["entry"]["id"])
    if entry is None:
        entry = revive(Entry, rows["entry"], status="archived", archive_id=package_id)
        entry.fields = [revive(Field, f) for f in rows["fields"]]
        entry.links = [revive(Link, x, snapshot_id=None) for x in rows["links"]]      # the population is imported anew
        entry.findings = [revive(EntryFinding, f) for f in rows["findings"]]
        session.add(entry)
        out.entries += 1
        if rows.get("others"):
            kept = session.get(Cursor, _OTHERS) or Cursor(name=_OTHERS, value={})
            kept.value = {**kept.value, str(entry.page_id): rows["others"]}
            session.add(kept)
    else:
        entry.archive_id = package_id           # a later version; packages come in the order of versions
    session.flush()
    for c in rows.get("corrections", ()):
        if c["package_id"] == package_id:
            session.add(revive(ArchiveCorrection, c))
    write_keys(session, entry.id)


def _catalogue(store: ObjectStore, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """metadata/other/catalogue.json of the package, its ZIP and the file in it checked against the manifest."""
    listed = {o["role"]: o for o in manifest["objects"]}
    if "package" not in listed:
        return _of_first_format(_checked(store, listed["record"]), manifest)
    files = {f.path: f for f in inner_files(_checked(store, listed["package"]))}
    for f in manifest["files"]:
        if f["path"] not in files or files[f["path"]].sha256 != f["sha256"]:
            raise ObjectDiffers(bucket="archive", key=f"{listed['package']['key']}!{f['path']}", expected=f["sha256"],
                                found=files[f["path"]].sha256 if f["path"] in files else "-")
    rows: dict[str, Any] = json.loads(files["metadata/other/catalogue.json"].data or b"")
    return rows


def _checked(store: ObjectStore, listed: Mapping[str, Any]) -> bytes:
    data = store.get("archive", listed["key"])
    found = hashlib.sha256(data).hexdigest()
    if found != listed["sha256"]:
        raise ObjectDiffers(bucket="archive", key=listed["key"], expected=listed["sha256"], found=found)
    return data


def _of_first_format(record: bytes, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The rows that a package of format 1 can give: enough for the export line, the search and the copy; not the reader's evidence."""
    said = json.loads(record)
    originals = [o for o in manifest["objects"] if o["role"] == "original"]
    number = int(str(manifest["subject"]).split(":")[1])
    batch = {"id": said["batch"], "folder": "", "content_hash": originals[0]["sha256"], "kind": said["loai"], "form": said.get("mau"),
             "year": manifest.get("year"), "book_number": manifest.get("book"), "declared": {}, "created_at": manifest["created"]}
    names = [said["file"], *([said["file2"]] if "file2" in said else [])] if "file" in said else manifest["files"]
    pages = []
    for n, (name, o) in enumerate(zip(names, originals, strict=False)):
        # Numbers of its own, far from those that come with their rows: a page of format 1 did not keep its number.
        place = f"{said['batch']}/{name}/{manifest.get('page', 1)}/{n}".encode()
        page_id = int.from_bytes(hashlib.sha256(place).digest()[:4], "big") | 1 << 40
        pages.append({"id": page_id, "batch_id": said["batch"], "file": name, "frame": manifest.get("page", 1) - 1 if n == 0 else 0,
                      "sha256": o["sha256"], "size": o["size"], "media_type": o["media_type"], "state": "read", "original_key": o["key"]})
    if str(manifest["subject"]).startswith("dossier:"):
        return {"batch": batch, "pages": pages, "dossier": {"id": number, "batch_id": said["batch"], "fields": said["fields"]}}
    verified = said.get("verified") or {}
    entry = {"id": number, "page_id": pages[0]["id"], "second_page_id": pages[1]["id"] if len(pages) > 1 else None,
             "row": said.get("row", manifest.get("row", 1)), "kind": said["loai"], "form": said.get("mau"),
             "number": manifest.get("number"), "year": manifest.get("year"),
             "verified_by": verified.get("by"), "verified_at": verified.get("at"), "reasons": []}
    return {"batch": batch, "pages": pages, "entry": entry, "findings": [], "corrections": [],
            "fields": [{"code": c, "evidence": [], **f} for c, f in said["fields"].items()],
            "links": [{"role": r, "excluded": [], **x} for r, x in said.get("links", {}).items()],
            # With `row` in the record there were others on its page; one is enough for it to stay a row.
            "others": [[1 << 41 | number, 0, said["loai"], said.get("mau")]] if "row" in said else []}
