"""PDF files: what is in them (pikepdf, nothing is rendered), and one page as pixels (poppler through pdf2image, bounded)."""
from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass

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


@dataclass(frozen=True)
class PdfFacts:
    """sizes: (width, height) of each page in points, as shown (after /Rotate and /UserUnit)."""

    sizes: tuple[tuple[float, float], ...]

    @property
    def frames(self) -> int:
        return len(self.sizes)


def inspect_pdf(data: bytes, max_pages: int, max_pixels: int) -> PdfFacts:
    """Page sizes, having refused passwords, damage, too many pages, and images so large that rendering them would fill the memory.

    Raises UnreadableFile: encrypted truncated damaged no_pages too_many_pages too_large.
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
            sizes = []
            for page in pdf.pages:
                sizes.append(_shown_size(page))
                _check_images(page.obj.get("/Resources"), max_pixels, _FORM_DEPTH)
            return PdfFacts(tuple(sizes))
    except pikepdf.PasswordError:
        raise UnreadableFile("encrypted") from None
    except UnreadableFile:
        raise
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError, IndexError) as error:
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

