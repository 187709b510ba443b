"""The side that gives: asks what is lacking, sends that, finishes, and keeps trying while the network comes and goes."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sync.errors import DamagedChunk, Incomplete, Refused, SourceChanged, Unreachable
from sync.manifest import CHUNK_SIZE, Manifest, Piece, file_facts
from sync.pace import Patience

FINISH_POLL = 2.0


class Transport(Protocol):
    """One exchange each; answers are `Standing.as_json()`. Raise Unreachable for what may be tried again, Refused for what may not."""

    def agree(self, manifest: Manifest) -> Mapping[str, Any]: ...
    def standing(self, upload: str) -> Mapping[str, Any]: ...
    def put(self, upload: str, sha256: str, data: bytes) -> None: ...
    def finish(self, upload: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Source:
    """What is sent: the manifest and where its files lie, in its order."""

    manifest: Manifest
    paths: tuple[Path, ...]

    def read(self, piece: Piece) -> bytes:
        """The chunk's bytes. Raises SourceChanged when the file is no longer what the manifest says."""
        try:
            with self.paths[piece.file].open("rb") as file:
                file.seek(piece.offset)
                data = file.read(piece.size)
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != piece.sha256:
            raise SourceChanged(file=self.manifest.files[piece.file].name)
        return data


def source_of(name: str, files: Mapping[str, Path], about: Mapping[str, Any] | None = None, chunk_size: int = CHUNK_SIZE,
              progress: Callable[[int, int], None] | None = None) -> Source:
    """Hash the files (name -> path). Raises SourceChanged for one that cannot be read."""
    facts = []
    for n, (file, path) in enumerate(files.items()):
        try:
            facts.append(file_facts(file, path, chunk_size))
        except OSError as e:
            raise SourceChanged(file=file) from e
        if progress:
            progress(n + 1, len(files))
    return Source(Manifest(name, tuple(facts), about or {}, chunk_size), tuple(files.values()))


@dataclass
class Sent:
    """What one push did. bytes_sent counts every chunk handed to the network, also those lost on the way; again: tries after a failure."""

    receipt: Mapping[str, Any] = field(default_factory=dict)
    bytes_sent: int = 0
    chunks_sent: int = 0
    again: int = 0


def push(source: Source, transport: Transport, patience: Patience | None = None,
         progress: Callable[[int, int], None] | None = None) -> Sent:
    """Send until the receipt is here. progress(bytes the receiver has, bytes in all).

    After any failure the receiver is asked what it lacks before anything is sent again. Raises Unreachable when patience ends,
    Refused, SourceChanged.
    """
    patience, sent, agreed = patience or Patience(), Sent(), False
    while True:
        try:
            # the manifest of a big book is long: it travels once
            standing = transport.standing(source.manifest.id) if agreed else transport.agree(source.manifest)
            agreed = True
            if _round(source, standing, transport, sent, patience, progress):
                return sent
        except Unreachable:
            sent.again += 1
            if not patience.wait():
                raise
        except Refused as e:
            # dropped as abandoned meanwhile, or spoilt on the way or on the other disk: agree anew
            if e.evidence.get("other") not in ("unknown_upload", DamagedChunk.code, Incomplete.code):
                raise
            sent.again, agreed = sent.again + 1, False
            if not patience.wait():
                raise


def _round(source: Source, standing: Mapping[str, Any], transport: Transport, sent: Sent, patience: Patience,
           progress: Callable[[int, int], None] | None) -> bool:
    """One go from what is missing to the receipt; False: ask again."""
    manifest = source.manifest
    pieces = manifest.pieces
    todo = [pieces[i] for first, last in standing["missing"] for i in range(first, last + 1)]
    all_bytes = sum(p.size for p in pieces)
    done = all_bytes - sum(p.size for p in todo)
    if progress:
        progress(done, all_bytes)
    for piece in todo:
        data = source.read(piece)
        sent.bytes_sent += len(data)
        sent.chunks_sent += 1
        transport.put(standing["id"], piece.sha256, data)
        patience.success()
        done += piece.size
        if progress:
            progress(done, all_bytes)
    if standing["state"] != "finished":
        standing = transport.finish(standing["id"])
    if standing["state"] != "finished":
        patience.wait()
        return False
    sent.receipt = standing["receipt"]
    return True
