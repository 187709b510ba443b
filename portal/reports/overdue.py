"""Trễ hạn: books past the limit of their stage, the longest overdue first."""

from __future__ import annotations

from urllib.parse import quote

from portal.reports import chart
from portal.reports.view import Ask, ReportView, Section, Table
from storage.report_overdue import overdue
from storage.sheet_file import Column


def build(ask: Ask) -> ReportView:
    words, found = ask.words, overdue(ask.session, ask.scope, ask.options, ask.today)
    stages = {
        "read": words("Chờ đọc"),
        "rescan": words("Chờ quét lại trang bị trả"),
        "verify": words("Chờ xác nhận"),
        "archive": words("Chờ lưu trữ"),
    }
    totals = dict(found.totals)
    books = sum(totals.values())
    headline = (
        words("Không có quyển nào trễ hạn.")
        if not books
        else words(
            "{n} lượt quyển trễ hạn; lâu nhất {days} ngày làm việc.", n=ask.n(books), days=ask.n(max(r.days_late for r in found.rows))
        )
    )
    limits = Table(
        (Column(words("Việc")), Column(words("Hạn (ngày làm việc)"), "number"), Column(words("Quyển trễ hạn"), "number")),
        tuple((stages[s], ask.options.days(s), n) for s, n in found.totals),
    )
    title = words("Quyển trễ hạn theo việc")
    worst = max(found.totals, key=lambda t: t[1])
    said = words("Nhiều nhất: {stage}.", stage=stages[worst[0]].lower()) if books else words("Không có quyển nào trễ hạn.")
    rows = tuple(
        (
            r.batch_id,
            stages[r.stage],
            ask.commune(r.commune_code),
            ask.kind(r.kind),
            r.book_number or "",
            r.waiting,
            r.since,
            r.due,
            r.days_late,
        )
        for r in found.rows
    )
    listed = Table(
        (
            Column(words("Quyển sổ")),
            Column(words("Việc")),
            Column(words("Xã, phường")),
            Column(words("Loại sổ")),
            Column(words("Quyển số")),
            Column(words("Số trang, trường hợp"), "number"),
            Column(words("Từ ngày"), "day"),
            Column(words("Hạn"), "day"),
            Column(words("Trễ (ngày làm việc)"), "number"),
        ),
        rows,
        links=tuple(f"/books/{quote(r.batch_id, safe='')}" for r in found.rows),
    )
    sections = (
        Section(title, said, limits, chart.bars(title, [(stages[s], float(n), ask.n(n)) for s, n in found.totals])),
        Section(words("Từng quyển, trễ lâu nhất trước"), words("Bấm vào quyển sổ để làm tiếp."), listed),
    )
    return ReportView(
        headline, sections, None, (words("Ngày làm việc: thứ hai đến thứ sáu, trừ ngày lễ và Tết. Báo cáo này luôn tính đến hôm nay."),)
    )
