"""How numbers, shares, days and times are written for people: 1.234,5 · 99,8 % · 05/8/2026 · 14:05 05/8/2026, on the Vietnamese clock.

Days follow Nghị định 30/2020/NĐ-CP (Phụ lục I, II.4): days below 10 and the months 1 and 2 have a zero before them, other months none.
English pages keep the day-first dates and write 1,234.5. Templates know the four as filters: number, percent, day, local_time.
"""
from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

import jinja2

VIETNAM = timezone(timedelta(hours=7), "+07")
NOTHING = "–"
Number = int | float | Decimal


def number(value: Number | None, decimals: int | None = None, lang: str = "vi") -> str:
    """1234.5 -> 1.234,5. decimals: that many digits after the comma, rounded half up; None: as many as there are, at most 6."""
    if value is None:
        return NOTHING
    exact = Decimal(str(value))
    if not exact.is_finite():
        return NOTHING
    rounded = exact.quantize(Decimal(1).scaleb(-(6 if decimals is None else decimals)), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    if Decimal(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    text = text.replace("-", "−")
    return text if lang == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(share: Number | None, decimals: int = 1, lang: str = "vi") -> str:
    """A share of 0..1 in hundredths: 0.998 -> 99,8 %. What is not all is never said to be 100 %, what is not nothing never 0 %."""
    if share is None:
        return NOTHING
    least = Decimal(1).scaleb(-decimals)
    exact = Decimal(str(share)) * 100
    if 100 - least < exact < 100:
        return f"> {number(100 - least, decimals, lang)} %"
    if 0 < exact < least:
        return f"< {number(least, decimals, lang)} %"
    return f"{number(exact, decimals, lang)} %"


def day(when: date | datetime | None) -> str:
    """05/8/2026; a time is first put on the Vietnamese clock."""
    if when is None:
        return ""
    if isinstance(when, datetime):
        when = when.astimezone(VIETNAM)
    month = f"{when.month:02d}" if when.month < 3 else str(when.month)
    return f"{when.day:02d}/{month}/{when.year:04d}"


def local_time(at: datetime | None, form: str = "") -> str:
    """A time as `14:05 05/8/2026` on the Vietnamese clock; `form` (strftime) where only a part of it is wanted."""
    if at is None:
        return ""
    there = at.astimezone(VIETNAM)
    return there.strftime(form) if form else f"{there:%H:%M} {day(there)}"


@jinja2.pass_context
def _number(context: jinja2.runtime.Context, value: Number | None, decimals: int | None = None) -> str:
    return number(value, decimals, context.get("lang", "vi"))


@jinja2.pass_context
def _percent(context: jinja2.runtime.Context, share: Number | None, decimals: int = 1) -> str:
    return percent(share, decimals, context.get("lang", "vi"))


FILTERS = {"number": _number, "percent": _percent, "day": day, "local_time": local_time}
