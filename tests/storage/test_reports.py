"""Reports against small books counted by hand, on SQLite and PostgreSQL; what must hold of any books; nothing of another commune."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from storage import events, report_figures
from storage.agreement import Share
from storage.models import Entry, Event, ReportFigure
from storage.policy import Actor
from storage.report_errors import BadPeriod, BadPlan, PlanOverlaps, PlanUnreadable
from storage.report_figures import Scope, renew, sums
from storage.report_links import LinkCounts, link_report
from storage.report_measures import MEASURES
from storage.report_overdue import ReportOptions, overdue
from storage.report_pages import PageShare, pages_aside
from storage.report_people import api_report, review_report
from storage.report_period import STEPS, Period, between, buckets, parse_period, period_of
from storage.report_plan import Plan, PlanLine, parse_plan, plan_lines, set_plan
from storage.report_progress import Amount, progress
from storage.report_return import ReturnLine, period_return
from storage.report_times import Backlog, Lengths, quantile, times
from storage.review_errors import NotAllowed
from storage.working_days import due_day, is_working_day, working_days_before, working_days_late
from tests.storage.report_books import AUGUST, LAND, PROVINCE, TRA_SON, TRA_THUY, add_book, add_check, add_link, add_many, add_opinion

AUTUMN = between(date(2026, 8, 1), date(2026, 10, 31))
HOUR = timedelta(hours=1)


@pytest.fixture
def counted(database):
    """Trà Sơn: KS 2017 (3 entries, 2 verified at 14:00 on 3 Aug, 1 archived an hour later; 1 page empty), KS 1970 (all 2 verified on
    1 Sept at 00:30 Vietnam time, which is still August in UTC). Trà Thủy: KH 2001, 1 entry read; 1 page sent back, 1 waiting."""
    with database.session() as s:
        a = add_book(s, "KS.2017", TRA_SON, entries=3, verified=2, archived=1, aside=("empty_file",))
        b = add_book(s, "KS.1970", TRA_SON, year=1970, entries=2, verified=2, verified_after=timedelta(days=28, hours=15, minutes=30))
        c = add_book(
            s,
            "KH.2001",
            TRA_THUY,
            kind="KH",
            year=2001,
            by="xa.hoa",
            at=AUGUST + timedelta(days=31),
            read_after=30 * HOUR,
            entries=1,
            aside=("rejected:cut_off",),
            waiting=1,
        )
        for entry, decision, by in (
            (a[0], "accept", None),
            (a[1], "accept", "tp.lan"),
            (a[2], "review", None),
            (b[0], "none", None),
            (b[1], "none", "tp.lan"),
        ):
            add_link(s, entry, "me", decision, by)
        add_link(s, c[0], "vo", "accept", None)
        for n, entry in enumerate((*a[:2], *b)):
            events.append(s, "tp.lan" if n else "tp.hue", "entry.verify", f"entry:{entry.id}", {}, AUGUST + 5 * HOUR)
        events.append(s, "tp.hue", "decision.undo", f"entry:{a[0].id}", {}, AUGUST + 6 * HOUR)
        add_check(s, a[1], "tp.lan", True, AUGUST + 5 * HOUR)
        add_check(s, a[2], "tp.lan", False, AUGUST + 5 * HOUR, blind=True)
        add_check(s, c[0], "tp.lan", False, AUGUST + 5 * HOUR, withdrawn=True)
        for action, subject, detail in (
            ("record.search", "records", {"found": [f"entry:{a[0].id}"]}),
            ("record.search", "records", {"found": []}),
            ("record.metadata", f"entry:{a[0].id}", {"fields": ["so"]}),
            ("copy.fetch", f"entry:{a[0].id}", {"fields": ["copy"]}),
            ("copy.fetch", f"entry:{c[0].id}", {"fields": [], "answer": 304}),
            ("access.refused", "records", {"reason": "not_permitted"}),
        ):
            events.append(s, "client:mcdt", action, subject, detail, AUGUST)
    return database


def ask(database, report, *rest, commune=None, kind=None, actor=PROVINCE, period=AUTUMN, **more):
    with database.reading() as s:
        return report(s, Scope(actor, period, commune, kind), *rest, **more)


def test_progress(counted):
    with counted.session() as s:
        set_plan(s, PROVINCE, [PlanLine(TRA_SON, "", "2026-Q3", 1, 92), PlanLine(TRA_THUY, "KH", "2026-09", 2, 10)])
    found = ask(counted, progress, today=date(2026, 8, 31))
    august, september, _ = found.by_step
    assert found.total == Amount(3, 1, 6, 4, planned_books=3, planned_entries=71)  # Q3 has 92 days, 61 of them in the period
    assert august == Amount(2, 0, 5, 2, 0, 31) and (september.entries_verified, september.books_done) == (2, 1)
    assert [c for c, _ in found.by_commune] == [TRA_SON, TRA_THUY] and found.due_entries == 31 and found.before == 0
    later = ask(counted, progress, period=parse_period("2026-09"))
    assert (later.total.entries_verified, later.before) == (2, 2)
    assert ask(counted, progress, kind="KH").total == Amount(1, 0, 1, 0, 2, 10)
    assert ask(counted, progress, commune=TRA_THUY).total == Amount(1, 0, 1, 0, 2, 10)


def test_pages_aside(counted):
    found = ask(counted, pages_aside)
    assert found.total == PageShare(9, 2) and found.by_reason == (("empty_file", 1), ("rejected:cut_off", 1))
    assert found.by_scanner == (("xa.hoa", PageShare(3, 1)), ("xa.minh", PageShare(6, 1)))
    assert found.by_commune == ((TRA_SON, PageShare(6, 1)), (TRA_THUY, PageShare(3, 1)))
    assert [share for _, share in found.by_step] == [PageShare(6, 1), PageShare(3, 1), PageShare(0, 0)]


def test_links(counted):
    found = ask(counted, link_report)
    assert found.by_role == (("KH", "vo", LinkCounts(accept=1)), ("KS", "me", LinkCounts(1, 1, 1, 1, 1)))
    assert found.total == LinkCounts(2, 1, 1, 1, 1) and found.by_step[0][1].total == 5


def test_times(counted):
    found = ask(counted, times)
    assert dict(found.total) == {
        "time_to_read": Lengths(3, 1, 30),
        "time_to_verify": Lengths(4, 5, 29 * 24),
        "time_to_archive": Lengths(1, 6, 6),
    }
    assert found.by_step[0][1][1] == Lengths(2, 5, 5) and found.by_step[1][1][1] == Lengths(2, 29 * 24, 29 * 24)
    assert found.backlog == Backlog(pages=1, entries=2, archive=3)


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 9), min_size=1), st.floats(0.01, 1))
def test_quantile_is_the_nearest_rank(counts, share):
    values = sorted(v for v, n in counts.items() for _ in range(n))
    found = quantile(counts, share)
    assert sum(v <= found for v in values) >= share * len(values) > sum(v < found for v in values)


def test_reviewers(counted):
    (lan,) = (r for r in ask(counted, review_report).reviewers if r.name == "tp.lan")
    assert (lan.verified, lan.decided, lan.checked, lan.right, lan.blind_checked, lan.blind_right) == (3, 3, 2, 1, 1, 0)
    (hue,) = (r for r in ask(counted, review_report).reviewers if r.name == "tp.hue")
    assert (hue.verified, hue.undone, hue.days, hue.checked) == (1, 1, 1, 0)


def test_what_two_people_did_without_seeing_each_other(counted):
    with counted.session() as s:
        entries = s.scalars(sa.select(Entry).order_by(Entry.id)).all()
        states, blind = ("agreed", "settled", "differs", "agreed", "open", "agreed"), (True, True, True, False, True, True)
        for entry, state, unseen in zip(entries, states, blind, strict=True):
            add_opinion(s, entry, state, AUGUST, blind=unseen)
    found = dict(ask(counted, review_report).opinions)
    assert found == {"KS": Share(1, 3), "KH": Share(1, 1)}
    assert dict(ask(counted, review_report, commune=TRA_THUY).opinions) == {"KH": Share(1, 1)}
    assert ask(counted, review_report, period=parse_period("2026-10")).opinions == ()


def test_api(counted):
    rows = [(r.kind, r.action, r.outcome, r.number) for r in ask(counted, api_report).rows]
    assert sorted(rows) == [
        ("", "access.refused", "not_permitted", 1),
        ("", "record.search", "nothing", 1),
        ("", "record.search", "served", 1),
        ("KH", "copy.fetch", "unchanged", 1),
        ("KS", "copy.fetch", "served", 1),
        ("KS", "record.metadata", "served", 1),
    ]
    assert ask(counted, api_report, commune=TRA_THUY).total == 1 and ask(counted, api_report).refused == 1


def test_period_return(counted):
    found = ask(counted, period_return, period=parse_period("2026-09"))
    assert found.lines == (
        ("KH", "1999", ReturnLine(1, 1, 1, 1)),
        ("KS", "1975", ReturnLine(0, 1, 0, 2, 2, 2)),
        ("KS", "2016", ReturnLine(0, 1, 0, 3, 0, 2, 0, 1)),
    )
    assert found.total.awaiting == 5 and (found.pages, found.pages_ever, found.pages_aside, found.pages_aside_ever) == (3, 9, 1, 2)
    assert found.of_kind("KS") == ReturnLine(0, 2, 0, 5, 2, 4, 0, 1)


def test_overdue(counted):
    found = ask(counted, overdue, ReportOptions(), date(2026, 9, 14))
    # KS.2017: its empty page since 3 Aug, due after 5 working days on 10 Aug; 1 entry open, due 17 Aug; 1 verified, due 5 Aug.
    # KS.1970: verified on 1 Sept in Vietnam, a holiday, as is the next day: due 4 Sept. KH.2001: came on 3 Sept, due 7 and 10 Sept; its
    # entry has time until the 18th.
    assert [(r.stage, r.batch_id, r.waiting, r.due) for r in found.rows] == [
        ("archive", "KS.2017", 1, date(2026, 8, 5)),
        ("rescan", "KS.2017", 1, date(2026, 8, 10)),
        ("verify", "KS.2017", 1, date(2026, 8, 17)),
        ("archive", "KS.1970", 2, date(2026, 9, 4)),
        ("read", "KH.2001", 1, date(2026, 9, 7)),
        ("rescan", "KH.2001", 1, date(2026, 9, 10)),
    ]
    assert dict(found.totals) == {"read": 1, "rescan": 2, "verify": 1, "archive": 2} and found.rows[-1].days_late == 2
    assert ask(counted, overdue, ReportOptions(), date(2026, 8, 5)).rows == ()
    assert len(ask(counted, overdue, ReportOptions(), date(2026, 8, 6)).rows) == 1


def test_a_page_scanned_again_is_not_overdue(counted):
    from storage.models import Page

    with counted.session() as s:
        s.add(Page(batch_id="KH.2001", file="x0~1a2b3c4d.jpg", sha256="y", size=1, state="read"))
    assert "rescan" not in {r.stage for r in ask(counted, overdue, ReportOptions(), date(2026, 9, 14)).rows if r.batch_id == "KH.2001"}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_books(database, seed, monkeypatch):
    """Communes add up to the total, months too; the table says what a count at this moment says."""
    with database.session() as s:
        add_many(s, seed, 16)
        (done,) = add_book(s, "done", LAND, entries=1, verified=1, archived=1)
        add_check(s, done, "tp.lan", True, AUGUST)
        add_opinion(s, done, "agreed", AUGUST)
    with database.reading() as s:
        for measure in MEASURES:
            scope = Scope(PROVINCE, AUTUMN)
            total = sums(s, measure, scope, ())
            assert sum(sums(s, measure, scope, ("commune_code",)).values()) == total.get((), 0) > 0, measure
            parts = [sums(s, measure, Scope(PROVINCE, AUTUMN, c), ()).get((), 0) for c in (TRA_SON, TRA_THUY, LAND, "")]
            months = [sums(s, measure, Scope(PROVINCE, p), ()).get((), 0) for p in buckets(AUTUMN, "month")]
            assert sum(parts) == sum(months) == total.get((), 0), measure
        everything = ("day", "commune_code", "kind", "key", "part")
        live = {m: sums(s, m, Scope(PROVINCE, AUTUMN), everything) for m in MEASURES}
        assert report_figures.as_of(s) is None
    renewal = renew(database)
    monkeypatch.setattr(report_figures, "LIVE_ENTRIES", 0)
    with database.reading() as s:
        assert report_figures.as_of(s) is not None and s.query(ReportFigure).count() == renewal.rows
        assert {m: sums(s, m, Scope(PROVINCE, AUTUMN), everything) for m in MEASURES} == live
    assert renew(database).rows == renewal.rows  # again: the same, nothing twice


def test_sqlite_and_postgresql_count_alike(sqlite_database, postgresql_url):
    import sqlalchemy as sa

    from storage.database import Database

    admin = Database(postgresql_url)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("create database reports_alike"))
    other = Database(admin.url.set(database="reports_alike").render_as_string(hide_password=False))
    other.upgrade()
    found = []
    for database in (sqlite_database, other):
        with database.session() as s:
            add_many(s, 3, 20)
        found.append(
            {m: ask(database, lambda s, scope, m=m: sums(s, m, scope, ("day", "commune_code", "kind", "key", "part"))) for m in MEASURES}
        )
    other.dispose()
    admin.dispose()
    assert found[0] == found[1]


REPORTS = (
    progress,
    pages_aside,
    link_report,
    times,
    review_report,
    api_report,
    period_return,
    lambda s, scope: overdue(s, scope, ReportOptions(), date(2026, 12, 1)),
    lambda s, scope: plan_lines(s, scope.actor),
)


def test_a_commune_sees_what_it_would_see_if_there_were_no_other(database, monkeypatch):
    """Every report, number by number, does not change by what other communes hold; whichever commune is asked for."""
    minh = Actor("xa.minh", "commune_head", TRA_SON)
    with database.session() as s:
        add_book(s, "MINE", TRA_SON, entries=3, verified=2, archived=1, aside=("empty_file",), waiting=1)
        set_plan(s, PROVINCE, [PlanLine(TRA_SON, "", "2026-08", 1, 9)])
    alone = [ask(database, report, actor=minh) for report in REPORTS]
    with database.session() as s:
        add_book(s, "SECRET.1", TRA_THUY, by="xa.secret", entries=3, verified=3, archived=2, aside=("rejected:secret",), waiting=2)
        made = add_book(s, "SECRET.2", None, by="xa.secret", entries=1, verified=1)
        add_link(s, made[0], "me", "accept")
        add_check(s, made[0], "tp.secret", True, AUGUST)
        events.append(s, "client:secret", "copy.fetch", f"entry:{made[0].id}", {}, AUGUST)
        events.append(s, "client:secret", "record.search", "records", {"found": []}, AUGUST)
        set_plan(s, PROVINCE, [PlanLine(TRA_THUY, "", "2026-08", 1, 999)])
    assert [ask(database, report) for report in REPORTS] != alone
    assert [ask(database, report, actor=minh) for report in REPORTS] == alone
    renew(database)
    monkeypatch.setattr(report_figures, "LIVE_ENTRIES", 0)
    assert [ask(database, report, actor=minh) for report in REPORTS] == alone
    for other in (TRA_THUY, ""):
        said = str([ask(database, report, actor=minh, commune=other) for report in REPORTS])
        assert "SECRET" not in said.upper() and TRA_THUY not in said


def test_plans(database):
    with database.session() as s:
        with pytest.raises(NotAllowed):
            set_plan(s, Actor("xa.minh", "commune_head", TRA_SON), [PlanLine(TRA_SON, "", "2026", 1, 1)])
        assert (
            set_plan(s, PROVINCE, parse_plan(f"Xã;Loại;Kỳ;Quyển;Mục\n{TRA_SON};;2026;12;1.200\n{TRA_THUY};ks;2026-08;1;\n".encode())) == 2
        )
        assert plan_lines(s, PROVINCE) == [PlanLine(TRA_SON, "", "2026", 12, 1200), PlanLine(TRA_THUY, "KS", "2026-08", 1, 0)]
        assert Plan(s, Scope(PROVINCE, AUTUMN)).of(parse_period("2026-08"), TRA_SON).books == Fraction(12 * 31, 365)
        for clash in (PlanLine(TRA_SON, "KS", "2026-08", 1, 1), PlanLine(TRA_SON, "", "2026-Q1", 1, 1)):
            with pytest.raises(PlanOverlaps):
                set_plan(s, PROVINCE, [clash])
        set_plan(
            s,
            PROVINCE,
            [PlanLine(TRA_SON, "", "2026", 0, 0), PlanLine(TRA_SON, "KS", "2026-08", 1, 1), PlanLine(TRA_SON, "KH", "2026-08", 1, 1)],
        )
        assert len(plan_lines(s, PROVINCE)) == 3


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"PK\x03\x04 no sheet", b"head,only\n"])
def test_a_plan_file_that_is_none(data):
    with pytest.raises(PlanUnreadable):
        parse_plan(data)


@pytest.mark.parametrize(
    "row", ["2113,,2026,1,1", "21139,XX,2026,1,1", "21139,,2026-13,1,1", "21139,,2026,-1,1", "21139,,2026,1,1e5", "21139,,2026,=1,1"]
)
def test_a_plan_line_that_is_wrong_is_named(row):
    with pytest.raises(BadPlan) as e:
        parse_plan(f"21139,,2025,1,1\n{row}".encode())
    assert e.value.evidence["row"] == 2


@given(st.dates(date(1990, 1, 8), date(2090, 1, 1)), st.sampled_from(STEPS), st.integers(0, 300))
def test_periods_cover_every_day_once(day, step, days):
    period = Period(day, day + timedelta(days=days))
    found = buckets(period, step)
    assert found[0].first <= period.first and found[-1].last >= period.last and sum(b.overlap(period) for b in found) == period.days
    assert all(b.first == a.last + timedelta(days=1) for a, b in itertools.pairwise(found))
    assert period_of(step, day) == parse_period(found[0].code)


@pytest.mark.parametrize("text", ["", "2026-", "2026-00", "2026-Q5", "2026-W54", "26", "2026-08-01", "x" * 500])
def test_what_is_no_period(text):
    with pytest.raises(BadPeriod):
        parse_period(text)
    with pytest.raises(BadPeriod):
        between(date(2026, 1, 2), date(2026, 1, 1))


def test_working_days_leave_out_tet_and_take_in_what_is_made_up_for():
    assert [is_working_day(date(2026, 2, d)) for d in (13, 16, 17, 18, 19, 20, 23)] == [True, False, False, False, False, False, True]
    assert not is_working_day(date(2026, 8, 31)) and is_working_day(date(2026, 8, 22))  # a Saturday worked for a Monday off
    assert due_day(date(2026, 2, 13), 2) == date(2026, 2, 24)


@given(st.dates(date(2025, 1, 1), date(2027, 12, 1)), st.dates(date(2025, 1, 1), date(2027, 12, 1)), st.integers(1, 20))
def test_the_cut_off_is_the_same_as_the_due_day(start, today, days):
    late = due_day(start, days) < today and working_days_late(due_day(start, days), today) > 0
    assert (start < working_days_before(today, days)) == (due_day(start, days) < today)
    assert not late or start < today


def test_the_day_is_vietnams(database):
    with database.session() as s:
        add_book(s, "LATE", TRA_SON, at=datetime(2026, 8, 31, 17, 0, tzinfo=UTC))
        add_book(s, "EARLY", TRA_SON, at=datetime(2026, 8, 31, 16, 59, 59, tzinfo=UTC))
    assert ask(database, lambda s, scope: sums(s, "books_received", scope, ("day",))) == {(date(2026, 8, 31),): 1, (date(2026, 9, 1),): 1}


def test_what_is_kept_of_a_plan_in_the_log_names_nobody(database):
    with database.session() as s:
        set_plan(s, PROVINCE, [PlanLine(TRA_SON, "", "2026", 1, 1)])
        assert s.query(Event).filter_by(action="report.plan").one().detail == {"lines": 1}
