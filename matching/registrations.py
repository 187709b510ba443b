"""What identifies a registration, and whether two entries are of one event.

The same event may stand twice: the province kept a second copy of every book (so ho tich luu kep), a page is scanned again, and a
registration whose book was lost is done again (dang ky lai).
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from records.text import strip_marks

_MAIN = {"KS": ("nks",), "KH": ("vo", "chong"), "KT": ("nkt",)}
_ALIKE = 0.75           # share of letters, marks aside, in which two readings of one name agree at least


@dataclass(frozen=True)
class Registration:
    """kind: KS KH KT …; number: so, bare; registered, happened: ISO dates as far as read ("" unknown), of the registration and of
    the birth, wedding or death; office: noiDangKy as written; again: registered again (loaiDangKy 2)."""

    kind: str
    number: str = ""
    registered: str = ""
    happened: str = ""
    office: str = ""
    again: bool = False


def alike(a: str, b: str, least: float = _ALIKE) -> bool:
    """Whether two names as read are the same name, misread at most; False if either is empty. least: 0 … 1, of letters that agree."""
    one, two = strip_marks(a).casefold(), strip_marks(b).casefold()
    return bool(one and two) and Levenshtein.normalized_similarity(one, two) >= least


def same_event(a: Registration, b: Registration, names_a: Mapping[str, str], names_b: Mapping[str, str]) -> bool:
    """Whether two entries are clearly of one event: the same number on the same day at one office with the same names (a copy), or one
    of them registered again, later, an event of the same day and names. Where a part was not read it is not clear."""
    if a.kind != b.kind or not all(alike(names_a.get(r, ""), names_b.get(r, "")) for r in _MAIN.get(a.kind, ())):
        return False
    if a.kind not in _MAIN:
        return False
    one_office = not a.office or not b.office or alike(a.office, b.office)
    if a.number and a.number == b.number and len(a.registered) == 10 and a.registered == b.registered:
        return one_office
    if a.again != b.again:
        first, later = (b, a) if a.again else (a, b)
        days = a.kind == "KH" or (len(a.happened) == 10 and a.happened == b.happened)
        return days and bool(first.registered) and first.registered < later.registered
    return False
