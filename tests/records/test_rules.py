"""Consistency rules: a sound entry breaks none; one change breaks just the rule it should."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_values import names

from records.forms import load_forms
from records.record import DraftRecord, FieldValue, Finding
from records.rules import RULES, check, check_book

BIRTH = {
    "so": "12", "quyenSo": "01/2013", "ngayDangKy": "2013-01-16", "loaiDangKy": "1", "nksHoTen": "Huỳnh Thị Lan", "nksGioiTinh": "Nữ",
    "nksNgaySinh": "2013-01-07", "nksNgaySinhBangChu": "Ngày mồng bảy tháng một năm hai nghìn không trăm mười ba",
    "nksNoiSinh": "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi", "nksDanToc": "Kinh", "nksQuocTich": "Việt Nam",
    "nksSoDinhDanh": "051313666764",
    "chaHoTen": "Huỳnh Văn Long", "chaNgaySinh": "1980", "chaDanToc": "Kinh", "meHoTen": "Nguyễn Thị Mai", "meNgaySinh": "1982",
    "meDanToc": "Kinh", "meNoiCuTru": "Xã Nghĩa Sơn, Huyện Tư Nghĩa, Quảng Ngãi", "nycHoTen": "Huỳnh Văn Long", "nycQuanHe": "Cha",
}
MARRIAGE = {
    "so": "148", "quyenSo": "01/2018", "ngayDangKy": "2018-11-30", "trangSo": "148", "loaiDangKy": "1", "voHoTen": "Lương Thị Tuyền",
    "voNgaySinh": "1999-05-02", "voSoGiayToTuyThan": "051199413450", "chongHoTen": "Cao Văn Duy", "chongNgaySinh": "1997-05-13",
    "chongSoGiayToTuyThan": "051097221018", "ngayXacNhan": "30/11/2018",
}
DEATH = {
    "so": "44", "quyenSo": "01/2019", "ngayDangKy": "2019-05-04", "loaiDangKy": "1", "nktHoTen": "Trương Thị Uyên",
    "nktNgaySinh": "1943-02-20",
    "nktGioiTinh": "Nữ", "nktSoGiayToTuyThan": "051143810350", "nktNgayChet": "2019-05-02",
    "nktNoiChet": "Xã Tịnh Hiệp, Huyện Sơn Tịnh, Quảng Ngãi",
}
PARENTAGE = {
    "so": "3", "quyenSo": "01/2017", "ngayDangKy": "2017-03-20", "loaiXacNhan": "Cha, mẹ nhận con", "cmHoTen": "Huỳnh Văn Long",
    "cmNgaySinh": "1985-06-01", "cmGioiTinh": "Nam", "cmSoGiayToTuyThan": "051085413450", "ncHoTen": "Nguyễn Thị Lan",
    "ncNgaySinh": "2014-01-07", "ncGioiTinh": "Nữ",
}
CERTIFICATE = {
    "so": "31", "ngayDangKy": "2018-05-08", "nxnHoTen": "Lê Văn Minh", "nxnNgaySinh": "1992-02-03", "nxnGioiTinh": "Nam",
    "nxnSoGiayToTuyThan": "051092413450", "nxnThoiGianCuTruTu": "2010-05-01", "nxnThoiGianCuTruDen": "2018-05-08",
    "nxnTinhTrangHonNhan": "Chưa đăng ký kết hôn với ai",
}
ADOPTION = {
    "so": "2", "quyenSo": "01/2017", "ngayDangKy": "2017-09-12", "cnHoTen": "Trần Thị Hà", "cnNgaySinh": "2015-08-30", "cnGioiTinh": "Nữ",
    "chaNuoiHoTen": "Lê Văn Tư", "chaNuoiNgaySinh": "1978-04-04", "chaNuoiSoGiayToTuyThan": "051078413450",
    "meNuoiHoTen": "Võ Thị Sáu", "meNuoiNgaySinh": "1980-10-10", "meNuoiSoGiayToTuyThan": "051180413451", "gcnNgay": "2017-09-12",
}
SOUND = {"KS": BIRTH, "KH": MARRIAGE, "KT": DEATH, "NCM": PARENTAGE, "HN": CERTIFICATE, "CN": ADOPTION}


def entry(kind: str, changes: Mapping[str, str] | None = None) -> DraftRecord:
    values = {**SOUND[kind], **(changes or {})}
    return DraftRecord(kind, None, 1, {k: FieldValue(v, v, 1.0) for k, v in values.items()})


def rules_of(found: list[Finding]) -> set[tuple[str, str]]:
    return {(f.rule, f.severity) for f in found}


@pytest.mark.parametrize("kind", list(SOUND))
def test_a_sound_entry_breaks_nothing(kind: str) -> None:
    assert check(entry(kind), opened=date(2013, 1, 1), office="UBND xã Nghĩa Sơn, huyện Tư Nghĩa, tỉnh Quảng Ngãi") == []


@pytest.mark.parametrize(("kind", "changes", "rule", "severity"), [
    ("KS", {"so": ""}, "missing-value", "hard"),
    ("HN", {"nxnThoiGianCuTruTu": "31/02/2010"}, "no-such-date", "hard"),
    ("HN", {"nxnSoGiayToTuyThan": "051192413450"}, "personal-number-sex", "hard"),
    ("CN", {"gcnNgay": "45/13/2017"}, "no-such-date", "hard"),
    ("CN", {"meNuoiNgaySinh": "1998-10-10", "meNuoiSoGiayToTuyThan": ""}, "adoptive-age", "soft"),
    ("CN", {"meNuoiSoGiayToTuyThan": "051080413451"}, "personal-number-sex", "hard"),
    ("NCM", {"cmNgaySinh": "2016-01-01", "cmSoGiayToTuyThan": ""}, "parent-after-child", "hard"),
    ("KS", {"ngayDangKy": ""}, "missing-value", "hard"),
    ("KS", {"so": "mười"}, "not-a-number", "hard"),
    ("KH", {"trangSo": "14B"}, "not-a-number", "soft"),
    ("KS", {"nksNgaySinh": "2013-02-31", "nksNgaySinhBangChu": "", "nksSoDinhDanh": ""}, "no-such-date", "hard"),
    ("KS", {"nksSoDinhDanh": "05131366676"}, "personal-number-length", "hard"),
    ("KS", {"nksSoDinhDanh": "051213666764"}, "personal-number-sex", "hard"),
    ("KS", {"nksSoDinhDanh": "051312666764"}, "personal-number-year", "hard"),
    ("KS", {"nksSoDinhDanh": "051312666764", "ghiChu": "Cải chính năm sinh theo QĐ 12/2015"}, "personal-number-year", "soft"),
    ("KS", {"nksSoDinhDanh": "049313666764"}, "personal-number-other-province", "soft"),
    ("KH", {"chongSoGiayToTuyThan": "051197221018"}, "personal-number-sex", "hard"),
    ("KS", {"so": "12/2012"}, "number-year", "hard"),
    ("KS", {"quyenSo": "01/2014"}, "before-book-year", "soft"),
    ("KS", {"ngayDangKy": "2013-01-05"}, "before-event", "hard"),
    ("KT", {"ngayDangKy": "2019-05-01"}, "before-event", "hard"),
    ("KS", {"ngayDangKy": "2013-06-07"}, "in-time", "soft"),
    ("KS", {"loaiDangKy": "4"}, "in-time", "soft"),
    ("KT", {"ngayDangKy": "2019-06-04"}, "in-time", "soft"),
    ("KT", {"loaiDangKy": "2"}, "registered-again", "soft"),
    ("KS", {"meNgaySinh": "2001"}, "parent-age", "soft"),
    ("KS", {"meNgaySinh": "10T"}, "parent-age", "soft"),
    ("KS", {"chaNgaySinh": "1925"}, "parent-age", "soft"),
    ("KS", {"chaNgaySinh": "2013"}, "parent-after-child", "hard"),
    ("KH", {"chongNgaySinh": "1998-12-13", "chongSoGiayToTuyThan": ""}, "marriage-age", "soft"),
    ("KH", {"ngayDangKy": "2012-11-30", "ngayXacNhan": "", "quyenSo": "01/2012", "voNgaySinh": "1997", "chongNgaySinh": "1990",
            "voSoGiayToTuyThan": "", "chongSoGiayToTuyThan": ""}, "marriage-age", "soft"),
    ("KT", {"nktNgaySinh": "2019-05-03", "nktSoGiayToTuyThan": ""}, "death-before-birth", "hard"),
    ("KT", {"nktNgaySinh": "1895", "nktSoGiayToTuyThan": ""}, "very-old", "soft"),
    ("KS", {"nksNgaySinhBangChu": "Ngày mồng tám tháng một năm hai nghìn không trăm mười ba"}, "date-words-differ", "hard"),
    ("KS", {"nksNgaySinhBangChu": "Ngày xxx"}, "date-words-unread", "soft"),
    ("KS", {"nksHoTen": "Trần Thị Lan"}, "surname", "soft"),
    ("KS", {"nksDanToc": "Hrê"}, "ethnicity", "soft"),
    ("KS", {"nksLoaiKhaiSinh": "3"}, "birth-parents", "soft"),
    ("KH", {"chongSoGiayToTuyThan": "", "voSoGiayToTuyThan": "051199413450", "chongSoDinhDanh": "051199413450", "chongNgaySinh": ""},
     "personal-number-shared", "hard"),
    ("KS", {"nksNoiSinh": "Phường Lang Biang - Đà Lạt, Lâm Đồng"}, "place-at-that-time", "soft"),
])
def test_one_change_breaks_its_rule(kind: str, changes: dict[str, str], rule: str, severity: str) -> None:
    found = check(entry(kind, changes), office="xã Nghĩa Sơn, huyện Tư Nghĩa, tỉnh Quảng Ngãi")
    assert (rule, severity) in rules_of(found)
    assert all(f.message_vi and f.message_en and f.fields for f in found)
    assert [f.severity for f in found] == sorted((f.severity for f in found), reverse=False)      # hard first


@pytest.mark.parametrize(("kind", "changes"), [
    ("KS", {"nksHoTen": "Hoàng Thị Lan"}),                                            # Hoàng = Huỳnh
    ("KS", {"nksHoTen": "Nguyễn Thị Lan"}),                                           # the mother's
    ("KS", {"nksHoTen": "K'Brơi"}), ("KS", {"chaHoTen": "Y Thun", "meHoTen": "H'Wen"}),   # no surname on paper
    ("KS", {"nksHoTen": "Trần Thị Lan", "ghiChu": "Con nuôi của ông Trần Văn Tư"}),
    ("KS", {"nksDanToc": "Hrê", "chaDanToc": "H'rê"}),
    ("KS", {"chaHoTen": "", "chaNgaySinh": "", "nksHoTen": "Nguyễn Lan", "nksLoaiKhaiSinh": "3"}),
    ("KS", {"meNgaySinh": "28T"}),
    ("KS", {"nycSoGiayToTuyThan": "B1234567"}),                                        # a passport
    ("KS", {"nycSoGiayToTuyThan": "212345678"}),                                       # an old identity card
    ("KS", {"ngayDangKy": "2013-05-07", "loaiDangKy": "4"}),
    ("KS", {"ngayDangKy": "2014-01-16", "loaiDangKy": "4", "quyenSo": "01/2013"}),      # the book went on the year after
    ("KT", {"nktNgaySinh": "1943", "nktSoGiayToTuyThan": "051143810350"}),
    ("KS", {"nksNoiSinh": "Thị trấn Tịnh Hà, Huyện Sơn Tịnh, Quảng Ngãi"}),             # a commune then, of the same name
    ("KS", {"nksNoiSinh": "Tại nhà"}),
])
def test_rightful_oddities_break_nothing(kind: str, changes: dict[str, str]) -> None:
    assert check(entry(kind, changes)) == []


def test_the_books_days() -> None:
    assert rules_of(check(entry("KS"), opened=date(2013, 2, 1))) == {("before-opening", "hard")}
    assert rules_of(check(entry("KS"), closed=date(2012, 12, 31))) == {("after-closing", "hard")}


def test_a_form_asks_for_the_names_of_its_people() -> None:
    form = load_forms()["KS2016"]
    assert check(entry("KS"), form) == []
    assert ("missing-value", "hard") in rules_of(check(entry("KS", {"nksHoTen": ""}), form))


@given(st.dictionaries(st.sampled_from(sorted(BIRTH)), st.text(max_size=20), max_size=6))
def test_rules_stand_any_reading(changes: dict[str, str]) -> None:
    first = check(entry("KS", changes))
    assert first == check(entry("KS", changes))


@given(names)
def test_a_child_with_the_fathers_whole_name_breaks_no_surname_rule(name: str) -> None:
    assert "surname" not in {f.rule for f in check(entry("KS", {"nksHoTen": name, "chaHoTen": name}))}


def test_every_rule_explains_itself() -> None:
    assert len(RULES) >= 14 and all(function.__doc__ for _, function in RULES)


def book(*rows: tuple[str, str, str]) -> list[DraftRecord]:
    return [entry("KS", {"so": so, "ngayDangKy": day, "nguoiKy": signer}) for so, day, signer in rows]


def test_a_book_in_order_breaks_nothing() -> None:
    rows = book(("148", "2018-11-30", "A"), ("149", "2018-12-02", "A"), ("150", "2018-12-02", "B"), ("1", "2019-01-03", "B"))
    assert check_book(rows) == check_book([]) == []


def test_gaps_repeats_order_and_signers() -> None:
    found = check_book(book(("1", "2018-01-05", "A"), ("2", "2018-01-06", "B"), ("5", "2018-01-07", "A"), ("5", "2018-01-08", "A"),
                            ("6", "2018-03-09", "A"), ("7", "2018-01-10", "A")))
    told = [(k, f.rule) for k, f in found]
    assert told == [(1, "lone-signer"), (2, "number-gap"), (3, "number-repeated"), (4, "date-order")]
    gap = next(f for _, f in found if f.rule == "number-gap")
    assert "3–4" in gap.message_vi and all(f.severity == "soft" for _, f in found)


def test_a_suffix_is_another_number() -> None:
    assert check_book(book(("12", "2018-01-05", "A"), ("12a", "2018-01-06", "A"), ("13", "2018-01-07", "A"))) == []


days_of_2018 = st.dates(date(2018, 1, 1), date(2018, 12, 31)).map(str)


@given(st.lists(st.tuples(st.integers(1, 30).map(str), days_of_2018, st.sampled_from("ABC")), max_size=12))
def test_any_order_may_come(rows: list[tuple[str, str, str]]) -> None:
    found = check_book(book(*rows))
    assert all(0 <= k < len(rows) for k, _ in found)
    repeated = sum(f.rule == "number-repeated" for _, f in found)
    assert repeated == len(rows) - len({so for so, _, _ in rows})
