"""The order of a book's pages: as its officer put them, else by file name (scan2 before scan10), then frame."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.book_order import file_order
from storage.models import Page, PageWork

OrderKey = tuple[float, tuple[tuple[int, int, str], ...], int]


def places(session: Session, batch_id: str) -> Mapping[int, int]:
    """Page id -> the place a person gave it; pages without one are missing."""
    query = sa.select(PageWork.page_id, PageWork.place).join(Page, Page.id == PageWork.page_id)
    rows = session.execute(query.where(Page.batch_id == batch_id, PageWork.place.is_not(None)))
    return {page_id: place for page_id, place in rows if place is not None}


def order_key(file: str, frame: int, place: int | None) -> OrderKey:
    """Placed pages first, by place; those that came after the placing follow by name."""
    return (place if place is not None else float("inf"), file_order(file), frame)


def in_order(session: Session, batch_id: str, pages: Iterable[Page]) -> list[Page]:
    put = places(session, batch_id)
    return sorted(pages, key=lambda p: order_key(p.file, p.frame, put.get(p.id)))


def book_pages(session: Session, batch_id: str) -> list[Page]:
    """All pages of the book, whatever their state, in order."""
    return in_order(session, batch_id, session.scalars(sa.select(Page).where(Page.batch_id == batch_id)))
