"""What a commune's node tells the hub of a book besides its files: how pages are turned, cut, marked, ordered, and why numbers lack."""
from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.orm import Session

from ocr.page_cut import parse_corners
from storage import events
from storage.book_way import AT_COMMUNE, book_work, state_of, step
from storage.models import BookWork, HoleReason, Page, PageWork
from storage.page_order import book_pages
from storage.page_work import apply_work, work_of

WORK_FILE = "sogoc-work.json"
_NOT_SENT = ("replaced", "cover_sheet")
_OF_NUMBERS = ("missing:", "repeated:", "no_", "total:")        # holes whose key names no page of this database
Short = Annotated[str, StringConstraints(max_length=500)]


class PageSaid(BaseModel):
    model_config = ConfigDict(extra="ignore")
    file: Short
    frame: Annotated[int, Field(ge=0)] = 0
    turn: Annotated[int | None, Field(ge=0, le=270, multiple_of=90)] = None
    corners: list[tuple[float, float]] | None = None
    mark: Annotated[str | None, StringConstraints(pattern="^(blank|void)$")] = None
    part: Annotated[str | None, StringConstraints(pattern="^(cover|opening|closing)$")] = None
    place: Annotated[int | None, Field(ge=1)] = None


class HoleSaid(BaseModel):
    hole: Annotated[str, StringConstraints(max_length=80)]
    reason: Annotated[str, StringConstraints(pattern="^(lost|unused|slip|unscannable|other)$")]
    note: Short = ""


class BookSaid(BaseModel):
    model_config = ConfigDict(extra="ignore")
    pages: list[PageSaid] = Field(default_factory=list, max_length=20_000)
    holes: list[HoleSaid] = Field(default_factory=list, max_length=2_000)
    total: Annotated[int | None, Field(ge=0)] = None


def pages_to_send(session: Session, batch_id: str) -> list[Page]:
    """The pages the hub gets, in order: all that have a file, but sheets and pictures taken again."""
    pages = book_pages(session, batch_id)
    work = work_of(session, [p.id for p in pages])
    return [p for p in pages if p.original_key is not None and p.reason != "duplicate"
            and (p.id not in work or work[p.id].mark not in _NOT_SENT)]


def told_of(session: Session, batch_id: str) -> dict[str, Any]:
    """What goes into the work file."""
    pages = pages_to_send(session, batch_id)
    work = work_of(session, [p.id for p in pages])
    said = [{"file": p.file, "frame": p.frame, "turn": w.turn, "corners": w.corners, "mark": w.mark, "part": w.part, "place": w.place}
            for p in pages if (w := work.get(p.id)) is not None]
    whys = session.scalars(sa.select(HoleReason).where(HoleReason.batch_id == batch_id).order_by(HoleReason.id))
    row = session.get(BookWork, batch_id)
    return {"pages": said, "holes": [{"hole": w.hole, "reason": w.reason, "note": w.note} for w in whys if w.hole.startswith(_OF_NUMBERS)],
            "total": row.declared_total if row is not None else None}


def take_told(session: Session, batch_id: str, data: bytes, by: str) -> bool:
    """Put what a node told beside the pages it sent; the book counts as sent. False, and nothing happens, for what is no work file.

    Safe to repeat. A page that a person here has decided on keeps what it has.
    """
    try:
        said = BookSaid.model_validate_json(data)
        corners = [parse_corners(p.corners) if p.corners is not None else None for p in said.pages]
    except (ValidationError, ValueError):
        return False
    if state_of(session, batch_id) not in AT_COMMUNE:
        return True
    rows = {(p.file, p.frame): p for p in session.scalars(sa.select(Page).where(Page.batch_id == batch_id))}
    for one, quad in zip(said.pages, corners, strict=True):
        page = rows.get((one.file, one.frame))
        if page is not None:
            flat = [list(c) for c in quad] if quad else None
            apply_work(session, page, PageWork(turn=one.turn, corners=flat, mark=one.mark, part=one.part, place=one.place))
    session.execute(sa.delete(HoleReason).where(HoleReason.batch_id == batch_id, HoleReason.hole.in_([h.hole for h in said.holes])))
    session.add_all(HoleReason(batch_id=batch_id, hole=h.hole, reason=h.reason, note=h.note, by=by) for h in said.holes)
    book_work(session, batch_id).declared_total = said.total
    events.append(session, by, "book.told", f"batch:{batch_id}", {"pages": len(said.pages)})
    step(session, batch_id, "sent", by)
    return True
