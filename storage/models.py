"""Database models: one table per noun of the house. Times are UTC, JSON columns hold only plain data."""
from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Json = JSON().with_variant(JSONB(), "postgresql")
Key = BigInteger().with_variant(Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def utc_now() -> datetime:
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware UTC time; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value, dialect):
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: Json, list[Any]: Json, datetime: UtcDateTime(), date: Date()}


class Batch(Base):
    """A scanned book (or a dossier): one folder, one Dagster partition. `id` is what people see: the folder's name, ~2, ~3 … if taken."""

    __tablename__ = "batch"
    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    folder: Mapped[str] = mapped_column(Text)                       # where it was scanned to, for people only
    content_hash: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256 over the sorted page hashes
    kind: Mapped[str | None] = mapped_column(String(8))             # KS KH KT NCM GH CN CC HN, or HS (a dossier); None until known
    form: Mapped[str | None] = mapped_column(String(16))            # KS2016 …, None until known
    year: Mapped[int | None] = mapped_column(Integer)
    book_number: Mapped[str | None] = mapped_column(String(32))     # quyenSo as written: 01/2017
    registry_office: Mapped[str | None] = mapped_column(Text)       # noiDangKy
    commune_code: Mapped[str | None] = mapped_column(String(8), index=True)  # the holder's unit; scopes who may see it
    declared: Mapped[dict[str, Any]] = mapped_column(default=dict)  # batch.json as it came
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str] = mapped_column(String(80), default="cli")
    pages: Mapped[list[Page]] = relationship(back_populates="batch", order_by="Page.id")


class Page(Base):
    """One page image in the ledger: a file, or one frame or sheet of a file. Every file of the folder has a row, bad ones too."""

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("batch_id", "file", "frame"), Index("ix_page_state", "batch_id", "state"))
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"))
    file: Mapped[str] = mapped_column(Text)                         # name inside the folder, NFC, never a path outside it
    frame: Mapped[int] = mapped_column(Integer, default=0)          # 0-based page inside a TIFF or PDF
    sha256: Mapped[str] = mapped_column(String(64), index=True)     # of the whole file
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default="received")  # received -> stored -> read | set_aside
    reason: Mapped[str | None] = mapped_column(String(40))          # code of the reason it was set aside (ocr.errors / intake)
    detail: Mapped[str | None] = mapped_column(Text)                # evidence for people
    original_key: Mapped[str | None] = mapped_column(ForeignKey("stored_object.key"))
    lattice_key: Mapped[str | None] = mapped_column(ForeignKey("stored_object.key"))
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    dpi: Mapped[int | None] = mapped_column(Integer)
    rotation: Mapped[int] = mapped_column(Integer, default=0)       # degrees clockwise that make the original upright: 0 90 180 270
    quality: Mapped[dict[str, Any] | None] = mapped_column(Json)    # ocr.quality.PageQuality as a dict, with verdict
    text: Mapped[list[Any] | None] = mapped_column(Json)            # printed words [[text, x0, y0, x1, y1], …] in original pixels
    form: Mapped[str | None] = mapped_column(String(16))
    form_score: Mapped[float | None] = mapped_column(Float)
    draft: Mapped[list[Any] | None] = mapped_column(Json)           # the page's records before the book is settled (storage.readings)
    engine: Mapped[dict[str, Any] | None] = mapped_column(Json)     # programs, models and versions that read it
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
    batch: Mapped[Batch] = relationship(back_populates="pages")
    entries: Mapped[list[Entry]] = relationship(back_populates="page", order_by="Entry.row", foreign_keys="Entry.page_id")


class Entry(Base):
    """One registered event (one line of a table book, one page of a form book)."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("page_id", "row"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    second_page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"))
    row: Mapped[int] = mapped_column(Integer, default=1)
    kind: Mapped[str] = mapped_column(String(8), index=True)
    form: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(12), default="draft", index=True)   # draft -> review -> verified -> archived
    risk: Mapped[float] = mapped_column(Float, default=0.0, index=True)             # orders the queue: expected errors
    reasons: Mapped[list[Any]] = mapped_column(Json, default=list)                  # why a person is asked: codes with arguments
    number: Mapped[str | None] = mapped_column(String(32), index=True)              # so, copied from the fields for search
    year: Mapped[int | None] = mapped_column(Integer, index=True)
    revision: Mapped[int] = mapped_column(Integer, default=0)                       # grows with every change by a person
    lease_by: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    verified_by: Mapped[str | None] = mapped_column(String(80))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    archive_id: Mapped[str | None] = mapped_column(String(64), index=True)
    page: Mapped[Page] = relationship(back_populates="entries", foreign_keys=[page_id])
    fields: Mapped[list[Field]] = relationship(back_populates="entry", order_by="Field.id", cascade="all, delete-orphan")
    links: Mapped[list[Link]] = relationship(back_populates="entry", order_by="Link.id", cascade="all, delete-orphan")
    findings: Mapped[list[EntryFinding]] = relationship(back_populates="entry", order_by="EntryFinding.id", cascade="all, delete-orphan")


class Field(Base):
    """A value as written (records.record.FieldValue), one row a field code."""

    __tablename__ = "field"
    __table_args__ = (UniqueConstraint("entry_id", "code"), Index("ix_field_code_value", "code", "value"))
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    code: Mapped[str] = mapped_column(String(60))
    value: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text, default="")
    unit_code: Mapped[str | None] = mapped_column(String(16))       # code of the administrative unit, where known
    confidence: Mapped[float] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(10))                 # ocr | rule | reviewer
    box: Mapped[list[Any] | None] = mapped_column(Json)             # x0 y0 x1 y1, pixels of the original page
    evidence: Mapped[list[Any]] = mapped_column(Json, default=list)
    entry: Mapped[Entry] = relationship(back_populates="fields")


class Link(Base):
    """Who a role of an entry is, in the population snapshot. A reviewer's decision (`decided_by`, `excluded`) survives every re-run.

    Three probabilities: what the linker said of the entry by itself, that after the other entries of the same person were heard, and the
    calibrated one, which people see.
    """

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("entry_id", "role"),)
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


class EntryFinding(Base):
    """A consistency rule that an entry breaks (records.rules)."""

    __tablename__ = "finding"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    rule: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(4))                # hard | soft
    fields: Mapped[list[Any]] = mapped_column(Json, default=list)
    message_vi: Mapped[str] = mapped_column(Text)
    message_en: Mapped[str] = mapped_column(Text)
    entry: Mapped[Entry] = relationship(back_populates="findings")


class Dossier(Base):
    """An administrative document (công văn, quyết định …): what NĐ 30/2020 puts on it."""

    __tablename__ = "dossier"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"), unique=True)
    fields: Mapped[dict[str, Any]] = mapped_column(Json)            # soKyHieu, ngayBanHanh, coQuanBanHanh … (ocr.dossier)
    archive_id: Mapped[str | None] = mapped_column(String(64))


class StoredObject(Base):
    """The outbox between database and object store: a row is written before its object and marked stored after it."""

    __tablename__ = "stored_object"
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    bucket: Mapped[str] = mapped_column(String(63))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(8), default="pending", index=True)   # pending | stored
    version_id: Mapped[str | None] = mapped_column(String(80))
    retain_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime())               # last time fixity was proven good


class ArchivePackage(Base):
    """What was archived for one entry or dossier: the manifest's key is its root; nothing here is ever changed."""

    __tablename__ = "archive_package"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)   # UUID
    subject: Mapped[str] = mapped_column(String(40), index=True)    # entry:12 or dossier:3
    version: Mapped[int] = mapped_column(Integer, default=1)
    manifest_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    pdf_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    original_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


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


class LinkRecheck(Base):
    """An entry to be linked again, because the population changed about a person it is linked to."""

    __tablename__ = "link_recheck"
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)                       # PopulationSnapshot.version that asked for it


class PopulationRejection(Base):
    """A row of the file that could not be taken, with its reason; the rest was."""

    __tablename__ = "population_rejection"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("population_snapshot.id"), index=True)
    line: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)


class Event(Base):
    """Append-only, hash-chained log of what happened and who looked. `hash` = SHA-256(prev_hash + canonical JSON of the rest)."""

    __tablename__ = "event"
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str] = mapped_column(String(80), index=True)       # user, client or program
    action: Mapped[str] = mapped_column(String(40), index=True)      # field.correct entry.verify entry.archive record.view copy.fetch …
    subject: Mapped[str] = mapped_column(String(120), index=True)    # entry:12, page:3, batch:KS.2017.01.01
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class User(Base):
    __tablename__ = "app_user"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    display_name: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(String(20))                     # commune_officer reviewer archivist auditor administrator
    commune_code: Mapped[str | None] = mapped_column(String(8))       # None: the whole province
    password_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    failed_logins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    session_epoch: Mapped[int] = mapped_column(Integer, default=0)    # raising it ends every open session
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiClient(Base):
    """A program that may ask (the one-stop system)."""

    __tablename__ = "api_client"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    secret_hash: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[Any]] = mapped_column(Json, default=list)     # ["KS:read", "KH:copy", …]
    agency_code: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Cursor(Base):
    """A named place reached in long work (fixity audit), and small facts of the installation."""

    __tablename__ = "cursor"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
