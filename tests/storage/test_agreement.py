"""Figures about people: known error rates come back out of simulated reviewers, and little is said of little."""
from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from checked_entries import BINH, BOSS, DUYET, HAI, HEAD, LAN, VALUES, check, do, people, policy, seed, verify
from hypothesis import given
from hypothesis import strategies as st

from storage import differences, review, reviewer_statistics
from storage.agreement import Compared, Share, agreement_of, errors_by_kind, kappa, kinds_alike
from storage.check_policy import KindPolicy
from storage.differences import Pick
from storage.field_differences import kind_of, same
from storage.models import Event, SecondCheck, utc_now
from storage.policy import Actor


def test_wilson_against_published_values():
    assert Share(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)       # Newcombe 1998, table I, method 3
    assert Share(0, 20).interval == pytest.approx((0.0, 0.1611), abs=5e-5) and Share(1, 29).interval == pytest.approx((0.0061, 0.1718),
                                                                                                                      abs=5e-5)
    assert Share(0, 0).interval == (0, 1) and not Share(29, 29).enough and Share(30, 30).enough


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_rate(hits, misses):
    share = Share(hits, hits + misses)
    low, high = share.interval
    assert 0 <= low <= high <= 1 and (share.n == 0 or low - 1e-9 <= share.rate <= high + 1e-9)


def test_kappa_is_what_is_more_than_chance():
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert kappa(pairs) == pytest.approx(0.4) and kappa([]) is None and kappa([("a", "a")] * 9) is None


@pytest.mark.parametrize(("a", "b", "alike"), [
    ("Lê Thị Hoà", "LÊ THỊ HÒA", True), ("K’Brêu", "K'Brêu", True), ("2017", "2017?", False), ("01/2017", "1/2017", False),
    ("Hoàng", "Hoang", False), ("", "a", False), ("051185000001", "051185000002", False)])
def test_what_says_the_same(a, b, alike):
    assert same(a, b) is alike and same(b, a) is alike


def test_kinds_of_fields():
    kinds = {k: kind_of(k, "KS2016") for k in ("field:nksHoTen", "field:nksNgaySinh", "field:so", "field:nksQueQuan", "field:nksGioiTinh",
                                               "field:loaiDangKy", "field:ghiChu", "link:me")}
    assert list(kinds.values()) == ["name", "date", "number", "place", "choice", "choice", "text", "link"]
    assert kind_of("field:nksHoTen", None) == "text"


def test_known_error_rates_come_back():
    """Five people err by themselves in 2 % of easy names and 10 % of hard ones, one in twice as many; somebody else gets only hard ones."""
    chance = random.Random(7)
    rates = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 2.0, "hard": 1.0}
    done = []
    for n in range(9000):
        one, two = chance.sample(sorted(rates), 2)
        hard = n % 3 == 0
        if "hard" in (one, two) and not hard:
            continue
        wrong = [chance.random() < rates[who] * (0.10 if hard else 0.02) for who in (one, two)]
        outcome = {(False, False): "same", (True, False): "second", (False, True): "first", (True, True): "other"}[tuple(wrong)]
        done.append(Compared(one, two, 1.0 + n / 1e5 if hard else n / 1e5, {"k": outcome}, {"k": "name"}))
    found = {who: agreement_of(who, done) for who in rates}
    rate = errors_by_kind(done)["name"]
    assert rate.interval[0] < sum(_expected(c, rates) for c in done) / (2 * len(done)) < rate.interval[1]
    d, hard, a = found["d"], found["hard"], found["a"]
    assert d.right.rate < 0.45 < 0.5 < a.right.rate                                   # of differences, who was right
    assert d.entries.interval[1] < d.like_risk                                        # below colleagues, and it is not chance
    assert hard.entries.rate < a.entries.rate - 0.05                                  # fewer alike, for the entries were harder:
    assert hard.entries.interval[0] < hard.like_risk < hard.entries.interval[1]       # as many as colleagues had on such ones
    assert kinds_alike(done)["name"].n == len(done)


def _expected(c, rates):
    return sum(rates[who] * (0.10 if c.risk >= 1 else 0.02) for who in (c.first, c.second))


def test_nothing_is_said_of_colleagues_where_there_are_few():
    done = [Compared("a", "b", 0.1, {"k": "same"}, {"k": "name"})] * 40 + [Compared("c", "b", 0.1, {"k": "same"}, {"k": "name"})] * 5
    assert agreement_of("a", done).like_risk is None and agreement_of("x", []).entries.n == 0


def test_figures_from_the_whole_way(sqlite_database):
    """Three people do forty entries twice, with errors we know; the figures are counted from what they did."""
    database, chance = sqlite_database, random.Random(3)
    ids = seed(database, 40, link=False)
    people(database, LAN, HAI, BINH, DUYET, HEAD, Actor("xa.khac", "commune_officer", "00001"))
    policy(database, KindPolicy(checks=2))
    wrong = dict.fromkeys((LAN.name, HAI.name, BINH.name), 0)
    differing = 0
    for n, entry in enumerate(ids):
        one, two = [(LAN, HAI), (HAI, BINH), (BINH, LAN)][n % 3]
        errs = {one.name: chance.random() < 0.3, two.name: chance.random() < 0.1}
        verify(database, one, entry, **({"nksHoTen": f"Sai {n}"} if errs[one.name] else {}))
        done = check(database, two, entry, **({"nksGioiTinh": "Nam"} if errs[two.name] else {}))
        differing += any(errs.values())
        for who, erred in errs.items():
            wrong[who] += erred
        if done.state == "differs":
            _, found = do(database, differences.take, DUYET, entry)
            right = {code: value for code, value, _ in VALUES}
            do(database, differences.settle, DUYET, entry, {d.key: Pick("left" if d.left == right[d.name] else "right") for d in found})
    do(database, review.undo, DUYET)                                                   # one is taken back and waits again
    since = utc_now() - timedelta(days=1)
    with database.reading() as s:
        done = reviewer_statistics.compared(s, since)
        everybody = reviewer_statistics.everybody(s, since, done)
        lan = reviewer_statistics.figures_of(s, LAN.name, "Lan", since, done)
        boss = reviewer_statistics.work_of(s, DUYET.name, since)
        seen = {actor.name: [u.name for u in reviewer_statistics.people_seen_by(s, actor)] for actor in (LAN, DUYET, HEAD)}
        still_waiting = [c for c in s.query(SecondCheck) if c.state == "differs"]
    assert (everybody.entries.hits, everybody.entries.n) == (40 - differing, 40)
    assert len(still_waiting) == 1 and boss.items == differing - 1
    assert lan.agreement.entries.n == 27 and not lan.agreement.entries.enough and lan.work.items == 27
    assert lan.agreement.right.n - lan.agreement.right.hits in (wrong[LAN.name], wrong[LAN.name] - 1)
    assert set(everybody.kappa) == {"nksGioiTinh"} and everybody.kappa["nksGioiTinh"][1] == 40
    assert everybody.by_kind["name"].n == 40 and everybody.by_kind["date"] == Share(40, 40)
    assert seen == {"tp.lan": ["tp.lan"], "tp.duyet": ["tp.binh", "tp.duyet", "tp.hai", "tp.lan", "xa.hoa", "xa.khac"],
                    "xa.hoa": ["xa.hoa"]}


def test_time_is_from_opening_to_deciding(sqlite_database):
    database = sqlite_database
    first, second, third = seed(database, 3, link=False)
    since = utc_now() - timedelta(days=1)
    for entry, seconds in ((first, 40), (second, 60), (third, 5 * 3600)):
        with database.session() as s:
            review.log_view(s, LAN, review.lease(s, LAN, entry), ["so"], "review")
        verify(database, LAN, entry)
        with database.session() as s:
            view = s.query(Event).filter_by(subject=f"entry:{entry}", action="record.view").one()
            view.at -= timedelta(seconds=seconds)
    do(database, review.undo, LAN)
    do(database, review.verify_entry, LAN, third)                                      # not opened anew: no time for it
    with database.reading() as s:
        work = reviewer_statistics.work_of(s, LAN.name, since)
        assert work.items == 3 and work.timed == 2 and work.seconds == pytest.approx(50, abs=5)
        assert [type(day) for day in work.days] == [date] and BOSS.name not in work.by_step
