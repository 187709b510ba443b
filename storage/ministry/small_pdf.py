"""One entry's pages as one small unsigned PDF: colour, A4 at some 150 dpi, each page under a number of bytes."""
from __future__ import annotations

import io
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

from ocr.images import open_page
from storage.pdf_image import add_image

_FRAME = 1_500              # bytes of the PDF around a page's JPEG, at most
_SIDES = (1754, 1500, 1240)         # pixels of the long side: A4 at 150, 128, 106 dpi; below that thin handwriting breaks up
_BEST, _GOOD, _WORST = 85, 45, 25   # JPEG qualities: no more is needed; a smaller picture is clearer than less; never less
_SHEET = 842.0              # points of the long side, A4


def small_jpeg(data: bytes, media_type: str, frame: int, rotation: int, limit: int) -> bytes:
    """The page upright as a colour JPEG of at most `limit` bytes at the largest size that stays clear; larger if nothing helps.

    rotation: degrees clockwise that make the page upright.
    """
    image = Image.fromarray(open_page(data, media_type, frame, 200).pixels)
    if rotation % 360:
        image = image.rotate(-rotation, expand=True)
    smallest = b""
    for side, quality in [*((s, _GOOD) for s in _SIDES), (_SIDES[-1], _WORST)]:
        scaled = image.copy()
        scaled.thumbnail((side, side), Image.Resampling.LANCZOS)
        smallest = _jpeg(scaled, quality)
        if len(smallest) <= limit:
            return _best_under(scaled, limit, smallest, quality)
    return smallest


def _best_under(image: Image.Image, limit: int, fits: bytes, quality: int) -> bytes:
    """About the best quality that fits, `quality` being one: two steps more or less nobody sees, and each costs a compression."""
    low, high = quality, _BEST
    while high - low > 2:
        middle = (low + high + 1) // 2
        found = _jpeg(image, middle)
        if len(found) <= limit:
            low, fits = middle, found
        else:
            high = middle - 1
    return fits


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0")
    return out.getvalue()


def pdf_of(jpegs: Sequence[bytes]) -> bytes:
    """A PDF of these pages, the same bytes each time."""
    pdf = pikepdf.new()
    for jpeg in jpegs:
        placed = add_image(pdf, jpeg)
        with Image.open(io.BytesIO(jpeg)) as image:
            scale = _SHEET / max(image.size)
            width, height = round(image.width * scale, 2), round(image.height * scale, 2)
        page = pdf.make_indirect(Dictionary(
            Type=Name.Page, MediaBox=Array([0, 0, width, height]), Resources=Dictionary(XObject=Dictionary(P=placed.xobject)),
            Contents=pdf.make_stream(f"q {width} 0 0 {height} 0 0 cm /P Do Q".encode())))
        pdf.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def jpeg_limit(page_bytes: int) -> int:
    """How large the JPEG of a page may be if the PDF's page is to have `page_bytes`."""
    return page_bytes - _FRAME
