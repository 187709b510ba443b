"""Numbers, days, lengths and periods as people write them: 1.234,5 and 05/8/2026 in Vietnamese, 1,234.5 and 2026-08-05 in English."""

from __future__ import annotations

from datetime import date, datetime

from portal.language import Words
from storage.report_period import Period
from storage.report_sql import HOURS_SHOWN
from storage.sheet_file import Kind, Value
from storage.watermark import VIETNAM, vietnamese_day

_QUARTERS = ("I", "II", "III", "IV")


def number(words: Words, value: float | None, digits: int = 0) -> str:
    """None is –."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return text if words.lang == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(words: Words, share: float | None) -> str:
    return "–" if share is None else number(words, share * 100, 1) + (" %" if words.lang == "vi" else "%")


def day(words: Words, value: date) -> str:
    return vietnamese_day(value) if words.lang == "vi" else value.isoformat()


def moment(words: Words, value: datetime) -> str:
    local = value.astimezone(VIETNAM)
    return f"{local:%H:%M} {words('ngày')} {day(words, local.date())}" if words.lang == "vi" else f"{local:%Y-%m-%d %H:%M}"


def cell(words: Words, value: Value, kind: Kind) -> str:
    """A table's cell as text."""
    if value is None or isinstance(value, str):
        return value if isinstance(value, str) else "–"
    if isinstance(value, date):
        return day(words, value)
    return percent(words, value) if kind == "percent" else number(words, value, 1 if isinstance(value, float) else 0)


def length(words: Words, hours: int | None) -> str:
    """Hours as kept: whole ones up to two days, whole days above."""
    if hours is None:
        return "–"
    return words("{n} giờ", n=number(words, hours)) if hours <= HOURS_SHOWN else words("{n} ngày", n=number(words, hours // 24))


def period(words: Words, p: Period) -> str:
    """`Tháng 8/2026`, `Quý III/2026`, `Năm 2026`, `Tuần 32 (03/8/2026 – 09/8/2026)`, or its two days."""
    both = f"{day(words, p.first)} – {day(words, p.last)}"
    if not p.code:
        return both
    year, _, rest = p.code.partition("-")
    if not rest:
        return words("Năm {year}", year=year)
    if rest.startswith("Q"):
        return words("Quý {n}/{year}", n=_QUARTERS[int(rest[1]) - 1] if words.lang == "vi" else rest[1], year=year)
    if rest.startswith("W"):
        return words("Tuần {n} ({days})", n=int(rest[1:]), days=both)
    return words("Tháng {n}/{year}", n=int(rest), year=year)


def short(p: Period) -> str:
    """For an axis: 8/2026, III/2026, 2026, T32."""
    year, _, rest = p.code.partition("-")
    if rest.startswith("Q"):
        return f"{_QUARTERS[int(rest[1]) - 1]}/{year}"
    return f"T{int(rest[1:])}" if rest.startswith("W") else f"{int(rest)}/{year}" if rest else year
