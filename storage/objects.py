"""The S3 object store through `minio`: two buckets, archive (versioned, locked) and work. One adapter, with a timeout and a probe."""
from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED, GOVERNANCE
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from storage.errors import NoObjectLock, ObjectMissing, ObjectStoreUnavailable
from storage.weed_reader import WeedDoors, WeedReader

BucketKind = Literal["archive", "work"]
RetentionMode = Literal["GOVERNANCE", "COMPLIANCE"]
PROBE_PREFIX = "probe/"         # objects of `probe`; no row of the ledger belongs to them
_SHA256 = "sha256"              # name of the user metadata that carries an object's SHA-256
_PIECE = 256 << 10              # bytes passed on at a time
_SMALLEST_PART = 5 << 20        # bytes; S3 allows no smaller part size


class _CreateOnly(threading.local):
    on = False


_create_only = _CreateOnly()


class _Pool(urllib3.PoolManager):
    """`minio` cannot send If-None-Match, an unsigned header; it is added to the one PUT that `create` makes in this thread."""

    def urlopen(self, method, url, redirect=True, **kw):  # type: ignore[no-untyped-def, override]
        if _create_only.on and method == "PUT":
            kw["headers"] = {**dict((kw.get("headers") or {}).items()), "If-None-Match": "*"}
        return super().urlopen(method, url, redirect, **kw)


@dataclass(frozen=True)
class ObjectStoreConfig:
    """How to reach the store. endpoint: host:port without scheme; secure: https. The secret is not shown by repr().
    doors: how a SeaweedFS of our own is read without its S3 gateway; None: only S3."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    secure: bool = False
    archive_bucket: str = "sogoc-archive"
    work_bucket: str = "sogoc-work"
    region: str = "us-east-1"
    doors: WeedDoors | None = None


@dataclass(frozen=True)
class ObjectFacts:
    """What the store says of one version. sha256: as noted when it was put (None if unknown), not re-computed."""

    key: str
    size: int
    media_type: str
    sha256: str | None
    version_id: str | None
    modified: datetime | None
    retain_until: datetime | None = None


class ObjectStore:
    """Objects by bucket kind and key. Every call raises ObjectStoreUnavailable when the server does not answer, ObjectMissing when
    the object is not there."""

    def __init__(self, config: ObjectStoreConfig, timeout: float = 30.0) -> None:
        self.config = config
        self._timeout = timeout
        self._http = _Pool(timeout=urllib3.Timeout(connect=5.0, read=timeout), maxsize=16,
                                         retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]))
        self._client = self._minio(self._http)
        # A damaged object is refused slowly; for an audit once is enough to ask.
        self._once = self._minio(_Pool(timeout=urllib3.Timeout(connect=5.0, read=timeout), maxsize=16, retries=urllib3.Retry(0)))

    def _minio(self, pool: urllib3.PoolManager) -> Minio:
        c = self.config
        return Minio(c.endpoint, c.access_key, c.secret_key, secure=c.secure, region=c.region, http_client=pool)

    def bucket(self, kind: BucketKind) -> str:
        """The bucket's name."""
        return self.config.archive_bucket if kind == "archive" else self.config.work_bucket

    def ensure_buckets(self) -> None:
        """Make both buckets if they are missing: archive with versioning and object lock, work plain. Idempotent.

        Raises NoObjectLock if an archive bucket is there that cannot lock.
        """
        with self._guarded():
            if not self._client.bucket_exists(self.config.work_bucket):
                self._make(self.config.work_bucket, lock=False)
            if not self._client.bucket_exists(self.config.archive_bucket):
                self._make(self.config.archive_bucket, lock=True)
            if self._client.get_bucket_versioning(self.config.archive_bucket).status != ENABLED:
                self._client.set_bucket_versioning(self.config.archive_bucket, VersioningConfig(ENABLED))
            if not self._locks():
                raise NoObjectLock(bucket=self.config.archive_bucket)

    def put(self, kind: BucketKind, key: str, data: bytes, media_type: str, retain_until: datetime | None = None,
            mode: RetentionMode = "GOVERNANCE") -> str | None:
        """Store one object and return its version id (None in an unversioned bucket). retain_until: locked until then (archive only)."""
        retention = _retention(retain_until, mode) if retain_until else None
        with self._guarded(kind, key):
            # One part whatever the size: the data is in memory anyway, and only a single PUT can be conditional.
            result = self._client.put_object(self.bucket(kind), key, io.BytesIO(data), len(data), media_type, retention=retention,
                                             part_size=max(len(data), _SMALLEST_PART), metadata={_SHA256: hashlib.sha256(data).hexdigest()})
        return result.version_id

    def create(self, kind: BucketKind, key: str, data: bytes, media_type: str, retain_until: datetime | None = None,
               mode: RetentionMode = "GOVERNANCE") -> tuple[bool, str | None]:
        """As `put`, but an object that is there already is left alone: (made now, version id).

        Asks the server to refuse a second version (If-None-Match: *), so two programs at once make one; on a store that does not know
        the condition (see `probe`) only the look beforehand protects.
        """
        there = self.exists(kind, key)
        if there is None:
            _create_only.on = True
            try:
                return True, self.put(kind, key, data, media_type, retain_until, mode)
            except S3Error as e:
                if e.code not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
                there = self.stat(kind, key)
            finally:
                _create_only.on = False
        return False, there.version_id

    def retain(self, kind: BucketKind, key: str, until: datetime, mode: RetentionMode, version_id: str | None = None) -> None:
        """Lock one version until then; the server refuses to shorten a COMPLIANCE lock."""
        with self._guarded(kind, key):
            self._client.set_object_retention(self.bucket(kind), key, _retention(until, mode), version_id=version_id)

    def get(self, kind: BucketKind, key: str, version_id: str | None = None) -> bytes:
        """The whole object."""
        with self._guarded(kind, key):
            response = self._client.get_object(self.bucket(kind), key, version_id=version_id)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

    def get_range(self, kind: BucketKind, key: str, offset: int, length: int, version_id: str | None = None) -> bytes:
        """`length` bytes from `offset`."""
        with self._guarded(kind, key):
            response = self._client.get_object(self.bucket(kind), key, offset=offset, length=length, version_id=version_id)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

    def pieces(self, kind: BucketKind, key: str, offset: int, length: int, version_id: str | None = None) -> Iterator[bytes]:
        """As `get_range`, piece by piece. The request is made now, so what it raises is raised here and not at the first piece."""
        with self._guarded(kind, key):
            response = self._client.get_object(self.bucket(kind), key, offset=offset, length=length, version_id=version_id)

        def read() -> Iterator[bytes]:
            try:
                yield from response.stream(_PIECE)
            finally:
                response.close()
                response.release_conn()

        return read()

    def sha256(self, kind: BucketKind, key: str, version_id: str | None = None) -> tuple[str, int]:
        """SHA-256 (hex) and size of the bytes as they are now, read in pieces."""
        digest, size = hashlib.sha256(), 0
        with self._guarded(kind, key):
            response = self._client.get_object(self.bucket(kind), key, version_id=version_id)
            try:
                for piece in response.stream(1 << 20):
                    digest.update(piece)
                    size += len(piece)
            finally:
                response.close()
                response.release_conn()
        return digest.hexdigest(), size

    def read_newest(self, kind: BucketKind, key: str, on_piece: Callable[[memoryview], None]) -> ObjectFacts:
        """Read what the store hands out under this key today, piece by piece, and what it says of it: one request where `sha256` and `stat`
        make two, not tried again. A piece is only valid during the call; facts.size is what was read."""
        size = 0
        with self._guarded(kind, key):
            response = self._once.get_object(self.bucket(kind), key)
            try:
                headers = {k.lower(): v for k, v in response.headers.items()}
                buffer = _piece_buffer()
                while count := response.readinto(buffer):       # type: ignore[arg-type]
                    on_piece(buffer[:count])
                    size += count
            finally:
                response.close()
                response.release_conn()
        until = headers.get("x-amz-object-lock-retain-until-date")
        return ObjectFacts(key, size, headers.get("content-type", ""), headers.get(f"x-amz-meta-{_SHA256}"),
                           headers.get("x-amz-version-id") or None, None, datetime.fromisoformat(until) if until else None)

    def straight(self, readers: int = 1) -> WeedReader | None:
        """For one thread of `readers`: what reads a SeaweedFS of our own without S3; None where there is only S3."""
        return WeedReader(self.config.doors, self._timeout, readers) if self.config.doors else None

    def answers(self) -> bool:
        """Whether the server is there and knows us."""
        try:
            with self._guarded():
                return bool(self._client.bucket_exists(self.config.archive_bucket))
        except (ObjectStoreUnavailable, S3Error):
            return False

    def hold(self, kind: BucketKind, key: str, on: bool, version_id: str | None = None) -> None:
        """Place or lift a legal hold on one version: while it is on, nobody can remove the version, whatever its lock's date."""
        with self._guarded(kind, key):
            change = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
            change(self.bucket(kind), key, version_id=version_id)

    def held(self, kind: BucketKind, key: str, version_id: str | None = None) -> bool:
        """Whether a legal hold is on, as the server has it."""
        with self._guarded(kind, key):
            return self._client.is_object_legal_hold_enabled(self.bucket(kind), key, version_id=version_id)

    def stat(self, kind: BucketKind, key: str, version_id: str | None = None) -> ObjectFacts:
        """What the store says of the object, without reading it."""
        with self._guarded(kind, key):
            s = self._client.stat_object(self.bucket(kind), key, version_id=version_id)
        meta: Mapping[str, str] = {k.lower(): v for k, v in (s.metadata or {}).items()}
        until = meta.get("x-amz-object-lock-retain-until-date")
        return ObjectFacts(key, s.size or 0, s.content_type or "", meta.get(f"x-amz-meta-{_SHA256}"), s.version_id or None, s.last_modified,
                           datetime.fromisoformat(until) if until else None)

    def exists(self, kind: BucketKind, key: str) -> ObjectFacts | None:
        """The newest version's facts, or None."""
        try:
            return self.stat(kind, key)
        except ObjectMissing:
            return None

    def list(self, kind: BucketKind, prefix: str = "") -> Iterator[ObjectFacts]:
        """Every object under the prefix, in the order of keys; sha256 is not told here."""
        with self._guarded():
            for o in self._client.list_objects(self.bucket(kind), prefix=prefix, recursive=True):
                if not o.is_dir:
                    yield ObjectFacts(o.object_name or "", o.size or 0, o.content_type or "", None, o.version_id, o.last_modified)

    def versions(self, kind: BucketKind, prefix: str) -> Sequence[tuple[str, str, bool]]:
        """(key, version id, is a delete marker) of every version under the prefix."""
        with self._guarded():
            return [(o.object_name or "", o.version_id or "", bool(o.is_delete_marker))
                    for o in self._client.list_objects(self.bucket(kind), prefix=prefix, recursive=True, include_version=True)]

    def remove(self, kind: BucketKind, key: str, version_id: str | None = None) -> None:
        """Remove an object (or one version). A locked version is refused by the server: S3Error AccessDenied goes through."""
        with self._guarded(kind, key):
            self._client.remove_object(self.bucket(kind), key, version_id=version_id)

    def presigned_get(self, kind: BucketKind, key: str, seconds: int = 300, version_id: str | None = None) -> str:
        """A URL that gives the object without credentials for that long (at most 7 days)."""
        with self._guarded(kind, key):
            return self._client.presigned_get_object(self.bucket(kind), key, expires=timedelta(seconds=seconds), version_id=version_id)

    def probe(self) -> dict[str, Any]:
        """What the endpoint really does, tried on small objects under `probe/` of the work bucket and the archive's settings.

        Keys: endpoint, answers, archive_versioning, archive_lock, lock_refuses_delete, if_none_match, range_get, wrong_key_refused.
        lock_refuses_delete locks one tiny object for two seconds.
        """
        facts: dict[str, Any] = {"endpoint": self.config.endpoint, "secure": self.config.secure}
        with self._guarded():
            facts["buckets"] = sorted(b.name for b in self._client.list_buckets())
            facts["answers"] = True
            facts["archive_versioning"] = self._client.get_bucket_versioning(self.config.archive_bucket).status == ENABLED
            facts["archive_lock"] = self._locks()
            facts["lock_refuses_delete"] = self._lock_refuses_delete()
            facts["if_none_match"] = self._if_none_match()
            facts["range_get"] = self.get_range("work", "probe/object", 1, 2) == b"ro"
            self._client.remove_object(self.config.work_bucket, "probe/object")
        facts["wrong_key_refused"] = self._wrong_key_refused()
        return facts

    def _make(self, name: str, lock: bool) -> None:
        try:
            self._client.make_bucket(name, self.config.region, object_lock=lock)
        except S3Error as e:
            if e.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def _locks(self) -> bool:
        try:
            self._client.get_object_lock_config(self.config.archive_bucket)
            return True
        except S3Error:
            return False

    def _lock_refuses_delete(self) -> bool:
        bucket = self.config.archive_bucket
        for _, old, _ in self.versions("archive", "probe/"):            # of earlier probes; a lock still on is no harm
            with suppress(S3Error):
                self._client.remove_object(bucket, "probe/lock", version_id=old)
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
        version = self.put("archive", "probe/lock", b"probe", "text/plain", retain_until=until)
        try:
            self._client.remove_object(bucket, "probe/lock", version_id=version)
            return False
        except S3Error as e:
            return e.code in ("AccessDenied", "InvalidRequest", "ObjectLocked", "MethodNotAllowed")

    def _if_none_match(self) -> bool:
        bucket, body = self.config.work_bucket, b"probe"
        self._client.put_object(bucket, "probe/object", io.BytesIO(body), len(body))
        url = self._client.get_presigned_url("PUT", bucket, "probe/object", expires=timedelta(seconds=60))
        return self._http.request("PUT", url, body=b"probe", headers={"If-None-Match": "*"}).status == 412

    def _wrong_key_refused(self) -> bool:
        stranger = Minio(self.config.endpoint, self.config.access_key, "x" * 40, secure=self.config.secure, region=self.config.region,
                         http_client=self._http)
        try:
            stranger.list_buckets()
            return False
        except S3Error:
            return True

    @contextmanager
    def _guarded(self, kind: BucketKind | None = None, key: str = "") -> Iterator[None]:
        try:
            yield
        except S3Error as e:
            if e.code in ("NoSuchKey", "NoSuchVersion", "NoSuchObject"):
                raise ObjectMissing(bucket=self.bucket(kind) if kind else "", key=key) from e
            if e.code in ("SlowDown", "ServiceUnavailable", "InternalError"):
                raise ObjectStoreUnavailable(endpoint=self.config.endpoint, cause=e.code) from e
            raise
        except (urllib3.exceptions.HTTPError, InvalidResponseError, ServerError, OSError) as e:
            raise ObjectStoreUnavailable(endpoint=self.config.endpoint, cause=type(e).__name__) from e
        except MinioException as e:
            raise ObjectStoreUnavailable(endpoint=self.config.endpoint, cause=type(e).__name__) from e


_buffers = threading.local()


def _piece_buffer() -> memoryview:
    """One buffer a thread: allocating a megabyte anew for every piece costs as much as hashing it."""
    if not hasattr(_buffers, "piece"):
        _buffers.piece = memoryview(bytearray(1 << 20))
    found: memoryview = _buffers.piece
    return found


def _retention(until: datetime, mode: RetentionMode) -> Retention:
    return Retention(COMPLIANCE if mode == "COMPLIANCE" else GOVERNANCE, until.astimezone(UTC).replace(microsecond=0))
