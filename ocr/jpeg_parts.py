"""A JPEG as its segments: how many scans it has, where it really ends, and the same picture without what is no picture.

ITU-T T.81 Annex B: after a start of scan (FFDA) come entropy-coded bytes, in which FF is followed by 00 or a restart marker only.
"""
from __future__ import annotations

import re

MOST_SCANS = 200                    # a progressive JPEG has some 10; each further one costs the whole picture's time again
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_KEPT = frozenset((0xE0, 0xE2, 0xEE))       # JFIF, ICC profile, Adobe's colour transform: needed to show the picture right
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))


def scans(data: bytes) -> int:
    """How many scans at most (thumbnails in the header count too)."""
    return data.count(b"\xff\xda")


def bare(data: bytes) -> bytes:
    """The same picture without comments, EXIF, XMP, other segments of applications, and whatever follows its end.

    The same bytes where the segments cannot be followed to the end (a cut file), or nothing is there to leave out.
    """
    out, at = [data[:2]], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return data
        marker = data[at + 1]
        if marker == 0xFF:          # fill byte
            at += 1
            continue
        if marker == 0xD9:
            return b"".join(out) + b"\xff\xd9"
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2:at + 4], "big")
        if marker == 0xDA:
            found = _MARKER_IN_SCAN.search(data, end)
            if found is None:
                return data
            end = found.start()
        if marker in _KEPT or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            out.append(data[at:end])
        at = end
    return b"".join(out) + b"\xff\xd9" if data[at:at + 2] == b"\xff\xd9" else data
