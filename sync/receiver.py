"""The side that takes: agrees on a manifest, keeps chunks by their hash, hands the finished files on once, signs a receipt.

On disk, for each owner: `chunks/<sha256>`, `open/<id>/manifest.json` and its files put together, `done/<id>.json` (receipts).
Whatever is answered is on the disk before; kill it anywhere, ask again, and it goes on.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from sync.disk import PART, locked, write_durably
from sync.errors import DamagedChunk, Incomplete, ManifestWrong, TooManyUploads, UnknownChunk, UnknownUpload, UploadTooBig
from sync.manifest import Limits, Manifest, parse_manifest, ranges
from sync.receipt import ReceiptKey

TakeIn = Callable[[Manifest, Sequence[Path]], Mapping[str, Any]]     # manifest, its files in order -> what came of it; must be idempotent
_STALE_PART = 3600.0                    # seconds
_ANY_SIZE = Limits(10**9, 2**60, 2**60)


class Held(Protocol):
    """Whole files the receiver has from earlier."""

    def which(self, owner: str, hashes: Collection[str]) -> set[str]:
        """Those of the SHA-256 it has from this owner."""

    def read(self, sha256: str) -> bytes | None:
        """The file; None if it is gone."""


@dataclass(frozen=True)
class Standing:
    """How far an upload is. state: open | finishing | finished. missing: runs of `Manifest.pieces` still to be sent, ends included."""

    id: str
    state: str
    missing: tuple[tuple[int, int], ...] = ()
    receipt: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "state": self.state, "missing": [list(r) for r in self.missing], "receipt": self.receipt}


class Receiver:
    """All uploads under `root`. clock: seconds since 1970. Safe from threads and processes on one disk."""

    def __init__(self, root: Path, key: ReceiptKey, limits: Limits | None = None, held: Held | None = None,
                 clock: Callable[[], float] = time.time) -> None:
        self.root, self.key, self.limits, self._held, self._clock = root, key, limits or Limits(), held, clock

    def agree(self, owner: str, manifest: Manifest) -> Standing:
        """Begin this upload, or say how far it is. Raises TooManyUploads, UploadTooBig (of all unfinished ones), DiskFull."""
        place = self._place(owner)
        with locked(place / "lock"):
            self._sweep(place)
            if not self._receipt(place, manifest.id) and not (place / "open" / manifest.id / "manifest.json").exists():
                others = [m for m in self._open(place) if m.id != manifest.id]
                if len(others) >= self.limits.open_uploads:
                    raise TooManyUploads(found=len(others))
                waiting = manifest.size + sum(m.size for m in others)
                if waiting > max(self.limits.open_bytes, self.limits.upload_bytes):
                    raise UploadTooBig(found=waiting, most=self.limits.open_bytes)
                write_durably(place / "open" / manifest.id / "manifest.json", manifest.canonical)
        return self.standing(owner, manifest.id)

    def standing(self, owner: str, upload: str) -> Standing:
        """Raises UnknownUpload."""
        place = self._place(owner)
        receipt = self._receipt(place, upload)
        if receipt:
            return Standing(upload, "finished", receipt=receipt)
        manifest = self._manifest(place, upload)
        return Standing(upload, "open", ranges(self._missing(owner, place, manifest)))

    def put(self, owner: str, upload: str, sha256: str, data: bytes) -> bool:
        """Keep one chunk; on the disk when this returns. False: it was there already. Raises UnknownUpload, UnknownChunk, DamagedChunk."""
        place = self._place(owner)
        piece = self._manifest(place, upload).piece_by_hash.get(sha256)
        if piece is None:
            raise UnknownChunk()
        found = hashlib.sha256(data).hexdigest()
        if found != sha256 or len(data) != piece.size:
            raise DamagedChunk(expected=f"{sha256[:12]}/{piece.size}", found=f"{found[:12]}/{len(data)}")
        path = place / "chunks" / sha256
        if path.exists():
            return False
        write_durably(path, data)
        with suppress(FileNotFoundError):           # finished meanwhile by another request
            os.utime(place / "open" / upload)
        return True

    def file(self, owner: str, upload: str, number: int) -> Path:
        """One file of an unfinished upload, put together and checked. Raises UnknownUpload, Incomplete, ManifestWrong."""
        place = self._place(owner)
        return self._assemble(owner, place, self._manifest(place, upload), number)

    def finish(self, owner: str, upload: str, take_in: TakeIn) -> Standing:
        """Hand the files to `take_in`, then sign and keep the receipt: the same upload finished again answers the same receipt.

        state `finishing`: another request is at it, ask again later. Raises UnknownUpload, Incomplete, ManifestWrong; what take_in raises.
        """
        place = self._place(owner)
        if not self._receipt(place, upload):
            self._manifest(place, upload)
        with locked(place / "finishing", wait=False) as mine:
            if not mine:
                return Standing(upload, "finishing")
            receipt = self._receipt(place, upload)
            if receipt is None:
                manifest = self._manifest(place, upload)
                missing = self._missing(owner, place, manifest)
                if missing:
                    raise Incomplete(missing=len(missing))
                files = [self._assemble(owner, place, manifest, n) for n in range(len(manifest.files))]
                outcome = take_in(manifest, files)
                receipt = self.key.receipt(owner, manifest, outcome, self._clock())
                write_durably(place / "done" / f"{upload}.json", json.dumps(receipt, ensure_ascii=False, indent=1).encode())
            self._drop(place, upload)
        return Standing(upload, "finished", receipt=receipt)

    def cancel(self, owner: str, upload: str) -> None:
        """Drop an unfinished upload with the chunks no other one needs; nothing happens where there is none."""
        place = self._place(owner)
        if _is_id(upload) and place.is_dir():
            with locked(place / "finishing", wait=False) as mine:
                if mine:
                    self._drop(place, upload)

    def unfinished(self, owner: str) -> list[Manifest]:
        """What this owner has begun and not finished."""
        return self._open(self._place(owner))

    def _place(self, owner: str) -> Path:
        return self.root / hashlib.sha256(owner.encode()).hexdigest()[:32]

    def _receipt(self, place: Path, upload: str) -> Mapping[str, Any] | None:
        path = place / "done" / f"{upload}.json"
        return json.loads(path.read_text("utf-8")) if _is_id(upload) and path.exists() else None

    def _manifest(self, place: Path, upload: str) -> Manifest:
        path = place / "open" / upload / "manifest.json"
        if not _is_id(upload) or not path.is_file():
            raise UnknownUpload(upload=upload[:64])
        return _read_manifest(path)

    def _open(self, place: Path) -> list[Manifest]:
        return [_read_manifest(p) for p in sorted(place.glob("open/*/manifest.json")) if not self._receipt(place, p.parent.name)]

    def _missing(self, owner: str, place: Path, manifest: Manifest) -> list[int]:
        work = place / "open" / manifest.id
        whole = {n for n in range(len(manifest.files)) if (work / f"{n:05d}.data").exists()}
        wanted = {f.sha256 for n, f in enumerate(manifest.files) if n not in whole}
        have = self._held.which(owner, wanted) - _gone(work) if self._held and wanted else set()
        have_chunks = {e.name for e in os.scandir(place / "chunks")} if (place / "chunks").is_dir() else set()
        need = {c for n, f in enumerate(manifest.files) if n not in whole and f.sha256 not in have for c in f.chunks} - have_chunks
        return [i for i, p in enumerate(manifest.pieces) if p.sha256 in need]

    def _assemble(self, owner: str, place: Path, manifest: Manifest, number: int) -> Path:
        if not 0 <= number < len(manifest.files):
            raise UnknownUpload(upload=manifest.id)
        facts, work = manifest.files[number], place / "open" / manifest.id
        path = work / f"{number:05d}.data"
        if path.exists():
            return path
        chunks = [place / "chunks" / c for c in facts.chunks]
        if not all(c.exists() for c in chunks):
            data = self._held.read(facts.sha256) if self._held and facts.sha256 in self._held.which(owner, {facts.sha256}) else None
            if data is None or hashlib.sha256(data).hexdigest() != facts.sha256:
                write_durably(work / f"gone-{facts.sha256}", b"")         # counted as held, but it is not: to be sent
                raise Incomplete(missing=sum(not c.exists() for c in chunks) or 1)
            write_durably(path, data)
            return path
        write_durably(path, _checked(chunks, facts.sha256, number))
        return path

    def _drop(self, place: Path, upload: str) -> None:
        with locked(place / "lock"):
            shutil.rmtree(place / "open" / upload, ignore_errors=True)
            self._drop_orphans(place)

    def _drop_orphans(self, place: Path) -> None:
        needed = {c for m in self._open(place) for f in m.files for c in f.chunks}
        now = self._clock()
        for entry in os.scandir(place / "chunks") if (place / "chunks").is_dir() else ():
            part = entry.name.endswith(PART)
            if entry.name not in needed and (not part or entry.stat().st_mtime < now - _STALE_PART):
                Path(entry.path).unlink(missing_ok=True)

    def _sweep(self, place: Path) -> None:
        """Drop uploads nothing came for in keep_seconds, and what a kill after a receipt left."""
        since = self._clock() - self.limits.keep_seconds
        over = [f for f in place.glob("open/*") if f.stat().st_mtime < since or (place / "done" / f"{f.name}.json").exists()]
        if not over:
            return
        with locked(place / "finishing", wait=False) as mine:
            if mine:
                for folder in over:
                    shutil.rmtree(folder, ignore_errors=True)
                self._drop_orphans(place)


def _is_id(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _gone(work: Path) -> set[str]:
    return {p.name.removeprefix("gone-") for p in work.glob("gone-*")}


def _checked(chunks: Sequence[Path], sha256: str, number: int) -> Iterator[bytes]:
    """The chunks' bytes. At their end raises Incomplete when one was spoilt on the disk (it is dropped), else ManifestWrong."""
    whole, spoilt = hashlib.sha256(), 0
    for path in chunks:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != path.name:
            path.unlink()
            spoilt += 1
        whole.update(data)
        yield data
    if spoilt:
        raise Incomplete(missing=spoilt)
    if whole.hexdigest() != sha256:
        raise ManifestWrong(number=number + 1)


@lru_cache(maxsize=64)
def _read_manifest(path: Path) -> Manifest:
    """Cached: a manifest lies under its own hash and never changes."""
    return parse_manifest(json.loads(path.read_text("utf-8")), _ANY_SIZE)
