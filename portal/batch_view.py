"""Which books and pages a person sees, and how far each book is."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.wording import Pair
from storage.book_way import AT_COMMUNE
from storage.models import Batch, BookWork, Entry, Page
from storage.policy import Actor, allowed, allows
from storage.review_errors import NoSuchEntry

_MARKED = {"blank": "marked", "void": "marked", "cover_sheet": "no_page", "replaced": "no_page"}


@dataclass(frozen=True)
class BatchSummary:
    """A book in the list. pages: page state -> count, `marked` being blank and void pages, `no_page` cover sheets and pages taken again;
    entries: entry state -> count (those on pages set aside are not counted). way: where the book is, see storage.book_way."""

    id: str
    commune_code: str | None
    kind: str | None
    book_number: str | None
    year: int | None
    registry_office: str | None
    created_at: datetime
    created_by: str
    pages: Mapping[str, int]
    entries: Mapping[str, int]
    way: str = "open"

    @property
    def page_count(self) -> int:
        return sum(n for state, n in self.pages.items() if state != "no_page")

    @property
    def waiting_to_be_read(self) -> int:
        return self.pages.get("received", 0) + self.pages.get("stored", 0)

    @property
    def to_review(self) -> int:
        return self.entries.get("review", 0) + self.entries.get("draft", 0)

    @property
    def done(self) -> int:
        return self.entries.get("verified", 0) + self.entries.get("archived", 0)

    @property
    def step(self) -> Pair:
        """Where the book stands, in one phrase."""
        if self.way == "returned":
            return "Tỉnh trả lại", "Returned by the province"
        if self.waiting_to_be_read:
            return "Đang đọc", "Being read"
        if self.to_review:
            return "Đang rà soát", "In review"
        if self.entries and not self.entries.get("verified"):
            return "Đã lưu trữ", "Archived"
        if self.done:
            return "Đang lưu trữ", "Being archived"
        return "Không có mục nào", "No entries"


def visible_batches(actor: Actor, right: str = "batch.see") -> Select[Batch]:
    """Books of the communes and kinds in which the actor has the right."""
    return select(Batch).where(allowed(actor, right, Batch.commune_code, Batch.kind))


def visible_batch(session: Session, actor: Actor, batch_id: str, right: str = "batch.see") -> Batch:
    """The book, if the actor has the right over it; raises NoSuchEntry either way it is not there for them."""
    batch = session.scalar(visible_batches(actor, right).where(Batch.id == batch_id))
    if batch is None:
        raise NoSuchEntry(entry=batch_id)
    return batch


def visible_page(session: Session, actor: Actor, page_id: int, *rights: str) -> Page:
    """The page, if the actor has one of the rights (batch.see without any) over its book. Raises NoSuchEntry."""
    page = session.get(Page, page_id)
    batch = session.get_one(Batch, page.batch_id) if page is not None else None
    if page is None or batch is None or not any(allows(actor, r, batch.commune_code, batch.kind) for r in rights or ("batch.see",)):
        raise NoSuchEntry(entry=page_id)
    return page


def open_books(session: Session, actor: Actor, limit: int = 50) -> list[Batch]:
    """The books the actor may add pages to, newest first."""
    query = visible_batches(actor, "batch.upload").outerjoin(BookWork, BookWork.batch_id == Batch.id)
    query = query.where(or_(BookWork.state.is_(None), BookWork.state.in_(AT_COMMUNE)))
    return list(session.scalars(query.order_by(Batch.created_at.desc(), Batch.id).limit(limit)))


def summaries(session: Session, actor: Actor, limit: int = 100, offset: int = 0) -> list[BatchSummary]:
    """The books the actor may see, newest first."""
    batches = session.scalars(visible_batches(actor).order_by(Batch.created_at.desc(), Batch.id).limit(limit).offset(offset)).all()
    return _summaries(session, batches)


def summary(session: Session, batch: Batch) -> BatchSummary:
    return _summaries(session, [batch])[0]


def _summaries(session: Session, batches: Sequence[Batch]) -> list[BatchSummary]:
    ids = [b.id for b in batches]
    pages: dict[str, Counter[str]] = {i: Counter() for i in ids}
    entries: dict[str, Counter[str]] = {i: Counter() for i in ids}
    ways = {row.batch_id: row.state for row in session.scalars(select(BookWork).where(BookWork.batch_id.in_(ids)))}
    if ids:
        counted = select(Page.batch_id, Page.state, Page.reason, func.count()).where(Page.batch_id.in_(ids))
        for batch_id, state, reason, n in session.execute(counted.group_by(Page.batch_id, Page.state, Page.reason)):
            pages[batch_id][_MARKED.get(reason or "", state) if state == "set_aside" else state] += n
        for batch_id, status, n in session.execute(
                select(Page.batch_id, Entry.status, func.count()).join(Entry, Entry.page_id == Page.id)
                .where(Page.batch_id.in_(ids), Page.state != "set_aside").group_by(Page.batch_id, Entry.status)):
            entries[batch_id][status] = n
    return [BatchSummary(b.id, b.commune_code, b.kind, b.book_number, b.year, b.registry_office, b.created_at, b.created_by, pages[b.id],
                         entries[b.id], ways.get(b.id, "open")) for b in batches]
