"""What goes wrong between a book and its image file: each distortion takes a flat page and says where its points went.

Everything is drawn from a seed. The pages may be any RGB image; lengths are millimetres on a page of the stated dpi.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples.hands import font_names, load_font
from samples.wear import press_ink, stamp_mask

Points = np.ndarray                                   # float (n, 2): x, y in pixels
Move = Callable[[Points], Points]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Distorted:
    """pixels: uint8 RGB. dpi: as the file would state it, None for a photograph. moves: for each page in it (two in a
    spread, the left one first) where its points went."""

    pixels: np.ndarray
    dpi: int | None
    moves: tuple[Move, ...]

    def box(self, box: Box, page: int = 0) -> Points:
        """Eight points around the page's box (corners and middles of its sides) where they lie now: float (8, 2)."""
        x0, y0, x1, y1 = box
        mx, my = (x0 + x1) / 2, (y0 + y1) / 2
        around = [(x0, y0), (mx, y0), (x1, y0), (x1, my), (x1, y1), (mx, y1), (x0, y1), (x0, my)]
        return self.moves[page](np.array(around, float))


Distortion = Callable[[np.ndarray, int, np.random.Generator], Distorted]


def _same(points: Points) -> Points:
    return points


def through(matrix: np.ndarray) -> Move:
    """The move of a 3x3 matrix."""
    return lambda points: cv2.perspectiveTransform(np.asarray(points, float)[:, None], matrix)[:, 0]


def flat(page: np.ndarray, dpi: int, rng: np.random.Generator) -> Distorted:
    """Nothing at all."""
    return Distorted(page, dpi, (_same,))


def skewed(page: np.ndarray, dpi: int, rng: np.random.Generator, degrees: float) -> Distorted:
    """Turned clockwise on a sheet that grows, as a scanner's lid leaves it: paper colour around."""
    height, width = page.shape[:2]
    matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0), [0, 0, 1]])
    c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = math.ceil(width * c + height * s), math.ceil(width * s + height * c)
    matrix[:2, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    fill = tuple(int(v) for v in np.median(page[::16, ::16].reshape(-1, 3), axis=0))
    return Distorted(cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR, borderValue=fill), dpi, (through(matrix),))


def quarter(page: np.ndarray, dpi: int, rng: np.random.Generator, turns: int) -> Distorted:
    """Turned clockwise by 90° `turns` times."""
    height, width = page.shape[:2]
    matrix = (np.eye(3), np.array([[0, -1, height], [1, 0, 0], [0, 0, 1.0]]), np.array([[-1, 0, width], [0, -1, height], [0, 0, 1.0]]),
              np.array([[0, 1, 0], [-1, 0, width], [0, 0, 1.0]]))[turns % 4]
    return Distorted(np.ascontiguousarray(np.rot90(page, -turns)), dpi, (through(matrix),))


def resolved(page: np.ndarray, dpi: int, rng: np.random.Generator, to: int, stated: bool = True) -> Distorted:
    """Scanned at another resolution."""
    f = to / dpi
    out = cv2.resize(page, None, fx=f, fy=f, interpolation=cv2.INTER_AREA if f < 1 else cv2.INTER_CUBIC)
    return Distorted(out, to if stated else None, (through(np.diag([out.shape[1] / page.shape[1], out.shape[0] / page.shape[0], 1.0])),))


def encoded(page: np.ndarray, dpi: int, rng: np.random.Generator, quality: int) -> Distorted:
    """Saved again as JPEG."""
    return Distorted(jpeg(page, quality), dpi, (_same,))


def jpeg(page: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG leaves of it."""
    data = cv2.imencode(".jpg", cv2.cvtColor(page, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert back is not None, "what was just encoded can be decoded"
    return cv2.cvtColor(back, cv2.COLOR_BGR2RGB)


def shaded(page: np.ndarray, dpi: int, rng: np.random.Generator, dark: float = 0.45) -> Distorted:
    """A shadow from one side and a little from below, `dark` of the light gone where it is deepest."""
    height, width = page.shape[:2]
    across = np.linspace(1, 1 - dark, width) if rng.random() < 0.5 else np.linspace(1 - dark, 1, width)
    light = across[None, :] * np.linspace(1, 1 - dark / 3, height)[:, None]
    return Distorted((page * light[..., None]).astype(np.uint8), dpi, (_same,))


def fold_shadow(page: np.ndarray, dpi: int, rng: np.random.Generator, dark: float = 0.7) -> Distorted:
    """The gutter's shadow over the binding edge, 15 mm wide."""
    x = np.arange(page.shape[1]) * 25.4 / dpi
    light = 1 - dark * np.exp(-np.square(x / 9.0))
    return Distorted((page * light[None, :, None]).astype(np.uint8), dpi, (_same,))


def faint(page: np.ndarray, dpi: int, rng: np.random.Generator, left: float = 0.4) -> Distorted:
    """Ink and print faded: `left` of their darkness."""
    paper = cv2.medianBlur(cv2.resize(page, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA), 21)
    paper = cv2.resize(paper, page.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return Distorted(np.clip(paper + (page - paper) * left, 0, 255).astype(np.uint8), dpi, (_same,))


def bled_through(page: np.ndarray, dpi: int, rng: np.random.Generator, strength: float = 0.3) -> Distorted:
    """The other side of the sheet shines through: the page's own ink, mirrored and soft."""
    dark = 255 - cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    other = cv2.GaussianBlur(np.roll(dark[:, ::-1], tuple(rng.integers(-40, 41, 2)), (0, 1)), (0, 0), 1.6)
    out = page.astype(np.float32)
    press_ink(out, np.maximum(other.astype(int) - 40, 0).astype(np.uint8), (70, 70, 90), strength * 1.5)
    return Distorted(out.astype(np.uint8), dpi, (_same,))


def stamped(page: np.ndarray, dpi: int, rng: np.random.Generator, colour: tuple[int, int, int] = (205, 45, 55)) -> Distorted:
    """Two of the office's stamps over the text."""
    out = page.astype(np.float32)
    for _ in range(2):
        mask = stamp_mask("ỦY BAN NHÂN DÂN XÃ", dpi, rng)
        full = np.zeros(page.shape[:2], np.uint8)
        top, left = int(rng.uniform(0.1, 0.7) * page.shape[0]), int(rng.uniform(0.1, 0.6) * page.shape[1])
        part = full[top:top + mask.shape[0], left:left + mask.shape[1]]
        part[:] = mask[:part.shape[0], :part.shape[1]]
        press_ink(out, full, colour, 0.75)
    return Distorted(out.astype(np.uint8), dpi, (_same,))


def annotated(page: np.ndarray, dpi: int, rng: np.random.Generator) -> Distorted:
    """Later notes in the margins, level and slanting, and a line struck down the side."""
    image = Image.fromarray(page)
    for text, size in (("Đã cấp bản sao ngày 12/5/2019", 5.0), ("Cải chính QĐ số 15/QĐ-UBND", 4.2), ("TL trích lục 3 bản", 5.5)):
        face = load_font(str(rng.choice(font_names())), round(size / 25.4 * dpi))
        slip = Image.new("L", (round(face.getlength(text)) + 20, round(2.2 * size / 25.4 * dpi)), 0)
        ImageDraw.Draw(slip).text((10, slip.height / 2), text, font=face, fill=230, anchor="lm")
        slip = slip.rotate(float(rng.choice((90, 0, 8, -6))), expand=True)
        x = int(rng.choice((0.01, 0.6))  * page.shape[1])
        image.paste((40, 45, 110), (x, int(rng.uniform(0.02, 0.85) * page.shape[0])), slip)
    x = round(0.985 * page.shape[1])
    ImageDraw.Draw(image).line((x, 0.2 * page.shape[0], x - 12, 0.8 * page.shape[0]), fill=(40, 45, 110), width=3)
    return Distorted(np.asarray(image), dpi, (_same,))


def cut(page: np.ndarray, dpi: int, rng: np.random.Generator, left: float = 0.0, top: float = 0.0, right: float = 0.0,
        bottom: float = 0.0) -> Distorted:
    """Millimetres of the sheet lost at its edges; negative ones leave the scanner's black glass in the picture."""
    a, b, c, d = (round(v / 25.4 * dpi) for v in (left, top, right, bottom))
    height, width = page.shape[:2]
    kept = page[max(0, b):height - max(0, d), max(0, a):width - max(0, c)]
    kept = cv2.copyMakeBorder(kept, max(0, -b), max(0, -d), max(0, -a), max(0, -c), cv2.BORDER_CONSTANT, value=(14, 13, 15))
    return Distorted(kept, dpi, (through(np.array([[1, 0, -a], [0, 1, -b], [0, 0, 1.0]])),))


def grey(page: np.ndarray, dpi: int, rng: np.random.Generator) -> Distorted:
    """Scanned without colour."""
    return Distorted(np.repeat(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2), dpi, (_same,))


def blurred(page: np.ndarray, dpi: int, rng: np.random.Generator, sigma: float = 1.3) -> Distorted:
    """Out of focus by `sigma` pixels."""
    return Distorted(cv2.GaussianBlur(page, (0, 0), sigma), dpi, (_same,))


def curled(page: np.ndarray, dpi: int, rng: np.random.Generator, narrowing: float = 0.35, rise: float = 4.0, reach: float = 22.0,
           at_right: bool = False) -> Distorted:
    """The sheet dips into the fold: near it text narrows by up to `narrowing` and lines bend by up to `rise` mm within `reach` mm."""
    height, width = page.shape[:2]
    long, up = reach / 25.4 * dpi, rise / 25.4 * dpi
    lost = narrowing * long * (1 - math.exp(-width / long))

    def move(points: Points) -> Points:
        x = width - points[:, 0] if at_right else points[:, 0]
        fall = np.exp(-np.maximum(x, -long) / long)
        new = x - narrowing * long * (1 - fall)
        y = points[:, 1] + up * fall * (1 - 1.2 * points[:, 1] / height)
        return np.stack((width - lost - new if at_right else new, y), axis=1)

    size = math.ceil(width - lost), height
    grid = np.arange(-20, width + 20, dtype=float)
    forward = move(np.stack((grid, np.zeros_like(grid)), axis=1))[:, 0]
    x_back = np.interp(np.arange(size[0]), forward, grid)
    fall = np.exp(-(width - x_back if at_right else x_back) / long)[None, :]
    y_back = (np.arange(height)[:, None] - up * fall) / (1 - 1.2 * up * fall / height)
    x_map = np.repeat(x_back[None, :], height, axis=0).astype(np.float32)
    out = cv2.remap(page, x_map, y_back.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Distorted((out * (1 - 0.45 * fall * fall)[..., None]).astype(np.uint8), dpi, (move,))


def photographed(page: np.ndarray, dpi: int, rng: np.random.Generator, tilt: float = 0.05, desk: tuple[int, int, int] = (88, 66, 50),
                 hand: bool = True, roll: float = 3.0) -> Distorted:
    """A phone's picture: the sheet on a desk, corners moved by up to `tilt` of its width, a hand at its edge, uneven light, no dpi."""
    height, width = page.shape[:2]
    margin = 0.07 * width
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-roll, roll)), 1.0)
    seen = corners @ turn[:, :2].T + turn[:, 2] + rng.uniform(-tilt * width, tilt * width, (4, 2))
    seen += margin - seen.min(axis=0)
    size = int(seen[:, 0].max() + margin) + 1, int(seen[:, 1].max() + margin) + 1
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32)).astype(float)
    table = _desk(size, desk, rng)
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)[..., None] / 255.0
    shadow = 1 - 0.35 * cv2.GaussianBlur(np.roll(inside, (14, 10), (0, 1)), (0, 0), 12)[..., None]
    out = table * shadow * (1 - inside) + cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_AREA) * inside
    if hand: _hold(out, seen, rng)
    ys, xs = np.linspace(-0.5, 0.5, size[1])[:, None], np.linspace(-0.5, 0.5, size[0])[None, :]
    a, b = rng.uniform(-0.3, 0.3, 2)
    out *= (0.95 + a * xs + b * ys - 0.35 * (xs * xs + ys * ys))[..., None]
    out = cv2.GaussianBlur(np.clip(out + rng.normal(0, 2.0, out.shape), 0, 255).astype(np.uint8), (0, 0), 0.7)
    return Distorted(jpeg(out, 80), None, (through(matrix),))


def _desk(size: tuple[int, int], colour: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    """Wood: streaks along it, float (height, width, 3)."""
    grain = cv2.resize(rng.normal(0, 1, (size[1] // 6 + 2, 9)), size, interpolation=cv2.INTER_CUBIC)
    clouds = cv2.resize(rng.normal(0, 1, (7, 6)), size, interpolation=cv2.INTER_CUBIC)
    return np.clip(np.array(colour, float) * (1 + 0.06 * grain + 0.06 * clouds)[..., None], 0, 255)


def _hold(picture: np.ndarray, corners: np.ndarray, rng: np.random.Generator) -> None:
    """Three finger tips over the lower right edge of the sheet (in place)."""
    at = corners[2] * 0.75 + corners[1] * 0.25
    unit = float(np.linalg.norm(corners[1] - corners[0])) / 210
    mask = np.zeros(picture.shape[:2], np.uint8)
    for i in range(3):
        centre = (int(at[0] + 8 * unit), int(at[1] + (i - 1) * 19 * unit))
        cv2.ellipse(mask, centre, (int(20 * unit), int(8.5 * unit)), float(rng.uniform(-12, 12)), 0, 360, 255, -1, cv2.LINE_AA)
    part = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None] / 255.0
    picture[:] = picture * (1 - part) + np.array((198, 150, 122)) * part


def spread(left: np.ndarray, right: np.ndarray, dpi: int, rng: np.random.Generator, curl: float = 0.25, shadow: float = 0.5,
           photo: bool = False, skew: float = 0.0) -> Distorted:
    """Both pages of the open book in one picture, dipping into the fold between them."""
    a = curled(left, dpi, rng, curl, 2.0, 16.0, at_right=True) if curl else flat(left, dpi, rng)
    b = curled(right, dpi, rng, curl, 2.0, 16.0) if curl else flat(right, dpi, rng)
    height = max(a.pixels.shape[0], b.pixels.shape[0])
    both = np.concatenate([cv2.copyMakeBorder(d.pixels, 0, height - d.pixels.shape[0], 0, 0, cv2.BORDER_REPLICATE) for d in (a, b)], axis=1)
    edge = a.pixels.shape[1]
    from_fold = np.abs(np.arange(both.shape[1]) - edge) * 25.4 / dpi
    both = (both * (1 - shadow * np.exp(-np.square(from_fold / 6.0)))[None, :, None]).astype(np.uint8)
    whole = photographed(both, dpi, rng, 0.03) if photo else skewed(both, dpi, rng, skew) if skew else flat(both, dpi, rng)
    outer = whole.moves[0]
    return Distorted(whole.pixels, whole.dpi, (lambda p: outer(a.moves[0](p)), lambda p: outer(b.moves[0](p) + np.array((edge, 0.0)))))


SINGLE: Mapping[str, Distortion] = {
    "as it is": flat,
    "skew 3°": partial(skewed, degrees=3.0), "skew -6°": partial(skewed, degrees=-6.0),
    "turned 90°": partial(quarter, turns=1), "upside down": partial(quarter, turns=2), "turned 270°": partial(quarter, turns=3),
    "100 dpi": partial(resolved, to=100), "150 dpi": partial(resolved, to=150), "300 dpi": partial(resolved, to=300),
    "400 dpi, not stated": partial(resolved, to=400, stated=False),
    "JPEG 40": partial(encoded, quality=40), "JPEG 15": partial(encoded, quality=15), "grey": grey, "out of focus": blurred,
    "shade": shaded, "fold shadow": fold_shadow, "faint": faint, "bleed-through": bled_through,
    "red stamps": stamped, "black stamps": partial(stamped, colour=(60, 60, 66)), "notes in the margin": annotated,
    "cut left and top": partial(cut, left=9.0, top=7.0), "cut right and bottom": partial(cut, right=12.0, bottom=14.0),
    "black scanner edges": partial(cut, left=-12.0, top=-6.0, right=-25.0, bottom=-40.0),
    "curl at the left": curled, "curl at the right": partial(curled, at_right=True, narrowing=0.25, rise=3.0),
    "photo, dark desk": photographed, "photo, steep": partial(photographed, tilt=0.09, roll=6.0),
    "photo, light desk": partial(photographed, desk=(176, 150, 120)), "photo, white desk": partial(photographed, desk=(212, 210, 205)),
}
SPREADS: Mapping[str, Callable[..., Distorted]] = {
    "spread": partial(spread, curl=0.0, shadow=0.35), "spread, curl": spread, "spread, skew 2°": partial(spread, skew=2.0),
    "spread, photo": partial(spread, photo=True),
}
