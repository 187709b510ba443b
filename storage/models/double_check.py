"""Checks of an entry by a second person: what the policy asks, what became of it, and what the entry said at every stage."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, utc_now


class CheckPolicy(Base):
    """A version of how many people check the entries of one kind (storage.check_policy as JSON). Rows are only added; of a kind's that have
    begun the one begun last holds, of two begun at once the later version."""

    __tablename__ = "check_policy"
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))                       # "": every kind that has none of its own
    at: Mapped[datetime] = mapped_column(default=utc_now)
    from_at: Mapped[datetime] = mapped_column(default=utc_now)         # holds for entries verified from then on
    by: Mapped[str] = mapped_column(String(80))
    body: Mapped[dict[str, Any]] = mapped_column(Json)


class SecondCheck(Base):
    """A verified entry that a second person must check before it is archived. Taking the verification back takes this row away."""

    __tablename__ = "second_check"
    __table_args__ = (Index("ix_second_check_waiting", "state", "asked_at"),)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    policy_version: Mapped[int] = mapped_column(Integer)
    drawn: Mapped[str] = mapped_column(String(8))                       # policy: every entry of the kind; sample: drawn by lot
    blind: Mapped[bool] = mapped_column(Boolean)
    needs: Mapped[str] = mapped_column(String(20))                      # right of who may do it: review | approve
    state: Mapped[str] = mapped_column(String(8), default="open")       # open -> agreed | differs -> settled
    risk: Mapped[float] = mapped_column(Float, default=0.0)             # expected errors of the machine's reading, before any person
    first_seq: Mapped[int] = mapped_column(BigInteger)                  # the log's row of the first change by a person
    first_by: Mapped[str] = mapped_column(String(80), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    second_by: Mapped[str | None] = mapped_column(String(80), index=True)
    second_at: Mapped[datetime | None] = mapped_column()
    settled_by: Mapped[str | None] = mapped_column(String(80))
    done_at: Mapped[datetime | None] = mapped_column()                  # agreed or settled: its time to undo runs from here
    draft: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)   # what the second person has entered so far
    outcome: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # {"field:nksHoTen": same | open | first | second | other | noted}


class CheckHand(Base):
    """Somebody who had a hand in an entry under check: they do no further check of it."""

    __tablename__ = "second_check_hand"
    entry_id: Mapped[int] = mapped_column(ForeignKey("second_check.entry_id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    stage: Mapped[str] = mapped_column(String(8))                       # check1 | check2


class EntryVersion(Base):
    """What the entry said at a stage of its checks. Only `withdrawn` changes: the stage was taken back."""

    __tablename__ = "entry_version"
    __table_args__ = (Index("ix_entry_version_entry", "entry_id", "stage"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    stage: Mapped[str] = mapped_column(String(8))                       # entry | check1 | check2 | settled
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    event_seq: Mapped[int] = mapped_column(BigInteger)
    values: Mapped[dict[str, Any]] = mapped_column(Json)                # {"fields": {code: value}, "links": {role: personal number | null}}
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)
