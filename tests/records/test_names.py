"""Names: their parts, their capitals, how common they are."""
from __future__ import annotations

import pytest
from hypothesis import given
from written_values import names

from records.names import PersonName, common_tokens, name_frequency, name_information, parse_name, tidy_name, written_case
from records.text import fold


@pytest.mark.parametrize(("text", "name"), [
    ("LÊ THỊ LOAN", PersonName("Lê", ("Thị",), "Loan")),
    ("nguyễn văn a", PersonName("Nguyễn", ("Văn",), "A")),
    ("ông Trần Quốc Tuấn", PersonName("Trần", ("Quốc",), "Tuấn")),
    ("Âu Dương Thị Bích", PersonName("Âu Dương", ("Thị",), "Bích")),
    ("RƠ CHÂM H'LAN", PersonName("Rơ Châm", (), "H'Lan")),
    ("Tôn Nữ Thị Hồng Vân", PersonName("Tôn", ("Nữ", "Thị", "Hồng"), "Vân")),
    ("K’BRƠI", PersonName("", (), "K'Brơi")),
    ("Y Thun", PersonName("Y", (), "Thun")),
    ("y-bluih niê", PersonName("Y-Bluih", (), "Niê")),
    ("…Phạm Hải …", PersonName("Phạm", (), "Hải")),
    ("Ng. Văn Tèo", PersonName("Nguyễn", ("Văn",), "Tèo")),
])
def test_parts_of_a_name(text: str, name: PersonName) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize("text", ["", "   ", "……", "123", "."])
def test_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        parse_name(text)


@pytest.mark.parametrize("written", ["K'Brơi", "Y-Bluih", "KBuôr", "H'Wen Niê", "Rơ Châm H'Lan", "Lê Thị Loan", "M'Lô", "Đỗ Ý"])
def test_written_case_keeps_what_is_written_right(written: str) -> None:
    assert written_case(written) == written


@given(names)
def test_capitals_come_back(name: str) -> None:
    assert written_case(name.upper()) == written_case(name)
    assert written_case(written_case(name)) == written_case(name)


@given(names)
def test_a_name_is_its_own_text(name: str) -> None:
    parsed = parse_name(name.upper())
    assert parse_name(str(parsed)) == parsed
    assert fold(str(parsed)) == fold(tidy_name(name)) == parsed.key


def test_the_lists_are_sizeable_and_sum_to_one() -> None:
    assert len(common_tokens("given")) >= 600 and len(common_tokens("surname")) >= 300 and len(common_tokens("middle")) >= 200
    for part in ("surname", "middle", "given"):
        for sex in (None, "Nam", "Nữ"):
            weights = common_tokens(part, sex)
            assert sum(weights.values()) == pytest.approx(1.0)
            assert list(weights.values()) == sorted(weights.values(), reverse=True)


def test_regional_and_minority_names_are_there() -> None:
    given, surnames = common_tokens("given"), common_tokens("surname")
    assert {"Nhơn", "Sanh", "Thơ", "Chánh", "Tánh", "Phước"} <= set(given)
    assert {"Moong", "Xồng", "Cụt", "Lầu", "Vừ", "Già", "Niê", "Kpă", "Rơ Châm", "Thạch", "Danh", "Nông", "Bế", "Vi"} <= set(surnames)
    assert {"Cill", "Langbian", "Dagút", "B'Krông", "Ktul", "Knul", "Preng", "Kpơr"} <= set(surnames)


def test_common_names_say_little() -> None:
    assert 0.2 < name_frequency("NGUYỄN", "surname") < 0.4
    assert name_frequency("Nguyễn", "surname") > name_frequency("Trần", "surname") > name_frequency("Xồng", "surname") > 0
    assert name_frequency("Thị", "middle") > name_frequency("Khiết", "middle") > name_frequency("Zzz", "middle") > 0
    assert name_information(parse_name("Xồng Bá Dờ")) > name_information(parse_name("Nguyễn Thị Hương")) + 8


def test_sexes_differ() -> None:
    assert common_tokens("middle", "Nữ")["Thị"] > 0.2 and "Thị" not in common_tokens("middle", "Nam")
    assert "Hùng" in common_tokens("given", "Nam") and "Hùng" not in common_tokens("given", "Nữ")
