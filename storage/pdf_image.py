"""A page image as a PDF image object: a JPEG's own bytes where PDF can show them, else the same pixels without loss."""
from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream
from PIL import Image

from ocr.jpeg_parts import bare
from storage.errors import ImageNotSupported

# EXIF orientation -> matrix (a b c d e f) from the unit square of the stored image to the unit square of the upright one (y up).
_EXIF = {
    1: (1, 0, 0, 1, 0, 0), 2: (-1, 0, 0, 1, 1, 0), 3: (-1, 0, 0, -1, 1, 1), 4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1), 6: (0, -1, 1, 0, 0, 1), 7: (0, 1, 1, 0, 0, 0), 8: (0, 1, -1, 0, 1, 0),
}


@dataclass(frozen=True)
class PlacedImage:
    """The image object, and the matrix that turns its unit square upright as its EXIF data says.

    same_bytes: the JPEG's own coded picture, without EXIF, comments and whatever follows its end: a copy carries no second file and
    not the place where a telephone took it."""

    xobject: pikepdf.Object
    matrix: tuple[int, int, int, int, int, int]
    same_bytes: bool


def add_image(pdf: pikepdf.Pdf, data: bytes) -> PlacedImage:
    """Add a JPEG or PNG (or whatever Pillow opens) to `pdf`. Raises ImageNotSupported."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(0x0112, 1)
            matrix = _EXIF.get(orientation, _EXIF[1])
            if image.format in ("JPEG", "MPO"):
                components = jpeg_components(data)
                if components in (1, 3):
                    space = Name.DeviceRGB if components == 3 else Name.DeviceGray
                    xobject = _xobject(pdf, bare(data), image.size, Filter=Name.DCTDecode, ColorSpace=space, BitsPerComponent=8)
                    return PlacedImage(xobject, matrix, True)
            return PlacedImage(_lossless(pdf, image), matrix, False)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
        raise ImageNotSupported(cause=type(e).__name__) from e


def jpeg_components(data: bytes) -> int | None:
    """Number of colour components of a JPEG that DCTDecode can show (8 bit, baseline, extended or progressive Huffman), else None."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 10 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:                  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        if marker in (0xC0, 0xC1, 0xC2):
            return data[at + 9] if data[at + 4] == 8 else None
        if marker in (0xD9, 0xDA) or (0xC3 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return None
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


def _lossless(pdf: pikepdf.Pdf, image: Image.Image) -> pikepdf.Object:
    if image.mode == "1":
        entries = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}
    else:
        if "A" in image.getbands() or "transparency" in image.info:     # PDF/A pages are paper: what shines through is white
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
            image = paper.convert("RGB")
        elif image.mode in ("I", "I;16", "I;16B", "F"):
            image = image.point(lambda v: v / 256).convert("L") if image.mode != "F" else image.convert("L")
        elif image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
        entries = {"ColorSpace": Name.DeviceGray if image.mode == "L" else Name.DeviceRGB, "BitsPerComponent": 8}
    return _xobject(pdf, zlib.compress(image.tobytes(), 6), image.size, Filter=Name.FlateDecode, **entries)


def _xobject(pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], **entries: Any) -> pikepdf.Object:
    d = Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1], Interpolate=False, **entries)
    stream = Stream(pdf, b"", d)
    stream.write(data, filter=entries["Filter"], type_check=False)
    return pdf.make_indirect(stream)
