"""What a file is by its content, never by its name, and whether its bytes are something else besides."""
from __future__ import annotations

import re

from ocr.errors import UnreadableFile

JPEG, PNG, TIFF, PDF = "image/jpeg", "image/png", "image/tiff", "application/pdf"
_OTHER_TYPES = (   # (offset, magic, name): named in the refusal so that the user knows what the file is
    (0, b"GIF8", "GIF"), (0, b"BM", "BMP"), (8, b"WEBP", "WebP"),
    (4, b"ftypheic", "HEIC"), (4, b"ftypheix", "HEIC"), (4, b"ftypmif1", "HEIC"), (4, b"ftypavif", "AVIF"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"), (0, b"PK\x03\x04", "ZIP / Office"), (0, b"\xd0\xcf\x11\xe0", "Office 97"),
    (0, b"Rar!", "RAR"), (0, b"7z\xbc\xaf", "7-Zip"), (0, b"AT&TFORM", "DjVu"),
    (0, b"MZ", "Windows program"), (0, b"\x7fELF", "Linux program"),
)
_MARKUP = re.compile(rb"<\s*(svg|html|!doctype\s+html|script|\?php|\?xml)", re.I)
_INSIDE = re.compile(rb"<script|<html|<!doctype html|<\?php|<svg[ >]|%PDF-1|%PDF-2", re.I)     # another use of a picture's bytes
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", 66_000        # a ZIP is read from its end: its last record and a comment of at most 65,535 bytes


def sniff(data: bytes) -> str:
    """Media type by content; UnreadableFile wrong_type for anything else, naming what it seems to be."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return TIFF
    if b"%PDF-" in data[:1024]:
        return PDF
    for offset, magic, name in _OTHER_TYPES:
        if data[offset:offset + len(magic)] == magic:
            raise UnreadableFile("wrong_type", found=name)
    markup = _MARKUP.search(data[:4096])
    if markup:
        name = markup[1].lower().decode()
        raise UnreadableFile("wrong_type", found={"svg": "SVG", "?xml": "SVG / XML", "?php": "PHP"}.get(name, "HTML"))
    raise UnreadableFile("wrong_type", found="binary" if b"\0" in data[:4096] else "text")


def other_use(data: bytes) -> dict[str, int]:
    """Whether the picture's bytes are at the same time something that a browser or another program would run or unpack."""
    found = _INSIDE.search(data) is not None or _ZIP_END in data[-_ZIP_TAIL:]
    return {"other_file_inside": 1} if found else {}
