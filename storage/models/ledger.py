"""Books, their pages, the entries and values read from them."""
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    FetchedValue,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.models.base import Base, Json, Key, UtcDateTime, utc_now

if TYPE_CHECKING:
    from storage.models.links import Link


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


REASON_BITS = {"unknown_form": 1, "low_confidence": 2, "link_review": 4, "link_changed": 8, "finding": 16, "poor_image": 32}


def _queue_index(name: str, *before: str, where: str = "queue_place is not null") -> Index:
    """The waiting entries in their order, of each value of the columns `before`; one that does not wait costs such an index nothing."""
    return Index(f"ix_entry_queue{name}", *before, "queue_place", "id", postgresql_where=text(where), sqlite_where=text(where))


def has_reason(code: str) -> str:
    """The condition that an entry waits for this reason, in the words of the partial index that serves it."""
    return f"queue_place is not null and (reason_bits & {REASON_BITS[code]}) <> 0"


class Entry(Base):
    """One registered event (one line of a table book, one page of a form book).

    batch_id to queue_place repeat what page, batch, status, risk and reasons say, so that the queue is one index. Triggers keep them
    (migration 0005, both databases), whoever writes: no program sets them, and they are for queries.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("page_id", "row"), Index("ix_entry_batch", "batch_id"),
        Index("ix_entry_verified", "verified_at", "id", postgresql_where=text("status = 'verified'"),
              sqlite_where=text("status = 'verified'")),
        _queue_index(""), _queue_index("_commune", "commune_code"), _queue_index("_kind", "kind"),
        _queue_index("_commune_kind", "commune_code", "kind"), _queue_index("_batch", "batch_id"),
        *(_queue_index(f"_{code}", where=has_reason(code)) for code in REASON_BITS),
    )
    __mapper_args__ = {"eager_defaults": False}     # noqa: RUF012  what triggers set is fetched when somebody asks for it
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    second_page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"))
    row: Mapped[int] = mapped_column(Integer, default=1)
    kind: Mapped[str] = mapped_column(String(8), index=True)
    form: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(12), default="draft", index=True)   # draft -> review -> verified -> archived
    risk: Mapped[float] = mapped_column(Float, default=0.0)                         # orders the queue: expected errors
    reasons: Mapped[list[Any]] = mapped_column(Json, default=list)                  # why a person is asked: codes with arguments
    number: Mapped[str | None] = mapped_column(String(32), index=True)              # so, copied from the fields for search
    year: Mapped[int | None] = mapped_column(Integer, index=True)
    revision: Mapped[int] = mapped_column(Integer, default=0)                       # grows with every change by a person
    lease_by: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    verified_by: Mapped[str | None] = mapped_column(String(80))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    archive_id: Mapped[str | None] = mapped_column(String(64), index=True)
    batch_id: Mapped[str | None] = mapped_column(String(120), FetchedValue())
    commune_code: Mapped[str | None] = mapped_column(String(8), FetchedValue())
    set_aside: Mapped[bool] = mapped_column(Boolean, FetchedValue())       # its page is
    reason_bits: Mapped[int] = mapped_column(Integer, FetchedValue(), server_onupdate=FetchedValue())      # REASON_BITS of its reasons
    queue_place: Mapped[float | None] = mapped_column(Float, FetchedValue(), server_onupdate=FetchedValue())   # None: does not wait
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


class EntryFinding(Base):
    """A consistency rule that an entry breaks (records.rules)."""

    __tablename__ = "finding"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
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
