"""What other systems are told and asked: the change feed, pushes to the Ministry's software, questions to the population database."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, UtcDateTime, utc_now


class RecordChange(Base):
    """A line of the change feed. `seq` is that of the event that told of it, given under the log's lock: its order is that of commits."""

    __tablename__ = "record_change"
    __table_args__ = (Index("ix_record_change_kind_seq", "kind", "seq"), Index("ix_record_change_owner_seq", "owner", "seq"))
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    mark: Mapped[str] = mapped_column(String(8))                    # of the event's hash: tells histories apart
    what: Mapped[str] = mapped_column(String(24))                   # storage.change_feed.WHAT
    kind: Mapped[str] = mapped_column(String(8))
    record: Mapped[str] = mapped_column(String(64))                 # package id, as the API names records
    version: Mapped[int] = mapped_column(Integer, default=1)
    previous: Mapped[str | None] = mapped_column(String(64))        # package id of the version before
    extract: Mapped[str | None] = mapped_column(String(36))         # of a line about an extract, else None
    owner: Mapped[str | None] = mapped_column(String(80))           # who asked for that extract, and alone is told


class MinistryPush(Base):
    """The outbox to the Ministry's software: one dossier a row, for ever; the row is there from the decision to send it.

    content: what is to be said, in this program's canonical form; how a version of the interface says it is decided when it is sent.
    """

    __tablename__ = "ministry_push"
    __table_args__ = (UniqueConstraint("dossier"), Index("ix_ministry_push_due", "state", "next_at"))
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    module: Mapped[str] = mapped_column(String(8))                  # LTKS LTKT LTKH BS
    dossier: Mapped[str] = mapped_column(String(80))                # one-stop dossier code
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(8), default="waiting")    # waiting | held | sent | done | dead
    tries: Mapped[int] = mapped_column(Integer, default=0)          # since the decision, or since somebody asked to try again
    next_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    endpoint: Mapped[str | None] = mapped_column(String(40))        # that took it
    again: Mapped[bool] = mapped_column(Boolean, default=False)     # it said that it had it already
    problem: Mapped[str | None] = mapped_column(String(40))         # code of the last failure, or why it is held
    said: Mapped[list[Any]] = mapped_column(Json, default=list)     # the other side's messages, a line each
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)    # what the poll of states answered last
    decided_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class PopulationQuestion(Base):
    """A question to the national population database about one person of an entry, and its answer, kept beside the register's values."""

    __tablename__ = "population_question"
    __table_args__ = (Index("ix_population_question_due", "state", "next_at"), Index("ix_population_question_entry", "entry_id", "role"))
    id: Mapped[str] = mapped_column(String(100), primary_key=True)  # MaYeuCau: the same however often it is sent
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    role: Mapped[str] = mapped_column(String(8))
    service: Mapped[str] = mapped_column(String(40))
    officer: Mapped[str] = mapped_column(String(80))
    dossier: Mapped[str] = mapped_column(String(80))
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)     # what was asked with
    state: Mapped[str] = mapped_column(String(8), default="waiting")    # waiting | answered | refused
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=utc_now)
    problem: Mapped[str | None] = mapped_column(String(40))
    said: Mapped[str | None] = mapped_column(Text)                  # the other side's words, for people
    answer: Mapped[list[Any]] = mapped_column(Json, default=list)
    asked_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
