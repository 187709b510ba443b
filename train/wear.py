"""What happens to a training line each time it is seen: bent, stretched, thickened, faded, partly hidden. Fresh at every pass."""
from __future__ import annotations

import cv2
import numpy as np

from train.shape import HEIGHT, STRIDE


def _bend(width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Smooth displacements (dx, dy) in pixels, shape (HEIGHT, width), changing over about a letter."""
    grid = (2, 4, max(4, width // 16))
    noise = rng.standard_normal(grid, dtype=np.float32)
    dx, dy = (cv2.resize(n, (width, HEIGHT), interpolation=cv2.INTER_CUBIC) for n in noise)
    return dx * rng.uniform(0, 2.2), dy * rng.uniform(0, 1.5)


def worn(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The line (uint8 (48, width, 2), ink dark) anew: same text, other width; uint8 (48, multiple of 4, 2)."""
    width = line.shape[1]
    sx, sy = float(np.exp(rng.normal(-0.02, 0.16))), float(np.exp(rng.normal(-0.04, 0.08)))
    sx = min(1.5, max(0.62, sx))
    new = max(STRIDE * 4, round(width * sx / STRIDE) * STRIDE)
    slant, shift = rng.normal(0, 0.14), rng.normal(0, 1.5)
    ys, xs = np.mgrid[0:HEIGHT, 0:new].astype(np.float32)
    middle = HEIGHT / 2
    y = (ys - middle - shift) / sy + middle
    x = (xs + slant * (ys - middle)) * (width / new)
    if rng.random() < 0.8:
        dx, dy = _bend(new, rng)
        x, y = x + dx, y + dy
    out = cv2.remap(line, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255))
    pick = rng.random()
    if pick < 0.12:
        out = cv2.erode(out, np.ones((2, 2), np.uint8))       # ink is dark: this thickens
    elif pick < 0.22:
        out = cv2.addWeighted(out, 0.5, cv2.dilate(out, np.ones((2, 2), np.uint8)), 0.5, 0)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.1))
    ink = 255.0 - out.astype(np.float32)
    ink *= np.exp(rng.normal(0, 0.25, (1, 1, 2))).astype(np.float32)
    if rng.random() < 0.3:
        ink += rng.normal(0, rng.uniform(2, 14), out.shape).astype(np.float32)
    if rng.random() < 0.35:      # a few columns hidden: the neighbours must tell
        at, run = int(rng.integers(0, new)), int(rng.integers(3, 14))
        ink[:, at:at + run] = ink[:, at:at + run].min(axis=0, keepdims=True) if rng.random() < 0.5 else 0
    return np.clip(255 - ink, 0, 255).astype(np.uint8)


def as_input(line: np.ndarray) -> np.ndarray:
    """uint8 (48, width, 2) to the network's float32 (2, 48, width): paper -1, black 1."""
    return np.ascontiguousarray(1 - line.transpose(2, 0, 1).astype(np.float32) / 127.5)
