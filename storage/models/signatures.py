"""Which file of an archived copy, or of an extract, is the one to hand out once its signature was raised or its time stamp renewed."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, utc_now


class CopySignature(Base):
    """One row a package, made again from the stored files when it is missing. The package's first copy is never changed or deleted."""

    __tablename__ = "copy_signature"
    package_id: Mapped[str] = mapped_column(ForeignKey("archive_package.id"), primary_key=True)
    pdf_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))       # the newest copy
    level: Mapped[str] = mapped_column(String(5), index=True)                   # B-B | B-T | B-LT | B-LTA; empty: not signed
    stamp_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)     # end of its newest time stamp's certificate
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=utc_now)


class ExtractSignature(Base):
    """The same of an extract: one row for each that has its number."""

    __tablename__ = "extract_signature"
    extract_id: Mapped[str] = mapped_column(ForeignKey("extract.id"), primary_key=True)
    pdf_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    level: Mapped[str] = mapped_column(String(5), index=True)
    stamp_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=utc_now)
