"""The printed form: labels, dotted blanks, squares and rules of a form's data, as an ink mask."""
from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from records.forms import Blank, Form, Label, load_forms
from samples.hands import load_font

_DOT_STEP = 0.25       # of the em: how far apart the dots of a blank are printed
_DOT_SIZE = 12.0       # points


def pixels(mm: float, dpi: float) -> float:
    """Millimetres on paper as pixels."""
    return mm / 25.4 * dpi


def page_size(form: Form, dpi: float) -> tuple[int, int]:
    """Height and width of the page in pixels."""
    return int(pixels(form.height, dpi)), int(pixels(form.width, dpi))


def draw_dots(draw: ImageDraw.ImageDraw, x0: float, x1: float, y: float, dpi: float, fill: int = 255) -> None:
    """Leader dots from x0 to x1 (pixels) on the baseline y, as a typesetter's full stops lie."""
    em = _DOT_SIZE / 72 * dpi
    r = 0.045 * em
    x = x0 + r
    while x <= x1 - r:
        draw.ellipse((x - r, y - 3 * r + r / 2, x + r, y - r / 2), fill=fill)
        x += _DOT_STEP * em


def _label(draw: ImageDraw.ImageDraw, label: Label, limit: float, dpi: float) -> None:
    face = load_font("print/tinos-bold" if label.bold else "print/tinos-regular", round(label.size / 72 * dpi))
    x, y = pixels(label.x, dpi), pixels(label.y, dpi)
    length = face.getlength(label.text)
    spread = (limit - x - length) / max(1, label.text.count(" ")) if not label.centred and 0 < limit - x - length < 0.12 * length else 0.0
    if label.centred or not spread:
        draw.text((x, y), label.text, font=face, fill=255, anchor="ms" if label.centred else "ls")
        return
    for word in label.text.split(" "):       # the face is a little narrower than the official print: spread to meet its blank
        draw.text((x, y), word, font=face, fill=255, anchor="ls")
        x += face.getlength(word + " ") + spread


def _limit(form: Form, index: int, dpi: float) -> float:
    follows = [b.x0 for b in form.blanks if b.label == index]
    return pixels(min(follows) - 1.3, dpi) if follows else -1.0


@cache
def print_mask(form_id: str, dpi: float = 200.0) -> np.ndarray:
    """The empty form as an ink mask, uint8 (H, W), ink = 255, read-only. Blanks for notes (`ghiChu`) bear no dots until one is written."""
    form = load_forms()[form_id]
    h, w = page_size(form, dpi)
    image = Image.new("L", (w, h), 0)
    draw = ImageDraw.Draw(image)
    for i, label in enumerate(form.labels): _label(draw, label, _limit(form, i, dpi), dpi)
    for blank in form.blanks:
        if blank.code != "ghiChu" and blank.dotted: dots_of(draw, blank, dpi)
    stroke = max(1, round(pixels(0.36, dpi)))
    for line in form.lines: draw.line([pixels(v, dpi) for v in (line.x0, line.y0, line.x1, line.y1)], fill=230, width=stroke)
    for tick in form.ticks:
        draw.rectangle([pixels(v, dpi) for v in (tick.x, tick.y, tick.x + tick.size, tick.y + tick.size)], outline=230, width=stroke)
    mask = np.asarray(image)
    mask.flags.writeable = False
    return mask


def dots_of(draw: ImageDraw.ImageDraw, blank: Blank, dpi: float) -> None:
    """The dots of one blank."""
    draw_dots(draw, pixels(blank.x0, dpi), pixels(blank.x1, dpi), pixels(blank.y, dpi), dpi)
