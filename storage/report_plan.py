"""The plan that progress is held against: what a commune is to finish in a month, quarter or year, typed or from a spreadsheet."""
from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zipfile import BadZipFile

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.models import ReportPlan, utc_now
from storage.policy import KINDS, Actor
from storage.report_errors import BadPeriod, BadPlan, PlanOverlaps, PlanUnreadable
from storage.report_figures import Scope, seen_communes, within
from storage.report_period import Period, parse_period
from storage.review_errors import NotAllowed

MOST = 10_000_000           # of books or entries in one line
_COMMUNE = re.compile(r"\d{5}")
_ROWS = 20_000


@dataclass(frozen=True)
class PlanLine:
    """kind "": all kinds together. Zero books and zero entries: the line is taken away."""

    commune_code: str
    kind: str
    period: str
    books: int
    entries: int


def plan_lines(session: Session, actor: Actor) -> list[PlanLine]:
    """The plan of the communes the actor may see, by commune, period and kind."""
    seen = seen_communes(session, actor)
    rows = session.scalars(sa.select(ReportPlan).where(ReportPlan.commune_code.in_(seen)).order_by(
        ReportPlan.commune_code, ReportPlan.period, ReportPlan.kind))
    return [PlanLine(r.commune_code, r.kind, r.period, r.books, r.entries) for r in rows]


def set_plan(session: Session, actor: Actor, lines: Iterable[PlanLine], now: datetime | None = None) -> int:
    """Set these lines, all or none; how many. A line of the same commune, kind and period is replaced.

    Raises NotAllowed, or PlanOverlaps for a line that would count a time and kind twice.
    """
    if not actor.may("policy.manage"):
        raise NotAllowed(actor=actor.name)
    done = 0
    for line in lines:
        if not actor.sees_commune(line.commune_code):
            raise NotAllowed(actor=actor.name)
        _set(session, actor, line, now or utc_now())
        done += 1
    if done:
        events.append(session, actor.name, "report.plan", "report:plan", {"lines": done})
    return done


def _set(session: Session, actor: Actor, line: PlanLine, now: datetime) -> None:
    period = parse_period(line.period)
    row = None
    for other in session.scalars(sa.select(ReportPlan).where(ReportPlan.commune_code == line.commune_code)):
        if (other.kind, other.period) == (line.kind, period.code):
            row = other
        elif (line.books or line.entries) and (other.kind == line.kind or "" in (other.kind, line.kind)) \
                and parse_period(other.period).overlap(period):
            raise PlanOverlaps(commune=line.commune_code, period=other.period)
    if not line.books and not line.entries:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(ReportPlan(commune_code=line.commune_code, kind=line.kind, period=period.code, books=line.books, entries=line.entries,
                               set_by=actor.name, set_at=now))
    else:
        row.books, row.entries, row.set_by, row.set_at = line.books, line.entries, actor.name, now
    session.flush()


def parse_line(cells: Sequence[object], row: int) -> PlanLine:
    """One line of five cells. Raises BadPlan with the row and the cell."""
    commune, kind, period, books, entries = (str(c if c is not None else "").strip() for c in (*cells, *[""] * 5)[:5])
    if not _COMMUNE.fullmatch(commune):
        raise BadPlan(row=row, what=repr(commune[:20]))
    if kind.upper() not in ("", *KINDS):
        raise BadPlan(row=row, what=repr(kind[:20]))
    try:
        code = parse_period(period).code
    except BadPeriod:
        raise BadPlan(row=row, what=repr(period[:20])) from None
    return PlanLine(commune, kind.upper(), code, _count(books, row), _count(entries, row))


def _count(text: str, row: int) -> int:
    plain = re.sub(r"[.\s\u00a0](?=\d{3}(\D|$))", "", text) if "." in text or " " in text else text      # 1.200 as offices write it
    if plain.endswith(".0"):
        plain = plain[:-2]
    if not re.fullmatch(r"[0-9]{0,9}", plain) or int(plain or 0) > MOST:
        raise BadPlan(row=row, what=repr(text[:20]))
    return int(plain or 0)


def parse_plan(data: bytes) -> list[PlanLine]:
    """The lines of an Excel or CSV file (comma, semicolon or tab; cells copied from a sheet). A first row without a commune code
    is its head.

    Raises PlanUnreadable, BadPlan.
    """
    rows = _sheet(data) if data[:2] == b"PK" else _table(data)
    filled = [(n, r) for n, r in enumerate(rows, 1) if any(str(c or "").strip() for c in r)]
    if filled and not _COMMUNE.fullmatch(str(filled[0][1][0] or "").strip()):
        filled = filled[1:]
    if not filled:
        raise PlanUnreadable(cause="0")
    return [parse_line(r, n) for n, r in filled]


def _sheet(data: bytes) -> list[Sequence[object]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return [r for n, r in enumerate(book.worksheets[0].iter_rows(values_only=True)) if n < _ROWS]
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as e:
        raise PlanUnreadable(cause=type(e).__name__) from None


def _table(data: bytes) -> list[Sequence[object]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanUnreadable(cause="UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    try:
        return [r for n, r in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)) if n < _ROWS]
    except csv.Error as e:
        raise PlanUnreadable(cause=str(e)) from None


@dataclass(frozen=True)
class Planned:
    """Books and entries planned, exactly: a plan of a longer period counts by its share of days."""

    books: Fraction = Fraction(0)
    entries: Fraction = Fraction(0)


class Plan:
    """The plan in a scope, read once; `of` any days, in one commune or all."""

    def __init__(self, session: Session, scope: Scope) -> None:
        communes = within(scope, seen_communes(session, scope.actor))
        query = sa.select(ReportPlan).where(ReportPlan.commune_code.in_(communes))
        if scope.kind:                      # a plan for all kinds together cannot be shared out
            query = query.where(ReportPlan.kind == scope.kind)
        self._rows = [(r.commune_code, parse_period(r.period), r.books, r.entries) for r in session.scalars(query)]
        self.communes = tuple(sorted({r[0] for r in self._rows}))

    def of(self, period: Period, commune: str | None = None) -> Planned:
        books = entries = Fraction(0)
        for code, planned, b, e in self._rows:
            if commune in (None, code):
                share = Fraction(planned.overlap(period), planned.days)
                books, entries = books + b * share, entries + e * share
        return Planned(books, entries)
