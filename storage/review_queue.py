"""What waits for a person, in which order, and who holds it: the review queue and its leases."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from storage.accounts import Actor
from storage.link_states import waiting
from storage.models import Batch, Entry, EntryFinding, Field, Link, Page, SecondCheck, utc_now
from storage.review_errors import LeasedByOther, NoSuchEntry, NotAllowed

SURE = 0.95             # at least this confident: shown as sure
DOUBTFUL = 0.80         # under this: a person must look
LEASE_TIME = timedelta(minutes=5)
OPEN = ("review", "draft")


@dataclass(frozen=True)
class QueueFilter:
    """state: review (a person is needed), draft (read well, nobody has said so yet), open (both)."""

    state: Literal["review", "draft", "open"] = "open"
    kind: str | None = None
    batch_id: str | None = None


@dataclass(frozen=True)
class QueueItem:
    """One waiting entry, without personal data: what book, what number, why it is here, who holds it."""

    entry_id: int
    batch_id: str
    book_number: str | None
    page_id: int
    file: str
    row: int
    kind: str
    number: str | None
    status: str
    risk: float
    reasons: tuple[Any, ...]
    doubtful_fields: int
    undecided_links: int
    findings: int
    lease_by: str | None
    lease_until: datetime | None


def visible_entries(actor: Actor) -> Select[Entry]:
    """Entries of the communes the actor may see."""
    query = select(Entry).join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id)
    return query if actor.commune_code is None else query.where(Batch.commune_code == actor.commune_code)


def _waiting(actor: Actor, filters: QueueFilter) -> Select[Entry]:
    query = visible_entries(actor).where(Page.state != "set_aside", Entry.status.in_(OPEN if filters.state == "open" else (filters.state,)))
    if filters.kind:
        query = query.where(Entry.kind == filters.kind)
    if filters.batch_id:
        query = query.where(Page.batch_id == filters.batch_id)
    return query


_ORDER = ((Entry.status == "review").desc(), Entry.risk.desc(), Entry.id)     # those that need a person first, the riskiest of them first


def queue(session: Session, actor: Actor, filters: QueueFilter | None = None, limit: int = 50, offset: int = 0) -> list[QueueItem]:
    """The waiting entries in the order a person should take them."""
    query = _waiting(actor, filters or QueueFilter())
    count = select(func.count())
    doubtful = count.where(Field.entry_id == Entry.id, Field.confidence < DOUBTFUL, Field.source != "reviewer").scalar_subquery()
    undecided = count.where(Link.entry_id == Entry.id, waiting()).scalar_subquery()
    findings = count.where(EntryFinding.entry_id == Entry.id).scalar_subquery()
    rows = session.execute(query.with_only_columns(Entry, Page.batch_id, Page.file, Batch.book_number, doubtful, undecided, findings)
                           .order_by(*_ORDER).limit(limit).offset(offset))
    now = utc_now()
    return [QueueItem(e.id, batch_id, book, e.page_id, file, e.row, e.kind, e.number, e.status, e.risk, tuple(e.reasons or ()), d, u, f,
                      *((e.lease_by, e.lease_until) if _held(e, now) else (None, None)))
            for e, batch_id, file, book, d, u, f in rows]


def queue_size(session: Session, actor: Actor, filters: QueueFilter | None = None) -> int:
    return session.scalar(select(func.count()).select_from(_waiting(actor, filters or QueueFilter()).subquery())) or 0


def queue_counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many entries wait, by state."""
    query = _waiting(actor, QueueFilter("open")).with_only_columns(Entry.status, func.count()).group_by(Entry.status)
    found: dict[str, int] = {status: n for status, n in session.execute(query)}
    return {state: found.get(state, 0) for state in OPEN}


def _held(entry: Entry, now: datetime) -> bool:
    return entry.lease_by is not None and entry.lease_until is not None and entry.lease_until > now


def next_entry(session: Session, actor: Actor, filters: QueueFilter | None = None, after: int | None = None) -> int | None:
    """The id of the next waiting entry that nobody else holds; with `after`, the one behind that entry in the queue."""
    query = _waiting(actor, filters or QueueFilter()).with_only_columns(Entry.id).where(
        or_(Entry.lease_by.is_(None), Entry.lease_by == actor.name, Entry.lease_until < utc_now()))
    here = session.get(Entry, after) if after is not None else None
    if here is not None:
        same = Entry.status == here.status
        behind = or_(and_(same, Entry.risk < here.risk), and_(same, Entry.risk == here.risk, Entry.id > here.id))
        if here.status == "review":
            behind = or_(behind, Entry.status == "draft")
        found = session.scalar(query.where(behind).order_by(*_ORDER).limit(1))
        if found is not None:
            return found
        query = query.where(Entry.id != here.id)
    return session.scalar(query.order_by(*_ORDER).limit(1))


def visible_entry(session: Session, actor: Actor, entry_id: int) -> Entry:
    """The entry, if the actor may see it; raises NoSuchEntry either way it is not there for them."""
    entry = session.scalar(visible_entries(actor).where(Entry.id == entry_id))
    if entry is None:
        raise NoSuchEntry(entry=entry_id)
    return entry


def lease(session: Session, actor: Actor, entry_id: int, duration: timedelta = LEASE_TIME, now: datetime | None = None) -> Entry:
    """Hold an entry so that nobody else decides it meanwhile; one's own lease is prolonged.

    One UPDATE decides the race, so of two people exactly one gets it. Raises NoSuchEntry, NotAllowed, LeasedByOther.
    """
    if not actor.may("review"):
        raise NotAllowed(actor=actor.name)
    now = now or utc_now()
    entry = visible_entry(session, actor, entry_id)
    free = or_(Entry.lease_by.is_(None), Entry.lease_by == actor.name, Entry.lease_until.is_(None), Entry.lease_until <= now)
    won = session.execute(update(Entry).where(Entry.id == entry_id, free).values(lease_by=actor.name, lease_until=now + duration)
                          .execution_options(synchronize_session=False))
    session.refresh(entry)
    if won.rowcount != 1:       # type: ignore[attr-defined]
        until = entry.lease_until.astimezone().strftime("%H:%M") if entry.lease_until else "?"
        raise LeasedByOther(entry=entry_id, holder=entry.lease_by, until=until)
    return entry


def release(session: Session, actor: Actor, entry_id: int) -> None:
    """Give an entry back; somebody else's lease is left alone."""
    session.execute(update(Entry).where(Entry.id == entry_id, Entry.lease_by == actor.name).values(lease_by=None, lease_until=None))


def past_undo(undo_seconds: float, now: datetime | None = None) -> ColumnElement[bool]:
    """The condition on an entry that it is verified, checked by as many people as its policy asks, and its time to undo is over."""
    before = (now or utc_now()) - timedelta(seconds=undo_seconds)
    return and_(Entry.status == "verified", Entry.verified_at <= before, ~_check_later_than(before))


def check_waits(session: Session, entry_id: int) -> bool:
    """Whether a second person must still check the entry, or a third one settle what they differ in."""
    return session.scalar(select(SecondCheck.entry_id).where(SecondCheck.entry_id == entry_id, SecondCheck.done_at.is_(None))) is not None


def _check_later_than(before: datetime) -> ColumnElement[bool]:
    unfinished = or_(SecondCheck.done_at.is_(None), SecondCheck.done_at > before)
    return select(SecondCheck.entry_id).where(SecondCheck.entry_id == Entry.id, unfinished).correlate(Entry).exists()


def due_for_archive(session: Session, undo_seconds: float, now: datetime | None = None, limit: int = 50) -> Sequence[int]:
    """Verified and fully checked entries whose time to undo is over, oldest first."""
    return session.scalars(select(Entry.id).where(past_undo(undo_seconds, now))
                           .order_by(Entry.verified_at, Entry.id).limit(limit)).all()
