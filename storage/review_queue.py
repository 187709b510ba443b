"""What waits for a person, in which order, and who holds it: the review queue and its leases.

The queue is one index of the entries that wait (storage.models.Entry.queue_place, kept by triggers): the first page, the next one, the next
entry and a place in the middle all cost the same, however many wait. How many there are: storage.queue_counts.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.link_states import waiting
from storage.models import Batch, Entry, EntryFinding, Field, Link, Page, SecondCheck, utc_now
from storage.models.ledger import REASON_BITS, has_reason
from storage.policy import Actor, allowed
from storage.review_errors import LeasedByOther, NoSuchEntry, NotAllowed
from storage.unsure_marks import not_left_to_others

SURE = 0.95             # at least this confident: shown as sure
DOUBTFUL = 0.80         # under this: a person must look
LEASE_TIME = timedelta(minutes=5)
OPEN = ("review", "draft")
REASON_CODES = tuple(REASON_BITS)
_DRAFTS = 1_000_000.0   # places of entries that only want confirming begin here, less their risk (migration 0005)


@dataclass(frozen=True)
class QueueFilter:
    """state: review (a person is needed), draft (read well, nobody has said so yet), open (both). reason: one of REASON_CODES."""

    state: Literal["review", "draft", "open"] = "open"
    kind: str | None = None
    batch_id: str | None = None
    commune_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class QueuePlace:
    """Where an entry stands: before those with a larger place, of the same place before those with a larger id."""

    place: float
    entry_id: int

    def __str__(self) -> str:
        return f"{self.place!r}_{self.entry_id}"

    @classmethod
    def parse(cls, said: str) -> QueuePlace | None:
        """What `str` wrote; None for anything else."""
        place, _, number = said.partition("_")
        try:
            found = cls(float(place), int(number) if number.isdecimal() and "_" not in place else -1)
        except ValueError:
            return None
        return found if isfinite(found.place) and 0 <= found.entry_id < 2**63 else None


@dataclass(frozen=True)
class QueueItem:
    """One waiting entry, without personal data: what book, what number, why it is here, since when, who holds it."""

    entry_id: int
    place: QueuePlace
    batch_id: str
    book_number: str | None
    commune_code: str | None
    came: datetime
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


def in_scope(actor: Actor, commune_code: InstrumentedAttribute[Any], kind: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The condition on a commune and a kind of register that the actor reviews there."""
    return allowed(actor, "review", commune_code, kind)


def visible_entries(actor: Actor, right: str = "batch.see") -> Select[Entry]:
    """Entries of the communes and kinds in which the actor has the right; whoever shows what an entry says asks for review, approve or
    record.see."""
    query = select(Entry).join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id)
    return query.where(allowed(actor, right, Entry.commune_code, Entry.kind))


def waits_in_queue(actor: Actor, filters: QueueFilter) -> list[ColumnElement[bool]]:
    """The conditions on an entry that it is in this actor's queue under these filters."""
    found: list[ColumnElement[bool]] = [Entry.queue_place.is_not(None), in_scope(actor, Entry.commune_code, Entry.kind),
                                         not_left_to_others(actor)]
    if filters.state != "open":
        found.append(Entry.queue_place <= 0 if filters.state == "review" else Entry.queue_place > 0)
    for column, wanted in ((Entry.kind, filters.kind), (Entry.batch_id, filters.batch_id), (Entry.commune_code, filters.commune_code)):
        if wanted:
            found.append(column == wanted)
    if filters.reason:
        # word for word as its partial index says it; a code there is no bit for is no reason of any entry
        found.append(text(has_reason(filters.reason)) if filters.reason in REASON_BITS else Entry.id.is_(None))     # type: ignore[arg-type]
    return found


_PLACE = tuple_(Entry.queue_place, Entry.id)
_ORDER = (Entry.queue_place, Entry.id)
_BACKWARDS = (Entry.queue_place.desc(), Entry.id.desc())


def queue(session: Session, actor: Actor, filters: QueueFilter | None = None, limit: int = 50, after: QueuePlace | None = None,
          before: QueuePlace | None = None) -> list[QueueItem]:
    """The waiting entries in the order a person should take them: the first, those behind `after`, or the nearest ahead of `before`."""
    query = select(Entry.id, Entry.queue_place).where(*waits_in_queue(actor, filters or QueueFilter()))
    if after is not None:
        query = query.where(tuple_(after.place, after.entry_id) < _PLACE)
    if before is not None:
        query = query.where(tuple_(before.place, before.entry_id) > _PLACE)
    taken = query.order_by(*(_ORDER if before is None else _BACKWARDS)).limit(limit).subquery()
    count = select(func.count())
    doubtful = count.where(Field.entry_id == Entry.id, Field.confidence < DOUBTFUL, Field.source != "reviewer").scalar_subquery()
    undecided = count.where(Link.entry_id == Entry.id, waiting()).scalar_subquery()
    findings = count.where(EntryFinding.entry_id == Entry.id).scalar_subquery()
    rows = session.execute(
        select(Entry, taken.c.queue_place, Batch, Page.file, doubtful, undecided, findings).join(taken, taken.c.id == Entry.id)
        .join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id).order_by(taken.c.queue_place, Entry.id))
    now = utc_now()
    return [QueueItem(e.id, QueuePlace(place, e.id), b.id, b.book_number, b.commune_code, b.created_at, e.page_id, file, e.row, e.kind,
                      e.number, e.status, e.risk, tuple(e.reasons or ()), d, u, f,
                      *((e.lease_by, e.lease_until) if _held(e, now) else (None, None)))
            for e, place, b, file, d, u, f in rows]


def _held(entry: Entry, now: datetime) -> bool:
    return entry.lease_by is not None and entry.lease_until is not None and entry.lease_until > now


def _free(actor: Actor, now: datetime) -> ColumnElement[bool]:
    return or_(Entry.lease_by.is_(None), Entry.lease_by == actor.name, Entry.lease_until.is_(None), Entry.lease_until <= now)


def _place_of(session: Session, entry_id: int) -> QueuePlace | None:
    """Where the entry stands, or stood until it was decided."""
    row = session.execute(select(Entry.queue_place, Entry.status, Entry.risk).where(Entry.id == entry_id)).one_or_none()
    if row is None:
        return None
    left = _DRAFTS - row.risk if row.status == "draft" else -row.risk
    return QueuePlace(row.queue_place if row.queue_place is not None else left, entry_id)


def _nexts(session: Session, actor: Actor, filters: QueueFilter | None, after: int | None, now: datetime,
           passed: Collection[int] = ()) -> list[Select[int]]:
    """The questions for the next free entry, to be asked in turn: those behind `after`, then from the front."""
    query = select(Entry.id).where(*waits_in_queue(actor, filters or QueueFilter()), _free(actor, now)).order_by(*_ORDER).limit(1)
    if passed:
        query = query.where(Entry.id.not_in(passed))
    here = _place_of(session, after) if after is not None else None
    if here is None:
        return [query]
    return [query.where(tuple_(here.place, here.entry_id) < _PLACE), query.where(Entry.id != here.entry_id)]


def next_entry(session: Session, actor: Actor, filters: QueueFilter | None = None, after: int | None = None) -> int | None:
    """The id of the next waiting entry that nobody else holds; with `after`, the one behind that entry in the queue, from the front again
    at its end. Whoever asks next gets the same answer: `take_next` also takes it."""
    for query in _nexts(session, actor, filters, after, utc_now()):
        found = session.scalar(query)
        if found is not None:
            return found
    return None


def take_next(session: Session, actor: Actor, filters: QueueFilter | None = None, after: int | None = None,
              duration: timedelta = LEASE_TIME, now: datetime | None = None, passed: Collection[int] = ()) -> int | None:
    """`next_entry`, leased in the same statement: of many who ask at once none waits for another and no two get the same.

    passed: entries not to be given. Raises NotAllowed.
    """
    if not actor.may("review"):
        raise NotAllowed(actor=actor.name)
    now = now or utc_now()
    for query in _nexts(session, actor, filters, after, now, passed):
        one = query.with_for_update(skip_locked=True).scalar_subquery()         # SQLite: one writer at a time anyway
        taken = session.scalar(update(Entry).where(Entry.id == one).values(lease_by=actor.name, lease_until=now + duration)
                               .returning(Entry.id).execution_options(synchronize_session=False))
        if taken is not None:
            return int(taken)
    return None


def visible_entry(session: Session, actor: Actor, entry_id: int, right: str = "batch.see") -> Entry:
    """The entry, if the actor has the right over it; raises NoSuchEntry either way it is not there for them."""
    entry = session.scalar(visible_entries(actor, right).where(Entry.id == entry_id))
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
    won = (update(Entry).where(Entry.id == entry_id, in_scope(actor, Entry.commune_code, Entry.kind), _free(actor, now))
           .values(lease_by=actor.name, lease_until=now + duration).returning(Entry))
    entry = session.scalar(won, execution_options={"synchronize_session": False, "populate_existing": True})
    if entry is None:
        entry = visible_entry(session, actor, entry_id, "review")
        session.refresh(entry, ["lease_by", "lease_until"])
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
