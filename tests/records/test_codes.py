"""The Ministry's code lists."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import codes
from records.text import fold, strip_marks

LISTS = [v for v in vars(codes).values() if isinstance(v, codes.CodeList)]


@given(st.sampled_from([(x, c) for x in LISTS for c in x.words]))
def test_words_and_codes_are_each_others_inverse(pair: tuple[codes.CodeList, int]) -> None:
    found, code = pair
    assert found.to_code(found.from_code(code)) == code
    assert found.to_code(found.from_code(str(code)).upper()) == code


@pytest.mark.parametrize("found", LISTS, ids=lambda x: x.name)
def test_no_word_means_two_codes(found: codes.CodeList) -> None:
    words = [fold(w) for w in found.words.values()]
    assert len(set(words)) == len(words)
    for word, code in found.others.items():
        assert fold(word) not in words or found.to_code(word) == code, word


def test_there_are_54_peoples() -> None:
    assert len(codes.ETHNICITY.words) == 56 and codes.ETHNICITY.from_code(54) == "Rơ Măm"


@pytest.mark.parametrize(("text", "group"), [
    ("Ba Na (Rơ-ngao)", "Ba Na"), ("Khơ Me (Việt gốc Miên)", "Khơ Me"), ("Mông (Mèo)", "Mông"), ("Khmer", "Khơ Me"), ("K'Ho", "Cơ Ho"),
    ("Katu", "Cơ Tu"), ("KINH", "Kinh"), ("Ê-đê", "Ê Đê"), ("Cơ-tu", "Cơ Tu"), ("Hre", "Hrê"), ("Sao Hỏa", None), ("", None),
])
def test_other_names_of_peoples(text: str, group: str | None) -> None:
    assert codes.ethnicity_group(text) == group


@pytest.mark.parametrize(("found", "read", "word"), [
    (codes.ETHNICITY, "Kính", "Kinh"), (codes.ETHNICITY, "Co Tu", "Cơ Tu"), (codes.SEX, "Nử", "Nữ"), (codes.RELATION, "Chà", "Cha"),
    (codes.NATIONALITY, "Viet Nam", "Việt Nam"), (codes.NATIONALITY, "Việl Nan", "Việt Nam"),
])
def test_nearest_word(found: codes.CodeList, read: str, word: str) -> None:
    nearest = found.nearest(read)
    assert nearest is not None and nearest[0] == word and 0 < nearest[1] < 1


def test_nothing_near() -> None:
    assert codes.ETHNICITY.nearest("") is None and codes.SEX.nearest("không biết gì") is None
    assert codes.SEX.to_code("?") is None
    with pytest.raises(KeyError):
        codes.SEX.from_code(9)


def test_unmarked_words_are_understood() -> None:
    assert codes.DOCUMENT.to_code("chung minh nhan dan") == 1 and strip_marks("Quá hạn") == "Qua han"


@pytest.mark.parametrize(("field", "found"), [
    ("nksGioiTinh", codes.SEX), ("meDanToc", codes.ETHNICITY), ("nksQuocTich", codes.NATIONALITY), ("nycQuanHe", codes.RELATION),
    ("nksLoaiKhaiSinh", codes.BIRTH_PARENTS), ("nksHoTen", None), ("voLoaiGiayToTuyThan", codes.DOCUMENT),
])
def test_lists_by_field(field: str, found: codes.CodeList | None) -> None:
    assert codes.list_for_field(field) is found


def test_registration_lists() -> None:
    assert codes.registration_list("KS").to_code("Quá hạn") == 4 and codes.registration_list("KH").to_code("Kết hôn lần đầu") == 1
    with pytest.raises(ValueError, match="HN"):
        codes.registration_list("HN")
