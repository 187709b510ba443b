"""One stored object against its row: read once, hashed, its version and lock compared; a manifest and a package's ZIP looked into."""
from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.aip.unpack import readable_files
from storage.errors import ObjectMissing, ObjectStoreUnavailable
from storage.fixity_words import Difference
from storage.models import ArchivePackage, BookPackage, StoredObject
from storage.objects import BucketKind, ObjectStore
from storage.weed_reader import Place, WeedReader
from storage.weed_volumes import Damaged

_MANIFEST, _PACKAGE = "/manifest.json", "/package.zip"
_TRIED_HARD = 5.0           # seconds after which a server that failed has tried again by itself


@dataclass(frozen=True)
class Looked:
    """differences: none, if it is as recorded. read: bytes read. manifest: its bytes, where it is one and unchanged."""

    differences: Sequence[Difference]
    read: int
    manifest: bytes | None = None


def kind_of(row: StoredObject) -> BucketKind:
    """The bucket a row's object is in."""
    return "archive" if row.bucket == "archive" else "work"


def look(row: StoredObject, store: ObjectStore, spend: Callable[[int], None], straight: WeedReader | None = None,
         place: Place | None = None) -> Looked:
    """Read what the store hands out under the row's key; if that is another version, the archived one too. spend(bytes): waits its turn.

    straight, place: what reads this object without S3, and where it lies. So it can be proven good, or found to be damaged on the disk; of
    all else S3 is asked.
    """
    reading = _Reading(row, spend)
    if straight is not None and place is not None:
        try:
            if _read(straight, place, reading) and not reading.differences(place.version_id, place.retain_until):
                return Looked([], reading.size, reading.manifest())
        except Damaged as e:
            return Looked([*_unreadable(row, f"CRC-32C, {e}", reading, store)], reading.size)
    before = reading.size
    for attempt in (1, 2):
        reading, since = _Reading(row, spend), time.monotonic()
        try:
            facts = store.read_newest(kind_of(row), row.key, reading.piece)
            break
        except ObjectMissing:
            return Looked([Difference("object_missing", row.key)], before + reading.size)
        except ObjectStoreUnavailable as e:     # a server that checks its own sums refuses what is damaged; one that is down refuses all
            if not store.answers():
                raise
            if attempt == 2 or time.monotonic() - since > _TRIED_HARD:
                return Looked([*_unreadable(row, str(e.evidence["cause"]), reading, store)], before + reading.size)
            time.sleep(0.5)
    found, read = reading.differences(facts.version_id, facts.retain_until), before + reading.size
    if not found:
        return Looked([], read, reading.manifest())
    if found[0].code == "object_replaced":
        try:
            archived, size = store.sha256(kind_of(row), row.key, row.version_id)
            read += size
            found += _changed(row, archived, size)
        except ObjectMissing:
            found.append(Difference("object_missing", row.key))
    elif found[0].code == "object_changed":
        found += _inside(row.key, bytes(reading.kept), store)
    return Looked(found, read)


def _read(straight: WeedReader, place: Place, reading: _Reading) -> bool:
    """Raises Damaged when it was so twice: the server may just have been writing the volume anew."""
    try:
        return straight.read(place, reading.piece)
    except Damaged:
        straight.look_again()
        reading.restart()
        return straight.read(place, reading.piece)


def _unreadable(row: StoredObject, why: str, reading: _Reading, store: ObjectStore) -> Iterator[Difference]:
    yield Difference("object_unreadable", row.key, row.sha256, why)
    yield from _inside(row.key, bytes(reading.kept), store)


class _Reading:
    """One reading of one object. kept: its bytes, where they are looked into."""

    def __init__(self, row: StoredObject, spend: Callable[[int], None]) -> None:
        self._row, self._spend, self._digest = row, spend, hashlib.sha256()
        self.size, self.kept = 0, bytearray()
        self._keep = row.key.startswith("archive/") and row.key.endswith((_MANIFEST, _PACKAGE))

    def restart(self) -> None:
        self._digest, self.size = hashlib.sha256(), 0
        self.kept.clear()

    def piece(self, data: memoryview) -> None:
        self._spend(len(data))
        self._digest.update(data)
        self.size += len(data)
        if self._keep:
            self.kept.extend(data)

    def differences(self, version_id: str | None, retain_until: datetime | None) -> list[Difference]:
        """The gravest thing that is not as the row has it."""
        row = self._row
        if row.version_id and version_id != row.version_id:
            return [Difference("object_replaced", row.key, row.version_id, version_id or "-")]
        if changed := _changed(row, self._digest.hexdigest(), self.size):
            return changed
        if row.retain_until is not None and (retain_until is None or retain_until < row.retain_until):
            return [Difference("object_unlocked", row.key, row.retain_until.isoformat(), str(retain_until or "-"))]
        return []

    def manifest(self) -> bytes | None:
        return bytes(self.kept) if self._keep and self._row.key.endswith(_MANIFEST) else None


def _changed(row: StoredObject, sha256: str, size: int) -> list[Difference]:
    if (sha256, size) == (row.sha256, row.size):
        return []
    return [Difference("object_changed", row.key, f"{row.sha256} ({row.size})", f"{sha256} ({size})")]


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
