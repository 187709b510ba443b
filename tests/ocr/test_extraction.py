"""Whole pages: a sample page becomes the record that is written on it, with boxes on the original, whatever was done to the scan."""
from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ocr.extraction import Expectation, PageReader, timeliness
from ocr.images import open_page
from ocr.reading import PageImage, PageReading
from records.forms import load_forms
from records.record import FieldValue
from records.text import fold

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRUTH = {t["file"]: t for t in map(json.loads, (SAMPLES / "truth.jsonl").read_text("utf-8").splitlines())}
BOXES = {t["file"]: t["boxes"] for t in map(json.loads, (SAMPLES / "boxes.jsonl").read_text("utf-8").splitlines())}
FIRST = {form: next(f for f in sorted(TRUTH) if TRUTH[f]["form"] == form) for form in ("KS2006", "KS2016", "KH2016", "KT2016")}


@cache
def reader() -> PageReader:
    return PageReader()


def page_of(file: str) -> PageImage:
    return open_page((SAMPLES / "books" / file).read_bytes(), "image/jpeg")


def expectation(file: str) -> Expectation:
    said = json.loads((SAMPLES / "books" / file).with_name("batch.json").read_text("utf-8"))
    return Expectation(said["loai"], said["mau"], said["nam"], said["quyenSo"], said["noiDangKy"], file.split(".")[-2])


@cache
def reading(form: str) -> PageReading:
    return reader().read(page_of(FIRST[form]), expectation(FIRST[form]))


def share_right(got: PageReading, truth: dict, codes: list[str]) -> float:
    fields = got.records[0].fields
    return float(np.mean([c in fields and fold(fields[c].value) == fold(str(truth["values"][c])) for c in codes]))


@pytest.mark.parametrize("form", FIRST)
def test_a_sample_page_is_read(form: str) -> None:
    truth, got = TRUTH[FIRST[form]], reading(form)
    assert got.form == form and got.form_score > 0.8 and len(got.records) == 1
    values = truth["values"]
    known = [c for c in values if values[c] and c in got.records[0].fields]
    listed = ("DanToc", "QuocTich", "GioiTinh", "NoiCuTru", "NoiSinh", "QueQuan", "NoiChet")
    easy = [c for c in known if c.endswith(listed) or c in ("so", "quyenSo", "loaiDangKy")]
    hard = [c for c in known if c.endswith(("HoTen", "NgaySinh", "SoDinhDanh", "SoGiayToTuyThan")) or c.startswith("ngay")]
    assert share_right(got, truth, easy) >= 0.9
    assert share_right(got, truth, hard) >= 0.5


@pytest.mark.parametrize("form", FIRST)
def test_boxes_lie_on_the_writing(form: str) -> None:
    page, got, true = page_of(FIRST[form]), reading(form), BOXES[FIRST[form]]
    for code, field in got.records[0].fields.items():
        if field.box is None or code not in true or not field.value or field.evidence == ("tick",):
            continue
        x0, y0, x1, y1 = field.box
        assert 0 <= x0 < x1 <= page.width and 0 <= y0 < y1 <= page.height
        t = true[code]
        over = max(0, min(x1, t[2]) - max(x0, t[0])) * max(0, min(y1, t[3]) - max(y0, t[1]))
        assert over > 0.6 * (x1 - x0) * (y1 - y0), f"{code} lies elsewhere"


def test_every_field_says_how_sure_it_is_and_why() -> None:
    for form in FIRST:
        got = reading(form)
        codes = {b.code for b in load_forms()[form].blanks}
        for code, field in got.records[0].fields.items():
            assert 0 <= field.confidence <= 1 and field.evidence
            assert code in codes or field.evidence == ("tick",) or field.source == "rule"
        assert {c for _, c in got.lattices} <= codes and all(row == 1 for row, _ in got.lattices)
        assert got.engine["handwriting"] and got.engine["tesseract"] and got.seconds["handwriting"] > 0
        assert any("Họ" in w.text for w in got.words)


def test_the_same_page_reads_the_same() -> None:
    again = PageReader().read(page_of(FIRST["KT2016"]), expectation(FIRST["KT2016"]))
    assert again.records == reading("KT2016").records and again.words == reading("KT2016").words


def test_a_darker_page_on_its_side_reads_the_same() -> None:
    pixels = np.rot90((page_of(FIRST["KS2016"]).pixels * 0.85).astype(np.uint8))
    got = reader().read(PageImage(np.ascontiguousarray(pixels), 200), expectation(FIRST["KS2016"]))
    upright = reading("KS2016").records[0].fields
    fields = got.records[0].fields
    assert got.rotation == 90
    assert np.mean([fields[c].value == upright[c].value for c in upright]) > 0.85


def test_a_page_with_no_form_gives_no_record() -> None:
    pixels = np.full((1200, 900, 3), 235, np.uint8)
    got = reader().read(PageImage(pixels, 100), Expectation())
    assert got.form is None and got.records == () and not got.lattices


def test_a_page_is_read_without_knowing_anything_of_it() -> None:
    got = reader().read(page_of(FIRST["KH2016"]))
    assert got.form == "KH2016" and got.records[0].kind == "KH"
    assert got.records[0].fields["voQuocTich"].value == "Việt Nam"


@pytest.mark.parametrize(("born", "registered", "value"), [
    ("2013-01-07", "2013-03-08", "1"), ("2013-01-07", "2013-03-09", "4"), ("2013", "2013-03-09", None)])
def test_lateness_follows_from_the_dates(born: str, registered: str, value: str | None) -> None:
    late = timeliness({"nksNgaySinh": FieldValue(born, confidence=0.9), "ngayDangKy": FieldValue(registered, confidence=0.9)})
    assert (late.value if late else None) == value
