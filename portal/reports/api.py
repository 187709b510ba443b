"""Máy chủ dữ liệu: what connected systems asked, of which kind of book, and how it ended."""

from __future__ import annotations

from collections import Counter

from portal import log_wording
from portal.reports import chart, numbers
from portal.reports.view import Ask, ReportView, Section, Table
from storage.report_figures import as_of
from storage.report_people import ApiReport, api_report
from storage.report_period import Period, buckets, period_of
from storage.sheet_file import Column


def build(ask: Ask) -> ReportView:
    words, found = ask.words, api_report(ask.session, ask.scope)
    headline = words("{n} yêu cầu trong kỳ, {refused} bị từ chối.", n=ask.n(found.total), refused=ask.n(found.refused))
    return ReportView(
        headline,
        (_by_step(ask, found), _by_client(ask, found), _all(ask, found)),
        as_of(ask.session),
        (
            words("Tra cứu không nêu xã nào nên chỉ tính vào số của cả tỉnh."),
            words("Yêu cầu bị từ chối được ghi từ khi hệ thống kết nối đã xác thực; chặn vì gọi quá nhiều lần thì không ghi."),
        ),
    )


def outcome(ask: Ask, code: str) -> str:
    words = ask.words
    said = {
        "served": words("đã cấp"),
        "nothing": words("không tìm thấy"),
        "unchanged": words("chưa đổi, không gửi lại"),
        "headers": words("chỉ hỏi thông tin tệp"),
        "not_permitted": words("từ chối: không có quyền"),
        "missing_context": words("từ chối: thiếu thông tin hồ sơ"),
        "not_found": words("từ chối: không có hồ sơ"),
        "invalid": words("từ chối: giá trị sai"),
        "link_expired": words("từ chối: đường dẫn hết hạn"),
        "link_used_up": words("từ chối: đường dẫn dùng hết số lần"),
        "link_superseded": words("từ chối: hồ sơ có phiên bản mới"),
        "link_client_off": words("từ chối: không còn quyền"),
        "bad_range": words("từ chối: khoảng byte sai"),
        "unavailable": words("từ chối: hệ thống chưa sẵn sàng"),
    }
    return said.get(code, code)


def _by_step(ask: Ask, found: ApiReport) -> Section:
    words, title = ask.words, ask.words("Yêu cầu theo kỳ")
    counts = Counter[Period]()
    for day, n in found.by_day:
        counts[period_of(ask.step, day)] += n
    steps = buckets(ask.scope.period, ask.step)
    busiest = max(steps, key=lambda s: counts[s])
    said = (
        words("Nhiều nhất: {period}, {n} yêu cầu.", period=numbers.period(words, busiest), n=ask.n(counts[busiest]))
        if counts
        else words("Chưa có yêu cầu nào trong kỳ này.")
    )
    return Section(
        title,
        said,
        Table(
            (Column(words("Kỳ")), Column(words("Yêu cầu"), "number")),
            tuple((numbers.period(words, s), counts[s]) for s in steps),
            folded=True,
        ),
        chart.columns(title, [numbers.short(s) for s in steps], [chart.Series(words("yêu cầu"), tuple(counts[s] for s in steps))], ask.n),
    )


def _by_client(ask: Ask, found: ApiReport) -> Section:
    words, title = ask.words, ask.words("Theo hệ thống kết nối")
    total, refused = Counter[str](), Counter[str]()
    for r in found.rows:
        total[r.client] += r.number
        refused[r.client] += r.number * (r.action == "access.refused")
    rows = tuple((c, n, refused[c], refused[c] / n) for c, n in total.most_common())
    said = words("{n} hệ thống đã hỏi.", n=ask.n(len(rows)))
    return Section(
        title,
        said,
        Table(
            (
                Column(words("Hệ thống")),
                Column(words("Yêu cầu"), "number"),
                Column(words("Bị từ chối"), "number"),
                Column(words("Tỷ lệ"), "percent"),
            ),
            rows,
        ),
        chart.bars(title, [(c, float(n), words("{n} (từ chối {m})", n=ask.n(n), m=ask.n(m))) for c, n, m, _ in rows]) if rows else None,
    )


def _all(ask: Ask, found: ApiReport) -> Section:
    words = ask.words
    rows = tuple(
        (
            r.client,
            ask.kind(r.kind) if r.kind else words("(tra cứu chung)"),
            words.pick(log_wording.action(r.action)),
            outcome(ask, r.outcome),
            r.number,
        )
        for r in found.rows
    )
    return Section(
        words("Theo loại sổ và kết quả"),
        words("Mỗi dòng là một loại việc với một kết quả."),
        Table(
            (
                Column(words("Hệ thống")),
                Column(words("Loại sổ")),
                Column(words("Việc")),
                Column(words("Kết quả")),
                Column(words("Yêu cầu"), "number"),
            ),
            rows,
        ),
    )
