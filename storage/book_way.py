"""The way of a book: worked on at the commune, sent, received by the province, returned or accepted. While it is with the province its
pages are locked, but for a page the province gave back."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.access_log import told
from storage.desk_errors import BookSent, ReasonNeeded, WrongStep
from storage.models import Batch, BookStep, BookWork, Entry, Event, Page
from storage.policy import Actor
from storage.review_errors import NotAllowed
from storage.set_aside import evidence_text

State = Literal["open", "sent", "received", "returned", "done"]
AT_COMMUNE = ("open", "returned")
_FROM: Mapping[str, tuple[str, ...]] = {       # what must hold before a step
    "sent": AT_COMMUNE, "received": ("sent",), "returned": ("sent", "received", "done"), "done": ("sent", "received"),
}
_COMMUNE_ROLES = ("commune_officer", "commune_head")
LONGEST_NOTE = 500
SET_ASIDE = "set_aside"     # as storage.intake has it, which asks this module


@dataclass(frozen=True)
class Milestone:
    """One place on the way. at: when it was reached, None if not yet. done, of: entries, where they are counted."""

    what: str                           # taken_in read sent received reviewed checked archived returned
    at: datetime | None = None
    done: int = 0
    of: int = 0
    note: str = ""


def state_of(session: Session, batch_id: str) -> State:
    row = session.get(BookWork, batch_id)
    return row.state if row is not None else "open"         # type: ignore[return-value]


def book_work(session: Session, batch_id: str) -> BookWork:
    """The row, made if there is none."""
    row = session.get(BookWork, batch_id)
    if row is None:
        row = BookWork(batch_id=batch_id, state="open")
        session.add(row)
        session.flush()
    return row


def check_open(session: Session, batch_id: str, page: Page | None = None) -> None:
    """Raises BookSent while the book is with the province; a page the province gave back may be worked on all the same."""
    if page is not None and page.state == SET_ASIDE and page.reason == "rejected":
        return
    if state_of(session, batch_id) not in AT_COMMUNE:
        raise BookSent(batch=batch_id)


def at_province(actor: Actor) -> bool:
    """Whether the person takes books over for the province: who decides there, or administers the installation."""
    return any("review" in g.rights and g.role not in _COMMUNE_ROLES for g in actor.held)


def send(session: Session, actor: Actor, batch: Batch) -> None:
    """The commune hands the book over; whether it is complete is the caller's to ask (storage.completeness)."""
    if not actor.may("batch.send"):
        raise NotAllowed(actor=actor.name)
    step(session, batch.id, "sent", actor.name)


def receive(session: Session, actor: Actor, batch: Batch) -> None:
    _must_be_province(actor)
    step(session, batch.id, "received", actor.name)


def accept(session: Session, actor: Actor, batch: Batch) -> None:
    """The province has checked the book and is content."""
    _must_be_province(actor)
    step(session, batch.id, "done", actor.name)


def give_back(session: Session, actor: Actor, batch: Batch, reason: str) -> None:
    """The whole book goes back, and is open again. Raises ReasonNeeded."""
    _must_be_province(actor)
    step(session, batch.id, "returned", actor.name, _reason(reason))


def give_page_back(session: Session, actor: Actor, page: Page, reason: str) -> None:
    """One page is to be taken again; the rest of the book goes on."""
    _must_be_province(actor)
    said = _reason(reason)
    page.state, page.reason, page.detail = SET_ASIDE, "rejected", evidence_text({"why": "other", "note": said})
    events.append(session, actor.name, "page.return", f"page:{page.id}", told(actor))


def step(session: Session, batch_id: str, what: str, by: str, note: str = "") -> None:
    """Raises WrongStep if the book is not where this step begins."""
    row = session.get(BookWork, batch_id, with_for_update=True) or book_work(session, batch_id)
    if row.state not in _FROM[what]:
        raise WrongStep(batch=batch_id, state=row.state)
    row.state = what
    note_step(session, batch_id, what, by, note)


def note_step(session: Session, batch_id: str, what: str, by: str, note: str = "") -> None:
    """Write down that it happened. `note` is for people and stays out of the log."""
    session.add(BookStep(batch_id=batch_id, what=what, by=by, note=note))
    events.append(session, by, f"book.{what}", f"batch:{batch_id}", {})


def last_step(session: Session, batch_id: str, what: str | None = None) -> BookStep | None:
    query = sa.select(BookStep).where(BookStep.batch_id == batch_id).order_by(BookStep.id.desc()).limit(1)
    return session.scalar(query if what is None else query.where(BookStep.what == what))


def milestones(session: Session, batch: Batch) -> tuple[Milestone, ...]:
    """The way so far and what is still to come, in order."""
    steps = {s.what: s for s in session.scalars(sa.select(BookStep).where(BookStep.batch_id == batch.id).order_by(BookStep.id))}
    waiting = session.scalar(sa.select(sa.func.count()).where(Page.batch_id == batch.id, Page.state.in_(("received", "stored"))))
    read_at = session.scalar(sa.select(sa.func.max(Event.at)).where(Event.subject == f"batch:{batch.id}", Event.action == "book.settle"))
    counts: dict[str, int] = {}
    last: datetime | None = None
    query = sa.select(Entry.status, sa.func.count(), sa.func.max(Entry.verified_at)).join(Page, Entry.page_id == Page.id)
    for status, n, at in session.execute(query.where(Page.batch_id == batch.id, Page.state != SET_ASIDE).group_by(Entry.status)):
        counts[status] = n
        last = max(filter(None, (last, at)), default=None)
    entries, archived = sum(counts.values()), counts.get("archived", 0)
    verified = archived + counts.get("verified", 0)
    archived_at = session.scalar(sa.select(sa.func.max(Event.at)).where(
        Event.action == "entry.archive", Event.subject.in_(
            sa.select(sa.literal("entry:") + sa.cast(Entry.id, sa.String)).join(Page, Entry.page_id == Page.id).where(
                Page.batch_id == batch.id)))) if archived and archived == entries else None
    state = state_of(session, batch.id)
    sent, received = steps.get("sent"), steps.get("received")
    on_the_way = state not in AT_COMMUNE
    way = [Milestone("taken_in", batch.created_at), Milestone("read", read_at if not waiting else None)]
    if state == "returned":
        back = steps["returned"]
        way.append(Milestone("returned", back.at, note=back.note))
    way += [Milestone("sent", sent.at if sent and on_the_way else None),
            Milestone("received", received.at if received and state in ("received", "done") else None),
            Milestone("reviewed", last if entries and verified == entries else None, verified, entries),
            Milestone("checked", steps["done"].at if state == "done" else None),
            Milestone("archived", archived_at, archived, entries)]
    return tuple(way)


def returned_books(session: Session, visible: sa.Select[Batch]) -> list[tuple[Batch, BookStep]]:
    """Of the `visible` books those that came back and were not sent again, with why; the newest first."""
    books = session.scalars(visible.join(BookWork, BookWork.batch_id == Batch.id).where(BookWork.state == "returned")).all()
    back = [(b, s) for b in books if (s := last_step(session, b.id, "returned")) is not None]
    return sorted(back, key=lambda pair: pair[1].id, reverse=True)


def sent_books(session: Session, visible: sa.Select[Batch]) -> list[tuple[Batch, BookStep]]:
    """Of the `visible` books those that wait for the province to take them over, the oldest first."""
    books = session.scalars(visible.join(BookWork, BookWork.batch_id == Batch.id).where(BookWork.state == "sent")).all()
    sent = [(b, s) for b in books if (s := last_step(session, b.id, "sent")) is not None]
    return sorted(sent, key=lambda pair: pair[1].id)


def returned_pages(session: Session, visible: sa.Select[Batch], limit: int = 30) -> list[tuple[Batch, Page]]:
    """Pages a reviewer gave back that nobody has taken again or marked yet."""
    query = visible.join(Page, Page.batch_id == Batch.id).where(Page.state == SET_ASIDE, Page.reason == "rejected")
    rows = session.execute(query.with_only_columns(Batch, Page).order_by(Page.updated_at.desc(), Page.id).limit(limit))
    return [(b, p) for b, p in rows]


def _must_be_province(actor: Actor) -> None:
    if not at_province(actor):
        raise NotAllowed(actor=actor.name)


def _reason(text: str) -> str:
    said = text.strip()[:LONGEST_NOTE]
    if not said:
        raise ReasonNeeded()
    return said
