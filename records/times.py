"""Times of day as registers hold them: `HH:MM` by 24 hours (ISO 8601), `HH` alone where no minute is written."""
from __future__ import annotations

import re

from records.text import fold

_CLOCK = re.compile(r"(?:lúc )?(\d{1,2})(?: ?(?:giờ|gio|h|g| ) ?(?:(\d{1,2})(?: ?(?:phút|phut|p))?)?)?(?: (sáng|trưa|chiều|tối|đêm))?")
_AFTERNOON = {"sáng": range(0), "trưa": range(1, 3), "chiều": range(1, 12), "tối": range(1, 12), "đêm": range(6, 12)}


def time_value(hour: int, minute: int | None) -> str:
    """The value of a time. ValueError where no clock shows it."""
    if not 0 <= hour <= 23 or not 0 <= (minute or 0) <= 59:
        raise ValueError(f"no time of day: {hour}:{minute}")
    return f"{hour:02d}" if minute is None else f"{hour:02d}:{minute:02d}"


def parse_time(text: str) -> str | None:
    """The value of "5 giờ 30 phút", "17h05", "5:30", "5 giờ chiều"; None for anything else. Midnight is 00:00, written as
    24 giờ too."""
    match = _CLOCK.fullmatch(fold(text))
    if match is None:
        return None
    hour, minute, part = int(match[1]), int(match[2]) if match[2] else None, match[3]
    if part and hour in _AFTERNOON[part]:
        hour += 12
    elif (hour == 24 and not minute) or (part == "đêm" and hour == 12):
        hour = 0
    try:
        return time_value(hour, minute)
    except ValueError:
        return None


def split_time(value: str) -> tuple[int, int | None]:
    """Hour and minute of a value. ValueError for anything else."""
    match = re.fullmatch(r"(\d{2})(?::(\d{2}))?", value)
    if match is None:
        raise ValueError(f"not a time of day: {value!r}")
    hour, minute = int(match[1]), int(match[2]) if match[2] else None
    time_value(hour, minute)
    return hour, minute
