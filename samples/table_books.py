"""A book of ruled tables: pages of several entries by one hand, batch.json in the folder, and beside it the truth of every row.

The people are drawn row by row; they stand in no population file.
"""
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from records.forms import load_forms
from samples.compose import _merge_lines, _write_atomically
from samples.hands import Hand, draw_hand
from samples.table_pages import PRINTED, TableLook, compose_table_page
from samples.table_rows import draw_rows
from samples.wear import book_wear, draw_wear


def compose_table_book(form: str, year: int, entries: int, seed: int, out_dir: Path, *, office: str, places: Sequence[str] = (),
                       wear: int = 2, dpi: float = 200.0, look: TableLook = PRINTED, hand: Hand | None = None,
                       dittos: float = 0.25) -> Path:
    """Write the book's folder (`KS.2001.01`: pages `KS.2001.01.001.jpg` …, batch.json) under `out_dir`, its truth into truth.jsonl and
    boxes.jsonl there (a line an entry: file, row, form, values or boxes); returns the folder.

    office: who registers; places: where people live, made up if there are none. ValueError if there is no entry or the form is no table,
    KeyError for an unknown form.
    """
    shape = load_forms()[form]
    if shape.table is None: raise ValueError(f"{form} is no table")
    if entries < 1: raise ValueError("a book needs an entry")
    stem = f"{shape.kind}.{year}.01"
    target = out_dir / stem
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, year, sum(map(ord, form + office))])
    own = hand or draw_hand(rng)
    base = draw_wear(rng, wear)
    rows = draw_rows(shape, entries, year, rng, places=places, dittos=dittos, separator=own.date_separator)
    batch = {"loai": shape.kind, "nam": year, "quyenSo": f"01/{year}", "noiDangKy": office, "mau": form}
    _write_atomically(target / "batch.json", (json.dumps(batch, ensure_ascii=False, indent=1) + "\n").encode())
    truth, boxes, behind = [], [], None
    for n, start in enumerate(range(0, entries, shape.table.rows), 1):
        part = rows[start:start + shape.table.rows]
        page = compose_table_page(shape, part, own, book_wear(base, draw_wear(rng, wear)), rng, look=look, dpi=dpi, behind=behind)
        behind = page.writing
        name = f"{stem}.{n:03d}.jpg"
        _write_atomically(target / name, page.jpeg)
        for k, row in enumerate(part, 1):
            truth.append({"file": f"{stem}/{name}", "row": k, "form": form, "values": dict(row.values) | {"loai": shape.kind}, "link": {}})
            boxes.append({"file": f"{stem}/{name}", "row": k, "boxes": {code: list(box) for code, box in page.boxes[k - 1].items()}})
    _merge_lines(out_dir / "truth.jsonl", stem, truth)
    _merge_lines(out_dir / "boxes.jsonl", stem, boxes)
    return target
