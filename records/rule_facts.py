"""What the rules look at: one entry's values, parsed once. A value that cannot be parsed is None here; the text stays at hand."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from records.dates import PartialDate, birth_years, parse_age, parse_figures
from records.filenames import BookNumber, EntryNumber, parse_book_number, parse_entry_number
from records.names import PersonName, parse_name
from records.places import Gazetteer, default_gazetteer
from records.record import DraftRecord
from records.text import fold

ROLE_SEX: Mapping[str, str] = {"me": "Nữ", "vo": "Nữ", "cha": "Nam", "chong": "Nam", "chaNuoi": "Nam", "meNuoi": "Nữ", "chaGiao": "Nam",
                               "meGiao": "Nữ"}
_CORRECTED = re.compile(r"cải chính|thay đổi|xác định lại|bổ sung|nhận cha|nhận mẹ|nhận con|con nuôi")


@dataclass(frozen=True)
class Facts:
    """An entry seen by the rules. opened, closed: the days the book was opened and closed; office: its noiDangKy, if the entry has none."""

    record: DraftRecord
    opened: date | None = None
    closed: date | None = None
    office: str = ""
    gazetteer: Gazetteer = field(default_factory=default_gazetteer)

    def text(self, code: str) -> str:
        """The value of a field, "" where it is missing."""
        found = self.record.fields.get(code)
        return found.value.strip() if found else ""

    def has(self, code: str) -> bool:
        return bool(self.text(code))

    def date_of(self, code: str) -> PartialDate | None:
        return parse_value_date(self.text(code))

    def name(self, code: str) -> PersonName | None:
        try:
            return parse_name(self.text(code))
        except ValueError:
            return None

    def birth_years(self, role: str) -> tuple[int, int] | None:
        """First and last year in which the person of a role may have been born, from a date, a year or an age ("28T")."""
        text = self.text(role + "NgaySinh")
        age = parse_age(text)
        if age is not None and self.registered is not None and self.registered.year is not None:
            return birth_years(age, self.registered.year)
        bounds = (d := parse_value_date(text)) and d.bounds()
        return (bounds[0].year, bounds[1].year) if bounds else None

    def sex(self, role: str) -> str | None:
        """Nam or Nữ, as written or as the role says (mother, wife …)."""
        found = self.text(role + "GioiTinh")
        return found if found in ("Nam", "Nữ") else ROLE_SEX.get(role)

    @cached_property
    def registered(self) -> PartialDate | None:
        return self.date_of("ngayDangKy")

    @cached_property
    def registered_day(self) -> date | None:
        return self.registered.to_date() if self.registered else None

    @cached_property
    def number(self) -> EntryNumber | None:
        return parse_entry_number(self.text("so"))

    @cached_property
    def book(self) -> BookNumber | None:
        return parse_book_number(self.text("quyenSo"))

    @cached_property
    def corrected(self) -> bool:
        """Whether a note tells of a correction, an adoption or a recognised parent, or the book is one of corrections: then numbers, names
        and peoples may rightly differ."""
        return self.record.kind == "CC" or bool(_CORRECTED.search(fold(self.text("ghiChu"))))

    @cached_property
    def registration_kind(self) -> int | None:
        text = self.text("loaiDangKy")
        return int(text) if text.isdigit() else None


def parse_value_date(text: str) -> PartialDate | None:
    """A field's date: EDTF as values are kept, else as clerks write it in figures."""
    if not text:
        return None
    try:
        return PartialDate.parse(text)
    except ValueError:
        return parse_figures(text)


def days_between(earlier: PartialDate, later: PartialDate) -> int | None:
    """Days from one wholly known day to another, or None."""
    a, b = earlier.to_date(), later.to_date()
    return (b - a).days if a and b else None


def surely_before(a: PartialDate, b: PartialDate) -> bool:
    """Whether the last day `a` may be lies before the first day `b` may be."""
    x, y = a.bounds(), b.bounds()
    return x is not None and y is not None and x[1] < y[0]


def spoken(d: PartialDate) -> str:
    """A date for a message: 05/08/2007."""
    parts = [f"{n:02d}" for n in (d.day, d.month) if n is not None]
    return "/".join([*parts, str(d.year)] if d.year is not None else parts)
