"""The grid of a ruled table is found whatever the ruler, the years and the scanner did to it: rows, columns, cells within 2 mm."""
from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr import cleaning
from ocr.straighten import StraightPage, straighten
from ocr.table_cells import cut_cell
from ocr.table_entries import EntryStrip, find_entries
from ocr.table_grid import TableFit, find_table
from ocr.table_rules import erase_rules, find_rules
from records.forms import load_forms, table_forms
from samples.table_pages import TableLook
from tests.ocr.table_page import PER_MM, table_page

OWN = TableLook(rules=0.7, widths=0.15, headings=False)      # ruled by hand, no print on it
PRINTED: dict[str, tuple[str, TableLook, dict]] = {
    "level": ("KS1999", TableLook(), {"skew": 0.0}),
    "skew": ("KH1999", TableLook(), {"skew": 2.0}),
    "faint": ("KT1999", TableLook(rules=0.25), {}),
    "broken": ("KH1999", TableLook(broken=0.25), {}),
    "shade": ("KS1999", TableLook(), {"shadow": 0.45, "fold": 0.2, "level": 3}),
    "jpeg": ("KT1999", TableLook(numbered=True), {"jpeg": 40, "level": 3}),
    "no frame": ("KH1999", TableLook(frame=False), {}),
    "no rules between rows": ("KS1999", TableLook(row_rules=False), {}),
}
BY_HAND: dict[str, tuple[str, TableLook, dict]] = {
    "ruled": ("KS1956", OWN, {}),
    "notebook": ("KH1956", replace(OWN, guides=True), {}),
    "broken, no frame": ("KT1956", replace(OWN, broken=0.15, frame=False), {"skew": 1.0}),
}


def found_on(form: str, look: TableLook, wear: dict, seed: int, known: bool) -> tuple[StraightPage, TableFit, list[EntryStrip], float]:
    """Page, table, entries, and the share of true cells found with every corner within 2 mm."""
    rows, true, image = table_page(form, seed, look, **wear)
    page = straighten(image, 0)
    scale = page.dpi / 25.4
    table = find_table(page, [load_forms()[form]] if known else [f for f in table_forms() if f.generation == "G2"], known)
    assert table is not None
    dark = erase_rules(cleaning.darkness(page.rgb, scale), *table.erased, scale=scale, paper=0)
    entries = find_entries(table, dark, scale)
    right = 0
    for cells, entry in zip(true.cells, entries, strict=False):
        for c in table.fit.columns:
            own = cut_cell(dark, c, entry, scale)
            corners = _corners(own.to_page, own.dark.shape, page, scale)
            right += bool(np.abs(corners - np.array(cells[c.number])).max() <= 2 * PER_MM)
    return page, table, entries, right / (len(rows) * len(load_forms()[form].table.columns))      # type: ignore[union-attr]


def _corners(to_page: np.ndarray, shape: tuple[int, ...], page: StraightPage, scale: float) -> np.ndarray:
    side, above = round(0.7 * scale), round(1.0 * scale)      # how much larger than its rules a cell is cut
    height, width = shape
    flat = np.array([[(side, above), (width - side, above), (width - side, height - above), (side, height - above)]], np.float64)
    return cv2.perspectiveTransform(flat, page.to_original @ to_page)[0]


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_table(name: str) -> None:
    form, look, wear = PRINTED[name]
    _, table, entries, right = found_on(form, look, wear, 50 + len(name), known=False)
    assert table.form.id == form and table.fit.headings > 0.85
    assert len(entries) == load_forms()[form].table.rows      # type: ignore[union-attr]
    assert right >= (0.99 if look.row_rules else 0.5)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_table_ruled_by_hand_without_headings(name: str) -> None:
    form, look, wear = BY_HAND[name]
    _, table, entries, right = found_on(form, look, wear, 60 + len(name), known=True)
    assert table.form.id == form and len(table.fit.columns) == len(load_forms()[form].table.columns)      # type: ignore[union-attr]
    assert len(entries) == 8 and right >= 0.85


def test_empty_rows_are_no_entries() -> None:
    assert len(found_on("KH1999", TableLook(), {"rows": 3}, 71, known=False)[2]) == 3


def test_without_a_hint_only_headings_make_a_table() -> None:
    _, _, image = table_page("KS1956", 72, OWN)
    assert find_table(straighten(image, 0), table_forms(), known=False) is None


def test_plain_writing_has_no_rules() -> None:
    rows, page, _ = table_page("KT1999", 73)
    gray = 250 - (page.writing > 100).astype(np.uint8) * 180
    horizontal, vertical = find_rules(gray, PER_MM)
    assert len(rows) == 7 and not vertical
    assert all(r.seen < 0.8 and r.span[1] - r.span[0] < 0.6 * gray.shape[1] for r in horizontal)


def test_erased_rules_leave_the_strokes_that_cross_them() -> None:
    gray = np.full((400, 600), 250, np.uint8)
    gray[200:203] = 90
    gray[100:300, 300:304] = 60
    horizontal, vertical = find_rules(gray, PER_MM)
    out = erase_rules(gray, horizontal, [], PER_MM, 255)
    assert len(horizontal) == 1 and abs(horizontal[0].at(100) - 201) < 1
    assert (out[196:208, 301:303] < 100).all() and (out[196:208, :290] > 200).all()
    assert all(len(r.along) for r in vertical)
