"""Tiến độ số hóa: books and entries by commune and month, against the plan."""

from __future__ import annotations

from itertools import accumulate

from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Row, Section, Table
from storage.report_figures import as_of
from storage.report_progress import Amount, Progress, progress
from storage.sheet_file import Column

_CHART_COMMUNES = 25


def build(ask: Ask) -> ReportView:
    p = progress(ask.session, ask.scope, ask.step, ask.today)
    sections = [_by_step(ask, p), _running(ask, p), _by_commune(ask, p), _cells(ask, p)]
    return ReportView(
        f"{_done(ask, p)} {_standing(ask, p)}",
        tuple(sections),
        as_of(ask.session),
        (
            ask.words("Đã số hóa là đã được người kiểm tra và xác nhận. Quyển xong là quyển đọc hết trang, mọi trường hợp đã xác nhận."),
            ask.words("Kế hoạch của kỳ dài hơn được chia theo số ngày."),
        ),
    )


def _done(ask: Ask, p: Progress) -> str:
    return ask.words(
        "Trong kỳ đã số hóa xong {entries} trường hợp và {books} quyển; nhận thêm {received} quyển.",
        entries=ask.n(p.total.entries_verified),
        books=ask.n(p.total.books_done),
        received=ask.n(p.total.books_received),
    )


def _standing(ask: Ask, p: Progress) -> str:
    words, planned = ask.words, p.total.planned_entries
    if not planned or p.due_entries is None:
        return words("Chưa có kế hoạch cho kỳ này.")
    share, gap = ask.percent(p.total.entries_verified / planned), p.total.entries_verified - p.due_entries
    if gap >= 0:
        return words(
            "Đạt {share} kế hoạch cả kỳ ({planned}); nhanh {gap} trường hợp so với kế hoạch đến nay.",
            share=share,
            planned=ask.n(planned),
            gap=ask.n(gap),
        )
    return words(
        "Đạt {share} kế hoạch cả kỳ ({planned}); chậm {gap} trường hợp so với kế hoạch đến nay.",
        share=share,
        planned=ask.n(planned),
        gap=ask.n(-gap),
    )


def _columns(ask: Ask, *first: str) -> tuple[Column, ...]:
    words = ask.words
    return (
        *(Column(f) for f in first),
        Column(words("Quyển nhận"), "number"),
        Column(words("Quyển xong"), "number"),
        Column(words("Kế hoạch quyển"), "number"),
        Column(words("Trường hợp đã đọc"), "number"),
        Column(words("Trường hợp đã số hóa"), "number"),
        Column(words("Kế hoạch trường hợp"), "number"),
        Column(words("Đạt"), "percent"),
    )


def _row(a: Amount, *first: str) -> Row:
    share = a.entries_verified / a.planned_entries if a.planned_entries else None
    return (*first, a.books_received, a.books_done, a.planned_books, a.entries_read, a.entries_verified, a.planned_entries, share)


def _by_step(ask: Ask, p: Progress) -> Section:
    words = ask.words
    best = max(zip(p.by_step, p.steps, strict=True), key=lambda s: s[0].entries_verified)
    said = words("Nhiều nhất: {period}, {n} trường hợp.", period=numbers.period(words, best[1]), n=ask.n(best[0].entries_verified))
    labels = [numbers.short(s) for s in p.steps]
    series = [chart.Series(words("đã số hóa"), tuple(a.entries_verified for a in p.by_step))]
    if p.total.planned_entries:
        series.append(chart.Series(words("kế hoạch"), tuple(a.planned_entries for a in p.by_step), "plan"))
    title = words("Trường hợp đã số hóa theo kỳ")
    rows = tuple(_row(a, numbers.period(words, s)) for s, a in zip(p.steps, p.by_step, strict=True))
    return Section(
        title,
        said if best[0].entries_verified else words("Chưa có trường hợp nào trong kỳ này."),
        Table(_columns(ask, words("Kỳ")), (*rows, _row(p.total, words("Cộng"))), total=True),
        chart.columns(title, labels, series, ask.n),
    )


def _running(ask: Ask, p: Progress) -> Section:
    words = ask.words
    shown = [(s, a) for s, a in zip(p.steps, p.by_step, strict=True) if s.first <= ask.today]
    done = tuple(accumulate(a.entries_verified for _, a in shown))
    planned = tuple(accumulate(a.planned_entries or 0 for a in p.by_step))
    blank = (None,) * (len(p.steps) - len(done))
    series = [chart.Series(words("đã số hóa"), (*done, *blank))]
    if p.total.planned_entries:
        series.append(chart.Series(words("kế hoạch"), planned, "plan"))
    title = words("Cộng dồn từ đầu kỳ")
    rows = tuple(
        (numbers.period(words, s), done[n] if n < len(done) else None, planned[n] if p.total.planned_entries else None)
        for n, s in enumerate(p.steps)
    )
    said = words(
        "Trước kỳ này đã số hóa {before} trường hợp; đến cuối kỳ tất cả là {ever}.",
        before=ask.n(p.before),
        ever=ask.n(p.before + p.total.entries_verified),
    )
    table = Table(
        (Column(words("Kỳ")), Column(words("Trường hợp đã số hóa"), "number"), Column(words("Kế hoạch trường hợp"), "number")),
        rows,
        folded=True,
    )
    return Section(title, said, table, chart.lines(title, [numbers.short(s) for s in p.steps], series, ask.n))


def _by_commune(ask: Ask, p: Progress) -> Section:
    words = ask.words
    behind = [(c, a) for c, a in p.by_commune if a.planned_entries and a.entries_verified < a.planned_entries]
    said = words("{n} xã chưa đạt kế hoạch của kỳ.", n=ask.n(len(behind))) if p.total.planned_entries else words("Xếp theo số đã số hóa.")
    ranked = sorted(p.by_commune, key=lambda c: (-c[1].entries_verified, c[0]))
    items = [(ask.commune(c), float(a.entries_verified), _share_said(ask, a)) for c, a in ranked[:_CHART_COMMUNES]]
    rows = tuple(_row(a, c, ask.commune(c)) for c, a in ranked)
    title = words("Theo xã, phường")
    return Section(
        title,
        said,
        Table(_columns(ask, words("Mã xã"), words("Xã, phường")), (*rows, _row(p.total, "", words("Cộng"))), total=True),
        chart.bars(title, items) if items else None,
    )


def _share_said(ask: Ask, a: Amount) -> str:
    if not a.planned_entries:
        return ask.n(a.entries_verified)
    return f"{ask.n(a.entries_verified)} ({ask.percent(a.entries_verified / a.planned_entries)})"


def _cells(ask: Ask, p: Progress) -> Section:
    words = ask.words
    rows = tuple(
        _row(a, c, ask.commune(c), numbers.period(words, s))
        for c, s, a in p.cells
        if any((a.books_received, a.books_done, a.entries_read, a.entries_verified, a.planned_books, a.planned_entries))
    )
    return Section(
        words("Từng xã, từng kỳ"),
        words("Chỉ những kỳ có việc hoặc có kế hoạch."),
        Table(_columns(ask, words("Mã xã"), words("Xã, phường"), words("Kỳ")), rows, folded=True),
    )
