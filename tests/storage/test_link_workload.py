"""How many links wait and how many a week brings: exact where few, "more than" where many; a large installation has the night's figures."""
from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage import link_workload, report_figures
from storage.link_states import to_check, undecided
from storage.link_workload import Workload, workload
from storage.models import Entry, Link, Page
from storage.policy import Actor, Grant
from storage.report_figures import renew
from tests.storage.report_books import AUGUST, PROVINCE, TRA_SON, TRA_THUY, add_book, add_link

SON = Actor("tp.lan", "reviewer", grants=(Grant("reviewer", frozenset({TRA_SON})),))
LATER = AUGUST + timedelta(weeks=2)


@pytest.fixture
def linked(database):
    """Two weeks ago, Trà Sơn: three links to decide, a check, one decided, one on a page set aside, one accepted that asks nobody; Trà
    Thủy: one to decide."""
    with database.session() as s:
        *first, decided, aside, plain = add_book(s, "KS.1", TRA_SON, entries=7, verified=0)
        for entry, decision, by in (*((e, "review", None) for e in first[:3]), (first[3], "accept", None), (decided, "accept", "tp.lan"),
                                    (aside, "review", None), (plain, "accept", None)):
            add_link(s, entry, "me", decision, by)
        s.flush()
        s.scalars(sa.select(Link).where(Link.entry_id == first[3].id)).one().blind = True
        s.get_one(Page, aside.page_id).state = "set_aside"
        s.get_one(Entry, decided.id).status = "verified"
        add_link(s, add_book(s, "KS.2", TRA_THUY, entries=1)[0], "me", "review")
    return database


def test_what_waits_for_whom_and_what_a_week_brings(linked):
    with linked.reading() as s:
        assert workload(s, SON, LATER) == Workload(3, 1, round(5 / 2)) and workload(s, PROVINCE, LATER) == Workload(4, 1, round(6 / 2))
        assert workload(s, SON, LATER + timedelta(weeks=3)).weekly == 0, "older books say nothing of the next week"


def test_many_are_more_than(linked, monkeypatch):
    monkeypatch.setattr(link_workload, "MOST", 2)
    with linked.reading() as s:
        found = workload(s, PROVINCE, LATER)
    assert (found.undecided, found.checks) == (3, 1), "counted no further than one above"
    assert found.line[0].startswith("hơn 2 liên kết chờ quyết định, 1 lượt") and found.line[1].startswith("more than 2 links")


def test_a_large_installation_takes_what_came_in_from_the_figures_of_the_night(linked, monkeypatch):
    with linked.reading() as s:
        counted = workload(s, SON, LATER), workload(s, PROVINCE, LATER)
    monkeypatch.setattr(report_figures, "LIVE_ENTRIES", 0)
    with linked.reading() as s:
        assert (workload(s, SON, LATER).undecided, workload(s, SON, LATER).weekly) == (3, 0), "no night has come yet"
    renew(linked)
    with linked.session() as s:
        assert (workload(s, SON, LATER), workload(s, PROVINCE, LATER)) == counted
        s.execute(sa.update(Link).values(decided_by="tp.lan"))
        assert workload(s, SON, LATER) == Workload(0, 0, counted[0].weekly), "what waits is of this moment"


@pytest.mark.parametrize(("which", "index"), [(undecided, "ix_link_undecided"), (to_check, "ix_link_to_check")])
def test_links_that_do_not_wait_are_not_read(database, which, index):
    query = str(sa.select(Link.entry_id).where(which()).compile(database.engine))
    with database.reading() as s:
        if not database.is_sqlite:
            s.execute(sa.text("set local enable_seqscan = off"))
        plan = " ".join(str(row[-1]) for row in s.execute(sa.text(("explain query plan " if database.is_sqlite else "explain ") + query)))
    assert index in plan
