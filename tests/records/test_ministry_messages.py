"""What is said to the Ministry's software: three date styles, three address models, messages joined by the letter n."""
from __future__ import annotations

from datetime import UTC, date, datetime
from unicodedata import normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from records.ministry.addresses import Address, address_of, commune_on, read_address, say_address
from records.ministry.date_styles import read_date, read_moment, say_date, say_moment
from records.ministry.joined_messages import split_messages
from records.ministry.messages import BS_FIELDS, Facts, Requester, Styles, copy_request, registration
from records.partial_date import PartialDate

STYLES = ("dotted", "slashed", "compact")
NOW, BEFORE = date(2026, 3, 1), date(2024, 12, 1)
BIRTH = {"so": "12", "ngayDangKy": "2017-03-18", "nksHoTen": "Nguyễn Thị & <Ánh>", "nksGioiTinh": "Nữ", "nksNgaySinh": "2017-03-01",
         "nksDanToc": "Mèo", "meHoTen": "Trần Thị Mận", "meNgaySinh": "1985", "chaNgaySinh": "28T",
         "meNoiCuTru": "xã Nghĩa Kỳ, huyện Tư Nghĩa, Quảng Ngãi"}


@given(st.dates(date(1000, 1, 1)), st.sampled_from(STYLES))
def test_a_day_comes_back_from_every_style(day, style):
    value = PartialDate(day.year, day.month, day.day)
    assert read_date(style, say_date(style, value)) == value


@pytest.mark.parametrize(("style", "said"), [("dotted", "05.08.2007"), ("slashed", "05/08/2007"), ("compact", "20070805")])
def test_the_three_styles(style, said):
    assert say_date(style, PartialDate(2007, 8, 5)) == said
    assert say_date(style, PartialDate(2007, 8)) == "2007" and say_date(style, PartialDate(None, 8, 5)) == ""
    others = {read_date(s, said) for s in STYLES if s != style}
    assert others == {None} and read_date(style, said.replace("08", "13")) is None


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), st.sampled_from(STYLES))
def test_a_time_comes_back_to_the_second(at, style):
    at = at.replace(microsecond=0, tzinfo=UTC)
    assert read_moment(style, say_moment(style, at)) == at


def test_times_are_vietnams():
    assert say_moment("slashed", datetime(2026, 1, 1, 18, 30, tzinfo=UTC)) == "02/01/2026 01:30:00"


@given(st.builds(Address, st.text(max_size=40), st.just("51"), st.just("528"), st.just("21250")), st.sampled_from(["district", "commune"]))
def test_an_address_comes_back_from_its_model(address, model):
    back = read_address(model, say_address(model, address))
    assert (back.text, back.province, back.commune) == (address.text, "51", "21250")
    assert back.district == ("528" if model == "district" else "")


def test_addresses_have_the_codes_of_their_day():
    text = "xã Nghĩa Kỳ, huyện Tư Nghĩa, Quảng Ngãi"
    assert (address_of(text, BEFORE).district, address_of(text, NOW).district) == ("528", "")
    assert address_of(text, NOW).commune == "21250" and address_of("nơi nào đó không rõ", NOW) == Address("nơi nào đó không rõ")
    assert address_of("xã Trà Sơn, huyện Trà Bồng, Quảng Ngãi", NOW).commune == commune_on("21139", NOW) == "21115"
    assert commune_on("99999", NOW) == ""
    assert set(say_address("commune", address_of(text, NOW))) == {"dcChiTiet", "quocGia", "maTinh", "maXa"}
    assert set(say_address("district", address_of(text, BEFORE))) == {"maTinh", "maHuyen", "maXa", "dcChiTiet"}


def test_a_registration_in_the_styles_of_both_versions():
    first = registration(Facts("KS", BIRTH, book="01/2017"), Styles("dotted", "district"), BEFORE)
    second = registration(Facts("KS", BIRTH, book="01/2017"), Styles("slashed", "commune"), NOW)
    assert (first["nksNgaySinh"], second["nksNgaySinh"], second["meNgaySinh"], second["chaNgaySinh"]) == (
        "01.03.2017", "01/03/2017", "1985", "28T")
    assert (first["nksGioiTinh"], first["nksDanToc"], first["so"]) == ("2", "Mông (Mèo)", "12/2017")
    assert "maHuyen" in first["meNoiCuTru"] and "maHuyen" not in second["meNoiCuTru"]
    assert "nycHoTen" not in second and "" not in second.values()


def test_a_request_for_a_copy_has_the_fields_of_2025():
    facts = Facts("KS", BIRTH, book="01/2017", office_code="21139", personal_id="051317000001")
    said = copy_request(facts, Requester("Lê Văn Cường", "Cha", 2), Styles(), NOW)
    assert set(said) == set(BS_FIELDS)
    assert said["cbsHoTen"]["Ho"] == "Nguyễn" and said["cbsNgaySinh"] == {"namSinh": "2017", "thangSinh": "03", "ngaySinh": "01"}
    assert (said["ngayDangKyTruocDay"], said["noiDangKyTruocDay"], said["soLuong"]) == ("18/03/2017", "21115", "2")


@pytest.mark.parametrize(("text", "lines"), [
    ("Họ tên không được để trốngnGiới tính không hợp lệncbsDanToc không tồn tạin",
     ["Họ tên không được để trống", "Giới tính không hợp lệ", "cbsDanToc không tồn tại"]),
    ("a\nb\\nc<br>d\r\ne", ["a", "b", "c", "d", "e"]),
    ("Hồ sơ đã được tiếp nhận", ["Hồ sơ đã được tiếp nhận"]),
    ("meDanToc không tồn tại trong danh mụcnnksHanCheNangLucHanhVi quá dàin",
     ["meDanToc không tồn tại trong danh mục", "nksHanCheNangLucHanhVi quá dài"]),
    ("Ngày sinh sai: 30/02/2017nNơi sinh không được trốngn", ["Ngày sinh sai: 30/02/2017", "Nơi sinh không được trống"]),
    ("", []), ("n", []), ("Nguyễn Văn An", ["Nguyễn Văn An"]),
])
def test_joined_messages_come_apart(text, lines):
    assert split_messages(text) == lines


MESSAGES = ("Họ tên không được để trống", "Giới tính không tồn tại", "cbsDanToc không tồn tại trong danh mục", "soLuong không hợp lệ",
            "nksNgaySinh không đúng định dạng ngày", "Số giấy tờ vượt quá 12 ký tự", "meNoiCuTru.maXa không hợp lệ")


@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=6), st.sampled_from(["n", "\n", "\\n"]))
def test_whatever_is_joined_comes_apart_again(messages, sign):
    assert split_messages("".join(m + sign for m in messages)) == messages
    assert split_messages(sign.join(messages)) == messages


@given(st.text(max_size=80))
def test_nothing_but_joints_is_lost(text):
    assume("\\" not in text and "<" not in text)
    kept = "".join(split_messages(text)).replace(" ", "")
    assert set(kept) <= set(normalize("NFC", text))
