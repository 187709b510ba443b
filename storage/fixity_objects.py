"""One stored object against its row: read once, hashed, its version and lock compared; a manifest and a package's ZIP looked into."""
from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.aip.unpack import readable_files
from storage.errors import ObjectMissing, ObjectStoreUnavailable
from storage.fixity_words import Difference
from storage.models import ArchivePackage, BookPackage, StoredObject
from storage.objects import BucketKind, ObjectStore

_MANIFEST, _PACKAGE = "/manifest.json", "/package.zip"
_TRIED_HARD = 5.0           # seconds after which a server that failed has tried again by itself


@dataclass(frozen=True)
class Looked:
    """differences: none, if it is as recorded. read: bytes read. manifest: its bytes, where it is one and unchanged."""

    differences: Sequence[Difference]
    read: int
    manifest: bytes | None = None


def look(row: StoredObject, store: ObjectStore, spend: Callable[[int], None]) -> Looked:
    """Read what the store hands out under the row's key; if that is another version, the archived one too. spend(bytes): waits its turn."""
    kind: BucketKind = "archive" if row.bucket == "archive" else "work"
    keep = row.key.startswith("archive/") and row.key.endswith((_MANIFEST, _PACKAGE))
    for attempt in (1, 2):
        digest, kept, read, since = hashlib.sha256(), bytearray(), 0, time.monotonic()

        def piece(data: memoryview, digest: Any = digest, kept: bytearray = kept) -> None:
            nonlocal read
            spend(len(data))
            digest.update(data)
            read += len(data)
            if keep:
                kept.extend(data)

        try:
            facts = store.read_newest(kind, row.key, piece)
            break
        except ObjectMissing:
            return Looked([Difference("object_missing", row.key)], read)
        except ObjectStoreUnavailable as e:     # a server that checks its own sums refuses what is damaged; one that is down refuses all
            if not store.answers():
                raise
            if attempt == 2 or time.monotonic() - since > _TRIED_HARD:
                unreadable = Difference("object_unreadable", row.key, row.sha256, str(e.evidence["cause"]))
                return Looked([unreadable, *_inside(row.key, bytes(kept), store)], read)
            time.sleep(0.5)
    if row.version_id and facts.version_id != row.version_id:
        found = [Difference("object_replaced", row.key, row.version_id, facts.version_id or "-")]
        try:
            archived, size = store.sha256(kind, row.key, row.version_id)
            read += size
            if (archived, size) != (row.sha256, row.size):
                found.append(Difference("object_changed", row.key, f"{row.sha256} ({row.size})", f"{archived} ({size})"))
        except ObjectMissing:
            found.append(Difference("object_missing", row.key))
        return Looked(found, read)
    if (digest.hexdigest(), read) != (row.sha256, row.size):
        changed = Difference("object_changed", row.key, f"{row.sha256} ({row.size})", f"{digest.hexdigest()} ({read})")
        return Looked([changed, *_inside(row.key, bytes(kept), store)], read)
    if row.retain_until is not None and (facts.retain_until is None or facts.retain_until < row.retain_until):
        return Looked([Difference("object_unlocked", row.key, row.retain_until.isoformat(), str(facts.retain_until or "-"))], read)
    return Looked([], read, bytes(kept) if keep and row.key.endswith(_MANIFEST) else None)


def _inside(key: str, data: bytes, store: ObjectStore) -> Iterator[Difference]:
    """Which file inside a package's changed ZIP is not what the manifest says."""
    if not key.endswith(_PACKAGE):
        return
    try:
        listed = {f["path"]: f["sha256"] for f in json.loads(store.get("archive", key.removesuffix(_PACKAGE) + _MANIFEST))["files"]}
    except Exception:                       # the manifest is named by itself
        return
    found = readable_files(data)
    for path, sha256 in listed.items():
        if found.get(path) != sha256:
            yield Difference("package_file_changed", f"{key}!{path}", sha256, found.get(path) or "-")


def compare_manifest(session: Session, key: str, data: bytes, hash_of: Callable[[Session, int], str | None]) -> list[Difference]:
    """A manifest against the rows of its objects, its package's row, and the log it noted. hash_of: of a line of the log, by number."""
    try:
        said: dict[str, Any] = json.loads(data)
        listed = {o["key"]: (o["sha256"], o["size"]) for o in said["objects"]}
        package_id, subject = str(said["package"]), str(said["subject"])
        seq, noted = int(said["events"]["seq"]), str(said["events"]["hash"])
    except (ValueError, KeyError, TypeError):
        return [Difference("manifest_unreadable", key)]
    found = []
    package: ArchivePackage | None = None
    if subject.startswith("batch:"):
        book = session.get(BookPackage, package_id)
        who = (book.id, f"batch:{book.batch_id}") if book else None
    else:
        package = session.get(ArchivePackage, package_id)
        who = (package.id, package.subject) if package else None
    if who is None:
        return []           # written just before a kill, or of a package being made: not claimed by anything yet
    if who != (package_id, subject):
        found.append(Difference("manifest_differs", key, f"{who[0]} {who[1]}", f"{package_id} {subject}"))
    rows = {r.key: r for r in session.scalars(sa.select(StoredObject).where(StoredObject.key.in_(listed)))}
    for name, (sha256, size) in listed.items():
        row = rows.get(name)
        if row is None or (row.sha256, row.size) != (sha256, size):
            found.append(Difference("manifest_differs", key, f"{name} {sha256}", row.sha256 if row else "-"))
    if package is not None:
        found += [Difference("manifest_differs", key, name, "-") for name in (package.pdf_key, package.original_key) if name not in listed]
    if hash_of(session, seq) != noted:
        found.append(Difference("event_head_lost", package_id, f"{seq} {noted}"))
    return found
