"""Chunks of objects read from the volume files that an embedded SeaweedFS keeps on this machine's disk, for the audit.

A volume is a file of needles (NAME.dat), an index that is only ever added to (NAME.idx) and a description (NAME.vif). Only format 3 with
places of five bytes is read, which this server writes. A needle passes if the server could read it: head, tail and its sum (CRC-32C) are
looked at. Where the data is not what its sum says, the server has nothing to give; for whatever else is otherwise S3 is to be asked.
Source of the layout: SeaweedFS, weed/storage/needle and weed/storage/types.
"""
from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import crc32c
import numpy as np

_PIECE = 1 << 20                        # bytes passed on at a time
_OPEN = 64                              # volumes held open in all: two files each, and in memory 25 bytes a needle
_INDEXED = np.dtype([("needle", ">u8"), ("low", ">u4"), ("high", "u1"), ("length", ">i4")])     # low, high: place in units of 8 bytes
_HEAD = struct.Struct(">IQiI")          # cookie, needle id, length of its body; the body begins with the length of the data
_LENGTH = 4                             # bytes of that last number
_SUM = struct.Struct(">I")              # behind the body
_LONGEST_TAIL = 1 << 17                 # bytes; name and type have 255 at most, pairs 65,535
_COMPRESSED, _NAMED, _TYPED, _DATED, _EXPIRES, _PAIRS = (1 << n for n in range(6))
_KNOWN = _COMPRESSED | _NAMED | _TYPED | _DATED | _EXPIRES | _PAIRS
_GZIP = 16 + zlib.MAX_WBITS


class Damaged(Exception):
    """The data of a chunk is there and is not what its sum says: the server refuses it, however often it tries."""


class WeedVolumes:
    """The volumes of one folder, opened as they are needed. For one thread."""

    def __init__(self, folder: Path, readers: int = 1) -> None:
        self._folder, self._most = folder, max(1, _OPEN // readers)
        self._open: dict[tuple[str, int], _Volume] = {}     # the one used last stands last
        self._buffer = memoryview(bytearray(_PIECE))

    def look_again(self) -> None:
        """Take in what was written, deleted and moved on the disk since."""
        for name, volume in list(self._open.items()):
            try:
                current = volume.learn()
            except (OSError, ValueError):
                current = False
            if not current:                     # SeaweedFS writes a volume anew when much in it was deleted
                self._open.pop(name).close()

    def read(self, bucket: str, file_id: str, size: int, on_piece: Callable[[memoryview], None]) -> bool:
        """Read a chunk of `size` bytes from the disk, piece by piece (each only valid during the call). False: S3 is to be asked,
        whatever pieces came. Raises Damaged."""
        try:
            number, _, rest = file_id.partition(",")
            return self._volume(bucket, int(number)).read(int(rest[:-8], 16), int(rest[-8:], 16), size, self._buffer, on_piece)
        except (OSError, ValueError, TypeError, LookupError, struct.error, zlib.error):
            return False

    def close(self) -> None:
        for volume in self._open.values():
            volume.close()
        self._open.clear()

    def _volume(self, bucket: str, number: int) -> _Volume:
        volume = self._open.pop((bucket, number), None) or _Volume(self._folder / f"{bucket}_{number}")
        self._open[bucket, number] = volume
        if len(self._open) > self._most:
            self._open.pop(next(iter(self._open))).close()
        return volume


class _Volume:
    """An open volume; raises OSError, ValueError, TypeError, LookupError, struct.error when it is not as this module knows it."""

    def __init__(self, path: Path) -> None:
        said = json.loads(path.with_suffix(".vif").read_text("utf-8"))
        if (said["version"], said["bytesOffset"]) != (3, 5):
            raise ValueError(path)
        self._paths = path.with_suffix(".dat"), path.with_suffix(".idx")
        with ExitStack() as opened:
            self._data, self._index = (_opened(p, opened) for p in self._paths)
            # Lines of the index; of a needle the last one counts.
            self._needles, self._places, self._lengths = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
            if not self.learn():
                raise OSError(f"{path} is just being replaced")
            self._files = opened.pop_all()

    def close(self) -> None:
        self._files.close()

    def learn(self) -> bool:
        """Take in what was added to the index. False: other files have taken the place of these."""
        if any(os.stat(p).st_ino != os.fstat(f).st_ino for p, f in zip(self._paths, (self._data, self._index), strict=True)):
            return False
        known, end = len(self._needles) * _INDEXED.itemsize, os.fstat(self._index).st_size
        end -= end % _INDEXED.itemsize                      # a line that is just being written
        if end < known:
            return False
        if end > known:
            added = np.frombuffer(os.pread(self._index, end - known, known), _INDEXED)
            places = (added["high"].astype(np.int64) << 32 | added["low"].astype(np.int64)) * 8
            self._needles = np.concatenate([self._needles, added["needle"].astype(np.uint64)])
            self._places, self._lengths = np.concatenate([self._places, places]), np.concatenate([self._lengths, added["length"]])
        return True

    def _find(self, needle: int) -> tuple[int, int]:
        """Its place in the file and the length of its body. Raises LookupError: never there, or deleted."""
        line = np.flatnonzero(self._needles == np.uint64(needle))[-1]
        if self._lengths[line] <= 0:
            raise LookupError(needle)
        return int(self._places[line]), int(self._lengths[line])

    def read(self, needle: int, cookie: int, size: int, buffer: memoryview, on_piece: Callable[[memoryview], None]) -> bool:
        place, length = self._find(needle)
        head, first = bytearray(_HEAD.size), buffer[:min(size, len(buffer))]
        behind = bytearray(min(max(0, length - _LENGTH - size + _SUM.size), _LONGEST_TAIL))    # the tail, if the data is not packed
        came = os.preadv(self._data, [head, first, behind], place) - _HEAD.size
        *found, packed = _HEAD.unpack(head)
        if found != [cookie, needle, length] or came < 1:
            return False
        place += _HEAD.size
        tail = bytes(behind)
        if packed != size or came != size + len(behind) or size > len(buffer):
            tail = os.pread(self._data, length - _LENGTH - packed + _SUM.size, place + packed)
        known_sum = _SUM.unpack(tail[-_SUM.size:])[0]
        if tail[0] & ~_KNOWN or _tail_length(tail) != len(tail) - _SUM.size:
            return False
        if tail[0] & _COMPRESSED:
            data = os.pread(self._data, packed, place)
            if crc32c.crc32c(data) != known_sum:
                raise Damaged(f"{self._paths[0].stem},{needle:x}")
            return _unpack(data, size, on_piece)
        if packed != size:
            return False
        piece, done, total = first[:min(came, size)], 0, 0
        while piece:
            total = crc32c.crc32c(piece, total, gil_release_mode=0)      # some microseconds: shorter than to get the lock back
            on_piece(piece)
            done += len(piece)
            piece = buffer[:min(size - done, len(buffer))]
            piece = piece[:os.preadv(self._data, [piece], place + done)] if piece else piece
        if done == size and total != known_sum:
            raise Damaged(f"{self._paths[0].stem},{needle:x}")
        return done == size


def _opened(path: Path, stack: ExitStack) -> int:
    file = os.open(path, os.O_RDONLY)
    stack.callback(os.close, file)
    return file


def _tail_length(tail: bytes) -> int:
    """How long the tail of a needle is by what it says itself: what it has, name, type, date, end, pairs."""
    at = 1
    for bit in (_NAMED, _TYPED):
        at += 1 + tail[at] if tail[0] & bit else 0
    at += 5 if tail[0] & _DATED else 0
    at += 2 if tail[0] & _EXPIRES else 0
    return at + (2 + int.from_bytes(tail[at:at + 2], "big") if tail[0] & _PAIRS else 0)


def _unpack(data: bytes, size: int, on_piece: Callable[[memoryview], None]) -> bool:
    """What the server packed when it took it in (text); no more of it than there should be."""
    unpacker = zlib.decompressobj(_GZIP)
    text = unpacker.decompress(data, size + 1)
    on_piece(memoryview(text))
    return len(text) == size and unpacker.eof and not unpacker.unused_data
