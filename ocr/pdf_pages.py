"""PDF files: what is in them (pikepdf, nothing is rendered), and one page as pixels (poppler through pdf2image, bounded)."""
from __future__ import annotations

import io
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pikepdf
from pdf2image import convert_from_bytes
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)

from ocr.errors import BrokenProgram, UnreadableFile

POINTS_PER_INCH = 72.0
_FORM_DEPTH = 3
# pikepdf's own, and what its objects raise where a page is not what it should be
_PAGE_ERRORS = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError, IndexError)


@dataclass(frozen=True)
class PdfFacts:
    """sizes: (width, height) of each page in points, as shown (after /Rotate and /UserUnit). bad: why a page (0-based) is refused."""

    sizes: tuple[tuple[float, float], ...]
    bad: Mapping[int, UnreadableFile] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        return len(self.sizes)


def inspect_pdf(data: bytes, max_pages: int, max_pixels: int) -> PdfFacts:
    """Page sizes, having refused passwords, damage, too many pages; pages that are damaged (damaged) or hold images so large that
    rendering them would fill the memory (too_large) are named as bad.

    Raises UnreadableFile: encrypted truncated damaged no_pages too_many_pages.
    """
    if b"%%EOF" not in data[-4096:]:      # qpdf would mend the file and silently lose the pages that never arrived
        raise UnreadableFile("truncated")
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            count = len(pdf.pages)
            if count == 0:
                raise UnreadableFile("no_pages")
            if count > max_pages:
                raise UnreadableFile("too_many_pages", limit=max_pages)
            sizes: list[tuple[float, float]] = []
            bad: dict[int, UnreadableFile] = {}
            for number in range(count):
                try:
                    sizes.append(_shown_size(pdf.pages[number]))
                    _check_images(pdf.pages[number].obj.get("/Resources"), max_pixels, _FORM_DEPTH)
                except UnreadableFile as error:
                    bad[number] = error
                except _PAGE_ERRORS as error:
                    bad[number] = UnreadableFile("damaged", frame=number + 1, detail=type(error).__name__)
                    sizes[number:] = [(0.0, 0.0)]
            return PdfFacts(tuple(sizes), bad)
    except pikepdf.PasswordError:
        raise UnreadableFile("encrypted") from None
    except UnreadableFile:
        raise
    except _PAGE_ERRORS as error:
        raise UnreadableFile("damaged", detail=type(error).__name__) from None


def _shown_size(page: pikepdf.Page) -> tuple[float, float]:
    box = [float(v) for v in (page.obj.get("/CropBox") or page.mediabox)]
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = abs(box[2] - box[0]) * unit, abs(box[3] - box[1]) * unit
    if not (width > 1 and height > 1):
        raise ValueError("page without area")
    turned = int(page.obj.get("/Rotate", 0)) % 180 != 0
    return (height, width) if turned else (width, height)


def _check_images(resources: pikepdf.Object | None, max_pixels: int, depth: int) -> None:
    if resources is None or depth == 0:
        return
    for _, item in (resources.get("/XObject") or {}).items():
        kind = item.get("/Subtype")
        if kind == "/Image":
            width, height = int(item.get("/Width", 0)), int(item.get("/Height", 0))
            if width * height > max_pixels:
                raise UnreadableFile("too_large", width=width, height=height, limit=max_pixels)
        elif kind == "/Form":
            _check_images(item.get("/Resources"), max_pixels, depth - 1)


def render_pdf_page(data: bytes, frame: int, size: tuple[float, float], dpi: int, max_pixels: int,
                    seconds: int) -> tuple[np.ndarray, int]:
    """Page `frame` as (RGB uint8, dpi used); a very large sheet is rendered at a lower dpi so that it keeps within `max_pixels`.

    Raises UnreadableFile: too_slow damaged; BrokenProgram: program_missing.
    """
    width, height = (v / POINTS_PER_INCH for v in size)
    dpi = max(10, min(dpi, int((max_pixels / (width * height)) ** 0.5)))
    if width * dpi * height * dpi > 1.05 * max_pixels:
        raise UnreadableFile("too_large", width=round(width * dpi), height=round(height * dpi), limit=max_pixels)
    try:
        images = convert_from_bytes(data, dpi=dpi, first_page=frame + 1, last_page=frame + 1, timeout=seconds, use_cropbox=True, fmt="ppm")
    except PDFPopplerTimeoutError:
        raise UnreadableFile("too_slow", seconds=seconds) from None
    except (PDFInfoNotInstalledError, PopplerNotInstalledError):
        raise BrokenProgram("program_missing", program="poppler", package="poppler-utils") from None
    except (PDFPageCountError, PDFSyntaxError, OSError, ValueError):
        raise UnreadableFile("damaged") from None
    if not images:
        raise UnreadableFile("damaged")
    return np.ascontiguousarray(np.asarray(images[0].convert("RGB"))), dpi


def probe_poppler() -> str:
    """The installed poppler's version; BrokenProgram program_missing where there is none."""
    try:
        answer = subprocess.run(["pdftoppm", "-v"], capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        raise BrokenProgram("program_missing", program="poppler", package="poppler-utils") from None
    except subprocess.TimeoutExpired:
        raise BrokenProgram("program_timeout", program="pdftoppm", seconds=20) from None
    return (answer.stderr or answer.stdout).splitlines()[0].removeprefix("pdftoppm version ").strip()

