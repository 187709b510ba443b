"""A page of the ledger as a page of the archive PDF: its image as it was scanned, the printed words, and the values at their boxes."""
from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from PIL import Image

from ocr.images import open_page
from records.record import Box
from storage.models import Field, Page
from storage.pdfa import PdfPage

PDF_DPI = 200               # sheets of a PDF are drawn at this, as they were for reading
_JPEG_QUALITY = 90          # for pages that are no JPEG themselves; the untouched original is kept beside the PDF
_UNPLACED_LINES = 60


def pdf_page(page: Page, original: bytes, fields: Sequence[Field] = (), labels: Mapping[str, str] = MappingProxyType({}),
             read: Callable[[str, str], str] = lambda _, value: value) -> PdfPage:
    """The PDF page. original: the whole file's bytes. fields: values to be found in the text layer, with boxes in original pixels.
    labels, read: what a field is called, and its value as people read it (words for codes, days as dd/mm/yyyy).

    Printed words that lie on a value's box are the reader's attempt at the same ink and give way to the value.
    """
    image, width, height, dpi = _image(page, original)
    said = [(f, read(f.code, f.value)) for f in fields if f.value]
    placed = [(text, _box(f.box)) for f, text in said if text and f.box]
    words = [(str(text), (int(x0), int(y0), int(x1), int(y1))) for text, x0, y0, x1, y1 in page.text or []]
    kept = [(text, box) for text, box in words if not any(_covers(value_box, box) for _, value_box in placed)]
    unplaced = [f"{labels.get(f.code, f.code)}: {text}" for f, text in said if text and not f.box][:_UNPLACED_LINES]
    return PdfPage(image=image, width=width, height=height, dpi=dpi, words=[*kept, *placed], unplaced=unplaced, rotation=page.rotation)


def _image(page: Page, original: bytes) -> tuple[bytes, int, int, int | None]:
    """Image bytes, width, height and dpi: a JPEG's own bytes; anything else decoded, without loss if it is black and white or small."""
    pixels = open_page(original, page.media_type or "", page.frame, PDF_DPI)
    if page.media_type == "image/jpeg":
        return original, pixels.width, pixels.height, pixels.dpi
    rgb = Image.fromarray(pixels.pixels)
    grey = rgb.convert("L")
    out = io.BytesIO()
    levels = {level for count, level in grey.getcolors(256) or [] if count}
    if levels <= {0, 255}:
        grey.convert("1", dither=Image.Dither.NONE).save(out, "PNG", optimize=False)
    else:
        rgb.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return out.getvalue(), pixels.width, pixels.height, pixels.dpi


def _box(box: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (int(v) for v in box)
    return (x0, y0, x1, y1)


def _covers(value: Box, word: Box) -> bool:
    """Whether the word's centre, or half of its area, lies on the value's box."""
    x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
    if value[0] <= x <= value[2] and value[1] <= y <= value[3]:
        return True
    w = min(value[2], word[2]) - max(value[0], word[0])
    h = min(value[3], word[3]) - max(value[1], word[1])
    area = max((word[2] - word[0]) * (word[3] - word[1]), 1)
    return w > 0 and h > 0 and w * h >= area / 2
