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
from pathlib import Path

import crc32c

_PIECE = 1 << 20                        # bytes passed on at a time
_OPEN = 64                              # volumes held open: two files each, and an index of some thousand needles in memory
_INDEXED = struct.Struct(">QIBi")       # needle id, low and high part of its place in units of 8 bytes, length of its body
_HEAD = struct.Struct(">IQiI")          # cookie, needle id, length of its body; the body begins with the length of the data
_LENGTH = 4                             # bytes of that last number
_SUM = struct.Struct(">I")              # behind the body
_COMPRESSED, _NAMED, _TYPED, _DATED, _EXPIRES, _PAIRS = (1 << n for n in range(6))
_KNOWN = _COMPRESSED | _NAMED | _TYPED | _DATED | _EXPIRES | _PAIRS
_GZIP = 16 + zlib.MAX_WBITS


class Damaged(Exception):
    """The data of a chunk is there and is not what its sum says: the server refuses it, however often it tries."""


class WeedVolumes:
    """The volumes of one folder, opened as they are needed. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[str, int], _Volume] = {}     # the one used last stands last
        self._buffer = memoryview(bytearray(_PIECE))

    def look_again(self) -> None:
        """Take in what was written, deleted and moved on the disk since."""
        for name, volume in list(self._open.items()):
            try:
                current = volume.learn()
            except OSError:
                current = False
            if not current:                     # SeaweedFS writes a volume anew when much in it was deleted
                self._open.pop(name).close()

    def read(self, bucket: str, file_id: str, size: int, on_piece: Callable[[memoryview], None]) -> bool:
        """Read a chunk of `size` bytes from the disk, piece by piece (each only valid during the call). False: S3 is to be asked,
        whatever pieces came. Raises Damaged."""
        try:
            number, _, rest = file_id.partition(",")
            return self._volume(bucket, int(number)).read(int(rest[:-8], 16), int(rest[-8:], 16), size, self._buffer, on_piece)
        except (OSError, ValueError, LookupError, struct.error, zlib.error):
            return False

    def close(self) -> None:
        for volume in self._open.values():
            volume.close()
        self._open.clear()

    def _volume(self, bucket: str, number: int) -> _Volume:
        volume = self._open.pop((bucket, number), None) or _Volume(self._folder / f"{bucket}_{number}")
        self._open[bucket, number] = volume
        if len(self._open) > _OPEN:
            self._open.pop(next(iter(self._open))).close()
        return volume


class _Volume:
    """An open volume; raises OSError, ValueError, LookupError, struct.error when it is not as this module knows it."""

    def __init__(self, path: Path) -> None:
        said = json.loads(path.with_suffix(".vif").read_text("utf-8"))
        if (said["version"], said["bytesOffset"]) != (3, 5):
            raise ValueError(path)
        self._path = path.with_suffix(".dat")
        self._data = os.open(self._path, os.O_RDONLY)
        try:
            self._index = os.open(path.with_suffix(".idx"), os.O_RDONLY)
        except OSError:
            os.close(self._data)
            raise
        self._inode, self._known = os.fstat(self._data).st_ino, 0
        self._needles: dict[int, tuple[int, int]] = {}      # by id: place in the file, length of the body
        self.learn()

    def close(self) -> None:
        os.close(self._data)
        os.close(self._index)

    def learn(self) -> bool:
        """Take in what was added to the index. False: another file has taken this one's place."""
        if os.stat(self._path).st_ino != self._inode:
            return False
        end = os.fstat(self._index).st_size
        end -= end % _INDEXED.size                          # a line that is just being written
        for needle, low, high, length in _INDEXED.iter_unpack(os.pread(self._index, end - self._known, self._known)):
            if length > 0:
                self._needles[needle] = ((high << 32 | low) * 8, length)
            else:
                self._needles.pop(needle, None)             # deleted
        self._known = end
        return True

    def read(self, needle: int, cookie: int, size: int, buffer: memoryview, on_piece: Callable[[memoryview], None]) -> bool:
        place, length = self._needles[needle]
        head, first = bytearray(_HEAD.size), buffer[:min(size, len(buffer))]
        came = os.preadv(self._data, [head, first], place) - _HEAD.size
        *found, packed = _HEAD.unpack(head)
        if found != [cookie, needle, length] or came < 1:
            return False
        place += _HEAD.size
        tail = os.pread(self._data, length - _LENGTH - packed + _SUM.size, place + packed)
        known_sum = _SUM.unpack(tail[-_SUM.size:])[0]
        if tail[0] & ~_KNOWN or _tail_length(tail) != len(tail) - _SUM.size:
            return False
        if tail[0] & _COMPRESSED:
            data = os.pread(self._data, packed, place)
            if crc32c.crc32c(data) != known_sum:
                raise Damaged(f"{self._path.stem},{needle:x}")
            return _unpack(data, size, on_piece)
        if packed != size:
            return False
        piece, done, total = first[:came], 0, 0
        while piece:
            total = crc32c.crc32c(piece, total)
            on_piece(piece)
            done += len(piece)
            piece = buffer[:min(size - done, len(buffer))]
            piece = piece[:os.preadv(self._data, [piece], place + done)] if piece else piece
        if done == size and total != known_sum:
            raise Damaged(f"{self._path.stem},{needle:x}")
        return done == size


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
