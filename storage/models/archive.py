"""The object store as the database knows it: the outbox and the archive packages."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, utc_now


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
