"""Pages at full resolution for the deep-zoom viewer: a pyramid of tiles made once from the stored original and kept on disk for a while.

The layout is that of a DZI (level n is 2^(max - n) times smaller; tiles of TILE pixels that overlap by OVERLAP), one file a page: a zip of
JPEGs, so a page costs one inode and is dropped in one step. Whatever is missing is made again from the original.
"""
from __future__ import annotations

import io
import json
import os
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path

from PIL import Image

from portal.page_images import upright_image
from storage.models import Page
from storage.objects import ObjectStore

TILE, OVERLAP = 512, 1
_QUALITY = 88
_MOST_REGION = 4_000_000        # pixels of one region
_VERSION = 1                    # of what is kept on disk; another one is not found and made anew


class NoSuchTile(LookupError):
    """The pyramid has no such level or tile, or the region is empty or too large."""


@dataclass(frozen=True)
class Pyramid:
    """width, height: upright pixels; levels min_level … max_level; tag: changes when the tiles do."""

    width: int
    height: int
    min_level: int
    max_level: int
    tag: str


class PageTiles:
    """Pyramids in `folder`, at most `room` bytes of them: the ones not looked at for longest go first. Thread- and process-safe."""

    def __init__(self, objects: ObjectStore, folder: Path, room: int = 2 * 1024**3) -> None:
        self._objects, self._folder, self._room = objects, folder, room
        self._making: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._decoding = threading.Semaphore(2)     # decoded pages are large: no more than two at a time

    def pyramid(self, page: Page) -> Pyramid:
        """The page's pyramid, made now if it is not there. Raises UnreadableFile, ObjectMissing."""
        path = self._made(page)
        with zipfile.ZipFile(path) as kept:
            about = json.loads(kept.read("about.json"))
        return Pyramid(**about, tag=path.stem)

    def tile(self, page: Page, level: int, column: int, row: int) -> bytes:
        """JPEG bytes. Raises NoSuchTile and what `pyramid` raises."""
        with zipfile.ZipFile(self._made(page)) as kept:
            try:
                return kept.read(f"{level}/{column}_{row}.jpg")
            except KeyError:
                raise NoSuchTile((level, column, row)) from None

    def region(self, page: Page, x: int, y: int, width: int, height: int) -> bytes:
        """A part of the page at full resolution, put together from its tiles, as JPEG. Raises NoSuchTile and what `pyramid` raises."""
        with zipfile.ZipFile(self._made(page)) as kept:
            about = json.loads(kept.read("about.json"))
            x, y = max(x, 0), max(y, 0)
            width, height = min(width, about["width"] - x), min(height, about["height"] - y)
            if width < 1 or height < 1 or width * height > _MOST_REGION:
                raise NoSuchTile((x, y, width, height))
            part = Image.new("RGB", (width, height))
            for column in range(x // TILE, (x + width - 1) // TILE + 1):
                for row in range(y // TILE, (y + height - 1) // TILE + 1):
                    with Image.open(io.BytesIO(kept.read(f"{about['max_level']}/{column}_{row}.jpg")), formats=("JPEG",)) as tile:
                        part.paste(tile, (column * TILE - (OVERLAP if column else 0) - x, row * TILE - (OVERLAP if row else 0) - y))
        return _jpeg(part, 92)

    def _made(self, page: Page) -> Path:
        """The file of the page's pyramid; looked at now, so it stays."""
        name = sha256(f"{_VERSION} {page.original_key} {page.frame} {page.rotation % 360}".encode()).hexdigest()[:40]
        path = self._folder / name[:2] / f"{name}.zip"
        if not _touch(path):
            with self._lock:
                mine = self._making.setdefault(name, threading.Lock())
            with mine:
                if not _touch(path):
                    self._make(page, path)
            with self._lock:
                self._making.pop(name, None)
        return path

    def _make(self, page: Page, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as kept, self._decoding:
                for name, data in _pieces(upright_image(self._objects, page)):
                    kept.writestr(name, data)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        self._drop_the_oldest()

    def _drop_the_oldest(self) -> None:
        kept = []
        for file in self._folder.glob("*/*.zip"):
            try:
                facts = file.stat()
            except FileNotFoundError:       # another process was faster
                continue
            kept.append((facts.st_mtime, facts.st_size, file))
        held = sum(size for _, size, _ in kept)
        for _, size, file in sorted(kept)[:-1]:
            if held <= self._room:
                return
            file.unlink(missing_ok=True)
            held -= size


def _touch(path: Path) -> bool:
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _pieces(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Every tile of every level, largest first, and the facts; each level is made from the one above it."""
    width, height = image.size
    top = level = (max(width, height) - 1).bit_length()
    while True:
        for column in range(ceil(image.width / TILE)):
            for row in range(ceil(image.height / TILE)):
                left, upper = max(column * TILE - OVERLAP, 0), max(row * TILE - OVERLAP, 0)
                right, lower = min((column + 1) * TILE + OVERLAP, image.width), min((row + 1) * TILE + OVERLAP, image.height)
                yield f"{level}/{column}_{row}.jpg", _jpeg(image.crop((left, upper, right, lower)), _QUALITY)
        if max(image.size) <= TILE:
            break
        level -= 1
        image = image.resize((ceil(width / 2 ** (top - level)), ceil(height / 2 ** (top - level))), Image.Resampling.BOX)
    yield "about.json", json.dumps({"width": width, "height": height, "min_level": level, "max_level": top}).encode()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
