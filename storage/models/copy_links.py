"""Short-lived addresses of signed copies."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, utc_now


class CopyLink(Base):
    """An address given to a client for one version of one record, and what it was asked for. `id` is the SHA-256 of the secret in the
    address, so this table opens nothing."""

    __tablename__ = "copy_link"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("api_client.id"))
    package_id: Mapped[str] = mapped_column(ForeignKey("archive_package.id"))
    pdf_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    dossier: Mapped[str] = mapped_column(String(80))
    service: Mapped[str] = mapped_column(String(80))
    officer: Mapped[str] = mapped_column(String(80))
    purpose: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    uses_left: Mapped[int] = mapped_column(Integer)
