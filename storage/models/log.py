"""The append-only log, and places reached in long work."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, utc_now


class Event(Base):
    """Append-only, hash-chained log of what happened and who looked. `hash` = SHA-256(prev_hash + canonical JSON of the rest)."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_actor_seq", "actor", "seq"), Index("ix_event_action_seq", "action", "seq"),
                      Index("ix_event_subject_seq", "subject", "seq"))
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    actor: Mapped[str] = mapped_column(String(80))                   # user, client or program
    action: Mapped[str] = mapped_column(String(40))                  # field.correct entry.verify entry.archive record.view copy.fetch …
    subject: Mapped[str] = mapped_column(String(120))                # entry:12, page:3, batch:KS.2017.01.01
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class Cursor(Base):
    """A named place reached in long work (fixity audit), and small facts of the installation."""

    __tablename__ = "cursor"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
