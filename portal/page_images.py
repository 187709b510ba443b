"""Page pictures for the browser: upright JPEG renditions of the stored originals, small and full, kept in memory for a while."""
from __future__ import annotations

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from ocr.images import open_page
from ocr.page_cut import Corners, cut
from ocr.reading import PageImage
from storage.models import Page
from storage.objects import ObjectStore

Size = Literal["thumb", "desk", "full"]
_WIDEST = {"thumb": 220, "desk": 1100, "full": 2000}        # pixels
_QUALITY = {"thumb": 70, "desk": 78, "full": 84}
_ROTATIONS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90}   # Pillow turns the other way


@dataclass(frozen=True)
class UprightBox:
    """A rectangle in shares (0..1) of the upright page's width and height, so it fits any rendition."""

    x: float
    y: float
    width: float
    height: float


def upright_box(box: list[int] | tuple[int, ...] | None, width: int | None, height: int | None, rotation: int) -> UprightBox | None:
    """`box` (x0 y0 x1 y1, pixels of an original of that size) on a page turned `rotation` degrees clockwise; None without box or size."""
    if not box or not width or not height:
        return None
    x0, y0, x1, y1 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    if rotation == 90:
        x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
    elif rotation == 180:
        x0, y0, x1, y1 = 1 - x1, 1 - y1, 1 - x0, 1 - y0
    elif rotation == 270:
        x0, y0, x1, y1 = y0, 1 - x1, y1, 1 - x0
    x0, y0, x1, y1 = (min(max(v, 0.0), 1.0) for v in (x0, y0, x1, y1))
    return UprightBox(round(x0, 5), round(y0, 5), round(x1 - x0, 5), round(y1 - y0, 5))


@dataclass(frozen=True)
class Work:
    """How a page is shown: degrees clockwise, and the part cut out."""

    turn: int = 0
    corners: Corners | None = None


class PageImages:
    """Renditions by (original, frame, rotation, size); at most `memory` bytes of them are kept. Thread-safe."""

    def __init__(self, objects: ObjectStore, memory: int = 96 * 1024 * 1024) -> None:
        self._objects, self._memory, self._held = objects, memory, 0
        self._kept: OrderedDict[tuple[str, int, Work, Size], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._decoding = threading.Semaphore(2)     # decoded pages are large: no more than two at a time

    def get(self, page: Page, size: Size, work: Work | None = None) -> bytes:
        """JPEG bytes of the page, upright; with `work` as a person turned and cut it. Raises UnreadableFile if it cannot be opened,
        ObjectMissing if the original is gone."""
        work = work or Work(page.rotation % 360)
        key = (page.original_key or "", page.frame, work, size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._decoding:
            made = self._render(page, size, work)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._held += len(made)
            while self._held > self._memory and len(self._kept) > 1:
                self._held -= len(self._kept.popitem(last=False)[1])
        return made

    def _render(self, page: Page, size: Size, work: Work) -> bytes:
        widest = _WIDEST[size]
        image = upright_image(self._objects, page, widest, work)
        if image.width > widest:
            image = image.resize((widest, round(image.height * widest / image.width)), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=_QUALITY[size])
        return out.getvalue()


def upright_image(objects: ObjectStore, page: Page, widest: int | None = None, work: Work | None = None) -> Image.Image:
    """The page decoded and upright, RGB, or as `work` says; a JPEG no larger than needed where `widest` pixels are enough. Raises
    UnreadableFile, ObjectMissing."""
    data = objects.get("archive", page.original_key or "")
    image = _jpeg(data, widest) if widest is not None and page.media_type == "image/jpeg" else None
    if image is None:
        image = Image.fromarray(open_page(data, page.media_type or "", page.frame).pixels)
    if work is not None and work.corners is not None:
        image = Image.fromarray(cut(PageImage(np.asarray(image.convert("RGB")), None), work.corners).image.pixels)
    turn = _ROTATIONS.get(work.turn if work is not None else page.rotation % 360)
    return image if turn is None else image.transpose(turn)


def _jpeg(data: bytes, widest: int) -> Image.Image | None:
    """A JPEG decoded no larger than needed (its own 1/2, 1/4, 1/8 steps); None where the careful reader must take over."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            image.draft("RGB", (widest, widest))
            return ImageOps.exif_transpose(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return None
