"""What people say beside deciding: that they cannot, and notes; and which decisions of a browser have been taken in."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, utc_now


class EntryUnsure(Base):
    """A person could not decide an entry: it leaves their queue and waits for somebody else. withdrawn: undone."""

    __tablename__ = "entry_unsure"
    __table_args__ = (Index("ix_entry_unsure_entry_by", "entry_id", "by"), Index("ix_entry_unsure_by_at", "by", "at"))
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"))
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    note: Mapped[str] = mapped_column(Text, default="")             # what they could not tell, in their own words
    event_seq: Mapped[int] = mapped_column(BigInteger, index=True)  # where the log says so
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)


class EntryComment(Base):
    """A note about an entry for whoever opens it next. Only added, never changed."""

    __tablename__ = "entry_comment"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    text: Mapped[str] = mapped_column(Text)


class ReviewDecision(Base):
    """A decision that a browser sent under an id of its own: sent again, it gets the same answer and is not done twice."""

    __tablename__ = "review_decision"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, index=True)    # no foreign key: it outlives its entry
    what: Mapped[str] = mapped_column(String(12))                    # field | link | accept | undo …
    revision: Mapped[int] = mapped_column(Integer, default=0)        # of the entry after it
    status: Mapped[str] = mapped_column(String(12), default="")
    steps: Mapped[int] = mapped_column(Integer, default=1)           # decisions in the log that it stands for, undone together
