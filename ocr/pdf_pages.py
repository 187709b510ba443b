"""PDF files: what is in them (pikepdf, nothing is rendered), and one page as pixels (poppler through pdf2image).

Both in processes with bounds on memory and time; a page is drawn from a file without scripts, actions and attachments.
"""
from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path

import numpy as np
from pdf2image import convert_from_bytes
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)

from ocr import pdf_inspection
from ocr.errors import BrokenProgram, UnreadableFile

POINTS_PER_INCH = 72.0
_BOUNDED = Path(str(resources.files("ocr"))) / "poppler_bounds"        # poppler's programs behind ulimit, under their own names
_OTHER_USE = re.compile(rb"<\s*(?:html|script|svg|\?|!)|PK\x03\x04|\xff\xd8\xff|MZ|\x7fELF|#!", re.I)
_KEPT_BYTES = 64 * 1024 * 1024          # mended files up to this size are kept for their next page


@dataclass(frozen=True)
class PdfFacts:
    """sizes: (width, height) of each page in points, as shown (after /Rotate and /UserUnit). bad: why a page (0-based) is refused.
    active: what acts instead of being looked at, code of ocr.pdf_active -> count."""

    sizes: tuple[tuple[float, float], ...]
    bad: Mapping[int, UnreadableFile] = field(default_factory=dict)
    active: Mapping[str, int] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        return len(self.sizes)


def inspect_pdf(data: bytes, max_pages: int, max_pixels: int) -> PdfFacts:
    """Page sizes, having refused passwords, damage, too many pages; pages that are damaged (damaged) or hold images so large that
    rendering them would fill the memory (too_large) are named as bad. The file is opened in a bounded process of its own.

    Raises UnreadableFile: encrypted truncated damaged no_pages too_many_pages wrong_type bomb too_slow.
    """
    if b"%%EOF" not in data[-4096:]:      # qpdf would mend the file and silently lose the pages that never arrived
        raise UnreadableFile("truncated")
    before = data[:data.find(b"%PDF-")]
    if _OTHER_USE.search(before):         # a scanner may leave a few odd bytes there, never markup or another file
        raise UnreadableFile("wrong_type", found="PDF + HTML/…")
    return _inspected(_Bytes(data), max_pages, max_pixels)


class _Bytes:
    """A file's bytes as a key of caches by their hash, so that no cache holds the bytes."""

    def __init__(self, data: bytes) -> None:
        self.digest, self._data = sha256(data).digest(), data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bytes) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def take(self) -> bytes:
        data, self._data = self._data, b""
        return data


@lru_cache(maxsize=64)
def _inspected(key: _Bytes, max_pages: int, max_pixels: int) -> PdfFacts:
    said = pdf_inspection.inspect(key.take(), max_pages, max_pixels)
    bad = {int(n): UnreadableFile(code, **evidence) for n, (code, evidence) in said["bad"].items()}
    return PdfFacts(tuple((float(w), float(h)) for w, h in said["sizes"]), bad, said["active"])


@lru_cache(maxsize=2)
def _kept_inert(key: _Bytes) -> bytes:
    return pdf_inspection.stripped(key.take())


def inert_pdf(data: bytes, facts: PdfFacts) -> bytes:
    """The file without scripts, actions, attachments and the like; the same bytes if it has none. Whoever hands a PDF that came from
    outside to a program or a person takes it from here. Raises UnreadableFile as `inspect_pdf`."""
    if not facts.active:
        return data
    return _kept_inert(_Bytes(data)) if len(data) < _KEPT_BYTES else pdf_inspection.stripped(data)


def render_pdf_page(data: bytes, frame: int, size: tuple[float, float], dpi: int, max_pixels: int,
                    seconds: int) -> tuple[np.ndarray, int]:
    """Page `frame` as (RGB uint8, dpi used); a very large sheet is rendered at a lower dpi so that it keeps within `max_pixels`.

    Raises UnreadableFile: too_slow damaged; BrokenProgram: program_missing.
    """
    width, height = (v / POINTS_PER_INCH for v in size)
    dpi = max(10, min(dpi, int((max_pixels / (width * height)) ** 0.5)))
    if width * dpi * height * dpi > 1.05 * max_pixels:
        raise UnreadableFile("too_large", width=round(width * dpi), height=round(height * dpi), limit=max_pixels)
    if shutil.which("pdftoppm") is None:
        raise BrokenProgram("program_missing", program="poppler", package="poppler-utils")
    try:
        images = convert_from_bytes(data, dpi=dpi, first_page=frame + 1, last_page=frame + 1, timeout=seconds, use_cropbox=True, fmt="ppm",
                                    poppler_path=_BOUNDED)
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

