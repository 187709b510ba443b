"""Finding lines of the log by the record they name, and the stretches of it that were sealed in the archive store."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, utc_now


class EventSubject(Base):
    """A line of the log names a record. Written with the line (storage.event_subjects); stays when the line itself was moved out."""

    __tablename__ = "event_subject"
    __table_args__ = ({"sqlite_with_rowid": False},)
    record: Mapped[str] = mapped_column(String(120), primary_key=True)      # entry:12, page:3, dossier:4; batch:…, records: exports of all
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class LogSegment(Base):
    """A stretch of the log that lies signed and compressed in the archive store; from pruned_at on its looks lie only there."""

    __tablename__ = "log_segment"
    first_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    first_at: Mapped[datetime] = mapped_column()                            # the earliest and the latest time of a line
    last_at: Mapped[datetime] = mapped_column()
    prev_hash: Mapped[str] = mapped_column(String(64))                      # of the line before the first
    last_hash: Mapped[str] = mapped_column(String(64))                      # of the last line
    key: Mapped[str] = mapped_column(String(300))                           # object of the lines; beside it its seal (key + .seal.json)
    sha256: Mapped[str] = mapped_column(String(64))                         # of that object
    sealed_at: Mapped[datetime] = mapped_column(default=utc_now)
    pruned_at: Mapped[datetime | None] = mapped_column()
    pruned: Mapped[int] = mapped_column(Integer, default=0)                 # lines that lie only in the object
