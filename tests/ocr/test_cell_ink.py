"""In a ruled cell of a form: its own writing stays, pieces of rules and the tops of the row below go."""
from __future__ import annotations

import cv2
import numpy as np

from ocr.cell_ink import CellPlace, own_ink, place_of_cell
from ocr.cleaning import CleanLine
from ocr.registration import FittedBlank
from records.forms import load_forms

SCALE, HEIGHT, WIDTH = 7.87, 56, 330
PLACE = CellPlace((0.0, 54.0), (-3.0, 338.0), 0.0, 38.0)


def line(*strokes: tuple[int, int, int, int]) -> CleanLine:
    """A crop with ink in these rectangles (x0, y0, x1, y1)."""
    gray = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for x0, y0, x1, y1 in strokes:
        gray[y0:y1, x0:x1] = 60
    ys, xs = np.nonzero(gray < 255)
    box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1) if len(xs) else None
    return CleanLine(gray, box, np.zeros((0, 2)), float((gray < 255).mean()))


LETTERS = ((20, 12, 45, 38), (50, 22, 70, 38), (75, 22, 90, 50))     # the last one has a descender


def test_the_next_rows_tops_go_and_descenders_stay() -> None:
    own = line(*LETTERS)
    both = line(*LETTERS, (230, 36, 240, HEIGHT), (250, 40, 262, HEIGHT))
    found = own_ink(both, PLACE, SCALE)
    assert found.box == own.box and np.array_equal(found.gray, own.gray)
    deep = line(*LETTERS, (95, 20, 110, HEIGHT))       # a g that runs through the rule
    assert own_ink(deep, PLACE, SCALE) is deep


def test_pieces_of_rules_go_and_marks_of_letters_stay() -> None:
    pieces = line(*LETTERS, (150, 52, 205, 55), (260, 0, 300, 3), (326, 8, 330, 30))
    found = own_ink(pieces, CellPlace((1.0, 54.0), (329.0,), 0.0, 38.0), SCALE)
    assert found.box == line(*LETTERS).box
    marked = line(*LETTERS, (55, 43, 60, 48), (24, 14, 44, 17))       # a dot below, a flat tone mark: both within the cell
    assert own_ink(marked, PLACE, SCALE) is marked


def test_a_sloping_rule_is_followed() -> None:
    gray = line(*LETTERS).gray
    cv2.line(gray, (120, 44), (320, 50), 60, 2)
    found = own_ink(CleanLine(gray, (20, 12, 321, 51), np.zeros((0, 2)), 0.1), CellPlace((40.4,), (), 0.03, 38.0), SCALE)
    assert found.box == line(*LETTERS).box


def test_a_cell_of_strangers_alone_is_empty() -> None:
    found = own_ink(line((230, 40, 240, HEIGHT), (100, 53, 180, 55)), PLACE, SCALE)
    assert found.box is None and found.ink == 0.0 and (found.gray == 255).all()
    empty = line()
    assert own_ink(empty, PLACE, SCALE) is empty


def test_the_form_tells_where_a_cells_rules_are() -> None:
    form = load_forms()["CN2016"]
    blank = form.blank("meNuoiQuocTich")
    left, base = round(blank.x0 * SCALE), round(blank.y * SCALE)
    box = (left - 5, base - 42, left + 330, base + 14)
    place = place_of_cell(form, FittedBlank(blank, box, (left, base, left + 320, base), False), SCALE)
    level = [n.y0 for n in form.lines if n.y0 == n.y1 and n.x0 < blank.x1 and n.x1 > blank.x0]
    around = [y for y in level if abs(y - blank.y) < 6]
    assert len(around) == 2 and len(place.level) == 2 and abs(place.baseline - 42) < 1
    assert all(abs(place.baseline + (y - blank.y) * SCALE - p) < 1 for y, p in zip(sorted(around), sorted(place.level), strict=True))
