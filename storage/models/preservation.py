"""What happens to an archive after it was written: corrections, closed books, holds, what the fixity audit found."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, UtcDateTime, utc_now


class ArchiveCorrection(Base):
    """A later version of a package: the one it follows, the decision it rests on, and what that decision says should be read instead."""

    __tablename__ = "archive_correction"
    package_id: Mapped[str] = mapped_column(ForeignKey("archive_package.id"), primary_key=True)
    previous_id: Mapped[str] = mapped_column(ForeignKey("archive_package.id"), unique=True)    # a version has one successor
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(24))                   # storage.corrections.KINDS
    number: Mapped[str] = mapped_column(String(80))                 # of the decision, as written
    decided_on: Mapped[date] = mapped_column()
    agency: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)    # code -> {"before": …, "after": …}
    made_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class BookPackage(Base):
    """The closing package of a book whose entries are all archived. A correction in it makes the next version."""

    __tablename__ = "book_package"
    __table_args__ = (UniqueConstraint("batch_id", "version"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"))
    version: Mapped[int] = mapped_column(Integer)
    manifest_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    entries: Mapped[int] = mapped_column(Integer)
    mark: Mapped[str] = mapped_column(String(64))                   # SHA-256 over the packages it lists, in order
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ObjectHold(Base):
    """A legal hold on one object: it may not be removed however long its lock lasts, until somebody lifts the hold and says why."""

    __tablename__ = "object_hold"
    __table_args__ = (Index("ix_object_hold_key", "key"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    package_id: Mapped[str] = mapped_column(String(64), index=True)
    key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    reason: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[str] = mapped_column(String(80))
    placed_at: Mapped[datetime] = mapped_column(default=utc_now)
    released_by: Mapped[str | None] = mapped_column(String(80))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class FixityFinding(Base):
    """What a fixity pass found to differ. Kept until the next pass over the same place has found it good."""

    __tablename__ = "fixity_finding"
    __table_args__ = (UniqueConstraint("code", "place"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(340))
    expected: Mapped[str] = mapped_column(Text, default="")
    found: Mapped[str] = mapped_column(Text, default="")
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
