"""Ruled tables as data: columns, what their cells hold, which books there are."""
from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from records.forms import Form, load_forms, page_forms, parse_form, table_forms

KINDS = {"KS": ("nks", "me", "cha"), "KH": ("vo", "chong"), "KT": ("nkt",)}


def a_table(**column: object) -> dict:
    return {"id": "X", "kind": "KS", "generation": "G1", "title": "Sổ", "legal_basis": "", "valid_from": date(1956, 1, 1), "roles": ["nks"],
            "known_by": [], "page": {"width": 200.0, "height": 100.0},
            "table": {"left": 5.0, "top": 5.0, "heading": 10.0, "row": 20.0, "rows": 3},
            "column": [{"heading": "Số thứ tự", "width": 10.0, "code": "so", "type": "entry_number", "starts": True}, column]}


def test_books_before_2006_are_tables_and_later_ones_pages() -> None:
    assert {(f.kind, f.generation) for f in table_forms()} == {(k, g) for k in KINDS for g in ("G1", "G2")}
    assert all(f.valid_to is not None and f.valid_to < date(2006, 4, 1) for f in table_forms())
    layouts = {f for f in load_forms().values() if f.layout is None}
    assert set(page_forms()) | set(table_forms()) == layouts and not set(page_forms()) & set(table_forms())
    for kind in KINDS:
        for a, b in pairwise([f for f in load_forms().values() if f.kind == kind]):
            assert a.valid_to is not None and a.valid_to < b.valid_from


@pytest.mark.parametrize("form", table_forms(), ids=lambda f: f.id)
def test_a_table_hangs_together(form: Form) -> None:
    table = form.table
    assert table is not None and form.roles == KINDS[form.kind]
    assert 0 < table.edges[0] < table.edges[-1] < form.width
    assert table.top + table.heading + table.row * table.rows <= form.height
    assert [c.starts for c in table.columns] == [True, *[False] * (len(table.columns) - 1)]
    codes = [f.code for c in table.columns for f in c.fields if f.code]
    assert len(codes) == len(set(codes)) and {"so", "ngayDangKy", "ghiChu"} <= set(codes)
    assert all(f"{role}HoTen" in codes and f"{role}NgaySinh" in codes for role in form.roles)
    assert [b.code for b in form.blanks if b.code] == codes
    assert set(form.known_by) <= {c.heading for c in table.columns}
    assert table.fold is None or any(abs(e - table.fold) < 25 for e in table.edges)


def test_one_column_may_hold_several_values_in_order() -> None:
    column = next(c for c in load_forms()["KS1999"].table.columns if "của cha" in c.heading)      # type: ignore[union-attr]
    assert [(f.code, f.type) for f in column.fields] == [
        ("chaHoTen", "name"), ("chaNgaySinh", "age"), ("chaDanToc", "ethnicity"), (None, "text"), ("chaNoiCuTru", "place")]


def test_a_file_needs_no_code() -> None:
    form = parse_form(a_table(heading="Họ và tên", width=50.0, code="nksHoTen", type="name", also=["Họ tên"]))
    assert form.table is not None and form.table.edges == (5.0, 15.0, 65.0) and form.table.columns[1].also == ("Họ tên",)
    assert [b.code for b in form.blanks] == ["so", "nksHoTen"]
    ticked = parse_form(a_table(heading="Nam", width=8.0, code="nksGioiTinh", type="sex", mark="Nam"))
    assert ticked.table is not None and ticked.table.columns[1].mark == "Nam"


@pytest.mark.parametrize("wrong", [
    {"heading": "Cha", "width": 50.0, "mark": "x"}, {"heading": "Cha", "width": 50.0, "wdth": 3}, {"heading": "Cha"},
    {"heading": "Cha", "width": 50.0, "field": [{"code": "chaHoTen"}]}])
def test_a_wrong_column_is_refused(wrong: dict) -> None:
    with pytest.raises(TypeError): parse_form(a_table(**wrong))
