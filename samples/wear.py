"""What paper, years and a scanner do to a page: tint and fibres, ink from the other side, the office's stamp, skew, shadow, blur, JPEG."""
from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples.hands import load_font

_PAPERS = ((238, 236, 224), (226, 232, 222), (232, 240, 234), (234, 226, 226), (240, 234, 214), (228, 228, 228), (236, 226, 202))


@dataclass(frozen=True)
class Wear:
    """How worn a page is. `level` 0 a clean print-out, 1 a careful scan, 2 an ordinary scan, 3 a phone's photograph."""

    paper: tuple[int, int, int]
    fibre: float             # strength of the paper's cloudiness, grey levels
    bleed: float             # share of the other side's ink that shows through, 0…0.2
    stamp: float             # strength of the stamp's red, 0 none
    skew: float              # degrees, counter-clockwise
    perspective: float       # how far corners move, share of the page's width
    shadow: float            # darkening along the binding, 0…0.5
    fold: float              # darkening of a fold, 0 none
    blur: float              # sigma in pixels at 200 dpi
    noise: float             # grain, grey levels
    jpeg: int                # quality

    def __post_init__(self) -> None:
        if not 1 <= self.jpeg <= 100: raise ValueError(f"JPEG quality {self.jpeg} is not within 1…100")


LEVELS = (0, 1, 2, 3)


def draw_wear(rng: np.random.Generator, level: int = 2) -> Wear:
    """The wear of one page, drawn from `rng`; ValueError for a level outside LEVELS."""
    if level not in LEVELS: raise ValueError(f"wear level {level} is not one of {LEVELS}")
    if level == 0: return Wear((252, 252, 250), 0.5, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 92)
    much = (0.5, 1.0, 1.7)[level - 1]
    r, g, b = (int(np.clip(c + rng.normal(0, 2) - 7 * (level == 3), 150, 252)) for c in _PAPERS[rng.integers(len(_PAPERS))])
    return Wear(
        paper=(r, g, b), fibre=2.2 * much, bleed=float(rng.uniform(0.02, 0.1) * much), stamp=float(rng.uniform(0.5, 0.9)),
        skew=float(np.clip(rng.normal(0, 0.55 * much), -2, 2)),
        perspective=float(abs(rng.normal(0, 0.004)) * much * (2.5 if level == 3 else 1)),
        shadow=float(rng.uniform(0.03, 0.14) * much), fold=float(rng.uniform(0.03, 0.1) * much) if rng.random() < 0.2 * much else 0.0,
        blur=float(rng.uniform(0.3, 0.75) * (0.7 + 0.3 * much)), noise=float(rng.uniform(0.3, 0.8) * much), jpeg=int(rng.integers(44, 64)),
    )


def book_wear(base: Wear, page: Wear) -> Wear:
    """A page's own wear on the paper and in the scanner of its book."""
    return replace(page, paper=base.paper, fibre=base.fibre, shadow=base.shadow, blur=base.blur, noise=base.noise, jpeg=base.jpeg)


def sheet(shape: tuple[int, int], wear: Wear, rng: np.random.Generator) -> np.ndarray:
    """Empty paper, float32 (H, W, 3), 0…255."""
    h, w = shape
    clouds = np.zeros(shape, np.float32)
    for step, strength in ((26, 0.7), (90, 0.8), (400, 0.9)):
        grid = rng.standard_normal((max(2, int(h / step)) + 2, max(2, int(w / step)) + 2), dtype=np.float32)
        clouds += strength * cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.array(wear.paper, np.float32) + (clouds * wear.fibre)[..., None], 0, 255).astype(np.float32)


def press_ink(page: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], strength: float = 1.0) -> None:
    """Lay ink of `colour` where `mask` (uint8, ink = 255) says, into `page` (float32, in place); ink multiplies, it never brightens."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows): return
    part = np.s_[rows[0]:rows[-1] + 1, cols[0]:cols[-1] + 1]
    alpha = (mask[part].astype(np.float32) * (strength / 255))[..., None]
    page[part] *= 1 - alpha * (1 - np.array(colour, np.float32) / 255)


def bleed_through(page: np.ndarray, other: np.ndarray, strength: float, rng: np.random.Generator) -> None:
    """Ink of the other side (mask of its writing), mirrored, spread by the paper and a little displaced."""
    if strength <= 0: return
    soft = cv2.GaussianBlur(other[:, ::-1], (0, 0), 2.2)
    soft = np.roll(soft, (int(rng.integers(-25, 26)), int(rng.integers(-25, 26))), (0, 1))
    press_ink(page, soft, (90, 90, 110), strength)


def stamp_mask(text: str, dpi: float, rng: np.random.Generator, diameter: float = 36.0) -> np.ndarray:
    """The office's round stamp, uint8 square: two rings, the office's name around, a star; unevenly inked, turned a little."""
    d = round(diameter / 25.4 * dpi)
    image = Image.new("L", (d + 8, d + 8), 0)
    draw = ImageDraw.Draw(image)
    c = (d + 8) / 2
    for r, w in ((d / 2, 0.7), (d / 2 - 0.04 * d, 0.35), (0.31 * d, 0.35)):
        draw.ellipse((c - r, c - r, c + r, c + r), outline=255, width=max(1, round(w / 25.4 * dpi)))
    points = [(0.13 * d * (1 if i % 2 == 0 else 0.4), i * math.pi / 5) for i in range(10)]
    draw.polygon([(c + r * math.sin(a), c - r * math.cos(a)) for r, a in points], fill=255)
    face = load_font("print/tinos-bold", max(8, round(0.085 * d)))
    lengths = [face.getlength(ch) for ch in text]
    radius, angle = 0.365 * d, -sum(lengths) / (0.365 * d) / 2
    for ch, length in zip(text, lengths, strict=True):
        angle += length / radius / 2
        glyph = Image.new("L", (round(0.2 * d), round(0.2 * d)), 0)
        ImageDraw.Draw(glyph).text((glyph.width / 2, glyph.height / 2), ch, font=face, fill=255, anchor="mm")
        turned = glyph.rotate(-math.degrees(angle), resample=Image.Resampling.BILINEAR)
        at = (round(c + radius * math.sin(angle) - glyph.width / 2), round(c - radius * math.cos(angle) - glyph.height / 2))
        image.paste(255, at, turned)
        angle += length / radius / 2
    mask = np.asarray(image.rotate(float(rng.normal(0, 8)), resample=Image.Resampling.BILINEAR))
    wet = cv2.resize(rng.uniform(0.35, 1.0, (9, 9)).astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.convertScaleAbs(mask * np.clip(wet, 0.2, 1))


def shade(page: np.ndarray, wear: Wear, rng: np.random.Generator) -> None:
    """The shadow at the binding (left), a fold across, uneven light (in place)."""
    h, w = page.shape[:2]
    xs = np.arange(w, dtype=np.float32) / w
    light = 1 - wear.shadow * np.exp(-xs / 0.035)
    page *= light[None, :, None]
    if wear.fold:
        at = rng.uniform(0.3, 0.7) * h
        dist = (np.arange(h, dtype=np.float32) - at) / (0.012 * h)
        page *= (1 - wear.fold * np.exp(-dist * dist) + 0.4 * wear.fold * np.exp(-((dist - 1.6) ** 2)))[:, None, None]
    if wear.perspective > 0.008:       # a photograph: light from one side
        a, b = rng.uniform(-0.09, 0.09, 2)
        ys = np.arange(h, dtype=np.float32)[:, None] / h - 0.5
        page *= (1 + a * (xs[None, :] - 0.5) + b * ys)[..., None]


def placement(shape: tuple[int, int], wear: Wear, rng: np.random.Generator) -> np.ndarray:
    """3×3 matrix from the flat page to the scanned one: turned by the skew, corners moved, a little shifted."""
    h, w = shape
    turn = np.vstack([cv2.getRotationMatrix2D((w / 2, h / 2), wear.skew, 1 + rng.normal(0, 0.002)), [0, 0, 1]])
    far = wear.perspective * w
    corners = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    tilt = cv2.getPerspectiveTransform(corners, corners + rng.uniform(-far, far, (4, 2)).astype(np.float32)) if far else np.eye(3)
    shift = np.eye(3)
    if wear.skew: shift[:2, 2] = rng.normal(0, 0.006 * w, 2)
    return shift @ tilt @ turn


def scan(page: np.ndarray, matrix: np.ndarray, wear: Wear, rng: np.random.Generator, dpi: float = 200.0) -> bytes:
    """The page laid under the scanner by `matrix`, as JPEG bytes with its resolution."""
    h, w = page.shape[:2]
    out = np.clip(page, 0, 255).astype(np.uint8)
    if not np.allclose(matrix, np.eye(3)):
        out = cv2.warpPerspective(out, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if wear.blur: out = cv2.GaussianBlur(out, (0, 0), wear.blur * dpi / 200)
    if wear.noise:
        grain = rng.standard_normal((h, w), dtype=np.float32) * wear.noise
        out = cv2.convertScaleAbs(np.maximum(out + grain[..., None], 0))
    buffer = io.BytesIO()
    Image.fromarray(out).save(buffer, "JPEG", quality=wear.jpeg, optimize=True, dpi=(round(dpi), round(dpi)))
    return buffer.getvalue()
