"""Charts: what is drawn is as high as it is much, whatever the numbers and names; nothing in them the security policy refuses."""
from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.language import Words
from portal.reports import numbers
from portal.reports.chart import Series, bars, columns, lines
from storage.report_period import parse_period

VALUES = st.lists(st.one_of(st.none(), st.integers(0, 10_000_000), st.floats(0, 100)), min_size=1, max_size=30)
LOOKS = ("main", "second", "doubt", "bad", "plan")


@settings(max_examples=25, deadline=None)
@given(VALUES, st.text(max_size=30), st.booleans())
def test_any_numbers_make_a_chart_of_plain_svg(values, name, stacked):
    labels = [name or "x"] * len(values)
    series = [Series(name, tuple(values), look) for look in LOOKS]
    for chart in (columns(name, labels, series, str, stacked), lines(name, labels, series, str),
                  bars(name, [(name, v or 0, name) for v in values])):
        if not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", name):
            ElementTree.fromstring(chart)
        assert not re.search(r"<style|<script|\sstyle=|\son\w+=\"", chart) and chart.count("<script") == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=24))
def test_bars_are_as_high_as_their_numbers(values):
    root = ElementTree.fromstring(columns("t", ["x"] * len(values), [Series("s", tuple(values))], str))
    heights = [float(r.get("height")) for r in root.iter("rect") if r.find("title") is not None]
    some = [v for v in values if v]
    assert len(heights) == len(some) and all(0 <= h <= 190.1 for h in heights)
    for height, value in zip(heights, some, strict=True):
        assert abs(height * max(some) - value * max(heights)) <= 0.11 * max(some)
    assert not some or max(heights) > 75            # the axis fits the numbers


def test_kinds_differ_without_colour():
    chart = columns("t", ["x"], [Series(look, (1,), look) for look in LOOKS], str, stacked=True)
    assert len(set(re.findall(r'<rect x[^>]* fill="([^"]+)"', chart))) == len(LOOKS) and chart.count("<pattern") == 4


@pytest.mark.parametrize(("value", "kind", "vi", "en"), [
    (1234.56, "number", "1.234,6", "1,234.6"), (1234567, "number", "1.234.567", "1,234,567"), (0.0536, "percent", "5,4 %", "5.4%"),
    (date(2026, 8, 5), "day", "05/8/2026", "2026-08-05"), (date(2026, 1, 25), "day", "25/01/2026", "2026-01-25"),
    (None, "number", "–", "–"),
    ("007", "text", "007", "007"), (0, "number", "0", "0")])
def test_numbers_and_days(value, kind, vi, en):
    assert (numbers.cell(Words("vi"), value, kind), numbers.cell(Words("en"), value, kind)) == (vi, en)


@pytest.mark.parametrize(("code", "vi", "short"), [
    ("2026", "Năm 2026", "2026"), ("2026-Q3", "Quý III/2026", "III/2026"), ("2026-08", "Tháng 8/2026", "8/2026"),
    ("2026-W32", "Tuần 32 (03/8/2026 – 09/8/2026)", "T32")])
def test_periods(code, vi, short):
    assert (numbers.period(Words("vi"), parse_period(code)), numbers.short(parse_period(code))) == (vi, short)
    assert numbers.length(Words("vi"), 48) == "48 giờ" and numbers.length(Words("vi"), 72) == "3 ngày"
