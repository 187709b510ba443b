"""When work is overdue, and who reports."""

from __future__ import annotations

from pydantic import Field

from sogoc.settings_section import Section


class ReportSettings(Section):
    read_days: int = Field(2, ge=1, le=250, description="working days until a book must be read; then it is overdue (trễ hạn)")
    rescan_days: int = Field(5, ge=1, le=250, description="working days until a page that was sent back must be scanned again")
    verify_days: int = Field(10, ge=1, le=250, description="working days until the entries of a read book must be verified")
    archive_days: int = Field(2, ge=1, le=250, description="working days until a verified entry must be archived")
    parent_agency: str = Field("", description="the agency above, first line of the period report: UBND TỈNH …")
    agency: str = Field("", description="who reports, second line: SỞ TƯ PHÁP; empty: archive.agency_name")
    place: str = Field("", description="place before the date of the period report: Quảng Ngãi")
