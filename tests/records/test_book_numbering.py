from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from records.book_label import BookLabel, parse_label
from records.book_names import book_of_names
from records.book_numbering import Run, check_numbers, first_numbers
from records.filenames import parse_entry_number, parse_page_name


def found(*texts, year=2017):
    return [(year, parse_entry_number(t)) for t in texts]


def test_a_gap_is_one_run_and_a_second_book_goes_on_with_the_first_ones_numbers():
    numbering = check_numbers(found("57", "58", "61"), first_numbers(2, 2017, 55))
    assert numbering.missing == (Run(2017, 56, 56), Run(2017, 59, 60))
    assert check_numbers(found("57", "58")).missing == ()                       # nobody knows where the second book begins


def test_numbers_begin_again_each_year():
    both = found("41", "42") + found("2", "3", year=2018)
    assert check_numbers(both, first_numbers(1, 2017, None), 2017).missing == (Run(2017, 1, 40), Run(2018, 1, 1))


def test_12_bis_is_no_repeat_of_12_and_12a_stands_for_it():
    assert check_numbers(found("11", "12", "12 bis", "13")).repeated == ()
    assert check_numbers(found("11", "12a", "12b", "13")).missing == ()
    assert check_numbers(found("11", "12 bis", "13")).missing == (Run(2017, 12, 12),)
    assert check_numbers(found("11", "12a", "012a")).repeated == ((2017, "12a"),)


@given(st.sets(st.integers(1, 300), min_size=1), st.lists(st.integers(1, 300)))
def test_runs_are_exactly_the_numbers_between_that_were_not_found(numbers, again):
    every = [*numbers, *(n for n in again if n in numbers)]
    numbering = check_numbers([(2017, parse_entry_number(str(n))) for n in every])
    gaps = [n for r in numbering.missing for n in range(r.first, r.last + 1)]
    assert set(gaps) == set(range(min(numbers), max(numbers))) - numbers and len(gaps) == len(set(gaps))
    assert {n for _, n in numbering.repeated} == {str(n) for n in again if n in numbers}


def test_names_tell_the_book_and_its_jumps():
    told = book_of_names("", ["KS.2017.01.012.jpg", "KS.2017.01.013.jpg", "KS.2017.01.015.jpg", "IMG_1.jpg"])
    assert told.about == {"loai": "KS", "nam": 2017, "quyenSo": "01/2017"} and told.jumps == ((14, 14),)
    assert book_of_names("KH.2018.02", ["scan1.jpg"]).about == {"loai": "KH", "nam": 2018, "quyenSo": "02/2018"}


def test_a_page_taken_again_keeps_the_number_of_its_name():
    assert parse_page_name("KS.2017.01.012~0a1b2c3d.jpg") == parse_page_name("KS.2017.01.012.jpg")


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=40), st.text(max_size=8), st.sampled_from(["", "KS", "KH"]),
       st.one_of(st.none(), st.integers(1850, 2200)), st.text(max_size=12), st.integers(0, 9999))
def test_a_label_comes_back_from_its_text(batch, commune, kind, year, volume, pages):
    label = BookLabel(batch, commune, kind, year, volume, pages, "0a" * 5)
    text = str(label)
    assert parse_label(text) == label and text.isascii()


@given(st.text())
def test_other_codes_are_no_label(text):
    assert parse_label(text) is None or text.strip().startswith("SOGOC1/")
