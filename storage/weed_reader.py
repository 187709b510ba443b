"""Objects of an embedded SeaweedFS read without its S3 gateway, for the audit: the gateway fetches the same bytes and copies them twice.

The filer says in which chunks an object lies, and these are read from the volume files on this machine's disk. Only the plain case is read:
one version, chunks end to end, nothing encrypted. For whatever is otherwise, and for every failure, S3 is to be asked: it judges what is
wrong.
"""
from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import jwt
import pycurl
from pydantic import BaseModel, Field

from storage.weed_volumes import WeedVolumes

_TOKEN_SECONDS = 600
_LONGEST_SECONDS = 5.0      # one answer; S3 has the time that is set
_ANSWERS_SECONDS = 2.0      # a filer that takes longer over some objects is asked no further about them
_VERSION, _RETAIN = "Seaweed-X-Amz-Version-Id", "Seaweed-X-Amz-Retention-Until-Date"


@dataclass(frozen=True)
class WeedDoors:
    """SeaweedFS behind its S3 gateway: host:port of the filer, the key that signs what it lets read, the folder of its volumes."""

    filer: str
    filer_key: str = field(repr=False)
    volumes: Path


@dataclass(frozen=True)
class Key:
    """An object by bucket and name. versioned: so is its bucket."""

    bucket: str
    name: str
    versioned: bool


@dataclass(frozen=True)
class Chunk:
    """A part of an object: its id in the volume server, its bytes."""

    file_id: str
    size: int


@dataclass(frozen=True)
class Place:
    """Where an object that has one version lies. chunks: at least one, from the first byte to the last."""

    bucket: str
    chunks: Sequence[Chunk]
    version_id: str | None
    retain_until: datetime | None


class WeedReader:
    """Says where objects lie and reads them, for one thread. The filer is asked on a thread beside it, while that one reads and hashes."""

    def __init__(self, doors: WeedDoors, timeout: float, readers: int = 1) -> None:
        """readers: how many there are, which share the files that may be open."""
        self._stopped = threading.Event()
        self._filer = _Filer(doors, timeout, self._stopped)
        self._volumes = WeedVolumes(doors.volumes, readers)
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="filer")

    def places(self, keys: Sequence[Key]) -> Future[list[Place | None]]:
        """Where each of these objects lies, to be asked for before they are read. None: S3 is to be asked for it."""
        return self._beside.submit(self._filer.places, keys)

    def told(self, asked: Future[list[Place | None]]) -> list[Place | None]:
        """What the filer said, after which what lies on the disk is looked at again."""
        places = asked.result()
        self.look_again()
        return places

    def look_again(self) -> None:
        """Take in what was written, deleted and moved on the disk since."""
        self._volumes.look_again()

    def read(self, place: Place, on_piece: Callable[[memoryview], None]) -> bool:
        """Read an object from the disk, piece by piece (each only valid during the call). False: S3 is to be asked for it, whatever pieces
        came. Raises weed_volumes.Damaged."""
        return all(self._volumes.read(place.bucket, c.file_id, c.size, on_piece) for c in place.chunks)

    def close(self) -> None:
        """Waits for at most one answer of the filer."""
        self._stopped.set()
        self._beside.shutdown(cancel_futures=True)
        self._filer.close()
        self._volumes.close()


class _Filer:
    """The filer's own door, over a connection kept open. libcurl asks: while it waits and reads, the thread that hashes is not held up."""

    def __init__(self, doors: WeedDoors, timeout: float, stopped: threading.Event) -> None:
        self._key, self._stopped, self._curl = doors.filer_key, stopped, pycurl.Curl()
        self._buckets = f"http://{doors.filer}/buckets/"
        for option, value in ((pycurl.NOSIGNAL, 1), (pycurl.PROXY, ""), (pycurl.TIMEOUT_MS, int(min(timeout, _LONGEST_SECONDS) * 1000))):
            self._curl.setopt(option, value)

    def places(self, keys: Sequence[Key]) -> list[Place | None]:
        token = jwt.encode({"exp": int(time.time()) + _TOKEN_SECONDS}, self._key, "HS256")
        self._curl.setopt(pycurl.HTTPHEADER, ["Accept: application/json", f"Authorization: Bearer {token}"])
        found: list[Place | None] = []
        until = time.monotonic() + _ANSWERS_SECONDS
        for key in keys:
            if self._stopped.is_set() or time.monotonic() > until:
                break
            try:
                found.append(self._place(key))
            except pycurl.error:
                break
        return [*found, *[None] * (len(keys) - len(found))]

    def close(self) -> None:
        self._curl.close()

    def _place(self, key: Key) -> Place | None:
        text = BytesIO()
        path = quote(f"{key.bucket}/{key.name}")
        self._curl.setopt(pycurl.URL, f"{self._buckets}{path}{'.versions/' if key.versioned else '?metadata=true'}")
        self._curl.setopt(pycurl.WRITEDATA, text)
        self._curl.perform()
        try:
            return _told(text.getvalue(), key) if self._curl.getinfo(pycurl.RESPONSE_CODE) == 200 else None
        except (ValueError, OverflowError, OSError):         # OSError: a time that no calendar has
            return None


class _Chunk(BaseModel, extra="forbid"):
    """What a plain chunk says; one that says more is encrypted, or a list of chunks."""

    file_id: str
    fid: dict[str, int] = {}
    offset: int = 0
    size: int
    modified_ts_ns: int = 0
    e_tag: str = ""
    is_compressed: bool = False


class _Entry(BaseModel):
    size: int = Field(alias="FileSize")
    noted: dict[str, str] | None = Field(alias="Extended")
    chunks: list[_Chunk]

    def place(self, bucket: str) -> Place | None:
        chunks, end = sorted(self.chunks, key=lambda c: c.offset), 0
        for c in chunks:
            if c.offset != end:
                return None
            end += c.size
        if not chunks or end != self.size:
            return None
        noted = {k: base64.b64decode(v).decode() for k, v in (self.noted or {}).items() if k in (_VERSION, _RETAIN)}
        until = datetime.fromtimestamp(int(noted[_RETAIN]), UTC) if _RETAIN in noted else None
        return Place(bucket, [Chunk(c.file_id, c.size) for c in chunks], noted.get(_VERSION), until)


class _Versions(BaseModel):
    entries: list[_Entry] = Field(alias="Entries")


def _told(text: bytes, key: Key) -> Place | None:
    if not key.versioned:
        return _Entry.model_validate_json(text).place(key.bucket)
    entries = _Versions.model_validate_json(text).entries       # overlaid or deleted: which one is handed out is S3's to say
    return entries[0].place(key.bucket) if len(entries) == 1 else None
