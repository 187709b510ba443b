"""Values that print parts into several blanks (day, month and year; hour and minute), and times of day."""
from __future__ import annotations

from dataclasses import replace

import pytest
from lattices import clear

from ocr.decoding.context import Context
from ocr.decoding.record import decode_record
from ocr.decoding.times import read_time
from ocr.extraction import sign_between
from ocr.recogniser import load_model
from records.forms import load_forms, page_forms

T = 0.5
PARTED = [(f, c) for f in page_forms() for c in sorted({b.code for b in f.blanks if b.code})
          if len({b.x0 for b in f.blanks if b.code == c}) > 1 and any(b.type in ("date", "time") for b in f.blanks if b.code == c)]


def joined(form: str, code: str, *parts: str):
    model = load_model()
    return model.join([clear(p, alphabet=model.card.alphabet) for p in parts], sign_between(load_forms()[form], code))


@pytest.mark.parametrize(("form", "code"), [(f.id, c) for f, c in PARTED], ids=lambda x: x)
def test_parts_of_a_date_or_time_are_joined_as_figures_are_written(form: str, code: str) -> None:
    parts = [b for b in load_forms()[form].blanks if b.code == code]
    texts = ("5", "11", "2015") if parts[0].type == "date" else ("5", "11")
    assert joined(form, code, *texts).best_text() == "/".join(texts)


def test_there_are_such_fields_and_lines_of_a_note_are_parted_by_a_space() -> None:
    assert {c for _, c in PARTED} == {"nxnThoiGianCuTruTu", "nxnThoiGianCuTruDen", "gcnNgay", "nktGioPhutChet"}
    assert sign_between(load_forms()["KS2016"], "ghiChu") == " " == sign_between(load_forms()["KS2016"], "nksNoiSinh")
    below = replace(load_forms()["HN2016"], blanks=tuple(replace(b, y=b.y + n) for n, b in enumerate(load_forms()["HN2016"].blanks)))
    assert sign_between(below, "nxnThoiGianCuTruTu") == " ", "a date that runs over two lines is not parted by print"


@pytest.mark.parametrize(("parts", "value"), [
    (("1", "11", "2013"), "2013-11-01"), (("11", "1", "2013"), "2013-01-11"), (("05", "8", "2015"), "2015-08-05"),
    (("8", "2015"), "2015-08"), (("2015",), "2015")])
def test_a_residence_begins_on_a_date(parts: tuple[str, ...], value: str) -> None:
    """Eleven and one tell apart which of them is the day: the print between them does."""
    code = "nxnThoiGianCuTruTu"
    out = decode_record({code: "date"}, {code: joined("HN2016", code, *parts)}, Context("HN", 2018))
    assert out[code].value == value and out[code].confidence > 0.5


@pytest.mark.parametrize(("text", "value"), [
    ("5/30", "05:30"), ("17/05", "17:05"), ("5h30", "05:30"), ("5 giờ 30 phút", "05:30"), ("17 giờ 5", "17:05"), ("5 giờ", "05"),
    ("23/59", "23:59"), ("0/00", "00:00"), ("17-30", "17:30")])
def test_times_are_read(text: str, value: str) -> None:
    found = read_time(clear(text), T)
    assert found is not None and found.value == value and found.probability > 0.5


def test_hour_and_minute_in_two_blanks() -> None:
    code = "nktGioPhutChet"
    for parts, value in ((("7", "15"), "07:15"), (("1", "11"), "01:11"), (("11", "1"), "11:01")):
        out = decode_record({code: "time"}, {code: joined("KT2006", code, *parts)}, Context("KT", 2009))
        assert out[code].value == value, parts


def test_a_doubtful_figure_is_settled_by_what_clocks_show() -> None:
    found = read_time(clear("17/81", {3: ("3", 0.4)}), T)
    assert found is not None and found.value == "17:31"


def test_words_that_are_no_time_stay_as_they_are_read() -> None:
    assert read_time(clear("không rõ"), T) is None
    out = decode_record({"nktGioPhutChet": "time"}, {"nktGioPhutChet": clear("không rõ")}, Context("KT", 2009))
    assert out["nktGioPhutChet"].value == "không rõ" and "free-text" in out["nktGioPhutChet"].evidence
