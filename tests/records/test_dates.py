"""Dates in figures and in words, partial and lunar."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_values import days

from records import lunar
from records.dates import (
    PartialDate,
    all_word_forms,
    birth_years,
    full_year,
    in_figures,
    in_words,
    ministry_format,
    parse_age,
    parse_day,
    parse_figures,
    parse_words,
)


def test_every_day_from_1900_to_2030_reads_back_from_its_words() -> None:
    day, seen = date(1900, 1, 1), set()
    while day <= date(2030, 12, 31):
        words = in_words(PartialDate.of(day))
        assert words not in seen
        seen.add(words)
        assert parse_words(words) == PartialDate.of(day), words
        day += timedelta(days=1)


@given(days, st.data())
@settings(max_examples=300)
def test_every_spelling_reads_back(d: PartialDate, data: st.DataObject) -> None:
    forms = all_word_forms(d)
    assert forms[0] == in_words(d) and len(set(forms)) == len(forms)
    assert parse_words(data.draw(st.sampled_from(forms))) == d


@given(days, st.data())
@settings(max_examples=300)
def test_one_wrong_letter_never_gives_another_date(d: PartialDate, data: st.DataObject) -> None:
    """A slip of the reader may leave the date unread, or read; a silently different date needs the slip to spell another number."""
    words = list(in_words(d).lower())
    place = data.draw(st.integers(5, len(words) - 1))
    words[place] = data.draw(st.sampled_from("ạểờqwzfj"))
    assert parse_words("".join(words)) in (d, None)


@pytest.mark.parametrize(("words", "edtf"), [
    ("Ngày mồng bảy tháng một năm hai nghìn không trăm mười ba", "2013-01-07"),
    ("ngày mùng năm tháng tám năm hai ngàn không trăm lẻ bẩy", "2007-08-05"),
    ("Ngày hăm lăm tháng chạp năm một ngàn chín trăm tám mươi tư", "1984-12-25"),
    ("Ngày mồng năm tháng năm năm hai nghìn không trăm linh năm", "2005-05-05"),
    ("Ngày mười tháng mười năm hai nghìn không trăm mười", "2010-10-10"),
    ("ngay hai muoi mot thang bay nam hai nghin khong tram linh bay", "2007-07-21"),
    ("Ngày mười sau tháng hai năm hai nghìn không trăm muời ba", "2013-02-16"),
    ("Ngày 07 tháng một năm 2013", "2013-01-07"),
    ("tháng tám năm một nghìn chín trăm tám mươi", "1980-08"),
    ("Năm một nghìn chín trăm năm mươi lăm", "1955"),
])
def test_words(words: str, edtf: str) -> None:
    assert str(parse_words(words)) == edtf


@pytest.mark.parametrize("words", [
    "", "Nguyễn Văn A", "Ngày", "ngày ba mươi mốt tháng hai năm hai nghìn", "ngày tháng năm", "năm năm năm năm", "tháng bảy",
])
def test_no_date_in_words(words: str) -> None:
    assert parse_words(words) is None


@pytest.mark.parametrize(("text", "edtf"), [
    ("5/8/07", "2007-08-05"), ("05.8.2007", "2007-08-05"), ("21-07-2007", "2007-07-21"), ("2007-07-21", "2007-07-21"),
    ("1980", "1980"),
    ("7/1982", "1982-07"), ("khoảng 1950", "1950~"), ("1950?", "1950?"), ("ngày 5 tháng 8 năm 2007", "2007-08-05"),
    ("05082007", "2007-08-05"),
    ("Ngày 05, tháng 8, năm 2007", "2007-08-05"), ("5 / 8 / 2007", "2007-08-05"), ("sinh năm 1985", "1985"), ("3/4/85", "1985-04-03"),
    ("tháng 8 năm 1985", "1985-08"), ("29/02/2012", "2012-02-29"),
])
def test_figures(text: str, edtf: str) -> None:
    assert str(parse_figures(text)) == edtf


@pytest.mark.parametrize("text", ["", "không rõ", "31/2/2007", "29/02/2013", "12", "28T", "5/13/2007", "0/1/2000", "1/1/2999",
                                  "số 123456789012"])
def test_no_date_in_figures(text: str) -> None:
    assert parse_figures(text) is None


@pytest.mark.parametrize("text", ["05/03/2017", "5/3/2017", "05032017", "5-3-2017", "5.3.2017", "2017-03-05", " 05/3/2017 "])
def test_a_whole_day_is_typed_the_day_first(text: str) -> None:
    assert parse_day(text) == date(2017, 3, 5)


@pytest.mark.parametrize("text", ["", "2017", "3/2017", "5/3/17", "03/25/2017", "31/2/2017", "5/3-2017", "hôm qua", "5/3/2017 ÂL",
                                  "2017-3-5", "1/1/0217", "31/12/9999", "5/3/2017, 6/3/2017"])
def test_no_whole_day(text: str) -> None:
    assert parse_day(text) is None


@given(days, st.sampled_from("/.-"))
def test_figures_read_back(d: PartialDate, separator: str) -> None:
    assert parse_figures(in_figures(d, separator)) == d
    assert PartialDate.parse(str(d)) == d
    assert parse_figures(ministry_format(d)) == d


@given(days, st.integers(1930, 2099))
def test_two_digit_years_are_the_last_that_fit(d: PartialDate, latest: int) -> None:
    year = full_year(d.year % 100, latest)                      # type: ignore[operator]
    assert latest - 99 <= year <= latest and year % 100 == d.year % 100     # type: ignore[operator]


@given(st.integers(1900, 2099), st.none() | st.integers(1, 12), st.none() | st.integers(1, 28), st.sampled_from(["", "~", "?"]))
def test_edtf_reads_back(year: int, month: int | None, day: int | None, qualifier: str) -> None:
    d = PartialDate(year, month, day if month else None, qualifier=qualifier)       # type: ignore[arg-type]
    assert PartialDate.parse(str(d)) == d
    first, last = d.bounds()        # type: ignore[misc]
    assert first <= last and d.agrees(d)


@pytest.mark.parametrize("bad", ["2007-13", "2007-02-30", "", "07", "2007/01/01", "XXXX", "2007-00"])
def test_no_edtf(bad: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PartialDate.parse(bad)


def test_dates_agree_in_what_both_know() -> None:
    parse = PartialDate.parse
    assert parse("1980").agrees(parse("1980-05-02")) and not parse("1980").agrees(parse("1981-05-02"))
    assert parse("1950~").agrees(parse("1952")) and not parse("1950~").agrees(parse("1960"))
    assert parse("XXXX-05-02").agrees(parse("1980-05-02"))


def test_a_year_alone_stays_a_year() -> None:
    d = parse_figures("1980")
    assert d is not None and (d.month, d.day, d.precision, d.to_date()) == (None, None, "year", None)
    assert ministry_format(d) == "1980" and in_figures(d) == "1980"


def test_words_need_a_whole_solar_date() -> None:
    for d in (PartialDate(1980), PartialDate(1980, 5), PartialDate(1980, 5, 2, calendar="lunar")):
        with pytest.raises(ValueError, match="solar"):
            in_words(d)


@pytest.mark.parametrize(("lunar_day", "solar_day"), [
    ((2007, 1, 1, False), date(2007, 2, 17)),       # Tết of Việt Nam, a day before China's
    ((1985, 1, 1, False), date(1985, 1, 21)),       # a month before China's
    ((1968, 1, 1, False), date(1968, 1, 29)),
    ((2024, 1, 1, False), date(2024, 2, 10)), ((2025, 1, 1, False), date(2025, 1, 29)), ((2023, 2, 1, True), date(2023, 3, 22)),
    ((2023, 8, 15, False), date(2023, 9, 29)),      # Trung thu
])
def test_known_days_of_the_lunar_calendar(lunar_day: tuple[int, int, int, bool], solar_day: date) -> None:
    assert lunar.to_solar(*lunar_day) == solar_day


@given(st.integers(1900, 2030), st.integers(1, 12))
def test_lunar_months_follow_each_other(year: int, month: int) -> None:
    first = lunar.to_solar(year, month, 1)
    next_month = lunar.to_solar(year, month, 1, leap=True) or lunar.to_solar(year + month // 12, month % 12 + 1, 1)
    assert first is not None and next_month is not None
    assert (next_month - first).days in (29, 30)
    assert (lunar.to_solar(year, month, 30) is not None) == ((next_month - first).days == 30)


def test_lunar_dates() -> None:
    d = parse_figures("10/3/1952 ÂL")
    assert d is not None and (d.calendar, d.day, d.month, str(d)) == ("lunar", 10, 3, "1952~")
    assert str(d.solar()) == "1952-04-04"
    assert lunar.year_name(1984) == "Giáp Tý" and lunar.year_name(2024) == "Giáp Thìn"


@pytest.mark.parametrize(("text", "age"), [("28T", 28), ("28 tuổi", 28), ("28 t", 28), ("1980", None), ("200T", None), ("", None)])
def test_ages(text: str, age: int | None) -> None:
    assert parse_age(text) == age


def test_an_age_is_an_interval_of_years() -> None:
    assert birth_years(28, 2008) == (1979, 1981)
