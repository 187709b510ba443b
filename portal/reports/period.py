"""Báo cáo kỳ: the figures of a week, month, quarter or year as an office sends them upward."""

from __future__ import annotations

from portal.language import Words
from portal.reports import numbers
from portal.reports.view import Ask, ReportView, Row, Section, Table, kind_order
from storage.report_figures import as_of
from storage.report_return import PeriodReturn, ReturnLine, period_return
from storage.sheet_file import Column


def stratum(words: Words, code: str) -> str:
    return {
        "1975": words("Từ năm 1975 trở về trước"),
        "1998": "1976 – 1998",
        "1999": "1999 – 2005",
        "2006": "2006 – 2015",
        "2016": words("2016 đến nay"),
        "": words("Chưa rõ năm"),
    }[code]


def build(ask: Ask) -> ReportView:
    words, found = ask.words, period_return(ask.session, ask.scope)
    t = found.total
    rows, sums = _rows(ask, found)
    headline = words(
        "Trong kỳ số hóa {entries} trường hợp, nạp vào kho lưu trữ {archived}; lũy kế {ever} và {archived_ever}; còn chờ {awaiting}.",
        entries=ask.n(t.entries_verified),
        archived=ask.n(t.entries_archived),
        ever=ask.n(t.entries_verified_ever),
        archived_ever=ask.n(t.entries_archived_ever),
        awaiting=ask.n(t.awaiting),
    )
    main = Section(words("I. Sổ và trường hợp theo loại sổ, theo thời kỳ"), "", Table(_columns(ask), rows, total=True, strong=sums))
    errors = Section(
        words("II. Trang lỗi và việc còn lại"),
        "",
        Table(
            (Column(words("Chỉ tiêu")), Column(words("Trong kỳ"), "number"), Column(words("Lũy kế"), "number")),
            (
                (words("Trang đã nhận"), found.pages, found.pages_ever),
                (words("Trang lỗi, bị trả lại"), found.pages_aside, found.pages_aside_ever),
                (words("Trường hợp đã đọc"), t.entries_read, t.entries_read_ever),
                (words("Trường hợp còn chờ xác nhận"), None, t.entries_read_ever - t.entries_verified_ever),
            ),
        ),
    )
    return ReportView(
        headline,
        (main, errors),
        as_of(ask.session),
        (words("Số hóa: đã đọc, được người xác nhận. Nạp: đã ký số, vào kho lưu trữ. Còn chờ: đã đọc, chưa nạp, tính đến hết kỳ."),),
    )


def _columns(ask: Ask) -> tuple[Column, ...]:
    words = ask.words
    return (
        Column(words("Loại sổ")),
        Column(words("Thời kỳ")),
        Column(words("Quyển sổ, trong kỳ"), "number"),
        Column(words("Quyển sổ, lũy kế"), "number"),
        Column(words("Số hóa, trong kỳ"), "number"),
        Column(words("Số hóa, lũy kế"), "number"),
        Column(words("Nạp, trong kỳ"), "number"),
        Column(words("Nạp, lũy kế"), "number"),
        Column(words("Còn chờ"), "number"),
    )


def _rows(ask: Ask, found: PeriodReturn) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """The rows, and which of them are the sums of a kind."""
    rows: list[Row] = []
    sums: list[int] = []
    for kind in sorted({k for k, _, _ in found.lines}, key=kind_order):
        mine = [(s, line) for k, s, line in found.lines if k == kind]
        rows += [_row(line, ask.kind(kind), stratum(ask.words, s)) for s, line in mine]
        if len(mine) > 1:
            sums.append(len(rows))
            rows.append(_row(found.of_kind(kind), ask.words("Cộng {kind}", kind=ask.kind(kind).lower()), ""))
    return (*rows, _row(found.total, ask.words("Tổng cộng"), "")), tuple(sums)


def _row(x: ReturnLine, *first: str) -> Row:
    return (
        *first,
        x.books,
        x.books_ever,
        x.entries_verified,
        x.entries_verified_ever,
        x.entries_archived,
        x.entries_archived_ever,
        x.awaiting,
    )


def official_place(ask: Ask) -> str:
    """`Quảng Ngãi, ngày 05 tháng 8 năm 2026` (numbers with 0 as in storage.watermark.vietnamese_day)."""
    d, place = ask.today, ask.options.place or "……………"
    if ask.words.lang == "en":
        return f"{place}, {numbers.day(ask.words, d)}"
    month = f"{d.month:02d}" if d.month < 3 else str(d.month)
    return f"{place}, ngày {d.day:02d} tháng {month} năm {d.year}"
