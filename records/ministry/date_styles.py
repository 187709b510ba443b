"""The three ways in which systems of one country write a day: dd.MM.yyyy, dd/MM/yyyy, yyyyMMdd. Each in this one place."""
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from records.dates import in_figures
from records.partial_date import PartialDate

DateStyle = Literal["dotted", "slashed", "compact"]
VIETNAM = timezone(timedelta(hours=7))
_READS = {"dotted": re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
          "slashed": re.compile(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})"),
          "compact": re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")}


def say_date(style: DateStyle, value: PartialDate) -> str:
    """A day in that style; of a date that is not whole the year alone, else nothing: what is not known is never made up."""
    if value.precision != "day":
        return f"{value.year:04d}" if value.year is not None else ""
    if style == "compact":
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    return in_figures(value, "." if style == "dotted" else "/")


def read_date(style: DateStyle, text: str) -> PartialDate | None:
    """What `say_date` wrote, or None for anything else."""
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}", text):
            return PartialDate(int(text))
        m = _READS[style].fullmatch(text)
        return PartialDate(int(m["y"]), int(m["m"]), int(m["d"])) if m else None
    except ValueError:
        return None


def say_moment(style: DateStyle, at: datetime) -> str:
    """A time on Vietnam's clocks: dd/MM/yyyy HH:mm:ss and the like; compact has no separators at all."""
    local = at.astimezone(VIETNAM)
    return local.strftime({"dotted": "%d.%m.%Y %H:%M:%S", "slashed": "%d/%m/%Y %H:%M:%S", "compact": "%Y%m%d%H%M%S"}[style])


def read_moment(style: DateStyle, text: str) -> datetime | None:
    """What `say_moment` wrote, in UTC, or None."""
    form = {"dotted": "%d.%m.%Y %H:%M:%S", "slashed": "%d/%m/%Y %H:%M:%S", "compact": "%Y%m%d%H%M%S"}[style]
    try:
        return datetime.strptime(text.strip(), form).replace(tzinfo=VIETNAM).astimezone(UTC)
    except ValueError:
        return None
