"""Trang bị trả lại: why pages were set aside or sent back, where, and by whom they were scanned."""

from __future__ import annotations

from portal import log_wording
from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Section, Table
from storage.report_figures import as_of
from storage.report_pages import PageShare, pages_aside
from storage.report_period import Period
from storage.review import REJECT_REASONS
from storage.set_aside import REASONS
from storage.sheet_file import Column

_CHART = 15


def build(ask: Ask) -> ReportView:
    words, found = ask.words, pages_aside(ask.session, ask.scope, ask.step)
    total = found.total
    headline = words(
        "{aside} trong {pages} trang nhận trong kỳ bị để riêng hoặc trả lại ({share}).",
        aside=ask.n(total.aside),
        pages=ask.n(total.pages),
        share=ask.percent(total.share),
    )
    sections = [
        _reasons(ask, found.by_reason, total),
        _over_time(ask, found.by_step),
        _by(ask, words("Theo xã, phường"), words("Xã, phường"), [(ask.commune(c), s) for c, s in found.by_commune]),
        _by(ask, words("Theo người quét"), words("Người đưa sổ vào"), [(words.pick(log_wording.actor(c)), s) for c, s in found.by_scanner]),
    ]
    return ReportView(
        headline,
        tuple(sections),
        as_of(ask.session),
        (words("Trang tính theo ngày nhận quyển sổ. Người quét là tài khoản đã đưa quyển sổ vào."),),
    )


def reason(ask: Ask, code: str) -> str:
    """A short name: what happened, without the particulars of one page."""
    rejected, _, why = code.partition(":")
    if rejected == "rejected":
        return ask.words("Người rà soát trả lại: {why}", why=ask.words.pick(REJECT_REASONS.get(why, (why or "–", why or "–"))).lower())
    said = REASONS.get(code)
    return code or "–" if said is None else (said.what_vi if ask.words.lang == "vi" else said.what_en).partition("{")[0].rstrip(" (:")


def _reasons(ask: Ask, reasons: tuple[tuple[str, int], ...], total: PageShare) -> Section:
    words, title = ask.words, ask.words("Vì sao")
    named = [(reason(ask, code), n) for code, n in reasons]
    said = words("Nhiều nhất: {reason} ({n} trang).", reason=named[0][0], n=ask.n(named[0][1])) if named else words("Không có trang nào.")
    table = Table(
        (Column(words("Lý do")), Column(words("Trang"), "number"), Column(words("Phần trong số trang bị trả"), "percent")),
        tuple((name, n, n / total.aside) for name, n in named),
    )
    items = [(name, float(n), f"{ask.n(n)} ({ask.percent(n / total.aside)})") for name, n in named[:_CHART]]
    return Section(title, said, table, chart.bars(title, items) if items else None)


def _over_time(ask: Ask, steps: tuple[tuple[Period, PageShare], ...]) -> Section:
    words, title = ask.words, ask.words("Phần trang bị trả lại theo kỳ")
    with_pages = [(p, s) for p, s in steps if s.pages]
    rows = tuple((numbers.period(words, p), s.pages, s.aside, s.share if s.pages else None) for p, s in steps)
    said = words("Không có trang nào.")
    if with_pages:
        first, last = with_pages[0][1].share, with_pages[-1][1].share
        trend = words("giảm") if last < first else words("tăng") if last > first else words("không đổi")
        said = words("Từ {first} đến {last}: {trend}.", first=ask.percent(first), last=ask.percent(last), trend=trend)
    labels = [numbers.short(p) for p, _ in steps]
    drawn = chart.columns(
        title,
        labels,
        [chart.Series(words("bị trả lại"), tuple(s.share * 100 for _, s in steps))],
        lambda v: numbers.number(words, v, 1 if v % 1 else 0) + " %",
    )
    return Section(title, said, Table((Column(words("Kỳ")), *_numbers(ask)), rows), drawn)


def _by(ask: Ask, title: str, first: str, shares: list[tuple[str, PageShare]]) -> Section:
    words = ask.words
    ranked = sorted(shares, key=lambda s: (-s[1].share, s[0]))
    rows = tuple((name, s.pages, s.aside, s.share) for name, s in ranked)
    worst = ranked[0] if ranked else None
    said = (
        words("Cao nhất: {name}, {share} số trang.", name=worst[0], share=ask.percent(worst[1].share))
        if worst and worst[1].aside
        else words("Không có trang nào.")
    )
    items = [
        (name, s.share * 100, words("{share} ({n} trang)", share=ask.percent(s.share), n=ask.n(s.aside))) for name, s in ranked[:_CHART]
    ]
    return Section(title, said, Table((Column(first), *_numbers(ask)), rows), chart.bars(title, items) if items else None)


def _numbers(ask: Ask) -> tuple[Column, ...]:
    return (Column(ask.words("Trang nhận"), "number"), Column(ask.words("Bị trả lại"), "number"), Column(ask.words("Tỷ lệ"), "percent"))
