"""What reports count, as SQL: each measure gives rows (day, commune_code, kind, key, part, number), days and strata in the database.

Entries on pages that were set aside are not counted, as everywhere. A book's day is that on which it came in.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from storage.link_states import waiting
from storage.models import ArchivePackage, Batch, Entry, Event, Link, LinkCheck, Page, SecondCheck
from storage.report_sql import rounded_hours, vietnam_day

STRATA = ("1975", "1998", "1999", "2006", "2016", "")     # books of the years to 1975, 1976–1998, 1999–2005, 2006–2015, since; unknown
DONE = ("verified", "archived")
API_ACTIONS = ("record.search", "record.metadata", "person.vault", "copy.link", "copy.fetch", "access.refused")
REVIEW_ACTIONS = ("entry.verify", "field.correct", "link.decide", "page.reject", "decision.undo")
Rows = sa.Select[Any]


def stratum(year: Any) -> sa.ColumnElement[str]:
    """Which of STRATA a book of that year belongs to (the strata provinces plan by, domain notes §2.1)."""
    return sa.case((year.is_(None), ""), (year <= 1975, "1975"), (year <= 1998, "1998"), (year <= 2005, "1999"), (year <= 2015, "2006"),
                   else_="2016")


def _rows(day: Any, key: Any, part: Any, *, kind: Any = Batch.kind) -> Rows:
    columns = [vietnam_day(day).label("day"), sa.func.coalesce(Batch.commune_code, "").label("commune_code"),
               sa.func.coalesce(kind, "").label("kind"),
               sa.cast(key, sa.String(80)).label("key"), sa.cast(part, sa.String(80)).label("part")]
    places = (sa.text(str(n)) for n in range(1, 6))     # by place: bound values of the same expression differ to PostgreSQL
    return sa.select(*columns, sa.func.count().label("number")).group_by(*places)


def _of_entries(day: Any, key: Any, part: Any) -> Rows:
    return _rows(day, key, part, kind=Entry.kind).select_from(Entry).join(Page, Entry.page_id == Page.id).join(
        Batch, Page.batch_id == Batch.id).where(Page.state != "set_aside")


def books_received() -> Rows:
    return _rows(Batch.created_at, sa.literal(""), stratum(Batch.year)).where(sa.or_(Batch.kind.is_(None), Batch.kind != "HS"))


def books_done() -> Rows:
    """Books whose every page is read and every entry verified; on the day of the last one."""
    waiting = sa.select(Page.batch_id).where(Page.batch_id == Batch.id, Page.state.in_(("received", "stored"))).exists()
    last = (sa.select(Page.batch_id.label("batch_id"), sa.func.max(Entry.verified_at).label("at"))
            .join(Entry, Entry.page_id == Page.id).where(Page.state != "set_aside").group_by(Page.batch_id)
            .having(sa.func.count() == sa.func.sum(sa.case((sa.and_(Entry.status.in_(DONE), Entry.verified_at.is_not(None)), 1), else_=0)))
            .subquery())
    return _rows(last.c.at, sa.literal(""), stratum(Batch.year)).select_from(last).join(Batch, Batch.id == last.c.batch_id).where(~waiting)


def pages_received() -> Rows:
    return _rows(Batch.created_at, sa.literal(""), Batch.created_by).select_from(Page).join(Batch, Page.batch_id == Batch.id)


def pages_aside() -> Rows:
    """By reason and by who brought the book; on the day the book came in, so that shares are of the same pages."""
    reason = sa.func.coalesce(Page.reason, "")
    return _rows(Batch.created_at, reason, Batch.created_by).select_from(Page).join(Batch, Page.batch_id == Batch.id).where(
        Page.state == "set_aside")


def pages_waiting() -> Rows:
    """Not read yet, now; on the day the book came in."""
    return _rows(Batch.created_at, sa.literal(""), sa.literal("")).select_from(Page).join(Batch, Page.batch_id == Batch.id).where(
        Page.state.in_(("received", "stored")))


def entries_read() -> Rows:
    return _of_entries(Batch.created_at, sa.literal(""), stratum(Batch.year))


def entries_verified() -> Rows:
    return _of_entries(Entry.verified_at, sa.literal(""), stratum(Batch.year)).where(Entry.status.in_(DONE), Entry.verified_at.is_not(None))


def entries_archived() -> Rows:
    return _of_entries(ArchivePackage.created_at, sa.literal(""), stratum(Batch.year)).join(
        ArchivePackage, ArchivePackage.id == Entry.archive_id).where(Entry.status == "archived")


def links() -> Rows:
    """State and who decided it (accept, accept_person, review, none, none_person) by role; on the day the book came in."""
    person = Link.decided_by.is_not(None)
    state = sa.case((sa.and_(Link.decision == "accept", person), "accept_person"), (Link.decision == "accept", "accept"),
                    (sa.and_(Link.decision == "none", person), "none_person"), (Link.decision == "none", "none"), else_="review")
    return _of_entries(Batch.created_at, state, Link.role).join(Link, Link.entry_id == Entry.id)


def links_asked() -> Rows:
    """Links that wait for a person or were decided by one; on the day the book came in."""
    return _of_entries(Batch.created_at, sa.literal(""), sa.literal("")).join(Link, Link.entry_id == Entry.id).where(
        sa.or_(waiting(), Link.decided_by.is_not(None)))


def time_to_read() -> Rows:
    """Books by the hours from coming in to being read; on the day they were read."""
    read = sa.select(Event.subject.label("subject"), sa.func.min(Event.at).label("at")).where(
        Event.action == "book.settle").group_by(Event.subject).subquery()
    return _rows(read.c.at, rounded_hours(Batch.created_at, read.c.at), sa.literal("")).select_from(Batch).join(
        read, read.c.subject == sa.literal("batch:").concat(Batch.id))


def time_to_verify() -> Rows:
    """Entries by the hours from the book's coming in to being verified; on the day they were verified."""
    return _of_entries(Entry.verified_at, rounded_hours(Batch.created_at, Entry.verified_at), sa.literal("")).where(
        Entry.status.in_(DONE), Entry.verified_at.is_not(None))


def time_to_archive() -> Rows:
    """Entries by the hours from the book's coming in to the archive; on the day they were archived."""
    return _of_entries(ArchivePackage.created_at, rounded_hours(Batch.created_at, ArchivePackage.created_at), sa.literal("")).join(
        ArchivePackage, ArchivePackage.id == Entry.archive_id).where(Entry.status == "archived")


def _entry_of_event() -> sa.ColumnElement[int]:
    number = sa.cast(sa.func.substr(Event.subject, 7), sa.BigInteger)
    return sa.case((Event.subject.like("entry:%"), number))


def _with_book(query: Rows) -> Rows:
    return query.outerjoin(Entry, Entry.id == _entry_of_event()).outerjoin(Page, Page.id == Entry.page_id).outerjoin(
        Batch, Batch.id == Page.batch_id)


def api_requests() -> Rows:
    """What connected systems asked: `action/outcome` by client. Searches name no commune, so they have none."""
    found, answer, code = (Event.detail[k].as_string() for k in ("found", "answer", "reason"))
    outcome = sa.case((Event.action == "access.refused", sa.func.coalesce(code, "refused")),
                      (sa.and_(Event.action.in_(("record.search", "person.vault")), found == "[]"), "nothing"),
                      (answer == "304", "unchanged"), (answer == "head", "headers"), else_="served")
    return _with_book(_rows(Event.at, Event.action.concat("/").concat(outcome), Event.actor, kind=Entry.kind).select_from(Event)).where(
        Event.action.in_(API_ACTIONS), Event.actor.like("client:%"))


def review_work() -> Rows:
    """What people did, by person. The actors of the log who are programs are left out."""
    return _with_book(_rows(Event.at, Event.action, Event.actor, kind=Entry.kind).select_from(Event)).where(
        Event.action.in_(REVIEW_ACTIONS), ~Event.actor.like("client:%"), Event.actor.not_in(("sogoc", "demo")))


def link_agreement() -> Rows:
    """Whether a person chose whom the machine had named (`right`, `wrong`; `blind-…` where the answer was not shown), by person."""
    blind = sa.case((LinkCheck.blind, "blind-"), else_="")
    said = sa.case((LinkCheck.right, "right"), else_="wrong")
    query = _rows(LinkCheck.at, blind.concat(said), Event.actor, kind=Entry.kind).select_from(LinkCheck).join(
        Event, Event.seq == LinkCheck.event_seq).outerjoin(Entry, Entry.id == LinkCheck.entry_id)
    return query.outerjoin(Page, Page.id == Entry.page_id).outerjoin(Batch, Batch.id == Page.batch_id).where(~LinkCheck.withdrawn)


def second_opinions() -> Rows:
    """Entries that a second person did without seeing the first: `agreed`, or `differed`: somebody had to settle it. On the day of the
    second; of neither person, since few of one person's say nothing (storage.agreement)."""
    said = sa.case((SecondCheck.state == "agreed", "agreed"), else_="differed")
    query = _rows(SecondCheck.second_at, said, sa.literal(""), kind=Entry.kind).select_from(SecondCheck).join(
        Entry, Entry.id == SecondCheck.entry_id).join(Page, Page.id == Entry.page_id).join(Batch, Batch.id == Page.batch_id)
    return query.where(SecondCheck.blind, SecondCheck.state != "open", SecondCheck.second_at.is_not(None))


MEASURES: Mapping[str, Callable[[], Rows]] = {
    f.__name__: f for f in (books_received, books_done, pages_received, pages_aside, pages_waiting, entries_read, entries_verified,
                            entries_archived, links, links_asked, time_to_read, time_to_verify, time_to_archive, api_requests, review_work,
                            link_agreement, second_opinions)}
