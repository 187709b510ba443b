"""Thời gian: from the scan to reading, verification and archive; median and 90th percentile; what waits."""

from __future__ import annotations

from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Row, Section, Table
from storage.report_figures import as_of
from storage.report_sql import HOURS_SHOWN
from storage.report_times import STAGES, Lengths, times
from storage.sheet_file import Column


def build(ask: Ask) -> ReportView:
    words, found = ask.words, times(ask.session, ask.scope, ask.step)
    total = dict(found.total)
    verify = total["time_to_verify"]
    headline = words("Chưa có trường hợp nào được xác nhận trong kỳ này.")
    if verify.median is not None:
        headline = words(
            "Một nửa số trường hợp được xác nhận trong vòng {median} kể từ khi nhận sổ; chín phần mười trong vòng {ninety}.",
            median=numbers.length(words, verify.median),
            ninety=numbers.length(words, verify.ninety),
        )
    names = {
        "time_to_read": words("Từ nhận đến đọc xong (quyển)"),
        "time_to_verify": words("Từ nhận đến xác nhận (trường hợp)"),
        "time_to_archive": words("Từ nhận đến lưu trữ (trường hợp)"),
    }
    sections = []
    for place, stage in enumerate(STAGES):
        steps = [(p, lengths[place]) for p, lengths in found.by_step]
        in_days = max((x.ninety or 0 for _, x in steps), default=0) > HOURS_SHOWN
        unit = 24 if in_days else 1
        series = [
            chart.Series(words("một nửa"), tuple(None if x.median is None else x.median / unit for _, x in steps)),
            chart.Series(words("chín phần mười"), tuple(None if x.ninety is None else x.ninety / unit for _, x in steps), "doubt"),
        ]
        rows = tuple(_row(numbers.period(words, p), x, unit) for p, x in steps)
        title = f"{names[stage]}, {words('ngày') if in_days else words('giờ')}"
        sections.append(
            Section(
                title,
                _said(ask, total[stage]),
                Table(_columns(ask, in_days), (*rows, _row(words("Cả kỳ"), total[stage], unit)), total=True),
                chart.columns(title, [numbers.short(p) for p, _ in steps], series, lambda v: numbers.number(words, v, 1 if v % 1 else 0)),
            )
        )
    b = found.backlog
    waiting = (
        (words("Trang chờ đọc (lúc này)"), b.pages),
        (words("Trường hợp chờ xác nhận (cuối kỳ)"), b.entries),
        (words("Trường hợp đã xác nhận, chờ lưu trữ (cuối kỳ)"), b.archive),
    )
    sections.append(
        Section(
            words("Đang tồn"),
            words("{n} trường hợp chờ xác nhận, {m} chờ lưu trữ.", n=ask.n(b.entries), m=ask.n(b.archive)),
            Table((Column(words("Việc")), Column(words("Số lượng"), "number")), waiting),
            chart.bars(words("Đang tồn"), [(name, float(n), ask.n(n)) for name, n in waiting]),
        )
    )
    return ReportView(
        headline,
        tuple(sections),
        as_of(ask.session),
        (words("Thời gian làm tròn lên: theo giờ đến hai ngày, theo ngày nếu lâu hơn. Tính cả ngày nghỉ."),),
    )


def _said(ask: Ask, x: Lengths) -> str:
    if x.median is None:
        return ask.words("Không có trong kỳ này.")
    return ask.words(
        "Một nửa trong vòng {median}, chín phần mười trong vòng {ninety} ({n} lần).",
        median=numbers.length(ask.words, x.median),
        ninety=numbers.length(ask.words, x.ninety),
        n=ask.n(x.count),
    )


def _columns(ask: Ask, in_days: bool) -> tuple[Column, ...]:
    words = ask.words
    half, ninety = words("Một nửa trong (giờ)"), words("Chín phần mười trong (giờ)")
    if in_days:
        half, ninety = words("Một nửa trong (ngày)"), words("Chín phần mười trong (ngày)")
    return Column(words("Kỳ")), Column(words("Số lượng"), "number"), Column(half, "number"), Column(ninety, "number")


def _row(first: str, x: Lengths, unit: int) -> Row:
    """Whole numbers where they are whole: hours of a fast stage in days have a decimal."""

    def said(hours: int | None) -> int | float | None:
        return None if hours is None else hours // unit if hours % unit == 0 else hours / unit

    return first, x.count, said(x.median), said(x.ninety)
