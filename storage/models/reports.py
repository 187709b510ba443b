"""Reports: figures counted once a day, and the plan they are held against."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, utc_now


class ReportFigure(Base):
    """How much of one thing fell on one day (Vietnam time) in one commune and register kind; made anew by storage.report_figures.renew."""

    __tablename__ = "report_figure"
    __table_args__ = (Index("ix_report_figure_measure_day", "measure", "day"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    measure: Mapped[str] = mapped_column(String(24))                # storage.report_measures.MEASURES
    day: Mapped[date] = mapped_column(Date)
    commune_code: Mapped[str] = mapped_column(String(8))            # "": not known
    kind: Mapped[str] = mapped_column(String(8))                    # "": not known
    key: Mapped[str] = mapped_column(String(80))                    # reason, state, action …
    part: Mapped[str] = mapped_column(String(80))                   # stratum, scanner, reviewer, client
    number: Mapped[int] = mapped_column(BigInteger)


class ReportPlan(Base):
    """What a commune is to finish in a month, quarter or year. kind "": every kind of register together."""

    __tablename__ = "report_plan"
    __table_args__ = (UniqueConstraint("commune_code", "kind", "period"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    commune_code: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8), default="")
    period: Mapped[str] = mapped_column(String(8))                  # 2026, 2026-Q3, 2026-08
    books: Mapped[int] = mapped_column(Integer)
    entries: Mapped[int] = mapped_column(Integer)
    set_by: Mapped[str] = mapped_column(String(80))
    set_at: Mapped[datetime] = mapped_column(default=utc_now)
