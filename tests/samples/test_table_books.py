"""Books of ruled tables are composed: rows, ditto marks, truth of every row; the same seed, the same bytes."""
from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from records.forms import load_forms
from samples.hands import draw_hand
from samples.table_books import compose_table_book
from samples.table_pages import compose_table_page
from samples.table_rows import draw_rows
from samples.wear import draw_wear

OFFICE = "UBND Xã Mẫu"


def test_a_book_has_its_rows_and_their_truth(tmp_path: Path) -> None:
    folder = compose_table_book("KH1999", 2001, 9, 4, tmp_path, office=OFFICE, dpi=100)
    assert [f.name for f in sorted(folder.iterdir())] == ["KH.2001.01.001.jpg", "KH.2001.01.002.jpg", "batch.json"]
    assert json.loads((folder / "batch.json").read_text("utf-8"))["mau"] == "KH1999"
    truth, boxes = ([json.loads(x) for x in (tmp_path / n).read_text("utf-8").splitlines()] for n in ("truth.jsonl", "boxes.jsonl"))
    assert [(t["file"][-7:-4], t["row"]) for t in truth] == [("001", n) for n in range(1, 8)] + [("002", 1), ("002", 2)]
    assert [t["values"]["so"] for t in truth] == [str(n) for n in range(1, 10)]
    for t, b in zip(truth, boxes, strict=True):
        assert (t["file"], t["row"]) == (b["file"], b["row"]) and set(b["boxes"]) <= set(t["values"])
        assert all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in b["boxes"].values())
    again = compose_table_book("KH1999", 2001, 9, 4, tmp_path / "again", office=OFFICE, dpi=100)
    assert [f.read_bytes() for f in sorted(folder.iterdir())] == [f.read_bytes() for f in sorted(again.iterdir())]


@pytest.mark.parametrize("form", ["KS1956", "KH1999", "KT1999"])
def test_a_ditto_mark_stands_for_the_value_above(form: str) -> None:
    rows = draw_rows(load_forms()[form], 7, 2001, np.random.default_rng(2), dittos=0.5)
    assert not rows[0].ditto and sum(len(r.ditto) for r in rows) >= 6
    for above, row in pairwise(rows):
        assert all(row.values[c] == above.values[c] for c in row.ditto)
    assert not any(r.ditto for r in draw_rows(load_forms()[form], 7, 2001, np.random.default_rng(2), dittos=0.0))


def test_cells_hold_the_writing() -> None:
    rng = np.random.default_rng(5)
    form = load_forms()["KS1999"]
    rows = draw_rows(form, 2, 2001, rng)
    page = compose_table_page(form, rows, replace(draw_hand(rng, font="patrick-hand"), capitals=False), draw_wear(rng, 2), rng, dpi=100)
    assert form.table is not None
    number = {f.code: n for n, c in enumerate(form.table.columns) for f in c.fields}
    for cells, boxes in zip(page.cells, page.boxes, strict=True):
        for code, (x0, y0, x1, y1) in boxes.items():
            xs, ys = zip(*cells[number[code]], strict=True)
            assert min(xs) - 8 <= (x0 + x1) / 2 <= max(xs) + 8 and min(ys) - 8 <= (y0 + y1) / 2 <= max(ys) + 8


def test_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no table"): compose_table_book("KS2016", 2017, 3, 1, tmp_path, office=OFFICE)
    with pytest.raises(ValueError, match="needs an entry"): compose_table_book("KS1999", 2001, 0, 1, tmp_path, office=OFFICE)
    form = load_forms()["KS1999"]
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="takes 7 rows"):
        compose_table_page(form, draw_rows(form, 8, 2001, rng), draw_hand(rng), draw_wear(rng, 0), rng)
