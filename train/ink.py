"""Ink to compose lines from: words cut from real handwriting (alpha masks) and words drawn with handwriting fonts."""
from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORD_HEIGHT = 64      # pixels; the words' place on the line is kept in it
BASELINE = 46         # row of the writing line in a word mask, typical


@dataclass(frozen=True)
class Word:
    writer: str
    text: str
    offset: int
    length: int


class RealInk:
    """Single words of real writers: `words.bin` (PNGs one after another) and `index.tsv` (offset, length, writer, word)."""

    def __init__(self, folder: Path, writers: set[str]):
        self._data = (folder / "words.bin").read_bytes()
        self.by_text: dict[str, list[Word]] = defaultdict(list)
        for line in (folder / "index.tsv").read_text("utf-8").splitlines():
            offset, length, writer, text = line.split("\t")
            if writer in writers:
                self.by_text[text.lower()].append(Word(writer, text, int(offset), int(length)))

    @lru_cache(maxsize=20000)  # noqa: B019  one instance a process
    def mask(self, word: Word) -> np.ndarray:
        """uint8 (64, width), ink = 255."""
        return np.asarray(Image.open(io.BytesIO(self._data[word.offset:word.offset + word.length])).convert("L"))

    @cached_property
    def digits(self) -> dict[str, list[tuple[str, np.ndarray]]]:
        """Single digits as (writer, mask without empty columns): written alone, or cut from a number whose digits do not touch."""
        out: dict[str, list[tuple[str, np.ndarray]]] = defaultdict(list)
        for text, words in self.by_text.items():
            if text.isascii() and text.isdigit():
                for word in words:
                    for digit, mask in zip(text, apart(self.mask(word), len(text)), strict=False):
                        out[digit].append((word.writer, mask))
        return out

    def digit(self, digit: str, rng: np.random.Generator, writer: str | None) -> np.ndarray | None:
        """The digit as somebody wrote it, by `writer` half of the time that writer wrote it."""
        found = self.digits.get(digit)
        if not found:
            return None
        own = [m for w, m in found if w == writer]
        pool = own if own and rng.random() < 0.5 else [m for _, m in found]
        return pool[int(rng.integers(len(pool)))]

    def draw(self, text: str, rng: np.random.Generator, writer: str | None) -> np.ndarray | None:
        """The word `text` as somebody wrote it, by `writer` if that writer wrote it; None if nobody did."""
        found = self.by_text.get(text.lower())
        if not found:
            return None
        own = [w for w in found if w.writer == writer]
        pool = own if own and rng.random() < 0.8 else found
        return self.mask(pool[int(rng.integers(len(pool)))])


def apart(mask: np.ndarray, count: int) -> list[np.ndarray]:
    """The mask cut between its strokes into `count` pieces, left to right, each without empty columns; [] where they touch."""
    number, _, stats, _ = cv2.connectedComponentsWithStats((mask > 60).astype(np.uint8), connectivity=8)
    spans = sorted((int(x), int(x + w)) for x, _, w, _, area in stats[1:number] if area >= 6)
    groups: list[list[int]] = []
    for a, b in spans:
        if groups and min(b, groups[-1][1]) - a > 0.3 * min(b - a, groups[-1][1] - groups[-1][0]):
            groups[-1][1] = max(groups[-1][1], b)
        else:
            groups.append([a, b])
    if len(groups) != count:
        return []
    cuts = [max(0, groups[0][0] - 1), *((a[1] + b[0]) // 2 for a, b in pairwise(groups)), groups[-1][1] + 1]
    pieces = [mask[:, a:b] for a, b in pairwise(cuts)]
    return [p[:, c[0]:c[-1] + 1] for p in pieces if len(c := np.flatnonzero((p > 30).any(axis=0)))]


class FontInk:
    """Words drawn with handwriting fonts, at about the size of the real ones."""

    def __init__(self, files: list[Path]):
        self.files = sorted(files)

    @lru_cache(maxsize=400)  # noqa: B019  one instance a process
    def _font(self, index: int, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(self.files[index]), size)

    def draw(self, text: str, rng: np.random.Generator, face: int) -> np.ndarray:
        """uint8 (64, width), ink = 255; the face's x-height is brought near that of the real words."""
        probe = self._font(face, 40)
        box = probe.getbbox("xuan")
        size = int(np.clip(40 * 17 / max(6, box[3] - box[1]) * rng.uniform(0.85, 1.2), 18, 60))
        font = self._font(face, size)
        width = int(font.getlength(text)) + 12
        image = Image.new("L", (max(4, width), WORD_HEIGHT), 0)
        ImageDraw.Draw(image).text((5, BASELINE), text, font=font, fill=255, anchor="ls")
        return np.asarray(image)


def usable_faces(files: list[Path]) -> list[Path]:
    """The font files that hold every Vietnamese letter."""
    from fontTools.ttLib import TTFont
    need = {ord(c) for c in "ăâđêôơưĂÂĐÊÔƠƯắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữựỹỷỵ0123456789/,."}
    return [f for f in files if need <= set(TTFont(f, lazy=True).getBestCmap())]
