"""Copies of extracts (bản sao trích lục): each request on its way to a numbered, signed document, and the numbers given."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, UtcDateTime, utc_now

_LIVE = text("state not in ('refused', 'cancelled')")
_UNRECORDED = text("recorded < moves")


class Extract(Base):
    """One request and its document: requested -> signed -> numbered -> issued -> delivered, or refused, or cancelled.

    A request is told again by requested_by and request_key, and by the dossier that asks for the same entry.
    """

    __tablename__ = "extract"
    __table_args__ = (
        UniqueConstraint("requested_by", "request_key"), UniqueConstraint("agency_code", "number_year", "number"),
        Index("ix_extract_live", "requested_by", "dossier", "entry_id", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
        Index("ix_extract_state_due", "state", "due_on"),
        Index("ix_extract_unrecorded", "id", postgresql_where=_UNRECORDED, sqlite_where=_UNRECORDED),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)                   # UUID
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
    package_id: Mapped[str] = mapped_column(ForeignKey("archive_package.id"))       # the archived version it was made from
    kind: Mapped[str] = mapped_column(String(8))
    commune_code: Mapped[str | None] = mapped_column(String(8))                     # of the book's holder
    agency_code: Mapped[str] = mapped_column(String(40))                            # who issues; numbers run by it
    state: Mapped[str] = mapped_column(String(10), default="requested")
    requested_by: Mapped[str] = mapped_column(String(80))                           # an account, or client:ID
    request_key: Mapped[str | None] = mapped_column(String(120))
    request_digest: Mapped[str] = mapped_column(String(64))
    dossier: Mapped[str] = mapped_column(String(80))
    copies: Mapped[int] = mapped_column(Integer, default=1)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    due_on: Mapped[date] = mapped_column()
    check_code: Mapped[str] = mapped_column(String(32))                             # printed; salts the digest of the printed values
    values_digest: Mapped[str | None] = mapped_column(String(64))
    signed_by: Mapped[str | None] = mapped_column(String(80))
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    signed_key: Mapped[str | None] = mapped_column(ForeignKey("stored_object.key"))     # the document with the person's signature
    hint: Mapped[str] = mapped_column(String(120), default="")                      # initials and birth years, for the code
    number: Mapped[int | None] = mapped_column(Integer)
    number_year: Mapped[int | None] = mapped_column(Integer)
    suffix: Mapped[str] = mapped_column(String(16), default="")                     # TLKS-BS
    issue_day: Mapped[date | None] = mapped_column()                                # printed beside the number
    numbered_by: Mapped[str | None] = mapped_column(String(80))
    numbered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    pdf_key: Mapped[str | None] = mapped_column(ForeignKey("stored_object.key"))    # and with number, code and the agency's signature
    code_text: Mapped[str | None] = mapped_column(Text)                             # of the QR code
    issued_by: Mapped[str | None] = mapped_column(String(80))
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    delivered_by: Mapped[str | None] = mapped_column(String(80))
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ended_by: Mapped[str | None] = mapped_column(String(80))                        # refused or cancelled
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    reason: Mapped[str] = mapped_column(Text, default="")
    moves: Mapped[int] = mapped_column(Integer, default=0)                          # how often this row was moved, the request included
    recorded: Mapped[int] = mapped_column(Integer, default=0)                       # up to which move the object store has it


class ExtractNumber(Base):
    """The last number an agency gave in a year. It grows in the unit of work that writes it down: none is lost or given twice."""

    __tablename__ = "extract_number"
    agency_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)
