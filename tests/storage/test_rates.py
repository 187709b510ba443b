"""Paces and quotas: never passed however many processes ask, and how far a lease leaves a client short."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from storage import rates
from storage.database import Database
from storage.models import ClientPace, ClientUse
from storage.rates import SharedPace, SharedQuota, lease_of, uses
from storage.watermark import VIETNAM

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=VIETNAM).timestamp()


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    found = Database(tmp_path_factory.mktemp("rates") / "x.db")
    found.upgrade()
    yield found
    found.dispose()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), min_size=1, max_size=120), burst=st.sampled_from([1, 5, 40]))
def test_no_pace_is_passed_by_any_order_of_processes(one, asked, burst):
    """Over every window that ends with a request: no more than the burst and what was earned in it."""
    with one.session() as s:
        s.execute(delete(ClientPace))
    clock = Clock()
    processes = [SharedPace(one, 120, burst, clock) for _ in range(3)]
    allowed = []
    for process, later in asked:
        clock.now += later
        if processes[process].take("x").wait == 0:
            allowed.append(clock.now)
    for first in range(len(allowed)):
        # a lease that was taken may be used for two seconds after: that much was earned before the window began
        late = len(processes) * (lease_of(burst) - 1)
        assert len(allowed) - first <= burst + (allowed[-1] - allowed[first]) * 2 + late + 1


def test_who_waits_as_long_as_told_is_let_in(sqlite_database):
    clock = Clock()
    pace = SharedPace(sqlite_database, 60, 10, clock)
    answers = [pace.take("x") for _ in range(12)]
    assert [a.wait == 0 for a in answers] == [True] * 10 + [False] * 2
    assert [a.left for a in answers[:10]] == list(range(9, -1, -1)) and 0 < answers[10].wait <= 1.001
    assert pace.take("y").wait == 0
    clock.now += answers[10].wait + 0.001
    assert pace.take("x").wait == 0 and pace.take("x").wait > 0


def test_counts_are_one_on_both_databases(database):
    a_quota_is_never_passed(database, {"day": 9, "month": 7})
    clock = Clock()
    assert [SharedPace(database, 60, 3, clock).take("x").wait == 0 for _ in range(5)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("limits", [{"day": 7}, {"month": 7}, {"day": 450, "month": 451}])
def test_a_quota_is_never_passed_and_used_up_but_for_leases(sqlite_database, limits):
    a_quota_is_never_passed(sqlite_database, limits)


def a_quota_is_never_passed(database, limits):
    processes = [SharedQuota(database, Clock()) for _ in range(4)]
    least = min(limits.values())

    def ask(n: int) -> bool:
        return processes[n % 4].spend("c", "searches", limits).wait == 0

    with ThreadPoolExecutor(4) as pool:
        allowed = sum(pool.map(ask, range(least + 40)))
    assert allowed == least         # each process goes on asking, so no lease is left over
    for process in processes:
        process.close()
    with database.reading() as s:
        assert uses(s, "2026-11-30") == uses(s, "2026-11") == {("c", "searches"): least}


def test_a_spent_quota_says_when_it_begins_anew(sqlite_database):
    clock = Clock()
    quota = SharedQuota(sqlite_database, clock)
    assert quota.spend("c", "copies", {"day": 1}).left == 0
    refused = quota.spend("c", "copies", {"day": 1})
    assert refused.wait == pytest.approx(12 * 3600) and refused.span == "day"
    assert quota.spend("c", "searches", {"day": 1}).wait == 0 and quota.spend("d", "copies", {"day": 1}).wait == 0
    clock.now += refused.wait
    assert quota.spend("c", "copies", {"day": 1, "month": 5}).wait == 0
    last_day = SharedQuota(sqlite_database, Clock(datetime(2026, 12, 31, 23, 0, tzinfo=VIETNAM).timestamp()))
    assert last_day.spend("c", "copies", {"month": 2}).wait == 0 and last_day.spend("c", "copies", {"month": 2}).wait > 0
    assert last_day.spend("c", "copies", {"month": 2}).seconds == pytest.approx(3600)


def test_what_was_leased_and_not_used_is_given_back(sqlite_database):
    quota = SharedQuota(sqlite_database, Clock())
    for _ in range(3):
        assert quota.spend("c", "records", {"day": 100_000}).wait == 0
    with sqlite_database.reading() as s:
        assert uses(s, "2026-11-30")[("c", "records")] == 100        # the lease: what a kill would overcount
    quota.close()
    with sqlite_database.reading() as s:
        assert uses(s, "2026-11-30")[("c", "records")] == 3


def test_old_paces_are_forgotten(one, monkeypatch):
    monkeypatch.setattr(rates, "_FORGET_EVERY", 10)
    with one.session() as s:
        s.add(ClientPace(who="old", level_at=NOON - timedelta(days=2).total_seconds()))
    pace = SharedPace(one, 60_000, 1, Clock())
    for n in range(10):
        pace.take(f"client {n}")
    with one.reading() as s:
        assert s.get(ClientPace, "old") is None and s.get(ClientUse, ("c", "x", "y")) is None
