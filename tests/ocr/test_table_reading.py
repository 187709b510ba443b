"""A page of a ruled table becomes its entries, row by row, and a book of such pages settles over its pages."""
from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation, PageReader
from ocr.reading import PageImage, PageReading
from ocr.table_reading import tables_for
from records.forms import load_forms, table_forms
from records.text import fold
from samples.table_pages import TableLook, TablePage
from samples.table_rows import Row
from tests.ocr.table_page import table_page

BOOK = Expectation("KT", "KT1999", 2001, "01/2001", "UBND Xã An Thủy, Huyện Lệ Thủy, Quảng Bình", "2")


@cache
def reader() -> PageReader:
    return PageReader()


def a_page() -> tuple[tuple[Row, ...], TablePage, PageImage]:
    return table_page("KT1999", 5, rows=4, dittos=0.5)


@cache
def reading() -> PageReading:
    return reader().read(a_page()[2], BOOK, 0)


def test_every_row_is_a_record() -> None:
    rows, _, _ = a_page()
    got = reading()
    assert got.form == "KT1999" and got.form_score > 0.9 and [r.row for r in got.records] == [1, 2, 3, 4]
    assert any("chết" in w.text for w in got.words)
    right = [fold(record.fields[c].value) == fold(v) for row, record in zip(rows, got.records, strict=True) for c, v in row.values.items()]
    assert np.mean(right) > 0.8
    assert [r.fields["so"].value for r in got.records] == [row.values["so"] for row in rows]
    assert all("loaiDangKy" not in r.fields for r in got.records)


def test_a_ditto_has_the_value_above_and_says_so() -> None:
    rows, _, _ = a_page()
    dittos = [(n, c) for n, row in enumerate(rows) for c in sorted(row.ditto)]
    assert len(dittos) >= 4
    records = reading().records
    said = [(n, c) for n, c in dittos if "ditto" in records[n].fields[c].evidence]
    assert len(said) >= 0.8 * len(dittos)
    for n, c in said:
        own, above = records[n].fields[c], records[n - 1].fields[c]
        assert own.value == above.value and own.unit_code == above.unit_code and own.confidence <= above.confidence
    written = [(n, c) for n, row in enumerate(rows) for c in row.values if c not in row.ditto]
    assert not [x for x in written if "ditto" in records[x[0]].fields[x[1]].evidence]


def test_boxes_lie_on_the_writing_in_the_original() -> None:
    _, page, image = a_page()
    for true, record in zip(page.boxes, reading().records, strict=True):
        for code, (x0, y0, x1, y1) in true.items():
            box = record.fields[code].box
            assert box is not None and 0 <= box[0] < box[2] <= image.width and 0 <= box[1] < box[3] <= image.height
            over = max(0, min(x1, box[2]) - max(x0, box[0])) * max(0, min(y1, box[3]) - max(y0, box[1]))
            assert over > 0.6 * (x1 - x0) * (y1 - y0), (record.row, code)


def test_lattices_are_kept_by_row() -> None:
    got = reading()
    assert {row for row, _ in got.lattices} == {1, 2, 3, 4}
    assert {c for _, c in got.lattices} <= {b.code for b in load_forms()["KT1999"].blanks}
    assert got.engine["handwriting"] and got.seconds["handwriting"] > 0


def test_a_book_of_such_pages_keeps_rows_apart_and_carries_dittos_over_the_page() -> None:
    first = reading()
    ditto = replace(first.records[0].fields["nktDanToc"], value="", evidence=("ditto",), raw="nt")
    over = replace(first.records[0], fields={**first.records[0].fields, "nktDanToc": ditto})
    items = [BookItem("KT.2001.01.001.jpg", r, {c: x for (n, c), x in first.lattices.items() if n == r.row}) for r in first.records]
    items.append(BookItem("KT.2001.01.002.jpg", over, {}))
    settled = settle_book(items, BOOK)
    assert [r.row for r in settled] == [1, 2, 3, 4, 1]
    assert [r.fields["so"].value for r in settled[:4]] == [r.fields["so"].value for r in first.records]     # not the file's number
    for n, record in enumerate(settled[:4]):
        for code, value in record.fields.items():
            if "ditto" in first.records[n].fields.get(code, value).evidence:
                assert value.value == settled[n - 1].fields[code].value
    assert all("loaiDangKy" not in r.fields for r in settled)


@pytest.mark.parametrize(("kind", "form", "year", "found", "known"), [
    ("KS", None, 2001, {"KS1999"}, True), ("KS", None, 1990, {"KS1956"}, True), (None, "KH1999", None, {"KH1999"}, True),
    ("KS", None, 2017, {"KS1956", "KS1999"}, False), (None, None, None, {f.id for f in table_forms()}, False),
    ("KS", "KS2016", 2017, {"KS1956", "KS1999"}, False)])
def test_which_tables_a_page_may_be(kind: str | None, form: str | None, year: int | None, found: set[str], known: bool) -> None:
    forms, said = tables_for(kind, form, year)
    assert {f.id for f in forms} == found and said is known


def test_a_table_is_known_without_being_told() -> None:
    _, _, image = table_page("KH1999", 6, rows=1)
    got = reader().read(image, Expectation(), 0)
    assert got.form == "KH1999" and len(got.records) == 1


def test_headings_written_by_hand_are_no_entry() -> None:
    rows, _, image = table_page("KS1956", 8, TableLook(rules=0.7, headings=False, written=True), rows=1)
    got = reader().read(image, Expectation("KS", None, 1960), 0)
    assert got.form == "KS1956" and len(got.records) == 1
    assert got.records[0].fields["so"].value == rows[0].values["so"]
