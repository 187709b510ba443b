"""The commune's desk: what an officer did to pages, what a book lacks and why, how far the book has travelled."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, UtcDateTime, utc_now


class PageWork(Base):
    """What a person wants of a page, applied when it is read and shown; the original never changes. No row: as it was scanned."""

    __tablename__ = "page_work"
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    turn: Mapped[int | None] = mapped_column(Integer)               # degrees clockwise that make it upright; None: the machine finds it
    corners: Mapped[list[Any] | None] = mapped_column(Json)         # [[x, y] x 4], shares of the original, clockwise from its top left
    mark: Mapped[str | None] = mapped_column(String(12))            # blank void cover_sheet replaced: not read, kept
    part: Mapped[str | None] = mapped_column(String(12))            # cover opening closing: a page of the book without entries
    place: Mapped[int | None] = mapped_column(Integer)              # in the book, 1-based; None: by file name, after the placed ones
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="SET NULL"))
    aside: Mapped[dict[str, Any] | None] = mapped_column(Json)      # state, reason, detail the page had before its mark


class PageStep(Base):
    """One change of a page, or of the order of a book's pages, with what was before it: what undo needs. Never changed but by undo."""

    __tablename__ = "page_step"
    __table_args__ = (Index("ix_page_step_batch", "batch_id", "id"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"))
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(12))                   # turn crop mark part move replace
    before: Mapped[dict[str, Any]] = mapped_column(Json)            # page id -> the columns of PageWork that changed
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str] = mapped_column(String(80))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class PageLook(Base):
    """How a page's original looks, measured once for its content: ocr.quality.PageQuality as a dict, and of its neighbours: `like`."""

    __tablename__ = "page_look"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    frame: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    look: Mapped[dict[str, Any]] = mapped_column(Json)


class BookWork(Base):
    """A book on its way: open -> sent -> received -> done, or returned, which is open again. No row: open."""

    __tablename__ = "book_work"
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    declared_total: Mapped[int | None] = mapped_column(Integer)     # events, as the closing page says


class BookStep(Base):
    """One step of a book's way, with its reason in words."""

    __tablename__ = "book_step"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), index=True)
    what: Mapped[str] = mapped_column(String(12))                   # sent pushed received returned done
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")


class HoleReason(Base):
    """Why something a book lacks is right so: `hole` is storage.completeness.Hole.key."""

    __tablename__ = "hole_reason"
    __table_args__ = (UniqueConstraint("batch_id", "hole"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    hole: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(12))                 # lost unused slip unscannable other
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str] = mapped_column(String(80))
