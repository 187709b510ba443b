"""Page images from JPEG, PNG, TIFF and PDF files that may be damaged or hostile.

Types are told by content, never by name. Sizes are read from headers and refused before anything is decoded, so that a
small file cannot fill the memory. PDF pages are rendered by poppler (through pdf2image) with a time limit.
"""
from __future__ import annotations

import hashlib
import io
import os
import stat
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ocr.errors import UnreadableFile
from ocr.file_kinds import JPEG, PDF, PNG, TIFF, other_use, sniff
from ocr.jpeg_parts import MOST_SCANS, scans
from ocr.pdf_pages import PdfFacts, inert_pdf, inspect_pdf, render_pdf_page
from ocr.reading import PageImage

# Pillow warns at 89 MP and refuses at 179 MP; the limits below are stricter than its refusal, and ours to explain.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_PILLOW_FORMATS = {JPEG: ("JPEG", "MPO"), PNG: ("PNG",), TIFF: ("TIFF",)}
# Pillow's readers leak many kinds of error on malformed files.
_READER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, RuntimeError, AttributeError)


@dataclass(frozen=True)
class Limits:
    """What a file may cost. pixels: of one page (A3 at 600 dpi has 70 million); seconds: to render one PDF page; all_pixels and
    all_seconds: to unpack every page of one file (2,000 A4 pages at 300 dpi have 17 billion)."""

    bytes: int = 300_000_000
    pixels: int = 120_000_000
    frames: int = 2_000
    least_side: int = 64
    seconds: int = 60
    all_pixels: int = 20_000_000_000
    all_seconds: int = 300


@dataclass(frozen=True)
class FileFacts:
    """A file that can be read. frames: pages in it; size: bytes; sha256: hex digest of the whole file."""

    media_type: str
    frames: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """Pages of a file's bytes. bad: why a page (0-based) cannot be opened; at least one page can. active: what in it acts instead of
    being looked at (code of ocr.pdf_active, or `other_file_inside` of a picture -> count): left out of whatever is shown or processed."""

    media_type: str
    frames: int
    bad: Mapping[int, UnreadableFile]
    active: Mapping[str, int] = field(default_factory=dict)


def inspect(path: Path | str, limits: Limits = Limits()) -> FileFacts:
    """Facts of the file at `path`, having checked that its pages, or some of them, can be opened.

    Raises UnreadableFile: missing_file not_a_file no_permission empty_file file_too_big wrong_type animated truncated
    damaged encrypted too_large too_small too_many_pages no_pages bomb too_slow.
    """
    data = read_file(path, limits)
    media_type, frames = check_content(data, limits)
    return FileFacts(media_type, frames, len(data), hashlib.sha256(data).hexdigest())


def read_file(path: Path | str, limits: Limits = Limits()) -> bytes:
    """The file's bytes, refusing what is no ordinary file (a FIFO would hang) or too big; UnreadableFile as in `inspect`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UnreadableFile("missing_file") from None
    except PermissionError:
        raise UnreadableFile("no_permission") from None
    except OSError as error:
        raise UnreadableFile("not_a_file", detail=error.strerror) from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise UnreadableFile("not_a_file")
    with os.fdopen(descriptor, "rb") as file:
        if facts.st_size > limits.bytes:
            raise UnreadableFile("file_too_big", size=facts.st_size, limit=limits.bytes)
        try:
            data = file.read(limits.bytes + 1)
        except OSError as error:      # a dying disk or stick
            raise UnreadableFile("damaged", detail=error.strerror) from None
    if len(data) > limits.bytes:
        raise UnreadableFile("file_too_big", size=len(data), limit=limits.bytes)
    return data


def check_content(data: bytes, limits: Limits = Limits()) -> tuple[str, int]:
    """(media type, number of pages) of a file's bytes. Raises as `inspect`, where no page of it can be opened."""
    content = check_frames(data, limits)
    return content.media_type, content.frames


def check_frames(data: bytes, limits: Limits = Limits()) -> Content:
    """What a file's bytes hold; page images are decoded once to find damage. One bad page of several does not spoil the others.

    Raises as `inspect`, with the first page's reason where no page can be opened.
    """
    if not data:
        raise UnreadableFile("empty_file")
    media_type = sniff(data)
    if media_type == PDF:
        facts = _pdf(data, limits)
        return _with_a_good_page(Content(PDF, facts.frames, facts.bad, facts.active))
    if media_type == JPEG and scans(data) > MOST_SCANS:
        raise UnreadableFile("bomb")
    image = _open_raster(data, media_type)
    frames, bad = _count_frames(image, media_type, limits)
    until, pixels = time.monotonic() + limits.all_seconds, 0
    for frame in range(frames - len(bad)):
        try:
            _seek(image, frame)
            _check_size(image, limits)
            pixels += image.width * image.height
            if pixels > limits.all_pixels:
                raise _Refused("bomb")
            if time.monotonic() > until:
                raise _Refused("too_slow", seconds=limits.all_seconds)
            if media_type == JPEG:
                image.draft("L", (image.width // 8, image.height // 8))     # entropy-decodes everything, transforms an eighth
            _load(image)
        except _Refused as error:
            raise UnreadableFile(error.code, **error.evidence) from None
        except UnreadableFile as error:
            bad[frame] = error
            image = _open_raster(data, media_type)                          # a reader that failed is not asked again
    if media_type == JPEG and not _jpeg_ends(data):
        bad[0] = bad.get(0) or UnreadableFile("truncated")
    return _with_a_good_page(Content(media_type, frames, bad, other_use(data)))


class _Refused(UnreadableFile):
    """The whole file is refused, not only the page at hand."""


def _with_a_good_page(content: Content) -> Content:
    if len(content.bad) >= content.frames:
        raise content.bad[min(content.bad)]
    return content


def open_page(data: bytes, media_type: str, frame: int = 0, dpi: int = 200, limits: Limits = Limits()) -> PageImage:
    """Page `frame` (0-based) as upright-by-EXIF RGB. `dpi` is the resolution PDF pages are rendered at; images keep their own.

    Raises UnreadableFile as `inspect`, and no_such_page, too_slow; BrokenProgram where poppler is missing.
    """
    if media_type == PDF:
        facts = _pdf(data, limits)
        if not 0 <= frame < facts.frames:
            raise UnreadableFile("no_such_page", frame=frame + 1)
        if frame in facts.bad:
            raise facts.bad[frame]
        pixels, dpi = render_pdf_page(inert_pdf(data, facts), frame, facts.sizes[frame], dpi, limits.pixels, limits.seconds)
        return PageImage(pixels, dpi, frame)
    if media_type not in _PILLOW_FORMATS:
        raise UnreadableFile("wrong_type", found=media_type)
    image = _open_raster(data, media_type)
    try:
        image.seek(frame if media_type == TIFF else 0)
    except _READER_ERRORS:
        raise UnreadableFile("no_such_page", frame=frame + 1) from None
    if frame and media_type != TIFF:
        raise UnreadableFile("no_such_page", frame=frame + 1)
    _check_size(image, limits)
    stated = _stated_dpi(image)
    _load(image)
    return PageImage(_to_rgb(_upright(image)), stated, frame)


def _pdf(data: bytes, limits: Limits) -> PdfFacts:
    return inspect_pdf(data, limits.frames, limits.pixels)


def _open_raster(data: bytes, media_type: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_PILLOW_FORMATS[media_type])
    except Image.DecompressionBombError:
        width, height = _header_size(data, media_type)
        raise UnreadableFile("too_large", width=width, height=height, limit=Limits.pixels) from None
    except _READER_ERRORS as error:
        said = _reason(error)
        raise UnreadableFile(said if said == "bomb" else "truncated" if len(data) < 512 else "damaged") from None


def _header_size(data: bytes, media_type: str) -> tuple[int | str, int | str]:
    if media_type == PNG and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return "?", "?"


def _count_frames(image: Image.Image, media_type: str, limits: Limits) -> tuple[int, dict[int, UnreadableFile]]:
    """(pages in the file, those known to be bad): where a TIFF's chain of pages breaks, what follows cannot be counted."""
    if media_type == PNG and getattr(image, "is_animated", False):
        raise UnreadableFile("animated")
    if media_type != TIFF:
        return 1, {}
    count = 0
    while True:
        try:
            image.seek(count)
        except EOFError:
            break
        except _READER_ERRORS:
            return count + 1, {count: UnreadableFile("damaged", frame=count + 1)}
        count += 1
        if count > limits.frames:
            raise UnreadableFile("too_many_pages", limit=limits.frames)
    if not count:
        raise UnreadableFile("damaged")
    return count, {}


def _seek(image: Image.Image, frame: int) -> None:
    try:
        image.seek(frame)
    except _READER_ERRORS:
        raise UnreadableFile("damaged", frame=frame + 1) from None


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.pixels:
        raise UnreadableFile("too_large", width=image.width, height=image.height, limit=limits.pixels)
    if min(image.size) < limits.least_side:
        raise UnreadableFile("too_small", width=image.width, height=image.height)


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Image.DecompressionBombError:
        raise UnreadableFile("too_large", width=image.width, height=image.height, limit=Limits.pixels) from None
    except MemoryError:
        raise UnreadableFile("bomb") from None
    except _READER_ERRORS as error:
        raise UnreadableFile(_reason(error)) from None


def _reason(error: Exception) -> str:
    said = str(error)
    if any(word in said for word in ("Decompressed data too large", "Too much memory used in text")):
        return "bomb"
    return "truncated" if "truncated" in said else "damaged"


def _jpeg_ends(data: bytes) -> bool:
    """Whether an end-of-image marker follows the first scan (libjpeg makes one up where the file stops early).

    Segments before the scan are stepped over by their lengths: an EXIF thumbnail in them has an end marker of its own.
    """
    at = 2
    while at + 4 <= len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        if data[at] != 0xFF or marker == 0xDA:
            break
        at += 1 if marker == 0xFF else 2 + length
    return data.find(b"\xff\xd9", at) >= 0


def _stated_dpi(image: Image.Image) -> int | None:
    """The file's dpi if it can be true: 72 on a photograph would make a page wider than any register (A2: 24 inches)."""
    try:
        dpi = float(image.info.get("dpi", (0, 0))[0])
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    if not 50 <= dpi <= 2400 or max(image.size) / dpi > 24 or max(image.size) / dpi < 3:
        return None
    return round(dpi)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:   # hostile EXIF: whatever it is, the page is then taken as it lies
        return image


def _to_rgb(image: Image.Image) -> np.ndarray:
    """uint8 (height, width, 3); transparent pixels become white, 16-bit grey is scaled."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        top = 65535.0 if image.mode.startswith("I") and values.max(initial=0) > 255 else 255.0
        out = np.empty((*values.shape, 3), np.uint8)
        for row in range(0, len(values), 256):      # in strips: a large page would take eight bytes a pixel, twice
            gray = np.clip(values[row:row + 256].astype(np.float64) * (255.0 / top), 0, 255)
            out[row:row + 256] = np.nan_to_num(gray).astype(np.uint8)[:, :, None]
        return out
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (255, 255, 255, 255)), over)
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))
