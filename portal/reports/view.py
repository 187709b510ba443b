"""What a report looks like whatever it is about: sections of a sentence, a chart and a table; and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from portal import wording
from portal.language import Words
from portal.reports import numbers
from records.places import default_gazetteer
from storage.policy import KINDS
from storage.report_figures import Scope
from storage.report_overdue import ReportOptions
from storage.report_period import Step
from storage.sheet_file import Column, Value

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Table:
    """links: an address for the first cell of a row, where it leads somewhere. total: the last row is one."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: bool = False
    links: tuple[str, ...] = ()
    strong: tuple[int, ...] = ()  # rows that are sums
    folded: bool = False  # long: shown when asked for


@dataclass(frozen=True)
class Section:
    """sentence: what the chart says, in words."""

    title: str
    sentence: str
    table: Table
    chart: Markup | None = None


@dataclass(frozen=True)
class ReportView:
    """headline: the report in one or two sentences. as_of: when it was counted; None: now."""

    headline: str
    sections: tuple[Section, ...]
    as_of: datetime | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Ask:
    """One request for a report: what of, in steps of which length, seen on which day."""

    session: Session
    words: Words
    scope: Scope
    step: Step
    today: date
    options: ReportOptions

    def n(self, value: float | None) -> str:
        return numbers.number(self.words, value)

    def percent(self, share: float | None) -> str:
        return numbers.percent(self.words, share)

    def kind(self, code: str) -> str:
        return self.words.pick(wording.kind(code))

    def commune(self, code: str) -> str:
        return commune_name(self.words, code)


def kind_order(code: str) -> int:
    """Births, marriages, deaths and so on, as offices list them; unknown last."""
    return KINDS.index(code) if code in KINDS else len(KINDS)


def commune_name(words: Words, code: str) -> str:
    """The commune's name, of the list before July 2025 where a code stands in both."""
    if not code:
        return words("Chưa rõ xã")
    unit = default_gazetteer().unit(code)
    return unit.name if unit is not None else code
