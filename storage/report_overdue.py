"""Overdue work (trễ hạn): books that stand at a stage longer than the limit, in working days; always counted at this moment.

A book's clock for reading runs from its coming in, for verifying from its being read (if that is in the log; else its coming in), for a
new scan from its coming in, for archiving from the verification of the entry.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from string import ascii_letters
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from storage.models import Batch, Entry, Event, Page
from storage.policy import allowed
from storage.report_figures import Scope, seen_communes, within
from storage.working_days import due_day, working_days_before, working_days_late

STAGES = ("read", "rescan", "verify", "archive")
VIETNAM_OFFSET = timedelta(hours=7)
_MOST = 300                 # books listed of a stage, the longest overdue first


@dataclass(frozen=True)
class ReportOptions:
    """Working days a book may stand at a stage, and how the office is named on the period report."""

    read_days: int = 2
    rescan_days: int = 5
    verify_days: int = 10
    archive_days: int = 2
    parent_agency: str = ""
    agency: str = ""
    place: str = ""

    def days(self, stage: str) -> int:
        return int(getattr(self, f"{stage}_days"))


@dataclass(frozen=True)
class Overdue:
    """A book with `waiting` pages (read, rescan) or entries (verify, archive) past the limit. since, due: days in Vietnam."""

    stage: str
    batch_id: str
    commune_code: str
    kind: str
    book_number: str | None
    waiting: int
    since: date
    due: date
    days_late: int


@dataclass(frozen=True)
class OverdueReport:
    """rows: oldest due day first, at most _MOST of a stage; totals: books overdue at each stage, as STAGES."""

    rows: tuple[Overdue, ...]
    totals: tuple[tuple[str, int], ...]


def overdue(session: Session, scope: Scope, options: ReportOptions, today: date) -> OverdueReport:
    """What is late on `today` (Vietnam). The scope's period is not used: late is late."""
    communes = within(scope, seen_communes(session, scope.actor))
    rows: list[Overdue] = []
    totals = []
    for stage in STAGES:
        days = options.days(stage)
        cutoff = datetime.combine(working_days_before(today, days), time(), UTC) - VIETNAM_OFFSET
        found = _waiting(stage, cutoff).subquery()
        oldest = sa.select(found, sa.func.count().over().label("books")).where(
            sa.func.coalesce(found.c.commune_code, "").in_(communes),
            allowed(scope.actor, "report.see", found.c.commune_code, found.c.kind)).order_by(found.c.since, found.c.id).limit(_MOST)
        if scope.kind:
            oldest = oldest.where(found.c.kind == scope.kind)
        late = session.execute(oldest).all()
        totals.append((stage, late[0].books if late else 0))
        for row in late:
            since = (row.since.replace(tzinfo=UTC) if row.since.tzinfo is None else row.since).astimezone(UTC) + VIETNAM_OFFSET
            due = due_day(since.date(), days)
            rows.append(Overdue(stage, row.id, row.commune_code or "", row.kind or "", row.book_number, row.waiting, since.date(), due,
                                working_days_late(due, today)))
    return OverdueReport(tuple(sorted(rows, key=lambda r: (r.due, r.since, r.batch_id))), tuple(totals))


def _waiting(stage: str, cutoff: datetime) -> Any:
    head = (Batch.id, Batch.commune_code, Batch.kind, Batch.book_number)
    if stage in ("read", "rescan"):
        state = Page.state.in_(("received", "stored")) if stage == "read" else _not_scanned_again()
        pages = sa.select(*head, Batch.created_at.label("since"), sa.func.count().label("waiting")).join(Page, Page.batch_id == Batch.id)
        return pages.where(state, Batch.created_at < cutoff).group_by(*head, Batch.created_at)
    if stage == "archive":
        return sa.select(*head, sa.func.min(Entry.verified_at).label("since"), sa.func.count().label("waiting")).join(
            Entry, Entry.batch_id == Batch.id).where(
            Entry.status == "verified", Entry.verified_at < cutoff, Entry.set_aside.is_(False)).group_by(*head)
    read = sa.select(Event.subject.label("subject"), sa.func.min(Event.at).label("at")).where(
        Event.action == "book.settle").group_by(Event.subject).subquery()
    since = sa.func.coalesce(read.c.at, Batch.created_at)
    late = sa.select(*head, since.label("since")).outerjoin(read, read.c.subject == sa.literal("batch:").concat(Batch.id)).where(
        since < cutoff).subquery()
    columns: tuple[Any, ...] = (late.c.id, late.c.commune_code, late.c.kind, late.c.book_number, late.c.since)
    open_entries = sa.select(Entry.batch_id, sa.func.count().label("n")).where(Entry.queue_place.is_not(None)).group_by(
        Entry.batch_id).subquery()
    return sa.select(*columns, open_entries.c.n.label("waiting")).join(open_entries, open_entries.c.batch_id == late.c.id)


def _not_scanned_again() -> sa.ColumnElement[bool]:
    """Set aside, no mere duplicate, and no good page stands in its place (storage.intake.conflict_name: the stem with ~ and a hash)."""
    again = aliased(Page)
    stem = sa.func.rtrim(sa.func.rtrim(Page.file, ascii_letters), ".").concat("~")
    mended = sa.select(again.id).where(again.batch_id == Page.batch_id, again.state != "set_aside", again.file.like("%~%"),
                                       sa.func.substr(again.file, 1, sa.func.length(stem)) == stem).exists()
    return sa.and_(Page.state == "set_aside", sa.func.coalesce(Page.reason, "") != "duplicate", ~mended)
