"""Names of page files and folders, entry and book numbers."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codes import REGISTER_KINDS
from records.filenames import (
    BookNumber,
    EntryNumber,
    FolderName,
    PageName,
    page_name,
    parse_book_number,
    parse_entry_number,
    parse_folder_name,
    parse_page_name,
)


@pytest.mark.parametrize(("name", "parsed"), [
    ("KS.2017.01.001.jpg", PageName("KS", 2017, "1", "1")),
    ("KS.2010.01.001.PDF", PageName("KS", 2010, "1", "1")),
    ("ks.2007.01.2007-08-05.0123.pdf", PageName("KS", 2007, "1", "123", date(2007, 8, 5), 2007)),
    ("KS.1998.02.x.y.99.0123.pdf", PageName("KS", 1998, "2", "123", None, 1999)),
    ("CMC.2010.10.012a.tif", PageName("NCM", 2010, "10", "12a")),
    ("XACNHANHONNHAN.2010.01.5.png", PageName("HN", 2010, "1", "5")),
    ("KH.2018.100.0001", PageName("KH", 2018, "100", "1")),
])
def test_grammars(name: str, parsed: PageName) -> None:
    assert parse_page_name(name) == parsed


@pytest.mark.parametrize("name", [
    "", "scan0001.jpg", "KS.2007.01.2007-13-05.0123.pdf", "KS.17.01.001.jpg", "ZZ.2017.01.001.jpg", "../KS.2017.01.001.jpg",
    "KS.2017.01.jpg",
    "HS.2017.01.001.pdf", "KS.2017.01.001.exe", "KS.2017.01.001.jpg.exe",
])
def test_no_grammar(name: str) -> None:
    assert parse_page_name(name) is None


@given(st.sampled_from(sorted(set(REGISTER_KINDS) - {"HS"})), st.integers(1900, 2099), st.integers(1, 999), st.integers(1, 9999),
       st.sampled_from(["", "a", "b"]), st.none() | st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(["pdf", "jpg", "tiff"]))
def test_names_read_back(kind: str, year: int, book: int, number: int, suffix: str, day: date | None, extension: str) -> None:
    parsed = parse_page_name(page_name(kind, year, str(book), f"{number}{suffix}", extension, day))
    assert parsed == PageName(kind, year, str(book), f"{number}{suffix}", day, day.year if day else None)
    assert parsed.book_number == f"{book:02d}/{year}"


@given(st.text(max_size=40))
def test_any_file_name_may_come(name: str) -> None:
    parsed = parse_page_name(name)
    assert parsed is None or parsed.kind in REGISTER_KINDS


def test_no_name_for_what_the_grammar_cannot_say() -> None:
    with pytest.raises(ValueError, match="file name"):
        page_name("KS", 2017, "1", "mười hai")


@pytest.mark.parametrize(("name", "parsed"), [
    ("KS.2017.01.05", FolderName("KS", 2017, "1")), ("KH-2018", FolderName("KH", 2018, None)),
    ("KS_2009_02 bản sao", FolderName("KS", 2009, "2")),
    ("Sổ khai sinh", None), ("", None),
])
def test_folders(name: str, parsed: FolderName | None) -> None:
    assert parse_folder_name(name) == parsed


@pytest.mark.parametrize(("text", "parsed"), [
    ("123/2007", EntryNumber(123, "", 2007)), ("024", EntryNumber(24)), ("12a", EntryNumber(12, "a")), ("12 bis", EntryNumber(12, "bis")),
    ("Số: 15", EntryNumber(15)), (" 7 / 2010 ", EntryNumber(7, "", 2010)), ("0", None), ("", None), ("ab", None), ("123456", None),
    ("1/20", None),
])
def test_entry_numbers(text: str, parsed: EntryNumber | None) -> None:
    assert parse_entry_number(text) == parsed


@given(st.integers(1, 99999), st.sampled_from(["", "a", "đ", "bis"]))
def test_entry_numbers_read_back(number: int, suffix: str) -> None:
    entry = EntryNumber(number, suffix)
    assert parse_entry_number(str(entry)) == entry


@pytest.mark.parametrize(("text", "parsed"), [
    ("01/2017", BookNumber(1, 2017)), ("1 / 2017", BookNumber(1, 2017)), ("02", BookNumber(2, None)), ("01/17", BookNumber(1, 2017)),
    ("01/98", BookNumber(1, 1998)), ("Quyển số: 03/2010", BookNumber(3, 2010)), ("01A/2010", BookNumber(1, 2010, "a")), ("x", None),
    ("", None),
])
def test_book_numbers(text: str, parsed: BookNumber | None) -> None:
    assert parse_book_number(text) == parsed


@given(st.integers(1, 999), st.none() | st.integers(1900, 2099))
def test_book_numbers_read_back(number: int, year: int | None) -> None:
    book = BookNumber(number, year)
    assert parse_book_number(str(book)) == book
