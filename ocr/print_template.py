"""A form's labels sought by what they look like: set in the face of the official forms and compared with the page, no OCR needed.

Official forms are set in Times New Roman; Tinos has its widths. First a few long labels are sought over a wide field, which tells
where the form lies; then every label close to its place. A page set otherwise matches weakly and is left to Tesseract.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ocr.label_search import Sighting, letters
from ocr.placement import Placement, best_placement
from records.forms import Form

_FONTS = Path(__file__).parent / "fonts"
_INK = 300.0 / 25.4                     # pixels a mm at which labels are set
_COARSE, _FINE = 50 / 25.4, 100 / 25.4  # pixels a mm at which they are sought
_ANCHORS, _LEAST_ANCHORS = 9, 0.5       # labels of the first look; share of them that must be seen for a second
_FIELD = 22.0, 26.0                     # mm left and right, up and down of the expected place, the form in the middle of the page
_MOST_EXCESS = 40.0                     # mm by which the page may be larger or smaller than the form, for the field to grow with it
_CLOSE = 4.0, 2.6                       # the same, once it is known where the form lies
_PIECE = 30.0                           # mm of a label compared at once: more would not fit where print runs a little wider
_END = 3.0                              # mm that a label may end off its expected end
_ALIKE = 0.42, 0.72                     # correlation that makes a sighting; that makes it a sure one
_PEAKS = 3
_MOST_OFF_SIZE = 0.35                   # of the page's size against the form's, logarithm: beyond it the anchors were mistaken
_SCALE_STEP = 0.004                     # of the size, by which set labels differ


@dataclass(frozen=True)
class PrintMatch:
    """placement: where the form lies. share: 0..1 of its label letters seen in place; known: of the labels that set it apart."""

    placement: Placement
    sightings: list[Sighting]
    share: float
    known: float


def match_print(gray: np.ndarray, form: Form, scale: float) -> PrintMatch | None:
    """The form laid on a level, flattened page (uint8) by its labels' looks; None where nothing like it is seen. scale: pixels a mm."""
    coarse = _reduced(gray, _COARSE / scale)
    anchors = _anchors(form)
    rough = best_placement(form, list(_first_look(coarse, form, anchors)), _COARSE)
    if rough is None or len(rough.found) < _LEAST_ANCHORS * len(anchors) or abs(math.log(rough.scale / _COARSE)) > _MOST_OFF_SIZE:
        return None
    fine = _reduced(gray, _FINE / scale)
    sightings = [s for n in range(len(form.labels)) if (s := _close_look(fine, form, n, rough))]
    sightings = [_scaled(s, scale / _FINE) for s in sightings]
    placement = best_placement(form, sightings, scale)
    if placement is None:
        return None
    seen = set(placement.found)
    lengths = [len(letters(label.text)) for label in form.labels]
    placed = [n for n, label in enumerate(form.labels) if not label.centred]
    known = [n for n in placed if form.labels[n].text in form.known_by]
    return PrintMatch(placement, sightings, sum(lengths[n] for n in placed if n in seen) / max(1, sum(lengths[n] for n in placed)),
                      sum(n in seen for n in known) / len(known) if known else 1.0)


def _reduced(gray: np.ndarray, factor: float) -> np.ndarray:
    """Darkness of the page at another scale, float32."""
    return 255 - cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.float32)


def _anchors(form: Form) -> list[int]:
    """Some long labels, spread over the page."""
    chosen: list[int] = []
    by_length = sorted((n for n, label in enumerate(form.labels) if not label.centred), key=lambda n: (-len(form.labels[n].text), n))
    for n in by_length:
        if all(abs(form.labels[n].y - form.labels[m].y) > 14 for m in chosen) and len(letters(form.labels[n].text)) > 6:
            chosen.append(n)
    return chosen[:_ANCHORS]


def _first_look(page: np.ndarray, form: Form, anchors: list[int]) -> Iterator[Sighting]:
    """Likely places of these labels, in pixels of `page`."""
    excess = np.clip((page.shape[1] - form.width * _COARSE, page.shape[0] - form.height * _COARSE),
                     -_MOST_EXCESS * _COARSE, _MOST_EXCESS * _COARSE) / 2
    reach = _FIELD[0] * _COARSE + abs(excess[0]), _FIELD[1] * _COARSE + abs(excess[1])
    for n in anchors:
        label = form.labels[n]
        piece = _piece(label.text, label.bold, label.size, _COARSE)
        yield from _sightings(page, piece, n, label.x * _COARSE + excess[0], label.y * _COARSE + excess[1], reach, _PEAKS)


def _close_look(page: np.ndarray, form: Form, n: int, rough: Placement) -> Sighting | None:
    """Label `n` where `rough` (in pixels of `_COARSE`) expects it; its right end is sought by its last word."""
    label, zoom = form.labels[n], _FINE / _COARSE
    shown = _FINE * math.exp(_SCALE_STEP * round(math.log(rough.scale * zoom / _FINE) / _SCALE_STEP))     # few sizes, set once each
    x, y = (v * zoom for v in rough.at(label.x, label.y))
    text = label.text
    if label.centred:
        x -= _length(text, label.bold, label.size) * shown / 2
    reach = _CLOSE[0] * _FINE, _CLOSE[1] * _FINE
    found = next(_sightings(page, _piece(text, label.bold, label.size, shown), n, x, y, reach, 1), None)
    if found is None:
        return None
    tail = text.split(" ")[-1] if " " in text else ""
    whole = _length(text, label.bold, label.size) * shown
    if len(letters(tail)) < 3:
        return Sighting(n, found.left, found.left + whole, found.baseline, found.likeness, bool(not tail and len(letters(text)) > 2))
    start = found.left + whole - _length(tail, label.bold, label.size) * shown
    last = _piece(tail, label.bold, label.size, shown)
    end = next(_sightings(page, last, n, start, found.baseline, (_END * _FINE, 1.0 * _FINE), 1), None)
    right = end.left + _length(tail, label.bold, label.size) * shown if end else found.left + whole
    return Sighting(n, found.left, right, found.baseline, found.likeness, end is not None)


def _sightings(page: np.ndarray, piece: _Piece, n: int, x: float, y: float, reach: tuple[float, float], most: int) -> Iterator[Sighting]:
    """The `most` best places of a label's piece with its pen start within `reach` of (x, y)."""
    height, width = piece.ink.shape
    x0, y0 = max(0, int(x - piece.left - reach[0])), max(0, int(y - piece.base - reach[1]))
    field = page[y0:int(y - piece.base + reach[1]) + height + 1, x0:int(x - piece.left + reach[0]) + width + 1]
    if field.shape[0] < height or field.shape[1] < width:
        return
    likeness = cv2.matchTemplate(field, piece.ink, cv2.TM_CCOEFF_NORMED)
    for _ in range(most):
        _, value, _, (px, py) = cv2.minMaxLoc(likeness)
        if not _ALIKE[0] < value <= 1.001:
            return
        sure = min(1.0, 0.5 + 0.5 * (value - _ALIKE[0]) / (_ALIKE[1] - _ALIKE[0]))
        left, top = px + _finer(likeness[py], px), py + _finer(likeness[:, px], py)
        yield Sighting(n, x0 + left + piece.left, x0 + left + width, y0 + top + piece.base, sure, False)
        likeness[max(0, py - height // 2):py + height // 2 + 1, max(0, px - height):px + height + 1] = -1


def _finer(values: np.ndarray, at: int) -> float:
    """Offset of the peak from its pixel, by the parabola through it and its neighbours."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, peak, after = (float(v) for v in values[at - 1:at + 2])
    bend = before - 2 * peak + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 and min(before, after) > -1 else 0.0


@dataclass(frozen=True)
class _Piece:
    """The beginning of a label as ink (float32, 0..255) with white around; left, base: where its pen start lies in it."""

    ink: np.ndarray
    left: float
    base: float


@lru_cache(maxsize=1024)
def _piece(text: str, bold: bool, size: float, scale: float) -> _Piece:
    words = text.split(" ")
    while len(words) > 1 and _length(" ".join(words), bold, size) > _PIECE:
        words.pop()
    face = _face(bold, size)
    x0, y0, x1, y1 = face.getbbox(" ".join(words), anchor="ls")
    pad = round(0.5 * _INK)
    image = Image.new("L", (round(x1 - x0) + 2 * pad, round(y1 - y0) + 2 * pad), 0)
    ImageDraw.Draw(image).text((pad - x0, pad - y0), " ".join(words), font=face, fill=255, anchor="ls")
    f = scale / _INK
    ink = cv2.resize(np.asarray(image), None, fx=f, fy=f, interpolation=cv2.INTER_AREA).astype(np.float32)
    return _Piece(cv2.GaussianBlur(ink, (0, 0), 0.5), (pad - x0) * f, (pad - y0) * f)


@lru_cache(maxsize=1024)
def _length(text: str, bold: bool, size: float) -> float:
    """mm from pen start to the end of the ink."""
    return float(_face(bold, size).getbbox(text, anchor="ls")[2]) / _INK


@lru_cache(maxsize=64)
def _face(bold: bool, size: float) -> ImageFont.FreeTypeFont:
    name = "tinos-bold.ttf" if bold else "tinos-regular.ttf"
    return ImageFont.truetype(str(_FONTS / name), round(size / 72 * 25.4 * _INK), layout_engine=ImageFont.Layout.BASIC)


def _scaled(s: Sighting, f: float) -> Sighting:
    return Sighting(s.label, s.left * f, s.right * f, s.baseline * f, s.likeness, s.right_known)
