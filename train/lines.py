"""Line images for training: composed from single words on a dotted blank, or real lines made harder. All uint8 gray, ink dark."""
from __future__ import annotations

import re

import cv2
import numpy as np

from train.ink import BASELINE, WORD_HEIGHT, FontInk, RealInk

TAKEN_APART = 0.6         # share of numbers and dates that are put together from pieces
_NUMBER = re.compile(r"\d+|\D")


def _split(text: str, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """Pieces to draw one by one, each with whether the next stands close: words; half of the numbers and dates fall into groups of digits
    and the strokes between them."""
    out: list[tuple[str, bool]] = []
    for word in text.split(" "):
        pieces = [word]
        if any(c.isdigit() for c in word) and rng.random() < TAKEN_APART:
            pieces = [p for run in _NUMBER.findall(word) for p in _groups(run, rng)]
        out += [(p, k + 1 < len(pieces)) for k, p in enumerate(pieces)]
    return out


def _groups(run: str, rng: np.random.Generator) -> list[str]:
    """A run of digits in groups of one to four."""
    usual = int(rng.integers(1, 4))
    out = []
    while run:
        size = usual if rng.random() < 0.7 else int(rng.integers(1, 5))
        out.append(run[:size])
        run = run[size:]
    return out


def without_margins(mask: np.ndarray) -> np.ndarray:
    """The mask without empty columns left and right."""
    columns = np.flatnonzero((mask > 30).any(axis=0))
    return mask[:, columns[0]:columns[-1] + 1] if len(columns) else mask


def _distort(mask: np.ndarray, rng: np.random.Generator, slant: float, scale: float) -> np.ndarray:
    """A word mask sheared about its baseline, scaled and made thicker or thinner."""
    sx = scale * rng.uniform(0.9, 1.12)
    height = round(WORD_HEIGHT * scale)
    width = max(2, round(mask.shape[1] * sx))
    matrix = np.array([[sx, -slant * sx, slant * BASELINE * sx + abs(slant) * 20], [0, scale, 0]], dtype=np.float32)
    out = cv2.warpAffine(mask, matrix, (width + int(abs(slant) * 44), height), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    pick = rng.random()
    if pick < 0.12:
        out = cv2.dilate(out, np.ones((2, 2), np.uint8))
    elif pick < 0.2:
        out = cv2.erode(out, np.ones((2, 1), np.uint8))
    return out


class LineComposer:
    def __init__(self, real: RealInk, fonts: FontInk, writers: list[str]):
        self.real, self.fonts, self.writers = real, fonts, writers

    def _ink(self, text: str, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """The ink of a line as a float mask 0..1 and the row of its baseline."""
        scale = rng.uniform(0.6, 1.05)
        slant = rng.normal(0, 0.1)
        writer = self.writers[int(rng.integers(len(self.writers)))]
        face = int(rng.integers(len(self.fonts.files)))
        only_font = rng.random() < 0.12
        gap = rng.uniform(2, 16) * scale
        uneven, restless = (rng.uniform(0.05, 0.2), rng.uniform(1, 4)) if rng.random() < 0.6 else (0.02, 1.6)    # sizes and heights
        pieces: list[tuple[np.ndarray, bool]] = []
        weak = rng.choice([1.0, 0.85, 0.6, 0.4], p=[0.66, 0.2, 0.11, 0.03])
        for word, close in _split(text, rng):
            bare = word.rstrip(",.") or word
            mask = None if only_font else self._real(bare, rng, writer)
            if mask is None:
                if rng.random() < 0.25:
                    face = int(rng.integers(len(self.fonts.files)))
                mask = self._stroke(bare, rng) if bare in "/-" and rng.random() < 0.4 else self.fonts.draw(bare, rng, face)
            if close:
                mask = without_margins(mask)
            if rng.random() < 0.3:
                weak = rng.choice([1.0, 0.85, 0.6, 0.4], p=[0.66, 0.2, 0.11, 0.03])
            size = scale * (float(np.clip(rng.normal(1, uneven), 0.6, 1.4)) if not close else 1.0)
            pieces.append((_distort(mask, rng, slant, size) / 255.0 * weak, close))
            if word != bare:
                pieces.append((_distort(self.fonts.draw(word[len(bare):], rng, face), rng, slant, scale) / 255.0, close))
        height = max([int(WORD_HEIGHT * scale), *(p.shape[0] for p, _ in pieces)]) + 24
        total = sum(p.shape[1] for p, _ in pieces) + int((len(pieces) + 4) * (2 * gap + 12)) + 60
        out = np.zeros((height, total), dtype=np.float32)
        x = rng.uniform(2, 24)
        drift = rng.normal(0, 1.2)
        for i, (p, close) in enumerate(pieces):
            foot = BASELINE * (scale - p.shape[0] / WORD_HEIGHT)      # a smaller word stands on the same line
            y = int(np.clip(12 + foot + drift + rng.normal(0, restless), 0, height - p.shape[0]))
            at = min(int(x), total - p.shape[1])
            out[y:y + p.shape[0], at:at + p.shape[1]] = np.maximum(out[y:y + p.shape[0], at:at + p.shape[1]], p)
            spread = gap * rng.uniform(0.5, 1.8) + (rng.exponential(30) if rng.random() < 0.06 else 0)
            if close:
                x = max(0.0, x + p.shape[1] + rng.uniform(-2, 5) * scale)
            else:
                x += p.shape[1] + (1 if i + 1 < len(pieces) and pieces[i + 1][0].shape[1] < 14 else spread)
            drift += rng.normal(0, 0.5)
        used = int(min(total, x + rng.uniform(2, 30)))
        return out[:, :used], 12 + BASELINE * scale

    def _real(self, text: str, rng: np.random.Generator, writer: str) -> np.ndarray | None:
        """The piece in real ink, if somebody wrote it."""
        if len(text) == 1 and text.isdigit():
            return self.real.digit(text, rng, writer)
        return self.real.draw(text, rng, writer)

    @staticmethod
    def _stroke(text: str, rng: np.random.Generator) -> np.ndarray:
        """A slash or a dash as a plain stroke of the pen: uint8 (64, width)."""
        high, lean = (rng.uniform(22, 40), rng.uniform(1, 16)) if text == "/" else (rng.uniform(0, 3), rng.uniform(6, 18))
        mask = np.zeros((WORD_HEIGHT, int(lean) + 8), np.uint8)
        foot = BASELINE + rng.uniform(-4, 6) if text == "/" else BASELINE - rng.uniform(6, 12)
        ends = [(4.0, foot), (4.0 + lean, foot - high)]
        (x0, y0), (x1, y1) = ((int(x * 16), int(y * 16)) for x, y in ends)
        cv2.line(mask, (x0, y0), (x1, y1), 255, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
        return mask

    def compose(self, text: str, rng: np.random.Generator) -> np.ndarray:
        """A line image of `text` as a form's blank holds it."""
        ink, baseline = self._ink(text, rng)
        height, width = ink.shape
        paper = rng.uniform(170, 250)
        page = np.full((height, width), paper, dtype=np.float32)
        page += np.linspace(rng.normal(0, 8), rng.normal(0, 8), width, dtype=np.float32)[None, :]
        grain = rng.normal(0, 6, (max(2, height // 12), max(2, width // 12))).astype(np.float32)
        page += cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
        dark = rng.uniform(15, 95)
        if rng.random() < 0.3:
            other, _ = self._ink("bóng chữ trang sau", rng)
            self._blend(page, other[:, ::-1], rng.uniform(0.04, 0.14), int(rng.integers(-20, 20)), dark)
        if rng.random() < 0.3:
            other, _ = self._ink("Quảng Nguyễn Hưng", rng)
            self._blend(page, other, rng.uniform(0.6, 1), int(rng.choice([-1, 1]) * height * rng.uniform(0.72, 0.95)), dark)
        if rng.random() < 0.72:
            self._dots(page, baseline + rng.normal(1.0, 2.0), rng)
        if rng.random() < 0.06:
            y = int(rng.integers(0, height))
            page[y:y + int(rng.integers(1, 3))] = dark
        page = page * (1 - ink) + dark * ink
        return finish(page, rng)

    @staticmethod
    def _blend(page: np.ndarray, ink: np.ndarray, strength: float, dy: int, dark: float) -> None:
        h, w = min(page.shape[0], ink.shape[0]), min(page.shape[1], ink.shape[1])
        layer = np.zeros_like(page)
        layer[:h, :w] = ink[:h, :w]
        layer = np.roll(layer, dy, axis=0)
        if dy > 0:
            layer[:dy] = 0
        elif dy < 0:
            layer[dy:] = 0
        page *= 1 - layer * strength
        page += dark * layer * strength

    @staticmethod
    def _dots(page: np.ndarray, y: float, rng: np.random.Generator) -> None:
        """A leader of dots along the baseline; sometimes only its remains, as cleaning leaves them."""
        pitch, radius = rng.uniform(4.5, 9), rng.uniform(0.7, 1.4)
        keep = 1.0 if rng.random() < 0.55 else rng.uniform(0.1, 0.7)
        dark = rng.uniform(30, 130)
        tilt = rng.normal(0, 0.006)
        x = 0.0
        while x < page.shape[1]:
            if rng.random() < keep:
                cv2.circle(page, (int(x * 16), int((y + tilt * x) * 16)), int(radius * 16), dark, -1, cv2.LINE_AA, 4)
            x += pitch


def harden(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A real line (uint8 gray) sheared, stretched, cut closer, dotted."""
    image = line.astype(np.float32)
    slant, sx = rng.normal(0, 0.08), rng.uniform(0.82, 1.12)
    height, width = image.shape
    matrix = np.array([[sx, -slant, slant * height / 2], [0, 1, rng.normal(0, 2)]], dtype=np.float32)
    image = cv2.warpAffine(image, matrix, (int(width * sx), height), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.35:
        LineComposer._dots(image, height * rng.uniform(0.62, 0.8), rng)
    return finish(image, rng)


def finish(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Camera and crop: slight rotation, margins more or less close, blur, noise, JPEG, contrast."""
    height, width = page.shape
    if rng.random() < 0.5:
        angle = rng.normal(0, 0.5)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        page = cv2.warpAffine(page, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    top, bottom = int(rng.uniform(0, 0.16) * height), int(rng.uniform(0, 0.14) * height)
    page = page[top:height - bottom]
    if rng.random() < 0.5:
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.3, 1.0))
    page = page + rng.normal(0, rng.uniform(0, 5), page.shape)
    page = np.clip((page - 128) * rng.uniform(0.75, 1.25) + 128 + rng.normal(0, 12), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        page = cv2.imdecode(cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])[1], cv2.IMREAD_GRAYSCALE)
    return page
