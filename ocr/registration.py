"""Which form a page is, and where its labels, blanks and tick boxes lie on it.

Printed labels found by Tesseract are matched to each form's labels; the placement that explains most of them is found by
RANSAC over pairs (Fischler and Bolles 1981), bent to the page by a low polynomial, and each line is then moved to the
dotted leader and the label that really stand there.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ocr.label_search import Sighting, sight_labels
from ocr.leaders import Leader, find_dots, find_leader
from ocr.placement import Placement, best_placement
from ocr.reading import PrintedWord
from ocr.straighten import StraightPage
from ocr.tesseract import read_words
from records.forms import Blank, Form, Label, Tick

Rectangle = tuple[int, int, int, int]

# Share of a form's label text that must be found. bench/forms.py: the right form shows 0.84 or more, pages of no form 0.31 at most (a
# certificate, which bears some of the labels); forms of one family show up to 0.65 of each other's.
LEAST_SCORE = 0.45
_ASCENT, _DESCENT = 0.75, 0.35      # of the line pitch, room above and below the baseline
_MOST_PITCH = 13.0          # mm; header and footer lines stand alone and would get too much room
_LABEL_GAP = 0.4            # mm after a label before writing begins
_OVERRUN = 4.0              # mm that writing may run past its leader where nothing follows


@dataclass(frozen=True)
class FittedBlank:
    """A blank on the page. box: where its writing lies; baseline: (x0, y0, x1, y1) its writing line; leader: its dots were seen."""

    blank: Blank
    box: Rectangle
    baseline: tuple[float, float, float, float]
    leader: bool


@dataclass(frozen=True)
class FormFit:
    """A form laid on a page; all lengths are pixels of the straight page.

    score: 0..1, share of the form's label text found in its place. to_original: 3x3, from straight to original pixels.
    scale: pixels a millimetre. error: median distance of found labels from their place after fitting, mm.
    """

    form: Form
    score: float
    fitted: tuple[FittedBlank, ...]
    ticks: tuple[tuple[Tick, Rectangle], ...]
    labels: tuple[tuple[Label, Rectangle], ...]
    to_original: np.ndarray
    scale: float
    error: float

    @property
    def blanks(self) -> list[tuple[Blank, Rectangle]]:
        return [(f.blank, f.box) for f in self.fitted]


def read_labels(page: StraightPage) -> list[PrintedWord]:
    """The page's print, as `fit_form` wants it: at about 110 dpi, which is enough for labels and four times faster than 200."""
    return read_words(page.gray, psm=11, scale=min(1.0, 110 / page.dpi))


def fit_form(page: StraightPage, words: Sequence[PrintedWord], forms: Iterable[Form], expected: str | None = None) -> FormFit | None:
    """The form among `forms` that explains the page's print best, laid on the page; None if none explains enough.

    expected: id of the form that the book is said to be: taken unless another explains clearly more.
    """
    scale = page.dpi / 25.4
    ranked = []
    for form in forms:
        sightings = sight_labels(form.labels, words, scale)
        placement = best_placement(form, sightings, scale)
        if placement is not None:
            ranked.append((placement.score + (0.1 if form.id == expected else 0.0), form, sightings, placement))
    if not ranked:
        return None
    _, form, sightings, placement = max(ranked, key=lambda r: (r[0], r[1].id))
    if placement.score < LEAST_SCORE:
        return None
    return lay_form(page, placement)


def lay_form(page: StraightPage, placement: Placement) -> FormFit:
    """The placement's form laid on the page: bent to its dotted leaders, each blank with its room."""
    form = placement.form
    dots = find_dots(page.gray, placement.scale)
    leaders = _leaders(form, placement, dots)
    placement = placement.bent_to(_anchors(form, placement, leaders))
    leaders = _leaders(form, placement, dots)
    shape = page.gray.shape
    ends = _label_ends(form, placement)
    followed: dict[int | None, float] = {form.blanks[n].label: end for n, end in ends.items()}
    labels = [(label, _label_box(label, placement, placement.found.get(i), followed.get(i), shape)) for i, label in enumerate(form.labels)]
    fitted = tuple(_fit_blank(form, n, placement, leaders.get(n), ends.get(n), shape) for n in range(len(form.blanks)))
    ticks = tuple((t, _tick_box(t, placement, shape)) for t in form.ticks)
    return FormFit(form, placement.score, fitted, ticks, tuple(labels), page.to_original, placement.scale, placement.error)


def _leaders(form: Form, placement: Placement, dots: np.ndarray) -> dict[int, Leader]:
    """Leaders by number of their blank, searched where the placement expects them."""
    out = {}
    for n, blank in enumerate(form.blanks):
        (xa, ya), (xb, yb) = placement.at(blank.x0, blank.y), placement.at(blank.x1, blank.y)
        if xb - xa < 4 * placement.scale:
            continue
        reach = 0.28 * _pitch(form, blank) * placement.scale
        leader = find_leader(dots, xa, xb, (ya + yb) / 2, (yb - ya) / (xb - xa), reach, placement.scale)
        if leader is not None:
            out[n] = leader
    return out


def _anchors(form: Form, placement: Placement, leaders: dict[int, Leader]) -> list[tuple[float, float, float]]:
    """Points (mm x, mm y, pixel y) along the leaders: they tell heights across the page, where labels stand only at its left."""
    out = []
    for n, leader in leaders.items():
        blank = form.blanks[n]
        for part in (0.1, 0.5, 0.9):
            x = blank.x0 + part * (blank.x1 - blank.x0)
            out.append((x, blank.y, leader.y(placement.at(x, blank.y)[0])))
    return out


def _pitch(form: Form, blank: Blank) -> float:
    """mm to the next line above or below in the same column, whichever is nearer."""
    others = [b.y for b in form.blanks if b.x0 < blank.x1 and b.x1 > blank.x0] + [
        label.y for label in form.labels if label.x < blank.x1 and label.x > blank.x0 - 60 and not label.centred]
    gaps = [abs(y - blank.y) for y in others if abs(y - blank.y) > 3]
    return min(min(gaps, default=_MOST_PITCH), _MOST_PITCH)


def _fit_blank(form: Form, n: int, placement: Placement, leader: Leader | None, label_end: float | None,
               shape: tuple[int, ...]) -> FittedBlank:
    blank, scale = form.blanks[n], placement.scale
    (xa, ya), (xb, yb) = placement.at(blank.x0, blank.y), placement.at(blank.x1, blank.y)
    if leader is not None:
        ya, yb = leader.y(xa), leader.y(xb)
    left = xa - 0.6 * scale if label_end is None else label_end + _LABEL_GAP * scale
    right = min(xb + _OVERRUN * scale, _next_thing(form, blank, placement) - _LABEL_GAP * scale)
    pitch = _pitch(form, blank) * scale
    top, bottom = min(ya, yb) - _ASCENT * pitch, max(ya, yb) + _DESCENT * pitch
    return FittedBlank(blank, _clip((left, top, max(right, left + scale), bottom), shape), (xa, ya, xb, yb), leader is not None)


def _label_ends(form: Form, placement: Placement) -> dict[int, float]:
    """Pixel x where the label before each blank ends, by number of the blank.

    Tesseract's right edges are trusted to within 0.7 mm of what the page's labels do together: a word that swallowed
    the first pen stroke would otherwise cut it off, and a face wider than the form's would otherwise leave a colon in.
    """
    starts, seen = {}, {}
    for n, blank in enumerate(form.blanks):
        if blank.label is None:
            continue
        starts[n] = placement.at(blank.x0, blank.y)[0]
        found = placement.found.get(blank.label)
        if found is not None and found.right_known:
            seen[n] = found.right - starts[n]
    usual = float(np.median(list(seen.values()))) if seen else -placement.scale
    usual = min(max(usual, -3.0 * placement.scale), 1.5 * placement.scale)
    slack = 0.7 * placement.scale
    return {n: x + min(max(seen.get(n, usual), usual - slack), usual + slack) for n, x in starts.items()}


def _next_thing(form: Form, blank: Blank, placement: Placement) -> float:
    """Pixel x of what stands to the right on the same line: a label as seen or expected, a rule, the sheet's edge."""
    stops = [placement.at(form.width, blank.y)[0]]
    for i, label in enumerate(form.labels):
        if label.x > blank.x0 and abs(label.y - blank.y) < 3:
            found = placement.found.get(i)
            stops.append(found.left if found is not None else placement.at(label.x, label.y)[0])
    for line in form.lines:
        if line.x0 == line.x1 and line.x0 > blank.x0 and min(line.y0, line.y1) < blank.y < max(line.y0, line.y1):
            stops.append(placement.at(line.x0, blank.y)[0])
    return min(stops)


def _label_box(label: Label, placement: Placement, found: Sighting | None, end: float | None, shape: tuple[int, ...]) -> Rectangle:
    height = label.size * 25.4 / 72 * placement.scale
    width = 0.46 * height * len(label.text)       # mean width of a Times-like letter
    x, y = placement.at(label.x, label.y)
    if label.centred:
        x -= width / 2
    left, right, base = (found.left, found.right, found.baseline) if found is not None else (x, x + width, y)
    return _clip((left, base - 0.95 * height, right if end is None else end, base + 0.25 * height), shape)


def _tick_box(tick: Tick, placement: Placement, shape: tuple[int, ...]) -> Rectangle:
    (x0, y0), (x1, y1) = placement.at(tick.x, tick.y), placement.at(tick.x + tick.size, tick.y + tick.size)
    return _clip((x0, y0, x1, y1), shape)


def _clip(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> Rectangle:
    height, width = shape[:2]
    x0, x1 = (min(max(round(v), 0), width) for v in (box[0], box[2]))
    y0, y1 = (min(max(round(v), 0), height) for v in (box[1], box[3]))
    return x0, y0, max(x1, x0), max(y1, y0)
