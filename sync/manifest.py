"""What sender and receiver agree on before a byte of a page moves: names, sizes and SHA-256 of every file and of its chunks."""
from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sync.errors import BadManifest, FileTooBig, TooManyFiles, UploadTooBig

FORMAT = "sogoc-manifest/1"
CHUNK_SIZE = 128 * 1024                 # bytes: two seconds of a 64 KB/s line; a line cut more often than that carries nothing
SMALLEST_CHUNK, BIGGEST_CHUNK = 1024, 1024 * 1024
MANIFEST_BYTES = 4 * 1024 * 1024        # of its JSON, at most
_HASH = re.compile(r"^[0-9a-f]{64}$")
_NAME_LENGTH, _ABOUT_LENGTH = 1000, 4000


@dataclass(frozen=True)
class Limits:
    """What one upload, and all unfinished ones of an owner together, may hold; keep_seconds: an upload untouched that long is dropped."""

    files: int = 3000
    file_bytes: int = 256 * 1024 * 1024
    upload_bytes: int = 512 * 1024 * 1024
    open_uploads: int = 20
    open_bytes: int = 4 * 1024 * 1024 * 1024
    keep_seconds: float = 14 * 86400


@dataclass(frozen=True)
class FileFacts:
    """One file. name: as its sender calls it. chunks: SHA-256 of each `chunk_size` bytes in order, the last one shorter."""

    name: str
    size: int
    sha256: str
    chunks: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A distinct chunk: where its bytes first stand (index of the file, offset), and how many."""

    sha256: str
    size: int
    file: int
    offset: int


@dataclass(frozen=True)
class Manifest:
    """name: of the folder. about: what its sender says of it, not read here. The same manifest is the same upload, by `id`."""

    name: str
    files: tuple[FileFacts, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    chunk_size: int = CHUNK_SIZE

    @property
    def size(self) -> int:
        return sum(f.size for f in self.files)

    def as_json(self) -> dict[str, Any]:
        files = [{"name": f.name, "size": f.size, "sha256": f.sha256, "chunks": list(f.chunks)} for f in self.files]
        return {"format": FORMAT, "name": self.name, "about": dict(self.about), "chunk_size": self.chunk_size, "files": files}

    @cached_property
    def canonical(self) -> bytes:
        return canonical(self.as_json())

    @cached_property
    def id(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every distinct chunk once, in the order of the files; both sides count chunks by their place in it."""
        found: dict[str, Piece] = {}
        for number, facts in enumerate(self.files):
            for n, sha256 in enumerate(facts.chunks):
                offset = n * self.chunk_size
                found.setdefault(sha256, Piece(sha256, min(self.chunk_size, facts.size - offset), number, offset))
        return tuple(found.values())

    @cached_property
    def piece_by_hash(self) -> Mapping[str, Piece]:
        return {p.sha256: p for p in self.pieces}


def canonical(data: Any) -> bytes:
    """The one way the same JSON value is written, for hashing and signing: UTF-8, keys sorted, no spaces."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def parse_manifest(data: Any, limits: Limits | None = None) -> Manifest:
    """A manifest as it came over the wire, checked whole. Raises BadManifest, TooManyFiles, FileTooBig, UploadTooBig."""
    limits = limits or Limits()
    try:
        if data["format"] != FORMAT:
            raise BadManifest(what="format")
        name, about, chunk_size, files = data["name"], data.get("about", {}), data["chunk_size"], data["files"]
        _must(isinstance(name, str) and 0 < len(name) <= _NAME_LENGTH, "name")
        _must(isinstance(about, dict) and len(canonical(about)) <= _ABOUT_LENGTH, "about")
        _must(_whole(chunk_size) and SMALLEST_CHUNK <= chunk_size <= BIGGEST_CHUNK, "chunk_size")
        _must(isinstance(files, list) and bool(files), "files")
        if len(files) > limits.files:
            raise TooManyFiles(found=len(files), most=limits.files)
        manifest = Manifest(name, tuple(_file(f, chunk_size, limits) for f in files), about, chunk_size)
        _must(len({f.name for f in manifest.files}) == len(files), "name twice")
        name.encode(), [f.name.encode() for f in manifest.files]
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as e:
        raise BadManifest(what=type(e).__name__) from None
    if manifest.size > limits.upload_bytes:
        raise UploadTooBig(found=manifest.size, most=limits.upload_bytes)
    sizes: dict[str, int] = {}
    for facts in manifest.files:
        for n, sha256 in enumerate(facts.chunks):
            size = min(chunk_size, facts.size - n * chunk_size)
            _must(sizes.setdefault(sha256, size) == size, "one chunk of two sizes")
    return manifest


def _file(data: Any, chunk_size: int, limits: Limits) -> FileFacts:
    name, size, sha256, chunks = data["name"], data["size"], data["sha256"], data["chunks"]
    _must(isinstance(name, str) and 0 < len(name) <= _NAME_LENGTH, "file name")
    _must(_whole(size) and size >= 0, "file size")
    if size > limits.file_bytes:
        raise FileTooBig(file=name, found=size, most=limits.file_bytes)
    _must(isinstance(chunks, list) and len(chunks) == -(-size // chunk_size), "number of chunks")
    _must(all(isinstance(h, str) and _HASH.match(h) for h in (sha256, *chunks)), "hash")
    return FileFacts(name, size, sha256, tuple(chunks))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise BadManifest(what=what)


def file_facts(name: str, path: Path, chunk_size: int = CHUNK_SIZE) -> FileFacts:
    """The facts of a file on disk, read once. Raises OSError."""
    whole, chunks, size = hashlib.sha256(), [], 0
    with path.open("rb") as file:
        while data := file.read(chunk_size):
            whole.update(data)
            chunks.append(hashlib.sha256(data).hexdigest())
            size += len(data)
    return FileFacts(name, size, whole.hexdigest(), tuple(chunks))


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Rising numbers as [first, last] runs, so that a long list of missing chunks stays short on the wire."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return tuple((a, b) for a, b in runs)
