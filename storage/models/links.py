"""Who the people of an entry are, and what is known of how right the links are."""
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.models.base import Base, Json, Key, utc_now

if TYPE_CHECKING:
    from storage.models.ledger import Entry

# Which links wait for a person, word for word as their partial indexes say it: to be decided, and accepted ones drawn for a blind check.
UNDECIDED = "decided_by is null and decision = 'review'"
TO_CHECK = "decided_by is null and decision = 'accept' and blind"


class Link(Base):
    """Who a role of an entry is, in the population snapshot. A reviewer's decision (`decided_by`, `excluded`) survives every re-run.

    Three probabilities: what the linker said of the entry by itself, that after the other entries of the same person were heard, and the
    calibrated one, which people see.
    """

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("entry_id", "role"),
        *(Index(f"ix_link_{name}", "entry_id", postgresql_where=text(where), sqlite_where=text(where))
          for name, where in (("undecided", UNDECIDED), ("to_check", TO_CHECK))),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    role: Mapped[str] = mapped_column(String(8))
    personal_id: Mapped[str | None] = mapped_column(String(20), index=True)
    probability: Mapped[float] = mapped_column(Float, default=0.0)
    decision: Mapped[str] = mapped_column(String(8))                # accept | review | none
    candidates: Mapped[list[Any]] = mapped_column(Json, default=list)   # [{personal_id, probability, evidence: [[level …]]}]
    linker_probability: Mapped[float] = mapped_column(Float, default=0.0)
    joint_probability: Mapped[float] = mapped_column(Float, default=0.0)
    reasons: Mapped[list[Any]] = mapped_column(Json, default=list)      # [[code, entry …]]: what keeps it from being accepted
    excluded: Mapped[list[Any]] = mapped_column(Json, default=list)     # personal numbers a reviewer has ruled out
    blind: Mapped[bool] = mapped_column(Boolean, default=False)         # drawn for a check by a person who is not told the answer
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("population_snapshot.id"))
    decided_by: Mapped[str | None] = mapped_column(String(80))
    entry: Mapped[Entry] = relationship(back_populates="links")


class LinkCheck(Base):
    """What a reviewer's decision said of the machine's answer. Only `withdrawn` changes: undone, or decided anew."""

    __tablename__ = "link_check"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, index=True)       # no foreign key: it outlives its entry
    role: Mapped[str] = mapped_column(String(8))
    event_seq: Mapped[int] = mapped_column(BigInteger, index=True)      # the decision in the log
    at: Mapped[datetime] = mapped_column(default=utc_now)
    answer: Mapped[str] = mapped_column(String(20))                     # whom the machine named
    probability: Mapped[float] = mapped_column(Float)                   # joint_probability of the answer when it was checked
    rate: Mapped[float] = mapped_column(Float)                          # the share of links like it that are checked (1: all are)
    blind: Mapped[bool] = mapped_column(Boolean)
    right: Mapped[bool] = mapped_column(Boolean)
    link_model: Mapped[str] = mapped_column(String(40))                 # version of the link model that answered
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)


class LinkPolicy(Base):
    """A version of where links are accepted (matching.policy as JSON). Rows are only added; the highest version holds."""

    __tablename__ = "link_policy"
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    why: Mapped[str] = mapped_column(String(40))
    body: Mapped[dict[str, Any]] = mapped_column(Json)


class LinkRecheck(Base):
    """An entry to be linked again, because the population changed about a person it is linked to."""

    __tablename__ = "link_recheck"
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)                       # PopulationSnapshot.version that asked for it
