"""How numbers, shares, days and times are written."""
from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.context import template_environment
from portal.notation import day, local_time, number, percent


@pytest.mark.parametrize(("value", "decimals", "said"), [
    (1234.5, None, "1.234,5"), (1234567, None, "1.234.567"), (0, None, "0"), (-1200, None, "−1.200"), (0.125, 2, "0,13"), (2, 1, "2,0"),
    (999.999, 2, "1.000,00"), (-0.001, 1, "0,0"), (None, None, "–"), (float("nan"), None, "–"), (1e15, None, "1.000.000.000.000.000"),
])
def test_numbers(value, decimals, said):
    assert number(value, decimals) == said


@pytest.mark.parametrize(("share", "said"), [
    (0.998, "99,8 %"), (1, "100,0 %"), (0.99999, "> 99,9 %"), (0, "0,0 %"), (0.0001, "< 0,1 %"), (0.7, "70,0 %"), (None, "–")])
def test_shares(share, said):
    assert percent(share) == said


def test_shares_of_an_english_page():
    assert (percent(0.5, 0, "en"), percent(0.1234, lang="en"), number(1234.5, lang="en")) == ("50 %", "12.3 %", "1,234.5")


def test_days_and_times_are_those_of_vietnam():
    assert [day(date(2026, m, d)) for m, d in ((8, 5), (2, 5), (11, 15))] == ["05/8/2026", "05/02/2026", "15/11/2026"]
    assert local_time(datetime(2026, 8, 5, 18, 3, tzinfo=UTC)) == "01:03 06/8/2026"
    assert day(datetime(2026, 8, 5, 18, tzinfo=UTC)) == "06/8/2026"
    assert (day(None), local_time(None)) == ("", "")


@given(st.integers(-10**12, 10**12) | st.floats(-1e9, 1e9).map(lambda v: round(v, 4)))
def test_a_number_reads_back_as_itself(value):
    text = number(value)
    assert re.fullmatch(r"−?\d{1,3}(\.\d{3})*(,\d+)?", text)
    assert Decimal(text.replace(".", "").replace(",", ".").replace("−", "-")) == Decimal(str(value))


@given(st.floats(0, 1))
def test_only_all_is_a_hundred_and_only_nothing_is_none(share):
    assert (percent(share) == "100,0 %") == (share == 1) and (percent(share) == "0,0 %") == (share == 0)


def test_the_filters_follow_the_page_language():
    template = template_environment().from_string("{{ n | number }} {{ s | percent(0) }} {{ d | day }} {{ t | local_time }}")
    values = {"n": 1234.5, "s": 0.25, "d": date(2026, 8, 5), "t": datetime(2026, 8, 5, 1, tzinfo=UTC)}
    assert template.render(lang="vi", **values) == "1.234,5 25 % 05/8/2026 08:00 05/8/2026"
    assert template.render(lang="en", **values) == "1,234.5 25 % 05/8/2026 08:00 05/8/2026"
