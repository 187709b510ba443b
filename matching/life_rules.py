"""What one life allows: which two register entries cannot both be of the same person."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from matching.registrations import Registration

Clash = Literal["claimed_twice", "after_death", "births_too_near"]
_ONCE = ("nks", "nkt")                          # roles a person has in one event of their life
_AFTER_FATHER = timedelta(days=305)             # a child may be born ten months after the father's death
_TWINS, _PREGNANCY = timedelta(days=3), timedelta(days=180)
_YOUNGEST = {"vo": 13, "chong": 14, "me": 12, "cha": 13}    # years; below it is another person, whatever the custom of the time


def span(text: str) -> tuple[date, date] | None:
    """The first and last day that an ISO or EDTF date (YYYY, YYYY-MM, YYYY-MM-DD) may mean; None if it is none."""
    parts = text.split("-")
    try:
        year = int(parts[0])
        month = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else None
        day = int(parts[2]) if month and len(parts) > 2 and parts[2].isdecimal() else None
        if day and month:
            return date(year, month, day), date(year, month, day)
        if month:
            after = date(year + month // 12, month % 12 + 1, 1)
            return date(year, month, 1), after - timedelta(days=1)
        return date(year, 1, 1), date(year, 12, 31)
    except (ValueError, OverflowError):
        return None


def clash(a: Registration, role_a: str, b: Registration, role_b: str) -> Clash | None:
    """The rule that one person in `role_a` of one event and `role_b` of another breaks for certain, as far as the dates are known."""
    if role_a == role_b and role_a in _ONCE:
        return "claimed_twice"
    if role_a == role_b == "me" and _too_near(a, b):
        return "births_too_near"
    if (role_a == "nkt" and _after(b, role_b, a)) or (role_b == "nkt" and _after(a, role_a, b)):
        return "after_death"
    return None


def too_young(event: Registration, role: str, born: str) -> bool:
    """Whether a person born then was certainly a child at this wedding or when this child was born."""
    birth, at = span(born), span(event.happened or event.registered)
    youngest = _YOUNGEST.get(role)
    return birth is not None and at is not None and youngest is not None and (at[1] - birth[0]).days < youngest * 365.25


def _too_near(a: Registration, b: Registration) -> bool:
    """Whether two births of one mother lie too far apart for twins and too near for two pregnancies, by full dates."""
    one, two = span(a.happened), span(b.happened)
    if one is None or two is None or one[0] != one[1] or two[0] != two[1]:
        return False
    return _TWINS < abs(one[0] - two[0]) < _PREGNANCY


def _after(event: Registration, role: str, death: Registration) -> bool:
    """Whether the person's part in `event` lies after `death` whatever the unknown parts of the dates are."""
    died = span(death.happened or death.registered)
    at = span(event.happened if role in ("nks", "me", "cha") else event.happened or event.registered)
    if died is None or at is None or (role == "cha" and not death.happened):
        return False
    return at[0] > died[1] + (_AFTER_FATHER if role == "cha" else timedelta())
