"""A report as an Excel file: a sheet a section, the report's name, period and filters above, the mark of who took it on every page."""

from __future__ import annotations

from typing import Any

from portal.reports import period as period_report
from portal.reports.catalogue import Report
from portal.reports.filters import described
from portal.reports.view import Ask, ReportView
from storage.sheet_file import Sheet, workbook
from storage.watermark import Watermark

Line = str | tuple[str, str]


def rows(view: ReportView) -> int:
    return sum(len(s.table.rows) for s in view.sections)


def export_detail(ask: Ask) -> dict[str, Any]:
    """The filters of an export as the log keeps them."""
    period = ask.scope.period
    return {
        "format": "xlsx",
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "step": ask.step,
        "commune": ask.scope.commune,
        "kind": ask.scope.kind,
    }


def report_file(ask: Ask, report: Report, view: ReportView, mark: Watermark) -> bytes:
    title = ask.words.pick(report.title)
    sheets = []
    for section in view.sections:
        above: tuple[Line, ...] = (title.upper(), described(ask, report), view.headline, section.title)
        tail: tuple[Line, ...] = view.notes
        if report.formal:
            above = (*_official_head(ask), "", _heading(ask, title), described(ask, report), section.title)
            tail = (*view.notes, "", *_signatures(ask))
        sheets.append(
            Sheet(
                section.title.partition(".")[2] or section.title,
                section.table.columns,
                section.table.rows,
                above,
                section.table.total,
                tail,
            )
        )
    return workbook(sheets, mark)


def _official_head(ask: Ask) -> tuple[Line, ...]:
    words = ask.words
    return (
        (ask.options.parent_agency.upper(), words("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")),
        (ask.options.agency.upper(), words("Độc lập - Tự do - Hạnh phúc")),
        (words("Số: …… /BC"), period_report.official_place(ask)),
    )


def _heading(ask: Ask, title: str) -> str:
    return ask.words("BÁO CÁO SỐ HÓA SỔ HỘ TỊCH") if ask.words.lang == "vi" else title.upper()


def _signatures(ask: Ask) -> tuple[Line, ...]:
    return ((ask.words("NGƯỜI LẬP BIỂU"), ask.words("THỦ TRƯỞNG ĐƠN VỊ")), (ask.words("(Ký, ghi rõ họ tên)"), ask.words("(Ký, đóng dấu)")))
