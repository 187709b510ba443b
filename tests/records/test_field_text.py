"""What may be typed into a field: whole dates and the shorter ones that books hold, nothing else that has a year in it."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.field_text import BadValue, parsed, read_out, shown

WRITTEN = (
    ("5/8/07", "2007-08-05"), ("05.8.2007", "2007-08-05"), ("05082007", "2007-08-05"), ("2007-08-05", "2007-08-05"),
    ("5 8 2007", "2007-08-05"),
    ("ngày 5 tháng 8 năm 2007", "2007-08-05"), ("Ngày mồng năm tháng tám năm hai nghìn không trăm linh bảy", "2007-08-05"),
    ("mồng 5/8/2007", "2007-08-05"), ("7/1982", "1982-07"), ("tháng giêng năm 1950", "1950-01"), ("1980", "1980"), ("năm 1980", "1980"),
    ("sinh năm 1985", "1985"), ("khoảng 1950", "1950~"), ("1950~", "1950~"), ("1950?", "1950?"), ("10/3/1952 ÂL", "1952~"),
    ("Giáp Tý (1984)", "1984"), ("", ""),
)
NO_DATES = ("trạm y tế xã 1980", "số 12 năm 1980", "Nguyễn Văn A 1980", "chết năm 1980", "1980-1985", "12/5/8/2007", "8 giờ ngày 5/8/2007",
            "Quý Hợi 1984", "31/2/2007", "5/8/0207", "1/1/2999", "không rõ", "con 28T")


@pytest.mark.parametrize(("typed", "value"), WRITTEN)
def test_dates_as_registers_have_them(typed: str, value: str) -> None:
    assert parsed("nksNgaySinh", typed) == value == parsed("nksNgaySinh", shown("nksNgaySinh", value))


@pytest.mark.parametrize("typed", NO_DATES)
def test_what_only_has_a_year_in_it_is_no_date(typed: str) -> None:
    with pytest.raises(BadValue) as told:
        parsed("meNgaySinh", typed)
    assert "05/08/2007" in told.value.pair[0] and "khoảng 1950" in told.value.pair[0]


@given(st.text("bcdkxzw", min_size=2, max_size=8), st.sampled_from(("5/8/2007", "8/2007", "2007", "tháng 8 năm 2007")), st.booleans())
def test_a_date_among_other_words_is_refused(word: str, date: str, before: bool) -> None:
    with pytest.raises(BadValue):
        parsed("ngayDangKy", f"{word} {date}" if before else f"{date} {word}")


@pytest.mark.parametrize("typed", ["28T", "28 tuổi", "28 t."])
def test_parents_may_have_an_age(typed: str) -> None:
    assert parsed("meNgaySinh", typed) == "28T"
    with pytest.raises(BadValue):
        parsed("ngayDangKy", typed)


@pytest.mark.parametrize(("code", "kind", "value", "said"), [
    ("loaiDangKy", "KS", "1", "Đúng hạn"), ("loaiDangKy", "KH", "1", "Kết hôn lần đầu"), ("loaiDangKy", "NCM", "1", "Đăng ký mới"),
    ("loaiDangKy", "KT", "3", "Ghi vào sổ việc đã đăng ký ở nước ngoài"), ("nksGioiTinh", "KS", "2", "Nữ"),
    ("nksGioiTinh", "KS", "Nữ", "Nữ"),
    ("meLoaiCuTru", "KS", "1", "Thường trú"), ("meLoaiGiayToTuyThan", "KS", "4", "CCCD"),
    ("nksLoaiKhaiSinh", "KS", "5", "Trẻ bị bỏ rơi"),
    ("gbtLoai", "KT", "1", "Giấy báo tử"), ("loaiXacNhan", "NCM", "3", "Con nhận cha"), ("meNgaySinh", "KS", "1980", "1980"),
    ("ngayDangKy", "KS", "2007-08-05", "05/08/2007"), ("loaiDangKy", "KS", "9", "9"),
    ("so", "KS", "1", "1"), ("loaiDangKy", "HN", "1", "1"),
])
def test_codes_are_read_out_in_the_words_of_their_list(code: str, kind: str, value: str, said: str) -> None:
    assert read_out(code, value, kind, None)[0] == said
