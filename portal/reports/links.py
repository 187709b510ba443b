"""Khớp dân cư: links accepted by the program and by people, in review, unmatched."""

from __future__ import annotations

from portal import wording
from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Row, Section, Table, kind_order
from storage.report_figures import as_of
from storage.report_links import LinkCounts, link_report
from storage.sheet_file import Column


def build(ask: Ask) -> ReportView:
    words, found = ask.words, link_report(ask.session, ask.scope, ask.step)
    t = found.total
    share = ask.percent((t.accept + t.accept_person) / t.total if t.total else None)
    headline = words(
        "{n} người trong sổ đã đối chiếu: {share} đã khớp ({machine} do máy, {person} do người), {review} chờ xem, {none} không tìm thấy.",
        n=ask.n(t.total),
        share=share,
        machine=ask.n(t.accept),
        person=ask.n(t.accept_person),
        review=ask.n(t.review),
        none=ask.n(t.none + t.none_person),
    )
    title = words("Theo kỳ nhận sổ")
    steps = found.by_step
    series = [
        chart.Series(words("máy khớp"), tuple(c.accept for _, c in steps), "main"),
        chart.Series(words("người chọn"), tuple(c.accept_person for _, c in steps), "second"),
        chart.Series(words("chờ người xem"), tuple(c.review for _, c in steps), "doubt"),
        chart.Series(words("không tìm thấy"), tuple(c.none + c.none_person for _, c in steps), "bad"),
    ]
    labels = [numbers.short(p) for p, _ in steps]
    busiest = max(steps, key=lambda s: s[1].total)
    said = (
        words("Nhiều nhất: {period}, {n} người.", period=numbers.period(words, busiest[0]), n=ask.n(busiest[1].total))
        if t.total
        else words("Chưa có ai được đối chiếu trong kỳ này.")
    )
    by_step = Section(
        title,
        said,
        Table((Column(words("Kỳ")), *_columns(ask)), tuple(_row(c, numbers.period(words, p)) for p, c in steps)),
        chart.columns(title, labels, series, ask.n, stacked=True),
    )
    return ReportView(
        headline,
        (by_step, _by_role(ask, found.by_role, t)),
        as_of(ask.session),
        (words("Mỗi người có vai trò trong một trường hợp (con, mẹ, cha, vợ, chồng …) là một lần đối chiếu."),
         words("Liên kết máy đã khớp mà được chọn để kiểm tra ngẫu nhiên vẫn tính là máy khớp.")),
    )


def _by_role(ask: Ask, unordered: tuple[tuple[str, str, LinkCounts], ...], total: LinkCounts) -> Section:
    roles = sorted(unordered, key=lambda r: (kind_order(r[0]), r[1]))
    words, title = ask.words, ask.words("Theo loại sổ và vai trò")
    named = [(f"{ask.kind(k)} – {words.pick(wording.ROLES.get(r, (r, r))).lower()}", c) for k, r, c in roles]
    rows = tuple(_row(c, ask.kind(k), words.pick(wording.ROLES.get(r, (r, r)))) for k, r, c in roles)
    items = [
        (
            name,
            100 * (c.accept + c.accept_person) / c.total,
            words("{share} của {n}", share=ask.percent((c.accept + c.accept_person) / c.total), n=ask.n(c.total)),
        )
        for name, c in named
        if c.total
    ]
    lowest = min(items, key=lambda i: i[1], default=None)
    said = words("Khớp ít nhất: {name}.", name=lowest[0]) if lowest else words("Chưa có ai được đối chiếu trong kỳ này.")
    return Section(
        title,
        said,
        Table((Column(words("Loại sổ")), Column(words("Vai trò")), *_columns(ask)), (*rows, _row(total, words("Cộng"), "")), total=True),
        chart.bars(title, items) if items else None,
    )


def _columns(ask: Ask) -> tuple[Column, ...]:
    words = ask.words
    return (
        Column(words("Máy khớp"), "number"),
        Column(words("Người chọn"), "number"),
        Column(words("Chờ người xem"), "number"),
        Column(words("Máy không tìm thấy"), "number"),
        Column(words("Người nói không có"), "number"),
        Column(words("Cộng"), "number"),
        Column(words("Đã khớp"), "percent"),
    )


def _row(c: LinkCounts, *first: str) -> Row:
    share = (c.accept + c.accept_person) / c.total if c.total else None
    return (*first, c.accept, c.accept_person, c.review, c.none, c.none_person, c.total, share)
