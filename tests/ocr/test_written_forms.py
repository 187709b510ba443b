"""What a line holds whose value is known: the way of writing that the line shows, and nothing where it does not tell."""
from __future__ import annotations

import pytest
from lattices import clear

from ocr.lattice import Lattice
from ocr.written_forms import texts_of_lines, ways_to_write

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz0123456789 ,.-/'()"


def line(text: str) -> Lattice:
    return clear(text, alphabet=LETTERS)


@pytest.mark.parametrize(("kind", "value", "written"), [
    ("name", "Lê Thị Loan", "lê thị loan"), ("name", "Nguyễn Hoà", "nguyễn hòa"), ("date", "2017-03-05", "5/3/2017"),
    ("date", "2017-03-05", "05-03-2017"), ("date", "2017-03-05", "05.03.17"), ("date", "1985", "1985"),
    ("date", "2017-03-05", "ngày 05 tháng 3 năm 2017"), ("entry_number", "12", "012"), ("entry_number", "123", "123/2017"),
    ("book_number", "01/2017", "01"), ("time", "05:30", "5 giờ 30"), ("time", "17:05", "17h05"), ("time", "07", "7"),
    ("personal_number", "051217000001", "051217000001"),
    ("place", "Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi", "nghĩa kỳ, tư nghĩa, quảng ngãi"),
    ("place", "Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi", "xã nghĩa kỳ - huyện tư nghĩa - quảng ngãi")])
def test_the_line_says_which_way(kind: str, value: str, written: str) -> None:
    assert texts_of_lines(kind, value, [line(written)]) == (written,)       # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "value", "lines"), [
    ("date", "2017-03-05", ("05", "3", "2017")), ("date", "2017-03-05", ("5", "03", "17")), ("time", "05:07", ("5", "07")),
    ("place", "Xã Nghĩa Kỳ, Huyện Tư Nghĩa, Quảng Ngãi", ("xã nghĩa kỳ, huyện", "tư nghĩa, quảng ngãi")),
    ("date_words", "Ngày năm tháng ba năm hai nghìn không trăm mười bảy", ("ngày năm tháng ba năm hai", "nghìn không trăm mười bảy"))])
def test_a_value_on_several_lines_is_parted_where_the_lines_part(kind: str, value: str, lines: tuple[str, ...]) -> None:
    assert texts_of_lines(kind, value, [line(x) for x in lines]) == lines     # type: ignore[arg-type]


def test_nothing_is_said_where_two_ways_look_alike() -> None:
    both = clear("5/3/2017", {1: ("-", 0.5), 3: ("-", 0.5)}, alphabet=LETTERS)
    assert texts_of_lines("date", "2017-03-05", [both]) is None


@pytest.mark.parametrize(("kind", "value", "written"), [
    ("name", "Lê Thị Loan", "quảng ngãi 17"), ("personal_number", "051217000001", "trần văn bình"), ("sex", "Nam", "nam"),
    ("date", "1952-03-10~", "10/3/1952"), ("time", "sáng", "sáng"),
    ("date", "không rõ", "không rõ"), ("name", "", "lê"), ("name", "Lê £", "lê")])
def test_nothing_is_said_of_another_fields_line_nor_of_values_that_do_not_tell(kind: str, value: str, written: str) -> None:
    assert texts_of_lines(kind, value, [line(written)]) is None      # type: ignore[arg-type]


def test_more_lines_than_a_value_has_parts_are_not_learned_from() -> None:
    assert texts_of_lines("personal_number", "051217000001", [line("051217"), line("000001")]) is None
    assert texts_of_lines("name", "Lê Loan", [line(x) for x in ("lê", "thị", "a", "b")]) is None


def test_ways_of_writing_come_once_and_the_plain_one_first() -> None:
    ways = ways_to_write("date", "2017-11-25")
    assert ways[0] == "25/11/2017" and len(ways) == len(set(ways))
    assert ways_to_write("name", "Thuý Quỳnh") == ["thuý quỳnh", "thúy quỳnh"]
