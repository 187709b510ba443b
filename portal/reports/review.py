"""Rà soát: what each reviewer did, and how often people and the program named the same person."""

from __future__ import annotations

from collections import Counter
from datetime import date

from portal import wording
from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Row, Section, Table
from storage.agreement import Share
from storage.report_figures import as_of
from storage.report_people import ReviewerWork, review_report
from storage.report_period import Period, buckets, period_of
from storage.sheet_file import Column


def build(ask: Ask) -> ReportView:
    words, found = ask.words, review_report(ask.session, ask.scope)
    verified, checked = sum(r.verified for r in found.reviewers), sum(r.checked for r in found.reviewers)
    right = sum(r.right for r in found.reviewers)
    headline = words(
        "{people} người đã xác nhận {n} trường hợp trong kỳ.",
        people=ask.n(sum(bool(r.verified) for r in found.reviewers)),
        n=ask.n(verified),
    )
    if checked:
        headline += " " + words(
            "Người chọn đúng người máy đã nêu trong {share} của {n} lần.", share=ask.percent(right / checked), n=ask.n(checked)
        )
    return ReportView(
        headline,
        (
            _by_step(ask, found.by_day),
            _people(ask, found.reviewers),
            _agreement(ask, found.reviewers),
            _opinions(ask, found.opinions),
            _days(ask, found.by_day),
        ),
        as_of(ask.session),
        (
            words("Số lượng nhiều ít còn tùy sổ khó hay dễ; không dùng riêng báo cáo này để đánh giá người làm."),
            words("Lần xem mù: người chọn không được biết máy nêu ai."),
        ),
    )


def _by_step(ask: Ask, days: tuple[tuple[date, str, int], ...]) -> Section:
    words, title = ask.words, ask.words("Trường hợp xác nhận theo kỳ")
    counts = Counter[Period]()
    for day, _, n in days:
        counts[period_of(ask.step, day)] += n
    steps = buckets(ask.scope.period, ask.step)
    busiest = max(steps, key=lambda s: counts[s])
    said = (
        words("Nhiều nhất: {period}, {n} trường hợp.", period=numbers.period(words, busiest), n=ask.n(counts[busiest]))
        if counts
        else words("Chưa có trường hợp nào trong kỳ này.")
    )
    return Section(
        title,
        said,
        Table(
            (Column(words("Kỳ")), Column(words("Xác nhận"), "number")),
            tuple((numbers.period(words, s), counts[s]) for s in steps),
            folded=True,
        ),
        chart.columns(title, [numbers.short(s) for s in steps], [chart.Series(words("xác nhận"), tuple(counts[s] for s in steps))], ask.n),
    )


def _people(ask: Ask, people: tuple[ReviewerWork, ...]) -> Section:
    words, title = ask.words, ask.words("Theo người")
    ranked = sorted(people, key=lambda r: r.name)
    columns = (
        Column(words("Tài khoản")),
        Column(words("Ngày có làm"), "number"),
        Column(words("Xác nhận"), "number"),
        Column(words("Mỗi ngày"), "number"),
        Column(words("Ô sửa"), "number"),
        Column(words("Người chọn"), "number"),
        Column(words("Trang trả lại"), "number"),
        Column(words("Hoàn tác"), "number"),
    )
    rows: tuple[Row, ...] = tuple(
        (r.name, r.days, r.verified, r.verified / r.days if r.days else None, r.corrected, r.decided, r.rejected, r.undone) for r in ranked
    )
    items = [(r.name, float(r.verified), words("{n} trong {days} ngày", n=ask.n(r.verified), days=ask.n(r.days))) for r in ranked]
    said = words("Xếp theo tên.") if people else words("Chưa có ai rà soát trong kỳ này.")
    return Section(title, said, Table(columns, rows), chart.bars(title, items) if items else None)


def _agreement(ask: Ask, people: tuple[ReviewerWork, ...]) -> Section:
    words, title = ask.words, ask.words("Người và máy nêu cùng một người")
    some = [r for r in sorted(people, key=lambda r: r.name) if r.checked]
    columns = (
        Column(words("Tài khoản")),
        Column(words("Lần so"), "number"),
        Column(words("Giống máy"), "number"),
        Column(words("Tỷ lệ"), "percent"),
        Column(words("Trong đó xem mù"), "number"),
        Column(words("Xem mù, giống máy"), "number"),
    )
    rows: tuple[Row, ...] = tuple((r.name, r.checked, r.right, r.right / r.checked, r.blind_checked, r.blind_right) for r in some)
    items = [
        (r.name, 100 * r.right / r.checked, words("{share} của {n}", share=ask.percent(r.right / r.checked), n=ask.n(r.checked)))
        for r in some
    ]
    said = (
        words("Khác máy chưa chắc là sai: chính người rà soát tìm ra chỗ máy nhầm.") if some else words("Chưa có lần so nào trong kỳ này.")
    )
    return Section(title, said, Table(columns, rows), chart.bars(title, items) if items else None)


def _opinions(ask: Ask, kinds: tuple[tuple[str, Share], ...]) -> Section:
    words, title = ask.words, ask.words("Hai người kiểm tra độc lập")
    whole = Share(sum(s.hits for _, s in kinds), sum(s.n for _, s in kinds))
    columns = (
        Column(words("Loại sổ")),
        Column(words("Mục hai người làm"), "number"),
        Column(words("Giống nhau hoàn toàn"), "number"),
        Column(words("Tỷ lệ"), "percent"),
        Column(words("Khoảng tin cậy 95 %, từ"), "percent"),
        Column(words("đến"), "percent"),
    )
    rows: tuple[Row, ...] = tuple((words.pick(wording.kind(k)), s.n, s.hits, s.rate, *s.interval) for k, s in kinds)
    items = [
        (words.pick(wording.kind(k)), 100 * s.rate, words("{share} của {n}", share=ask.percent(s.rate), n=ask.n(s.n))) for k, s in kinds
    ]
    said = words("Chưa có mục nào được hai người kiểm tra độc lập trong kỳ này.")
    if kinds:
        said = words("{share} của {n} mục được hai người ghi giống hệt nhau, không ai thấy bản của người kia.",
                     share=ask.percent(whole.rate), n=ask.n(whole.n))
    return Section(title, said, Table(columns, rows), chart.bars(title, items) if items else None)


def _days(ask: Ask, days: tuple[tuple[date, str, int], ...]) -> Section:
    words = ask.words
    return Section(
        words("Từng người, từng ngày"),
        words("Số trường hợp xác nhận mỗi ngày."),
        Table((Column(words("Ngày"), "day"), Column(words("Tài khoản")), Column(words("Xác nhận"), "number")), days, folded=True),
    )
