"""How a value looks written by hand: words set one by one, then bent, as an ink mask."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples.hands import Hand, load_font


@dataclass(frozen=True)
class InkLine:
    """A written line. `mask`: uint8 (H, W), ink = 255. `baseline`: its row. `box`: x0, y0, x1, y1 of the ink in the mask."""

    mask: np.ndarray
    baseline: int
    left: int
    box: tuple[int, int, int, int]


@lru_cache(maxsize=4096)
def _word(text: str, font: str, size: int, thickness: int) -> tuple[np.ndarray, int, int]:
    """Mask of one word, the column of its origin and the row of its baseline. Callers must not write into the mask."""
    face = load_font(font, size)
    x0, y0, x1, y1 = (int(v) for v in face.getbbox(text, anchor="ls"))
    pad = 4
    image = Image.new("L", (x1 - x0 + 2 * pad, y1 - y0 + 2 * pad), 0)
    ImageDraw.Draw(image).text((pad - x0, pad - y0), text, font=face, fill=255, anchor="ls")
    mask = np.asarray(image)
    if thickness > 0: mask = cv2.addWeighted(mask, 1 - 0.3 * thickness, cv2.dilate(mask, np.ones((2, 2), np.uint8)), 0.3 * thickness, 0)
    return mask, pad - x0, pad - y0


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int], step: float) -> np.ndarray:
    """Smooth noise of about unit strength: float32 of `shape`, changing over `step` pixels."""
    h, w = shape
    grid = rng.standard_normal((int(h / step) + 3, int(w / step) + 3), dtype=np.float32)
    return cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)


def _bend(mask: np.ndarray, rng: np.random.Generator, strength: float, step: float) -> np.ndarray:
    h, w = mask.shape
    quarter = (max(2, h // 4), max(2, w // 4))      # the field is smooth: computed at a quarter of the size
    dx = cv2.resize(_smooth_noise(rng, quarter, step / 4), (w, h), interpolation=cv2.INTER_LINEAR)
    dy = cv2.resize(_smooth_noise(rng, quarter, step / 4), (w, h), interpolation=cv2.INTER_LINEAR)
    xs, ys = np.arange(w, dtype=np.float32)[None, :], np.arange(h, dtype=np.float32)[:, None]
    return cv2.remap(mask, dx * strength + xs, dy * strength + ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def _pieces(text: str, hand: Hand, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """The text as pieces set at one go, each with whether a word gap follows. A hand that does not join sometimes lifts inside a word."""
    out: list[tuple[str, bool]] = []
    for word in text.split():
        if not hand.joined and len(word) > 4 and rng.random() < 0.25 * hand.restless:
            cut = int(rng.integers(2, len(word) - 1))
            out += [(word[:cut], False), (word[cut:], True)]
        else: out.append((word, True))
    return out


def write(text: str, hand: Hand, rng: np.random.Generator, dpi: float = 200.0, width: float | None = None) -> InkLine:
    """`text` written by `hand` at `dpi`; `width`: pixels there are, the writing gets smaller and closer to stay near them.

    The mask has room for ascenders and tone marks above and descenders below; `left` is the column where the pen began.
    """
    size, squeeze = hand.font_size(dpi), 1.0
    pieces = _pieces(text, hand, rng)
    if width is not None:      # a writer who sees the end of the blank coming writes smaller and closer
        spaces = sum(spaced for _, spaced in pieces) - 1
        natural = sum(load_font(hand.font, size).getlength(p) for p, _ in pieces) + spaces * hand.word_gap * hand.x_height / 25.4 * dpi
        if natural > width:
            shrink = max(0.72, (width / natural) ** 0.5)
            size, squeeze = max(8, round(size * shrink)), max(0.6, width / natural / shrink)
    gap = hand.word_gap * hand.x_height / 25.4 * dpi * size / hand.font_size(dpi)
    drawn = []
    for piece, spaced in pieces:
        s = max(8, round(size * (1 + rng.normal(0, 0.05) * hand.restless)))
        x_height = hand.x_height / 25.4 * dpi * s / hand.font_size(dpi)
        cut = hand.words(piece, x_height, rng) if hand.words else None
        drawn_by_font = (*_word(piece, hand.font, s, round(max(0.0, hand.thickness))), load_font(hand.font, s).getlength(piece))
        mask, ox, oy, advance = cut or drawn_by_font
        drawn.append((mask, ox, oy, advance, spaced, rng.normal(), rng.normal(), rng.uniform(0.75, 1.25)))
    total = sum(d[3] + (gap * d[7] if d[4] else 0) for d in drawn)
    if hand.words and width is not None: squeeze = min(squeeze, max(0.6, width / max(1.0, total)))
    up, down = round(size * 1.25), round(size * 0.65)
    left = round(size * 0.5)
    canvas = np.zeros((up + down, round(total * squeeze) + 2 * left + 8), np.uint8)
    x = float(left)
    drift = rng.normal(0, 0.012) * hand.restless
    for mask, ox, oy, advance, spaced, jump, lean, stretch in drawn:
        shear = hand.slant + 0.06 * hand.restless * lean
        y = up + 0.12 * hand.x_height / 25.4 * dpi * hand.restless * jump + drift * (x - left)
        m = np.array([[squeeze, -shear * squeeze, x - squeeze * ox + shear * squeeze * oy], [0, 1, y - oy]], np.float32)
        _blend(canvas, mask, m)
        x += squeeze * (advance + (gap * stretch if spaced else 0))
    canvas = _bend(canvas, rng, strength=hand.x_height / 25.4 * dpi * (0.03 + 0.07 * hand.restless), step=size * 0.45)
    return _finish(canvas, hand, rng, up, left, size)


def _blend(canvas: np.ndarray, mask: np.ndarray, m: np.ndarray) -> None:
    """Put `mask` onto `canvas` through the affine `m` (mask to canvas), darkest ink wins; only the touched part is computed."""
    h, w = mask.shape
    corners = m[:, :2] @ np.array([[0, w, 0, w], [0, 0, h, h]], np.float32) + m[:, 2:]
    x0, y0 = np.maximum(np.floor(corners.min(1)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(1)).astype(int) + 1, (canvas.shape[1], canvas.shape[0]))
    if x1 <= x0 or y1 <= y0: return
    moved = m.copy()
    moved[:, 2] -= (x0, y0)
    part = cv2.warpAffine(mask, moved, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    np.maximum(canvas[y0:y1, x0:x1], part, out=canvas[y0:y1, x0:x1])


def _finish(canvas: np.ndarray, hand: Hand, rng: np.random.Generator, up: int, left: int, size: int) -> InkLine:
    """Pressure that comes and goes, and where the ink lies."""
    noise = _smooth_noise(rng, (2, canvas.shape[1]), size * 0.6)[0]
    press = np.clip(hand.pressure * (1 + 0.13 * noise), 0.35, 1.0).astype(np.float32)
    canvas = cv2.convertScaleAbs(canvas * press[None, :])
    rows, cols = np.flatnonzero((canvas > 60).any(1)), np.flatnonzero((canvas > 60).any(0))
    box = (int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1) if len(rows) else (left, up, left, up)
    return InkLine(canvas, up, left, box)
