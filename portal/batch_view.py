"""What the book pages show: how far each book is, its pages with their verdicts, numbers that are missing."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal import wording
from portal.wording import Pair
from storage.models import Batch, Entry, Page
from storage.policy import Actor, allowed, allows
from storage.review_errors import NoSuchEntry
from storage.set_aside import explain

_MOST_MISSING = 200


@dataclass(frozen=True)
class BatchSummary:
    """A book in the list. pages: page state -> count; entries: entry state -> count (those on pages set aside are not counted)."""

    id: str
    kind: str | None
    book_number: str | None
    year: int | None
    registry_office: str | None
    created_at: datetime
    created_by: str
    pages: Mapping[str, int]
    entries: Mapping[str, int]

    @property
    def page_count(self) -> int:
        return sum(self.pages.values())

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
        if self.waiting_to_be_read:
            return "Đang đọc", "Being read"
        if self.to_review:
            return "Đang rà soát", "In review"
        if self.entries and not self.entries.get("verified"):
            return "Đã lưu trữ", "Archived"
        if self.done:
            return "Đang lưu trữ", "Being archived"
        return "Không có mục nào", "No entries"


@dataclass(frozen=True)
class PageView:
    id: int
    file: str
    frame: int
    state: str
    readable: bool                      # there is an original that can be shown
    verdict: str | None                 # good poor retake
    remarks: tuple[Pair, ...]           # what is wrong with the image, in the clerk's words
    problem: Pair | None                # why it was set aside
    entries: tuple[tuple[int, str | None, str], ...]    # id, number, status


@dataclass(frozen=True)
class BatchPage:
    summary: BatchSummary
    pages: tuple[PageView, ...]
    missing: tuple[int, ...]
    repeated: tuple[str, ...] = field(default_factory=tuple)


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


def summaries(session: Session, actor: Actor, limit: int = 100, offset: int = 0) -> list[BatchSummary]:
    """The books the actor may see, newest first."""
    batches = session.scalars(visible_batches(actor).order_by(Batch.created_at.desc(), Batch.id).limit(limit).offset(offset)).all()
    return _summaries(session, batches)


def _summaries(session: Session, batches: Sequence[Batch]) -> list[BatchSummary]:
    ids = [b.id for b in batches]
    pages: dict[str, Counter[str]] = {i: Counter() for i in ids}
    entries: dict[str, Counter[str]] = {i: Counter() for i in ids}
    if ids:
        for batch_id, state, n in session.execute(select(Page.batch_id, Page.state, func.count()).where(Page.batch_id.in_(ids))
                                                  .group_by(Page.batch_id, Page.state)):
            pages[batch_id][state] = n
        for batch_id, status, n in session.execute(
                select(Page.batch_id, Entry.status, func.count()).join(Entry, Entry.page_id == Page.id)
                .where(Page.batch_id.in_(ids), Page.state != "set_aside").group_by(Page.batch_id, Entry.status)):
            entries[batch_id][status] = n
    return [BatchSummary(b.id, b.kind, b.book_number, b.year, b.registry_office, b.created_at, b.created_by, pages[b.id], entries[b.id])
            for b in batches]


def batch_page(session: Session, batch: Batch) -> BatchPage:
    """One book with all its pages; missing numbers are the gaps between the lowest and highest number read, a year at a time."""
    rows = session.scalars(select(Page).where(Page.batch_id == batch.id).order_by(Page.file, Page.frame)).all()
    entries: dict[int, list[Entry]] = {}
    for entry in session.scalars(select(Entry).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch.id).order_by(Entry.row)):
        entries.setdefault(entry.page_id, []).append(entry)
    kept = [e for p in rows if p.state != "set_aside" for e in entries.get(p.id, [])]
    missing, repeated = number_gaps((e.year, e.number) for e in kept)
    return BatchPage(_summaries(session, [batch])[0], tuple(_page(p, entries.get(p.id, [])) for p in rows), missing, repeated)


def _page(page: Page, entries: Iterable[Entry]) -> PageView:
    quality: Mapping[str, Any] = page.quality or {}
    problem = (explain(page.reason, page.detail, "vi"), explain(page.reason, page.detail, "en")) if page.state == "set_aside" else None
    shows = page.original_key is not None and page.media_type is not None
    return PageView(page.id, page.file, page.frame, page.state, shows, quality.get("verdict"), wording.quality_remarks(quality), problem,
                    tuple((e.id, e.number, e.status) for e in entries))


def number_gaps(numbers: Iterable[tuple[int | None, str | None]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Of (year, number) pairs: numbers that lie between read ones and were not read, and numbers that occur twice in a year."""
    by_year: dict[int | None, list[int]] = {}
    seen: Counter[tuple[int | None, str]] = Counter()
    for year, number in numbers:
        bare = re.match(r"\d+", number or "")
        if bare and number:
            by_year.setdefault(year, []).append(int(bare[0]))
            seen[year, number] += 1
    gaps: list[int] = []
    for found in by_year.values():
        have = set(found)
        wide = max(have) - min(have)
        if wide <= 3 * len(have) + 20:      # one misread number must not make thousands of gaps
            gaps.extend(n for n in range(min(have), max(have)) if n not in have)
    return tuple(sorted(set(gaps))[:_MOST_MISSING]), tuple(sorted({n for (_, n), count in seen.items() if count > 1}))
