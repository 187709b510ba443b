"""Database and object store in step: a row is written before its object and marked stored after it, so a kill in between is mended.

An object has one version for ever. Its row says `pending` from before the first byte is sent until the server has it all.
"""
from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.errors import ObjectDiffers, ObjectMissing
from storage.models import StoredObject, utc_now
from storage.objects import PROBE_PREFIX, BucketKind, ObjectFacts, ObjectStore, RetentionMode

PENDING, STORED = "pending", "stored"
KINDS: tuple[BucketKind, BucketKind] = ("archive", "work")


@dataclass(frozen=True)
class Recovery:
    """What `recover` did: objects that were there and are now marked stored; rows removed because their object never arrived;
    objects that got the row they lacked (only with scan); rows that are kept although their object is missing (something names them)."""

    finished: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Orphans:
    """rows_without_object: keys of rows; objects_without_row: (bucket kind, key). Both empty when database and store agree."""

    rows_without_object: tuple[str, ...]
    objects_without_row: tuple[tuple[BucketKind, str], ...]

    def __bool__(self) -> bool:
        return bool(self.rows_without_object or self.objects_without_row)


class ObjectLedger:
    """Every object that the program keeps goes through here. `StoredObject.bucket` holds the bucket's kind, `archive` or `work`."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self.database = database
        self.store = store

    def put(self, bucket_kind: BucketKind, key: str, data: bytes, media_type: str, retain_until: datetime | None = None,
            mode: RetentionMode = "GOVERNANCE") -> str:
        """Keep these bytes under this key and return the key; when it returns, row and object are both there.

        Idempotent: the same bytes again do nothing. Its own units of work: do not call it inside an open `session()` on SQLite (it would
        wait for itself). Raises ObjectDiffers when other bytes are already kept under the key, ObjectStoreUnavailable.
        """
        digest = hashlib.sha256(data).hexdigest()
        row = self._claim(bucket_kind, key, digest, len(data), media_type, retain_until)
        if row.state == STORED:
            return key
        made, version = self.store.create(bucket_kind, key, data, media_type, retain_until, mode)
        if not made:
            found, size = self.store.sha256(bucket_kind, key, version)
            if (found, size) != (digest, len(data)):
                raise ObjectDiffers(bucket=self.store.bucket(bucket_kind), key=key, expected=digest, found=found)
        self._mark_stored(bucket_kind, key, digest, len(data), media_type, version, retain_until)
        return key

    def row(self, key: str) -> StoredObject | None:
        """The row of a stored object; None if there is none or it is still pending."""
        with self.database.reading() as session:
            row = session.get(StoredObject, key)
            return row if row is not None and row.state == STORED else None

    def rows(self, keys: Collection[str]) -> dict[str, StoredObject]:
        """The rows of stored objects by key; keys without one are left out."""
        with self.database.reading() as session:
            found = session.scalars(sa.select(StoredObject).where(StoredObject.key.in_(keys), StoredObject.state == STORED))
            return {r.key: r for r in found}

    def settled(self, key: str) -> StoredObject | None:
        """As `row`, but a pending row whose object has arrived is first marked stored (a kill between the two steps of `put`)."""
        with self.database.reading() as session:
            row = session.get(StoredObject, key)
        if row is None or row.state == STORED:
            return row
        self._finish(row)
        return self.row(key)

    def get(self, key: str) -> bytes:
        """The object's bytes, checked against the row's SHA-256. Raises ObjectMissing, ObjectDiffers."""
        row = self.row(key)
        if row is None:
            raise ObjectMissing(bucket="", key=key)
        data = self.store.get(_kind(row), key, row.version_id)
        found = hashlib.sha256(data).hexdigest()
        if found != row.sha256:
            raise ObjectDiffers(bucket=row.bucket, key=key, expected=row.sha256, found=found)
        return data

    def retain(self, key: str, until: datetime, mode: RetentionMode = "GOVERNANCE") -> None:
        """Lock a stored object at least until then; an earlier date than the present lock's does nothing."""
        row = self.row(key)
        if row is None:
            raise ObjectMissing(bucket="", key=key)
        until = until.astimezone(UTC).replace(microsecond=0)
        if row.retain_until is not None and row.retain_until >= until:
            return
        self.store.retain(_kind(row), key, until, mode, row.version_id)
        with self.database.session() as session:
            session.execute(sa.update(StoredObject).where(StoredObject.key == key).values(retain_until=until))

    def recover(self, scan: bool = False) -> Recovery:
        """Mend what a kill left between row and object; idempotent. A writer at work meanwhile is not harmed: it puts its row back.

        scan: also list the whole store and give a row to every object that has none (minutes on a large store).
        """
        finished, removed, missing, adopted = [], [], [], []
        with self.database.reading() as session:
            pending = session.scalars(sa.select(StoredObject).where(StoredObject.state == PENDING).order_by(StoredObject.key)).all()
        for row in pending:
            if self._finish(row):
                finished.append(row.key)
            elif self._drop_pending(row.key):
                removed.append(row.key)
            else:
                missing.append(row.key)
        if scan:
            for kind, key in self.orphans().objects_without_row:
                facts = self.store.stat(kind, key)
                digest, size = self.store.sha256(kind, key, facts.version_id)
                self._mark_stored(kind, key, digest, size, facts.media_type, facts.version_id, facts.retain_until)
                adopted.append(key)
        return Recovery(tuple(finished), tuple(removed), tuple(adopted), tuple(missing))

    def orphans(self) -> Orphans:
        """Rows without objects and objects without rows, over both buckets: keys are compared in order, in constant memory.

        What a writer put there between the two listings is looked at once more, so that work going on meanwhile is no finding.
        """
        lost: list[str] = []
        stray: list[tuple[BucketKind, str]] = []
        for kind in KINDS:
            objects = (o for o in self.store.list(kind) if not o.key.startswith(PROBE_PREFIX))
            for key, has_row, has_object in _merge(self._keys(kind), objects):
                if has_row and not has_object and self._has_row(key) and self.store.exists(kind, key) is None:
                    lost.append(key)
                elif has_object and not has_row and not self._has_row(key):
                    stray.append((kind, key))
        return Orphans(tuple(sorted(lost)), tuple(sorted(stray)))

    def _has_row(self, key: str) -> bool:
        with self.database.reading() as session:
            return session.get(StoredObject, key) is not None

    def _claim(self, kind: BucketKind, key: str, digest: str, size: int, media_type: str,
               retain_until: datetime | None) -> StoredObject:
        """The row of this key, pending if it is new. A pending row of other bytes whose object never arrived is taken over."""
        fresh = StoredObject(key=key, bucket=kind, sha256=digest, size=size, media_type=media_type, state=PENDING,
                             retain_until=retain_until)
        try:
            with self.database.session() as session:
                row = session.get(StoredObject, key)
                if row is None:
                    session.add(fresh)
                    return fresh
        except IntegrityError:                  # another program was quicker
            with self.database.reading() as session:
                row = session.get(StoredObject, key)
            if row is None:
                return self._claim(kind, key, digest, size, media_type, retain_until)
        if (row.sha256, row.size) == (digest, size):
            return row
        there = self.store.exists(kind, key)
        if row.state == STORED or there is not None:
            raise ObjectDiffers(bucket=self.store.bucket(kind), key=key, expected=row.sha256, found=digest)
        with self.database.session() as session:
            session.execute(sa.update(StoredObject).where(StoredObject.key == key, StoredObject.state == PENDING)
                            .values(sha256=digest, size=size, media_type=media_type, retain_until=retain_until))
        return fresh

    def _mark_stored(self, kind: BucketKind, key: str, digest: str, size: int, media_type: str, version: str | None,
                     retain_until: datetime | None) -> None:
        with self.database.session() as session:
            row = session.get(StoredObject, key)
            if row is None:                     # removed by a recovery that ran between our two steps
                row = StoredObject(key=key, created_at=utc_now())
                session.add(row)
            row.bucket, row.sha256, row.size, row.media_type, row.version_id = kind, digest, size, media_type, version
            row.state, row.retain_until = STORED, retain_until

    def _finish(self, row: StoredObject) -> bool:
        """Whether the object of a pending row is there; its row then says what is there."""
        there = self.store.exists(_kind(row), row.key)
        if there is None:
            return False
        digest, size = self.store.sha256(_kind(row), row.key, there.version_id)
        self._mark_stored(_kind(row), row.key, digest, size, there.media_type or row.media_type, there.version_id,
                          there.retain_until)
        return True

    def _drop_pending(self, key: str) -> bool:
        try:
            with self.database.session() as session:
                session.execute(sa.delete(StoredObject).where(StoredObject.key == key, StoredObject.state == PENDING))
            return True
        except IntegrityError:
            return False

    def _keys(self, kind: BucketKind) -> Iterator[str]:
        last = ""
        while True:
            with self.database.reading() as session:
                bytewise = StoredObject.key.collate("BINARY" if self.database.is_sqlite else "C")      # the order in which S3 lists
                page = session.scalars(sa.select(StoredObject.key).where(StoredObject.bucket == kind, bytewise > last)
                                       .order_by(bytewise).limit(1000)).all()
            yield from page
            if len(page) < 1000:
                return
            last = page[-1]


def _merge(rows: Iterator[str], objects: Iterator[ObjectFacts]) -> Iterator[tuple[str, bool, bool]]:
    row, found = next(rows, None), next(objects, None)
    while row is not None or found is not None:
        if found is None or (row is not None and row.encode() < found.key.encode()):
            yield row or "", True, False
            row = next(rows, None)
        elif row is None or found.key.encode() < row.encode():
            yield found.key, False, True
            found = next(objects, None)
        else:
            yield row, True, True
            row, found = next(rows, None), next(objects, None)


def _kind(row: StoredObject) -> BucketKind:
    return "archive" if row.bucket == "archive" else "work"
