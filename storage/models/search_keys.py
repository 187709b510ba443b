"""What archived entries are found by: one row an entry, one row a person in it (storage.search_keys fills both)."""
from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base

_NUMBERED = "{} is not null"


class RecordKey(Base):
    """An archived entry by its place in the registers."""

    __tablename__ = "record_key"
    __table_args__ = (Index("ix_record_key_number", "kind", "year", "number"),)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))
    year: Mapped[int | None] = mapped_column(Integer)                   # of the registration
    number: Mapped[str | None] = mapped_column(String(32))              # bare: 12 of 012/2017
    book: Mapped[int | None] = mapped_column(BigInteger)                # 1 of 01/2017
    book_year: Mapped[str | None] = mapped_column(String(32))           # 2017 of 01/2017, "" where none is written
    unit_code: Mapped[str | None] = mapped_column(String(8))            # the commune whose book it was
    unit_list: Mapped[str | None] = mapped_column(String(1))            # which numbering the code is of: C before July 2025, D since
    office_key: Mapped[str] = mapped_column(String(300), default="")    # folded registry office


class PersonKey(Base):
    """A person in an archived entry; with `corrected` as a later decision has it, else as the register does."""

    __tablename__ = "person_key"
    __table_args__ = (
        Index("ix_person_key_name", "name_key", "birth_year"), Index("ix_person_key_given", "given_key", "birth_year"),
        Index("ix_person_key_born", "birth_date"),
        *(Index(f"ix_person_key_{n}", n, postgresql_where=text(_NUMBERED.format(n)), sqlite_where=text(_NUMBERED.format(n)))
          for n in ("personal_number", "paper_number")),
    )
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    corrected: Mapped[bool] = mapped_column(Boolean, primary_key=True, default=False)
    kind: Mapped[str] = mapped_column(String(8))
    name_key: Mapped[str] = mapped_column(String(120), default="")      # folded
    given_key: Mapped[str] = mapped_column(String(24), default="")      # the given name as one hears it
    birth_date: Mapped[str | None] = mapped_column(String(24))          # EDTF, as in the field
    birth_year: Mapped[int | None] = mapped_column(Integer)
    mother_key: Mapped[str | None] = mapped_column(String(120))         # folded, where the entry names a mother
    personal_number: Mapped[str | None] = mapped_column(String(20))     # written as số định danh
    paper_number: Mapped[str | None] = mapped_column(String(20))        # written as the number of an identity paper
