"""Which reports there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.reports import api, links, overdue, pages, period, progress, review, times
from portal.reports.view import Ask, ReportView
from portal.wording import Pair
from storage.report_errors import NoSuchReport


@dataclass(frozen=True)
class Report:
    """timed: whether a period is asked for. formal: one whole week, month, quarter or year, as sent upward."""

    name: str
    title: Pair
    about: Pair
    build: Callable[[Ask], ReportView]
    timed: bool = True
    formal: bool = False


REPORTS: Mapping[str, Report] = {
    r.name: r
    for r in (
        Report(
            "tien-do",
            ("Tiến độ số hóa", "Progress"),
            (
                "Quyển và trường hợp đã số hóa theo xã, theo tháng, so với kế hoạch.",
                "Books and entries digitised by commune and month, against the plan.",
            ),
            progress.build,
        ),
        Report(
            "tra-lai",
            ("Trang bị trả lại", "Pages sent back"),
            (
                "Vì sao trang bị để riêng hoặc trả lại, ở xã nào, ai quét.",
                "Why pages were set aside or sent back, in which commune, scanned by whom.",
            ),
            pages.build,
        ),
        Report(
            "khop-dan-cu",
            ("Khớp dân cư", "Links to the population"),
            (
                "Bao nhiêu người đã khớp, do máy hay do người, còn chờ, không tìm thấy.",
                "How many people are linked, by the program or a person, waiting, not found.",
            ),
            links.build,
        ),
        Report(
            "thoi-gian",
            ("Thời gian", "Time taken"),
            (
                "Từ lúc quét đến khi đọc, xác nhận, lưu trữ; đang tồn bao nhiêu.",
                "From the scan to reading, verification and archive; the backlog.",
            ),
            times.build,
        ),
        Report(
            "tre-han",
            ("Trễ hạn", "Overdue"),
            ("Quyển nào quá hạn ở bước nào, lâu nhất trước.", "Which books are past the limit of which stage, the longest overdue first."),
            overdue.build,
            timed=False,
        ),
        Report(
            "ra-soat",
            ("Rà soát", "Review"),
            (
                "Mỗi người làm bao nhiêu mỗi ngày; người và máy giống nhau đến đâu.",
                "What each person did by day; how far people and the program agree.",
            ),
            review.build,
        ),
        Report(
            "api",
            ("Máy chủ dữ liệu", "Data service"),
            ("Hệ thống nào đã hỏi gì, được cấp hay bị từ chối.", "Which systems asked what, and were served or refused."),
            api.build,
        ),
        Report(
            "bao-cao-ky",
            ("Báo cáo kỳ", "Period report"),
            (
                "Số liệu tuần, tháng, quý, năm để in, ký và gửi cấp trên.",
                "The figures of a week, month, quarter or year, to print, sign and send upward.",
            ),
            period.build,
            formal=True,
        ),
    )
}


def report(name: str) -> Report:
    """Raises NoSuchReport."""
    if name not in REPORTS:
        raise NoSuchReport(name=name[:40])
    return REPORTS[name]
