"""A population index as one file that processes map into memory and share: opened in a moment, whatever it holds.

    SOGOCIDX | version, length of the head (8 bytes each) | head: JSON | the arrays, each at a multiple of 64 bytes

The head names every array with its type, shape, place and CRC-32. The file appears under its name whole or not at all; one that was cut
short, changed or written by another version is not used but made again.
"""
from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from matching.index_build import build_arrays
from matching.population import PopulationIndex

VERSION = 1             # of the arrays and what they mean; change it with `index_build`, `blocking` or `vocabulary`
_MAGIC = b"SOGOCIDX"
_ALIGNED = 64
_SUFFIX = ".index"


class IndexDamaged(ValueError):
    """A kept index cannot be used. reason: magic, version, head, cut or checksum. `kept_index` makes it again by itself."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path, self.reason = path, reason


def kept_index(folder: Path, key: str, rows: Callable[[], Iterable[Sequence[str]]]) -> PopulationIndex:
    """The index of the population `key` (a hash of its content), mapped from the folder; built from rows() and kept there if it is not, or
    is damaged. rows: in the order of `matching.population.PERSON_COLUMNS`. Indexes of other populations in the folder are removed.

    ValueError if a personal number occurs twice.
    """
    path = folder / f"population-{key[:40]}{_SUFFIX}"
    try:
        return open_index(path)
    except (IndexDamaged, FileNotFoundError):
        write_index(path, build_arrays(rows()))
    for other in folder.glob("population-*"):
        if other != path and not _being_written(other):
            other.unlink(missing_ok=True)           # who has it open keeps it
    return open_index(path)


def _being_written(path: Path) -> bool:
    """Whether a process that still runs writes this file; what a killed one left is rubbish."""
    writer = path.name.removesuffix(".part").rpartition(".")[2]
    return path.suffix == ".part" and writer.isdecimal() and Path(f"/proc/{writer}").exists()


def open_index(path: Path, check: bool = True) -> PopulationIndex:
    """The index in a file, read-only. check: compare the checksums, about a second a gigabyte; not needed for a file that this run has
    checked. Raises IndexDamaged, or FileNotFoundError."""
    with path.open("rb") as f:
        if os.fstat(f.fileno()).st_size < 24:
            raise IndexDamaged(path, "cut")
        mapped = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    if mapped[:8] != _MAGIC:
        raise IndexDamaged(path, "magic")
    version, length = (int(x) for x in np.frombuffer(mapped, np.int64, 2, 8))
    if version != VERSION:
        raise IndexDamaged(path, "version")
    try:
        head = json.loads(mapped[24:24 + length])
        size = head["size"]
        places = {name: (np.dtype(x["type"]), tuple(x["shape"]), int(x["at"]), int(x["crc"])) for name, x in head["arrays"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(path, "head") from error
    if len(mapped) != size:
        raise IndexDamaged(path, "cut")
    arrays = {}
    for name, (kind, shape, at, crc) in places.items():
        found = np.frombuffer(mapped, kind, int(np.prod(shape)), at).reshape(shape)
        if check and zlib.crc32(_bytes(found)) != crc:
            raise IndexDamaged(path, "checksum")
        arrays[name] = found
    return PopulationIndex(arrays, path)


def write_index(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep the arrays under this name: written beside it, flushed, renamed. Personal data: readable by the owner alone."""
    at, offsets = 0, {}
    for name, values in arrays.items():
        offsets[name] = at
        at = _aligned(at + values.nbytes)
    crc = {name: zlib.crc32(_bytes(values)) for name, values in arrays.items()}
    start = _aligned(24 + len(_head(arrays, offsets, crc, 1 << 50, at)))
    head = _head(arrays, offsets, crc, start, start + at)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(_MAGIC + np.array([VERSION, len(head)], dtype=np.int64).tobytes() + head)
        for name, values in arrays.items():
            f.seek(start + offsets[name])
            f.write(_bytes(values))
        f.truncate(start + at)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _head(arrays: Mapping[str, np.ndarray], offsets: Mapping[str, int], crc: Mapping[str, int], start: int, size: int) -> bytes:
    places = {name: {"type": x.dtype.str, "shape": x.shape, "at": start + offsets[name], "crc": crc[name]} for name, x in arrays.items()}
    return json.dumps({"size": size, "arrays": places}, sort_keys=True).encode("ascii")


def _bytes(values: np.ndarray) -> memoryview:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


def _aligned(at: int) -> int:
    return -(-at // _ALIGNED) * _ALIGNED
