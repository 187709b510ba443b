"""Composer and reader agree: Tesseract reads the drawn labels, the form is known, each value lies in the blank the reader found."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocr.images import open_page
from ocr.registration import fit_form, read_labels
from ocr.straighten import box_through, straighten
from records.forms import load_forms

FOLDER = Path(__file__).parents[2] / "samples"
ROWS = [json.loads(line) for line in (FOLDER / "boxes.jsonl").read_text("utf-8").splitlines()]
FORMS = {t["file"]: t["form"] for t in (json.loads(line) for line in (FOLDER / "truth.jsonl").read_text("utf-8").splitlines())}
LAST_OF_BOOK = list({row["file"].split("/")[0]: row for row in ROWS}.values())


@pytest.mark.parametrize("row", LAST_OF_BOOK, ids=lambda row: row["file"])
def test_values_lie_in_the_blanks_found(row: dict) -> None:
    page = straighten(open_page((FOLDER / "books" / row["file"]).read_bytes(), "image/jpeg"))
    fit = fit_form(page, read_labels(page), load_forms().values())
    assert fit is not None and fit.form.id == FORMS[row["file"]] and fit.score > 0.85
    found = {blank.code: box_through(fit.to_original, box) for blank, box in fit.blanks if blank.code}
    assert len(row["boxes"]) >= 15
    for code, (x0, y0, x1, y1) in row["boxes"].items():
        if code == "ghiChu": continue      # a note may take several lines
        left, top, right, bottom = found[code]
        assert left - 12 <= (x0 + x1) / 2 <= right + 12 and top <= (y0 + y1) / 2 <= bottom, (code, row["boxes"][code], found[code])
