"""Times of day: what people write, and the one value of it."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.times import parse_time, split_time, time_value


@pytest.mark.parametrize(("text", "value"), [
    ("5 giờ 30 phút", "05:30"), ("17h05", "17:05"), ("5:30", "05:30"), ("17g30'", "17:30"), ("5.05", "05:05"),
    ("lúc 7 giờ 05 phút sáng", "07:05"), ("5 giờ", "05"), ("17", "17"), ("5 giờ chiều", "17"), ("5 giờ 30 chiều", "17:30"),
    ("11 giờ đêm", "23"), ("1 giờ đêm", "01"),
    ("12 giờ đêm", "00"), ("12 giờ trưa", "12"), ("24 giờ 00", "00:00"), ("23:59", "23:59")])
def test_what_clerks_write(text: str, value: str) -> None:
    assert parse_time(text) == value


@pytest.mark.parametrize("text", ["", "không rõ", "25h", "5 giờ 70", "24:30", "5/8/2017", "khoảng trưa", "phút"])
def test_what_is_no_time(text: str) -> None:
    assert parse_time(text) is None


@given(st.integers(0, 23), st.none() | st.integers(0, 59))
def test_a_value_reads_as_itself(hour: int, minute: int | None) -> None:
    value = time_value(hour, minute)
    assert parse_time(value) == value and split_time(value) == (hour, minute)


@pytest.mark.parametrize("value", ["5:30", "24:00", "12:60", "1200", ""])
def test_only_values_are_split(value: str) -> None:
    with pytest.raises(ValueError): split_time(value)
