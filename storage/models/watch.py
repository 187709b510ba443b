"""What is noticed about how somebody asks: sketches of what was asked lately, and alerts."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, UtcDateTime, utc_now


class WatchState(Base):
    """What storage.watch remembers of one client, account or network address: keyed digests and counts, no number and no name."""

    __tablename__ = "watch_state"
    actor: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class AccessAlert(Base):
    """Somebody asked in a way that is not a one-stop counter's; one a day for each rule."""

    __tablename__ = "access_alert"
    __table_args__ = (UniqueConstraint("actor", "rule", "day"), Index("ix_access_alert_closed_at", "closed_at"))
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    actor: Mapped[str] = mapped_column(String(80))
    rule: Mapped[str] = mapped_column(String(20))                   # of storage.watch
    day: Mapped[date] = mapped_column(Date)                         # in Vietnam
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    suspended: Mapped[bool] = mapped_column(Boolean, default=False)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    closed_by: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(Text, default="")
