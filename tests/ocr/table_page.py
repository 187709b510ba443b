"""Composed pages of ruled tables for the tests of their reading, each made once."""
from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from ocr.images import open_page
from ocr.reading import PageImage
from records.forms import load_forms
from samples.districts import LE_THUY
from samples.hands import draw_hand
from samples.table_pages import TableLook, TablePage, compose_table_page
from samples.table_rows import Row, draw_rows
from samples.wear import draw_wear

PER_MM = 200 / 25.4

PLAIN = TableLook()


@cache
def table_page(form: str, seed: int, look: TableLook = PLAIN, rows: int | None = None, level: int = 2, dittos: float = 0.25,
               font: str = "patrick-hand", **wear: float) -> tuple[tuple[Row, ...], TablePage, PageImage]:
    """Rows, the page with its truth, and the page as the reader gets it; wear: what is to differ from a page drawn at `level`."""
    rng = np.random.default_rng(seed)
    shape = load_forms()[form]
    assert shape.table is not None
    entries = draw_rows(shape, rows or shape.table.rows, shape.valid_from.year + 2, rng, places=LE_THUY.communes[:4], dittos=dittos)
    hand = draw_hand(rng, font=font, capitals=False)
    worn = replace(draw_wear(rng, level), **wear)      # type: ignore[arg-type]
    page = compose_table_page(shape, entries, hand, worn, rng, look=look)
    return tuple(entries), page, open_page(page.jpeg, "image/jpeg")
