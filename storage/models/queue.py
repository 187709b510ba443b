"""How many entries wait, without counting them each time."""
from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key


class QueueTally(Base):
    """The waiting entries as sums: what wait is the sum of `n` over the rows.

    A trigger adds a row for every change of an entry that the sums see (+1, -1) and never changes one, so that nobody waits for anybody;
    storage.queue_counts adds them up now and then. commune_code is "" where the book has none.
    """

    __tablename__ = "queue_tally"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    commune_code: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(12))         # review | draft
    reason_bits: Mapped[int] = mapped_column(Integer)
    n: Mapped[int] = mapped_column(BigInteger)
