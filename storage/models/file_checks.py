"""What was found in a page file besides its pages: the virus scanner's word, and what acts instead of being looked at."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, utc_now


class FileCheck(Base):
    """One row a content, whichever books it lies in; the newest check replaces the one before (the log keeps what was found)."""

    __tablename__ = "file_check"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12))                # clean | infected | not_scanned (storage.antivirus)
    name: Mapped[str] = mapped_column(String(200), default="")      # of what was found; for not_scanned the code why
    engine: Mapped[str] = mapped_column(String(120), default="")    # program and version
    signatures: Mapped[str] = mapped_column(String(120), default="")    # number and day of the signature database
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=utc_now)
    active: Mapped[dict[str, Any]] = mapped_column(default=dict)    # code of ocr.pdf_active -> count: taken out of what is shown
