"""Objects read straight from SeaweedFS's volume server, for the audit: its S3 gateway fetches the same bytes from there and copies them.

The filer says in which chunks an object lies, the volume server reads them from its disk. Only the plain case is read: one version, chunks
end to end, nothing encrypted. For whatever is otherwise, and for every failure, S3 is to be asked: it judges what is wrong.
"""
from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import jwt

_PIECE = 512 << 10              # bytes passed on at a time
_TOKEN_SECONDS = 600
# What a chunk may say (a packed one is unpacked by the volume server); one that says more is encrypted, or a list of chunks.
_PLAIN = {"file_id", "fid", "offset", "size", "modified_ts_ns", "e_tag", "is_compressed"}
_VERSION, _RETAIN = "Seaweed-X-Amz-Version-Id", "Seaweed-X-Amz-Retention-Until-Date"


@dataclass(frozen=True)
class WeedDoors:
    """SeaweedFS behind its S3 gateway: host:port of filer and volume server, and the keys that sign what they let read."""

    filer: str
    volume: str
    filer_key: str = field(repr=False)
    volume_key: str = field(repr=False)


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

    chunks: Sequence[Chunk]
    version_id: str | None
    retain_until: datetime | None


class WeedReader:
    """Reads the objects of `keys` one after another over connections kept open, for one thread.

    While the first byte of one is awaited, the filer's answer about the next is taken in; when it is read, the filer is asked about the one
    after that. So nothing waits for the filer; a second thread for it gained nothing. No byte of an object is taken before
    `read` is called for it.
    """

    def __init__(self, doors: WeedDoors, timeout: float, keys: Iterator[Key]) -> None:
        self._doors, self._keys = doors, keys
        self._filer = http.client.HTTPConnection(doors.filer, timeout=timeout)
        self._volume = http.client.HTTPConnection(doors.volume, timeout=timeout)
        self._buffer = memoryview(bytearray(_PIECE))
        self._ask()
        self._place = self._told()
        self._ask()

    def read(self, on_piece: Callable[[memoryview], None]) -> Place | None:
        """Read the next object as it is on the disk now, piece by piece (each only valid during the call). None: S3 is to be asked for it,
        whatever pieces came."""
        place = self._place
        whole = place is not None and self._send(place.chunks[0])
        self._place = self._told()
        if place is not None:
            whole = whole and self._receive(place.chunks[0], on_piece)
            whole = whole and all(self._send(c) and self._receive(c, on_piece) for c in place.chunks[1:])
            if not whole:
                self._volume.close()            # it opens again by itself; what was left unread would be taken for the next answer
        self._ask()
        return place if whole else None

    def close(self) -> None:
        self._filer.close()
        self._volume.close()

    def _ask(self) -> None:
        self._asked = next(self._keys, None)
        if self._asked is None:
            return
        path = f"/buckets/{quote(f'{self._asked.bucket}/{self._asked.name}')}{'.versions/' if self._asked.versioned else '?metadata=true'}"
        try:
            self._filer.request("GET", path, headers={"Accept": "application/json", "Authorization": _bearer(self._doors.filer_key)})
        except (OSError, http.client.HTTPException):
            self._filer.close()
            self._asked = None

    def _told(self) -> Place | None:
        if self._asked is None:
            return None
        try:
            answer = self._filer.getresponse()
            text = answer.read()
            return _place(json.loads(text), self._asked.versioned) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            self._filer.close()
            return None

    def _send(self, chunk: Chunk) -> bool:
        try:
            token = _bearer(self._doors.volume_key, fid=chunk.file_id)
            self._volume.request("GET", f"/{chunk.file_id}", headers={"Authorization": token})
            return True
        except (OSError, http.client.HTTPException):
            return False

    def _receive(self, chunk: Chunk, on_piece: Callable[[memoryview], None]) -> bool:
        size = chunk.size
        try:
            answer = self._volume.getresponse()
            while answer.status == 200 and (count := answer.readinto(self._buffer)):
                on_piece(self._buffer[:count])
                size -= count
            return size == 0
        except (OSError, http.client.HTTPException):
            return False


def _place(said: dict[str, Any], versioned: bool) -> Place | None:
    entries = said["Entries"] if versioned else [said]
    if not entries or len(entries) > 1:
        return None                         # overlaid or deleted: which one is handed out is S3's to say
    entry = entries[0]
    chunks, end = sorted(entry.get("chunks", []), key=lambda c: c.get("offset", 0)), 0
    for c in chunks:
        if set(c) - _PLAIN or c.get("offset", 0) != end:
            return None
        end += c["size"]
    if not chunks or end != entry["FileSize"]:
        return None
    noted = {k: base64.b64decode(v).decode() for k, v in (entry["Extended"] or {}).items() if k in (_VERSION, _RETAIN)}
    until = datetime.fromtimestamp(int(noted[_RETAIN]), UTC) if _RETAIN in noted else None
    return Place([Chunk(c["file_id"], c["size"]) for c in chunks], noted.get(_VERSION), until)


def _bearer(key: str, **claims: str) -> str:
    return "Bearer " + jwt.encode({"exp": int(time.time()) + _TOKEN_SECONDS, **claims}, key, "HS256")
