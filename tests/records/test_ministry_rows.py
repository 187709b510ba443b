"""The Ministry's columns, cells, checks and names: what goes out comes back, and what cannot is told."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.filenames import parse_page_name
from records.ministry.cells import from_cell, to_cell
from records.ministry.checks import check_row, key_of
from records.ministry.names import entry_name, key_of_name
from records.ministry.rows import Book, from_row, to_row
from records.ministry.template import KINDS, template_on

TEMPLATE = template_on(date(2026, 1, 1))
CHILD = {"so": "123", "quyenSo": "01/2007", "trangSo": "62", "ngayDangKy": "2007-08-05", "loaiDangKy": "1", "noiDangKy": "UBND xã Mẫu",
         "nksHoTen": "Trần Thị Mẫu", "nksGioiTinh": "Nữ", "nksNgaySinh": "2007-07-21", "nksDanToc": "Kinh", "chaNgaySinh": "28T",
         "meNgaySinh": "1980", "nksLoaiKhaiSinh": "Có đủ cha mẹ", "nguoiKy": "Lê Văn Mẫu, Chủ tịch"}


def codes(values: dict[str, str], kind: str = "KS", **more) -> set[str]:
    return {f.code for f in check_row(TEMPLATE, to_row(TEMPLATE, kind, values, **more))}


def test_columns_are_those_of_the_template_in_its_order():
    ks = TEMPLATE.columns["KS"]
    assert len(ks) == 60 == len(set(ks))
    assert ks[:6] == ("so", "quyenSo", "trangSo", "ngayDangKy", "loaiDangKy", "noiDangKy") and ks[-1] == "qgNuocNgoaiDaDangKy"
    assert ks[ks.index("chaHoTen"):][:3] == ("chaHoTen", "chaNgaySinh", "chaDanToc")
    for kind in KINDS:
        columns = TEMPLATE.columns[kind]
        assert len(columns) == len(set(columns)) and {"so", "quyenSo", "ngayDangKy", "ghiChu"} <= set(columns)


def test_a_row_reads_as_the_sample_of_the_vendors():
    cells = to_row(TEMPLATE, "KS", CHILD).cells
    wanted = {"so": "123/2007", "quyenSo": "01/2007", "ngayDangKy": "05.08.2007", "loaiDangKy": "1", "nksGioiTinh": "2",
              "nksNgaySinh": "21.07.2007", "meNgaySinh": "1980", "chaNgaySinh": "28T", "nksLoaiKhaiSinh": "1", "nguoiKy": "Lê Văn Mẫu",
              "chucVuNguoiKy": "Chủ tịch", "ghiChu": ""}
    assert {c: cells[c] for c in wanted} == wanted
    assert codes(CHILD) == set()
    assert to_row(TEMPLATE, "KS", CHILD, slash=False).cells["so"] == "123"


@pytest.mark.parametrize(("change", "found"), [
    ({"so": ""}, "no_number"), ({"so": "không rõ"}, "number_without_year"), ({"so": "12/2006"}, "year_differs"),
    ({"ngayDangKy": ""}, "no_day"), ({"ngayDangKy": "2007-08"}, "day_of_registration"),
    ({"quyenSo": "01"}, "book_without_year"), ({"trangSo": "6a"}, "page_not_number"),
    ({"noiDangKy": ""}, "no_office"), ({"nksNgaySinh": "hôm qua"}, "date_length"), ({"nksNgaySinh": "28T"}, "date_length"),
    ({"nksGioiTinh": "Không rõ"}, "not_in_list"), ({"loaiDangKy": "9"}, "not_in_list"), ({"nksDanToc": "Người lạ"}, "ethnicity_unknown"),
    ({"nksSoDinhDanh": "051217000001"}, "not_held"), ({"meNgaySinh": "1980-05"}, "not_held"), ({"nksDanToc": "Mèo"}, "not_held"),
])
def test_each_shortcoming_is_named(change, found):
    assert found in codes(CHILD | change)


def test_what_the_page_does_not_say_comes_from_its_book():
    page = {"so": "7", "ngayDangKy": "1961-02-03", "nksHoTen": "Mẫu"}
    row = to_row(TEMPLATE, "KS", page, Book("UBND xã Mẫu", "02/1960", 1960))
    assert (row.cells["noiDangKy"], row.cells["quyenSo"], row.cells["so"]) == ("UBND xã Mẫu", "02/1960", "7/1961")
    assert check_row(TEMPLATE, row) == [] and key_of(row) == ("KS", "ubnd xã mẫu", "02/1960", "7/1961")
    assert to_row(TEMPLATE, "KS", page | {"quyenSo": "2"}, Book("x", "02/1960", 1960)).not_held == ("quyenSo",)


def test_vendors_ways_of_writing_are_read():
    assert from_cell(TEMPLATE, "KS", "so", " 024 ") == from_cell(TEMPLATE, "KS", "so", "24/2007") == "24"
    assert from_cell(TEMPLATE, "KS", "nksGioiTinh", "nữ") == from_cell(TEMPLATE, "KS", "nksGioiTinh", "2") == "Nữ"
    assert from_cell(TEMPLATE, "KS", "loaiDangKy", "Quá hạn") == from_cell(TEMPLATE, "KS", "loaiDangKy", "4") == "4"
    assert {from_cell(TEMPLATE, "KS", "nksNgaySinh", x) for x in ("05.08.2007", "5/8/2007", "2007-08-05", "05-08-2007")} == {"2007-08-05"}
    assert from_cell(TEMPLATE, "KS", "chaNgaySinh", "28 tuổi") == "28T"
    assert from_cell(TEMPLATE, "KT", "nktGioPhutChet", "5 giờ 30 phút") == "05:30"


SYLLABLES = st.sampled_from(["Nguyễn", "K'", "H'Lan", "Y-Blô", "Đỗ", "Ỷ", "Thị", "Ê-ban", "Ánh", "=1+1", "-Mai", "@x", "+84", "0012"])
TEXT = st.one_of(st.lists(SYLLABLES, min_size=1, max_size=5).map(" ".join),
                 st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20).map(str.strip).filter(bool))
DAY = st.dates(date(1900, 1, 1), date(2030, 12, 31)).map(date.isoformat)
DATE = st.one_of(DAY, st.integers(1900, 2030).map(str))


def value_of(kind: str, code: str) -> st.SearchStrategy[str]:
    listed = TEMPLATE.code_list(kind, code)
    if code == "so":
        return st.tuples(st.integers(1, 9999), st.sampled_from(["", "a", "b", " bis"])).map(lambda x: f"{x[0]}{x[1]}")
    if code == "quyenSo":
        return st.tuples(st.integers(1, 99), st.integers(1930, 2030)).map(lambda x: f"{x[0]:02d}/{x[1]}")
    if code == "loaiDangKy" and listed is not None:
        return st.sampled_from([str(c) for c in listed.words])
    if listed is not None:
        return st.sampled_from([w for w in listed.words.values() if w])
    if code in TEMPLATE.aged:
        return st.one_of(DATE, st.integers(15, 90).map(lambda n: f"{n}T"))
    if TEMPLATE.is_date(code):
        return DAY if code == "ngayDangKy" else DATE
    if code.endswith("SoGiayToTuyThan"):
        return st.text("0123456789", min_size=9, max_size=12)
    if code.endswith("DanToc"):
        return st.sampled_from(["Kinh", "Ê Đê", "Bru - Vân Kiều", "Ba Na (Rơ-ngao)", "Mông (Mèo)", "Khơ Me (Việt gốc Miên)"])
    if code == "nktGioPhutChet":
        return st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda x: f"{x[0]:02d}:{x[1]:02d}")
    return TEXT


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    kind = draw(st.sampled_from(KINDS))
    columns = [c for c in TEMPLATE.columns[kind] if c != "chucVuNguoiKy"]
    chosen = {"so", "ngayDangKy", *draw(st.sets(st.sampled_from(columns), max_size=12))}
    return kind, {c: draw(value_of(kind, c)) for c in columns if c in chosen}


@settings(max_examples=150, deadline=None)
@given(records())
def test_any_record_of_the_templates_values_comes_back(record):
    from unicodedata import normalize

    kind, values = record
    values = {c: normalize("NFC", v).strip() for c, v in values.items()}
    row = to_row(TEMPLATE, kind, values)
    assert row.not_held == ()
    assert from_row(TEMPLATE, kind, row.cells) == values


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["nksNgaySinh", "nksGioiTinh", "so", "nksDanToc", "ghiChu", "loaiDangKy"]), st.text(max_size=30))
def test_no_value_is_lost_in_silence(code, value):
    row = to_row(TEMPLATE, "KS", {code: value})
    assert not value.strip() or code in row.not_held or from_row(TEMPLATE, "KS", row.cells)[code] == value
    assert from_cell(TEMPLATE, "KS", code, to_cell(TEMPLATE, "KS", code, value)) is not None


@pytest.mark.parametrize(("number", "day", "year", "style", "name"), [
    ("123", date(2007, 8, 5), 2007, "long", "KS.2007.01.2007-08-05.0123.pdf"),
    ("123", date(2007, 8, 5), 2007, "short", "KS.2007.01.123.pdf"),
    ("12a", date(2007, 8, 5), 2007, "long", "KS.2007.01.2007-08-05.0012a.pdf"),
    ("5", date(2008, 1, 5), 2008, "long", "KS.2007.01.2008-01-05.0005.pdf")])
def test_names_are_the_grammars(number, day, year, style, name):
    made = entry_name("KS", 2007, "1", number, day, year, style)
    assert made.name == name and made.by_rule


def test_books_of_several_years_and_numbers_outside_the_grammar():
    several = entry_name("KT", 1987, "2", "123", date(1989, 8, 5), 1989)
    assert several.name == "KT.1987.02.05.08.89.0123.pdf" and several.by_rule
    found = parse_page_name(several.name)
    assert found is not None and (found.number, found.registered_year, found.year) == ("123", 1989, 1987)
    assert key_of_name(f"a/b/{several.name}") == ("KT", 1987, "2", "123", 1989)
    assert not entry_name("KS", 2007, "1", "12 bis", date(2007, 8, 5), 2007).by_rule
    assert not entry_name("KS", 2007, "1", "12", None, 2007).by_rule


@given(st.sampled_from(KINDS), st.integers(1930, 2030), st.integers(1, 99), st.integers(1, 9999), st.sampled_from(["", "a", "z"]),
       st.dates(date(1930, 1, 1), date(2030, 12, 31)), st.sampled_from(["long", "short"]))
def test_a_name_says_its_entry_again(kind, year, book, number, suffix, day, style):
    made = entry_name(kind, year, str(book), f"{number}{suffix}", day, day.year, style)
    key = key_of_name(made.name)
    assert made.by_rule and key is not None and key[:4] == (kind, year, str(book), f"{number}{suffix}")
    assert key[4] in (None, day.year)
