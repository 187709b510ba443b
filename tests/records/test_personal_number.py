"""Personal numbers: what their digits say, and what contradicts them."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.personal_number import PROVINCES_2016, check_personal_number, number_prefix, parse_personal_number
from records.places import default_gazetteer, split_kind
from records.text import fold

provinces = st.sampled_from(sorted(PROVINCES_2016))
sexes = st.sampled_from(["Nam", "Nữ"])
tails = st.integers(0, 999_999).map(lambda n: f"{n:06d}")


@given(provinces, sexes, st.integers(1900, 2099), tails)
def test_digits_say_what_they_were_made_of(province: str, sex: str, year: int, tail: str) -> None:
    number = parse_personal_number(number_prefix(province, sex, year) + tail)
    assert number is not None and (number.province_code, number.sex, number.birth_year) == (province, sex, year)
    assert number.province() == PROVINCES_2016[province]
    assert check_personal_number(str(number), sex, year) == []


@given(provinces, sexes, st.integers(1900, 2099), tails, sexes, st.integers(1900, 2099))
def test_a_contradiction_is_always_found(province: str, sex: str, year: int, tail: str, other_sex: str, other_year: int) -> None:
    codes = {p.code for p in check_personal_number(number_prefix(province, sex, year) + tail, other_sex, other_year)}
    assert ("sex" in codes) == (sex != other_sex) and ("year" in codes) == (year != other_year)


@pytest.mark.parametrize(("text", "digits"), [
    ("051 313 666 764", "051313666764"), ("051.313.666.764", "051313666764"), ("212345678", "212345678"), ("51313666764", "051313666764"),
])
def test_separators_and_a_lost_zero(text: str, digits: str) -> None:
    assert str(parse_personal_number(text)) == digits


@pytest.mark.parametrize("text", ["", "12345", "B1234567", "05131366676O", "0513136667641", "٠٥١٣١٣٦٦٦٧٦٤"])
def test_no_number(text: str) -> None:
    assert parse_personal_number(text) is None


@pytest.mark.parametrize(("text", "on", "code", "severity"), [
    ("05131366676", None, "length", "hard"), ("05131366676O", None, "letters", "hard"), ("003313666764", None, "province", "soft"),
    ("051613666764", None, "century", "hard"), ("051325666764", date(2013, 1, 1), "future", "hard"),
    ("051190666764", date(2009, 1, 1), "too_early", "soft"),
])
def test_problems(text: str, on: date | None, code: str, severity: str) -> None:
    found = {p.code: p for p in check_personal_number(text, on=on)}
    assert found[code].severity == severity and found[code].message_vi and found[code].message_en


def test_a_prefix_is_decoded_with_a_date() -> None:
    number = parse_personal_number("052326123456")
    assert number is not None and number.provinces(date(2024, 1, 1)) == ("Bình Định",)
    assert number.provinces(date(2026, 1, 1)) == ("Gia Lai", "Bình Định")
    foreign = parse_personal_number("112085123456")
    assert foreign is not None and foreign.province() is None and check_personal_number("112085123456", "Nam", 1985) == []


def test_an_old_card_says_neither_sex_nor_year() -> None:
    card = parse_personal_number("212345678")
    assert card is not None and (card.kind, card.sex, card.birth_year, card.provinces()) == ("cmnd", None, None, ())
    assert check_personal_number("212345678", "Nữ", 1980) == []


def test_the_table_is_the_gazetteers() -> None:
    """Two sources of the 63 provinces: the appendix of TT 07/2016 here, the statistics office's list there."""
    listed = {"0" + u.code: fold(split_kind(u.name)[1]) for u in default_gazetteer().provinces_on(date(2020, 1, 1))}
    assert {code: fold(name) for code, name in PROVINCES_2016.items()} == listed


def test_no_prefix_for_the_impossible() -> None:
    for sex, year in (("?", 2000), ("Nam", 1899), ("Nữ", 2400)):
        with pytest.raises(ValueError, match="no number"):
            number_prefix("051", sex, year)
