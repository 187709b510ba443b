"""Every person and field of every form has a name that a clerk can read."""
from __future__ import annotations

from pathlib import Path

import pytest

from portal import wording
from records.codes import REGISTER_KINDS
from records.field_text import BadValue, choices, is_date, parsed, shown
from records.forms import Form, load_forms, use_folder

FORMS = tuple(load_forms().values())


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_roles_and_fields_have_names(form: Form) -> None:
    assert form.kind in wording.KINDS
    codes = [b.code for b in form.blanks if b.code] + [t.code for t in form.ticks]
    assert set(form.roles) <= {wording.role_of(c) for c in codes} <= set(wording.ROLES)
    for code in codes:
        assert wording.field_label(code)[0] not in ("", code), code
        assert wording.full_label(code)[1], code


@pytest.mark.parametrize(("typed", "value"), [("5 giờ 30 phút", "05:30"), ("17h05", "17:05"), ("17", "17"), ("", "")])
def test_times_are_typed_as_people_write_them(typed: str, value: str) -> None:
    assert parsed("nktGioPhutChet", typed) == value == parsed("nktGioPhutChet", shown("nktGioPhutChet", value))


def test_a_time_that_no_clock_shows_is_refused() -> None:
    with pytest.raises(BadValue, match="17:05"): parsed("nktGioPhutChet", "25 giờ")


def test_every_kind_of_register_has_a_name() -> None:
    assert set(REGISTER_KINDS) == set(wording.KINDS)


@pytest.mark.parametrize(("code", "role"), [
    ("meNuoiHoTen", "meNuoi"), ("meHoTen", "me"), ("chaGiaoHoTen", "chaGiao"), ("ghiChu", ""), ("ghSo", "gh"), ("ndghHoTen", "ndgh"),
    ("nguoiKy", "sign"), ("loaiGiamHo", ""),
])
def test_a_field_belongs_to_its_person(code: str, role: str) -> None:
    assert wording.role_of(code) == role


def test_a_form_of_ones_own_is_shown_by_its_labels(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "records" / "form_data" / "GH2016.toml").read_text("utf-8").partition("[[edition]]")[0]
    text = text.replace('id = "GH2016"', 'id = "GH2016B"').replace('"Giới tính:", x', '"Nghề nghiệp:", x', 1)
    text = text.replace('code = "nghGioiTinh", type = "sex"', 'code = "nghNgheNghiep", type = "text"')
    (tmp_path / "b.toml").write_text(text, "utf-8")
    try:
        use_folder(tmp_path)
        assert wording.field_label("nghNgheNghiep") == ("Nghề nghiệp", "Nghề nghiệp")
    finally:
        use_folder(None)
    assert wording.field_label("nghNgheNghiep")[0] == "nghNgheNghiep"


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_dates_are_typed_and_shown_as_dates(form: Form) -> None:
    for blank in form.blanks:
        if blank.type != "date" or blank.code is None: continue
        assert is_date(blank.code), blank.code
        assert parsed(blank.code, "5/8/2017") == "2017-08-05" and shown(blank.code, "2017-08-05") == "05/08/2017"


def test_a_square_can_be_chosen_by_its_words() -> None:
    assert dict(choices("loaiGiamHo", "GH", "GH2016")) == {w: (w, w) for w in ("Giám hộ cử", "Giám hộ đương nhiên")}
    assert [value for value, _ in choices("loaiDangKy", "NCM", "NCM2016")] == ["0", "1", "2"]
    assert dict(choices("loaiDangKy", "CC", "CC2016"))["2"][0] == "Ghi vào sổ việc đã đăng ký ở nước ngoài"
