"""The population database: its snapshots, their people, what changed between them."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, utc_now


class PopulationSnapshot(Base):
    """A population file under a column map. came … went: people against the snapshot in use before; links_*: of entries."""

    __tablename__ = "population_snapshot"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(Integer, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(8), default="loading")   # loading | current | old
    version: Mapped[int] = mapped_column(Integer, default=0)           # 1, 2, 3 … in the order in which they became current; 0: never
    came: Mapped[int] = mapped_column(Integer, default=0)
    changed: Mapped[int] = mapped_column(Integer, default=0)
    renumbered: Mapped[int] = mapped_column(Integer, default=0)
    went: Mapped[int] = mapped_column(Integer, default=0)
    links_rechecked: Mapped[int] = mapped_column(Integer, default=0)   # links to be made again: their person changed or went
    links_without_person: Mapped[int] = mapped_column(Integer, default=0)  # links that people decided or verified, whose person went
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Person(Base):
    """A person of one population snapshot, values as the file has them; `key` is the same in every snapshot, whatever his number is."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("snapshot_id", "personal_id"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("population_snapshot.id"))
    key: Mapped[int] = mapped_column(BigInteger, default=0)
    digest: Mapped[int | None] = mapped_column(BigInteger)              # of all values (storage.population_identity.digest_of)
    personal_id: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[str] = mapped_column(String(10), default="")     # YYYY-MM-DD, YYYY-MM, YYYY or empty
    sex: Mapped[str] = mapped_column(String(12), default="")
    ethnicity: Mapped[str] = mapped_column(String(60), default="")
    nationality: Mapped[str] = mapped_column(String(60), default="")
    birth_place: Mapped[str] = mapped_column(Text, default="")
    home_place: Mapped[str] = mapped_column(Text, default="")           # quê quán
    residence: Mapped[str] = mapped_column(Text, default="")            # nơi thường trú
    father_name: Mapped[str] = mapped_column(Text, default="")
    father_id: Mapped[str] = mapped_column(String(20), default="")
    mother_name: Mapped[str] = mapped_column(Text, default="")
    mother_id: Mapped[str] = mapped_column(String(20), default="")
    spouse_name: Mapped[str] = mapped_column(Text, default="")
    spouse_id: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(20), default="")


class PersonHistory(Base):
    """What a snapshot changed about a person whom the one before had: his values as they were.

    before: changed, relatives: the columns that changed; renumbered, went: the whole row; returned (after he went): nothing.
    """

    __tablename__ = "person_history"
    __table_args__ = (Index("ix_person_history_version_number", "version", "personal_id"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(Integer)                       # PopulationSnapshot.version that brought the change
    key: Mapped[int] = mapped_column(BigInteger, index=True)            # Person.key
    kind: Mapped[str] = mapped_column(String(12))                   # changed | relatives (new numbers) | renumbered | went | returned
    personal_id: Mapped[str] = mapped_column(String(20), index=True)    # the number before
    now: Mapped[str | None] = mapped_column(String(20))                 # the number after; None: went
    before: Mapped[dict[str, Any]] = mapped_column(Json)


class PopulationRejection(Base):
    """A row of the file that could not be taken, with its reason; the rest was."""

    __tablename__ = "population_rejection"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("population_snapshot.id"), index=True)
    line: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
