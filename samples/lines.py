"""Single handwritten lines as they are cut from a register page, for training and trying a recogniser. More than 200 a second on one core.

    rng = numpy.random.default_rng(7)
    line = render_line("Nguyễn Thị Mẫu", rng)                       # uint8 (H, W, 3)
    grey = render_line("16/1/2013", rng, colour=False, look=LineLook(stamp=0.0, bleed=0.0))
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples.hands import Hand, draw_hand, load_font
from samples.ink import write
from samples.press import draw_dots
from samples.texts import draw_value
from samples.wear import draw_wear, press_ink

_LABEL_ENDS = ("tên:", "sinh:", "trú:", "tộc:", "tịch:", "chữ:", "thân:")
_NEIGHBOURS = ("Nguyễn Thị Huyền", "Xã Phú Gia", "Việt Nam", "16/7/2013", "Quảng Ngãi", "gày tháng", "Nghĩa Kỳ", "Kinh", "Trần Quý Lượng")


@dataclass(frozen=True)
class LineLook:
    """How often each thing happens to a line, as a probability 0…1 (lengths in millimetres).

    dots: the dotted blank is there. label: the end of the printed label at the left edge. stamp: a stamp's rings across. bleed: the other
    side's ink. neighbours: descenders of the line above or tall letters of the line below reach in. rule: a printed rule at an edge.
    height: of the crop; below: how much of it lies below the baseline; spare: empty dots after the text, at most.
    """

    dots: float = 0.9
    label: float = 0.3
    stamp: float = 0.08
    bleed: float = 0.4
    neighbours: float = 0.3
    rule: float = 0.05
    height: float = 9.5
    below: float = 2.8
    spare: float = 40.0


def _crop_mask(mask: np.ndarray, top: int, height: int, width: int, left: int) -> np.ndarray:
    """`mask` seen through a window of height × width whose origin lies at (top, left) of the mask; outside is empty."""
    out = np.zeros((height, width), np.uint8)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(mask.shape[0], top + height), min(mask.shape[1], left + width)
    if y1 > y0 and x1 > x0: out[y0 - top:y1 - top, x0 - left:x1 - left] = mask[y0:y1, x0:x1]
    return out


def _paper(height: int, width: int, colour: tuple[int, int, int], fibre: float, rng: np.random.Generator) -> np.ndarray:
    clouds = cv2.resize(rng.standard_normal((4, max(4, width // 40)), dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.merge([clouds * fibre + c for c in colour])


def _printed(
    shape: tuple[int, int], base: float, x0: float, x1: float, look: LineLook, rng: np.random.Generator, dpi: float,
) -> np.ndarray:
    height, width = shape
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    if rng.random() < look.dots: draw_dots(draw, x0, x1, base, dpi)
    if rng.random() < look.label:
        face = load_font(f"print/tinos-{rng.choice(['regular', 'bold'])}", round(12 / 72 * dpi))
        draw.text((x0 - 0.05 * dpi, base), str(rng.choice(_LABEL_ENDS)), font=face, fill=255, anchor="rs")
    if rng.random() < look.rule:
        y = height - 2 if rng.random() < 0.5 else 1
        draw.line((0, y, width, y), fill=220, width=2)
    return np.asarray(image)


def _stamp(page: np.ndarray, rng: np.random.Generator, dpi: float) -> None:
    h, w = page.shape[:2]
    rings = np.zeros((h, w), np.uint8)
    centre = (int(rng.uniform(-0.2, 1.2) * w), int(rng.uniform(-2.0, 3.0) * h))
    for mm, thick in ((18.0, 0.7), (16.6, 0.35), (11.2, 0.35)):
        cv2.circle(rings, centre, round(mm / 25.4 * dpi), int(rng.integers(90, 220)), max(1, round(thick / 25.4 * dpi)), cv2.LINE_AA)
    press_ink(page, rings, (205, 50, 60))


def render_line(
    text: str, rng: np.random.Generator, hand: Hand | None = None, look: LineLook | None = None, wear: int | None = None,
    dpi: float = 200.0, height: int | None = None, colour: bool = True,
) -> np.ndarray:
    """`text` written on a blank: uint8 (H, W, 3) RGB, or (H, W) with colour=False.

    Everything not given is drawn from `rng`: the hand, the wear level (0–3). `height`: scale the crop to so many rows. The same `rng`
    state gives the same bytes. ValueError for text without a visible letter.
    """
    if not text.strip(): raise ValueError("there is nothing to write")
    look = look or LineLook()
    hand = hand or draw_hand(rng)
    worn = draw_wear(rng, int(rng.choice(4, p=(0.05, 0.25, 0.45, 0.25))) if wear is None else wear)
    if hand.capitals: text = text.upper()
    line = write(text, hand, rng, dpi)
    h, base = round(look.height / 25.4 * dpi), round((look.height - look.below + rng.normal(0, 0.35)) / 25.4 * dpi)
    lead = rng.uniform(0.5, 3.0) / 25.4 * dpi + (0.35 * dpi if rng.random() < look.label else 0)
    w = int(lead + line.box[2] - line.left + rng.uniform(1, look.spare) / 25.4 * dpi)
    page = _paper(h, w, worn.paper, worn.fibre, rng)
    press_ink(page, _printed((h, w), base, lead, w - rng.uniform(0, 4), look, rng, dpi), (40, 40, 42))
    if rng.random() < look.bleed:
        ghost = write(str(rng.choice(_NEIGHBOURS)), hand, rng, dpi).mask[:, ::-1]
        seen = _crop_mask(ghost, int(rng.integers(0, h)) - h // 3, h, w, -int(rng.integers(0, max(1, w))))
        press_ink(page, cv2.GaussianBlur(seen, (0, 0), 2), (90, 90, 110), 1.5 * worn.bleed)
    rise = round(rng.normal(0.4, 0.35) / 25.4 * dpi)       # writers rest a little above the dots
    press_ink(page, _crop_mask(line.mask, line.baseline - base + rise, h, w, line.left - round(lead)), hand.ink)
    if rng.random() < look.neighbours:
        other = write(str(rng.choice(_NEIGHBOURS)), hand, rng, dpi)
        pitch = round(rng.uniform(9.0, 11.2) / 25.4 * dpi) * (1 if rng.random() < 0.6 else -1)
        press_ink(page, _crop_mask(other.mask, other.baseline - base + pitch, h, w, -int(rng.integers(0, max(1, w)))), hand.ink)
    if rng.random() < look.stamp: _stamp(page, rng, dpi)
    page += (rng.standard_normal((h, w), dtype=np.float32) * worn.noise)[..., None]
    out = cv2.convertScaleAbs(np.maximum(page, 0, out=page))
    turn = cv2.getRotationMatrix2D((w / 2, base), rng.normal(0, 0.25), 1)
    out = cv2.warpAffine(out, turn, (w, h), borderMode=cv2.BORDER_REPLICATE)
    if worn.blur: out = cv2.GaussianBlur(out, (0, 0), worn.blur * dpi / 200)
    if rng.random() < 0.6: out = cv2.imdecode(cv2.imencode(".jpg", out, (cv2.IMWRITE_JPEG_QUALITY, worn.jpeg))[1], cv2.IMREAD_COLOR)
    if height: out = cv2.resize(out, (max(1, round(w * height / h)), height), interpolation=cv2.INTER_AREA)
    return out if colour else cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)


def write_lines(out_dir: Path, count: int, seed: int, dpi: float = 200.0, writers: int = 60) -> int:
    """Write `count` lines as `out_dir`/images/00000.png … and labels.tsv (path, writer, text: as `sogoc model evaluate` reads them).

    Returns the count. A writer of capitals is labelled in capitals.
    """
    (out_dir / "images").mkdir(parents=True, exist_ok=True)
    hands = [draw_hand(np.random.default_rng([seed, 4, w])) for w in range(writers)]
    rows = []
    for i in range(count):
        rng = np.random.default_rng([seed, 5, i])
        text, writer = draw_value(rng), int(rng.integers(writers))
        name = f"images/{i:05d}.png"
        cv2.imwrite(str(out_dir / name), render_line(text, rng, hands[writer], dpi=dpi, colour=False))
        rows.append(f"{name}\tfont{writer:02d}\t{text.upper() if hands[writer].capitals else text}\n")
    (out_dir / "labels.tsv").write_text("".join(rows), "utf-8")
    return count
