"""What the hub answers a commune's node about the books it sent: gone back with why, checked, and which pages are to be taken again."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from storage import events
from storage.book_way import LONGEST_NOTE, SET_ASIDE, last_step, state_of, step
from storage.models import Batch, BookStep, BookWork, Page
from storage.set_aside import evidence_text

MOST_BOOKS = 500        # asked about at once
BookId = Annotated[str, StringConstraints(max_length=120)]
Note = Annotated[str, StringConstraints(max_length=4 * LONGEST_NOTE)]


class PageNews(BaseModel):
    """A page the province gave back; detail: why, as `Page.detail`."""

    model_config = ConfigDict(extra="ignore")
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    frame: Annotated[int, Field(ge=0)] = 0
    detail: Note = ""


class BookNews(BaseModel):
    """state: of storage.book_way, at the hub; note: why it went back."""

    model_config = ConfigDict(extra="ignore")
    batch: BookId
    state: Literal["open", "sent", "received", "returned", "done"]
    note: Note = ""
    pages: Annotated[list[PageNews], Field(max_length=20_000)] = []


def news_of(session: Session, batches: Iterable[str], commune: str) -> list[BookNews]:
    """At the hub: of those of the `batches` that are this commune's. Others are passed over as if they were not there."""
    asked = Batch.id.in_(list(batches)[:MOST_BOOKS])
    mine = session.scalars(sa.select(Batch.id).where(asked, Batch.commune_code == commune).order_by(Batch.id))
    out = []
    for batch_id in mine.all():
        state = state_of(session, batch_id)
        back = last_step(session, batch_id, "returned") if state == "returned" else None
        rejected = session.scalars(sa.select(Page).where(Page.batch_id == batch_id, Page.state == SET_ASIDE, Page.reason == "rejected",
                                                         Page.sha256.is_not(None)).order_by(Page.id))
        pages = [PageNews(sha256=p.sha256 or "", frame=p.frame, detail=p.detail or "") for p in rejected]
        out.append(BookNews(batch=batch_id, state=state, note=back.note if back is not None else "", pages=pages))
    return out


def books_at_hub(session: Session) -> dict[str, str]:
    """On a node: the books the hub has and has not finished with, {its name there: its name here}."""
    steps = sa.select(BookStep).join(BookWork, BookWork.batch_id == BookStep.batch_id).where(
        BookStep.what == "pushed", BookWork.state == "received").order_by(BookStep.id)
    return {s.note or s.batch_id: s.batch_id for s in session.scalars(steps)}


def take_news(session: Session, news: Iterable[BookNews], by: str) -> int:
    """On a node: do here what the hub says it did; how many books went back or are done. Safe to repeat."""
    here, changed = books_at_hub(session), 0
    for one in news:
        batch_id = here.get(one.batch)
        if batch_id is None:
            continue
        for page in one.pages:
            _take_back(session, batch_id, page, by)
        if one.state in ("returned", "done"):
            step(session, batch_id, one.state, by, one.note[:LONGEST_NOTE])
            changed += 1
    return changed


def _take_back(session: Session, batch_id: str, news: PageNews, by: str) -> None:
    page = session.scalar(sa.select(Page).where(Page.batch_id == batch_id, Page.sha256 == news.sha256, Page.frame == news.frame,
                                                Page.state != SET_ASIDE))
    if page is not None:
        page.state, page.reason, page.detail = SET_ASIDE, "rejected", news.detail or evidence_text({"why": "other", "note": ""})
        events.append(session, by, "page.return", f"page:{page.id}", {})
