"""Walking clients are noticed, counters are not: the rules over generated logs, and alerts from the real one."""
from __future__ import annotations

import json
import random
from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import events
from storage.clients import add_client
from storage.models import AccessAlert, ApiClient, Event, WatchState
from storage.review_errors import NoSuchAlert
from storage.watch import Look, Sight, look_of, night_of
from storage.watch_alerts import alerts, close_alert, look_over
from storage.watch_digest import asked_name, asked_person, asked_register_number
from storage.watch_options import WatchOptions
from storage.watermark import VIETNAM

KEY = b"k" * 48
OURS = WatchOptions()
MORNING = datetime(2026, 11, 30, 8, 0, tzinfo=VIETNAM)


def search(at: datetime, said, *, missed: bool = False, dossier: str = "H21-1") -> Look:
    return Look(at, str(said["asked"]), tuple(said.get("next", ())), str(said["asked"]), dossier, missed)


def rules_of(looks: list[Look], options: WatchOptions = OURS) -> set[str]:
    sight, found = Sight(), set()
    for n, look in enumerate(looks):
        if n % 40 == 0:
            sight = Sight.read(json.loads(json.dumps(asdict(sight))))       # as it comes back from the database
        found |= {f.rule for f in sight.see(look, options)}
    return found


def register_walk(count: int, step: int = 1, *, noise: random.Random | None = None) -> list[Look]:
    looks = []
    for n in range(count):
        at = MORNING + timedelta(seconds=20 * n)
        looks.append(search(at, asked_register_number(KEY, "KS", 2017, str(100 + step * n)), dossier=f"H21-{n}"))
        if noise is not None and n % 3 == 0:
            looks.append(search(at, asked_name(KEY, f"Tên {noise.random()}", "2017"), dossier=f"H21-x{n}"))
    return looks


@pytest.mark.parametrize("looks", [
    register_walk(60), register_walk(60, 2), register_walk(60, -1), register_walk(60, noise=random.Random(1)),
    [search(MORNING, asked_person(KEY, f"051317{n:06d}"), dossier=f"H21-{n}") for n in range(1, 60)],
    [search(MORNING, asked_register_number(KEY, "KS", 2017, f"{n}a"), dossier=f"H21-{n}") for n in range(1, 60)],
], ids=["up", "every second", "down", "between others", "personal numbers", "with letters"])
def test_a_client_that_walks_through_numbers_is_found(looks):
    assert "walk" in rules_of(looks)


def test_two_processes_that_share_a_walk_hide_nothing():
    """What the log has is the order of its lines; a little out of order is a walk all the same."""
    looks = register_walk(80)
    dice = random.Random(7)
    shuffled = [look for i in range(0, len(looks), 4) for look in dice.sample(looks[i:i + 4], 4)]
    assert "walk" in rules_of(shuffled)


def test_asking_again_for_the_same_number_is_no_walk():
    assert rules_of([search(MORNING, asked_register_number(KEY, "KS", 2017, "12")) for _ in range(200)]) == set()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), largest=st.sampled_from([300, 1000]), one_year=st.booleans(), numbers_alone=st.booleans())
def test_a_normal_one_stop_day_raises_nothing(seed, largest, one_year, numbers_alone):
    """600 dossiers of a working day: one to three people each, by name, personal or register number, a quarter not found, some asked twice;
    one_year: all of one class of school children; numbers_alone: a counter that knows register numbers only."""
    dice = random.Random(seed)
    looks = []
    for n in range(600):
        at = MORNING + timedelta(seconds=45 * n)
        for _ in range(dice.randint(1, 3)):
            kind, year = (("KS", 2020) if one_year else (dice.choice(["KS", "KS", "KH", "KT"]), dice.randint(1976, 2026)))
            number = f"{dice.randint(1, largest)}"
            by_number = asked_register_number(KEY, kind, year, number)
            said = by_number if numbers_alone else dice.choice([
                asked_name(KEY, f"Tên {dice.random()}", str(year)), asked_person(KEY, f"051{dice.randint(0, 10**9 - 1):09d}"), by_number])
            looks += [search(at, said, missed=dice.random() < 0.25, dossier=f"H21-{n}")] * dice.choice([1, 1, 1, 2])
    assert rules_of(looks) == set()


def test_mostly_nothing_found():
    dice = random.Random(3)
    looks = [search(MORNING, asked_person(KEY, f"051{dice.randint(0, 10**9 - 1):09d}"), missed=n % 5 > 0, dossier=f"{n}")
             for n in range(80)]
    assert rules_of(looks) == {"misses"}
    assert rules_of([search(MORNING, asked_name(KEY, str(n), ""), missed=n % 2 > 0, dossier=f"{n}") for n in range(300)]) == set()


@given(people=st.integers(1, 80), again=st.integers(1, 3))
def test_many_people_under_one_dossier(people, again):
    looks = [search(MORNING, asked_name(KEY, f"Người {n}", "1990")) for n in range(people)] * again
    found = rules_of(looks)
    assert "dossier" not in found if people <= 25 else "dossier" in found if people >= 40 else True
    spread = [Look(MORNING, thing=f"entry:{n}", dossier=f"H21-{n % 20}") for n in range(people)]
    assert rules_of(spread) == set()


@pytest.mark.parametrize(("hour", "night"), [(21, None), (22, 30), (23, 30), (0, 29), (4, 29), (5, None), (12, None)])
def test_nights_of_vietnam(hour, night):
    found = night_of(datetime(2026, 11, 30, hour, 30, tzinfo=VIETNAM), OURS)
    assert (found.day if found else None) == night


def test_looks_at_night():
    def looks(count: int, by_program: bool) -> list[Look]:
        return [Look(MORNING.replace(hour=2) + timedelta(minutes=n), thing=f"entry:{n}", by_program=by_program) for n in range(count)]
    assert rules_of(looks(30, True)) == set() and rules_of(looks(31, True)) == {"night"}
    assert rules_of(looks(150, False)) == set()


def test_the_thresholds_are_the_installations():
    walk_of_ten, night = register_walk(10), [Look(MORNING.replace(hour=6), thing=f"entry:{n}") for n in range(31)]
    assert rules_of(walk_of_ten) == set() and rules_of(walk_of_ten, WatchOptions(walk=6, walk_of=8)) == {"walk"}
    assert rules_of(night) == set() and rules_of(night, WatchOptions(night_to=7)) == {"night"}
    long = register_walk(40)
    assert rules_of(long, WatchOptions(walk=50, walk_of=64)) == set()


def line(action: str, detail: dict[str, object], subject: str = "entry:1", actor: str = "client:motcua") -> Event:
    return Event(seq=1, at=MORNING.replace(hour=2), actor=actor, action=action, subject=subject, detail=detail)


def test_extracts_and_reports_are_looks_and_waiting_for_a_change_is_no_night_work():
    def looks(action: str, detail: dict[str, object]) -> list[Look]:
        return [look for n in range(60) if (look := look_of(line(action, {"dossier": "H21-1", **detail}, f"entry:{n}"))) is not None]
    for action in ("extract.request", "extract.fetch", "extract.view"):
        assert rules_of(looks(action, {})) == {"dossier", "night"}, action
    for action in ("extract.state", "push.state"):
        assert rules_of(looks(action, {})) == {"dossier"}, action
    assert looks("changes.read", {"count": 1}) == []
    of_many = [look_of(line("log.person", {"dossier": "H21-1", "found": [f"entry:{n}"], "count": 0}, "log")) for n in range(60)]
    assert "dossier" in rules_of([x for x in of_many if x]) and not any(x.missed for x in of_many if x)
    nobody = look_of(line("log.person", {"found": [], "count": 0}, "log"))
    assert nobody is not None and nobody.missed


def refuse_link(session, address: str, actor: str = "?", reason: str = "link_invalid") -> None:
    events.append(session, actor, "access.refused", "records", {"reason": reason, "address": address, "channel": "api"}, MORNING)


def test_many_dead_addresses_of_copies_are_an_alert_about_the_network_address(database):
    look_over(database, OURS)
    with database.session() as s:
        add_client(s, "motcua", ["KS:copy"])
        for n in range(21):
            refuse_link(s, "203.0.113.7", *(("client:motcua", "link_expired") if n % 2 else ()))
        for n in range(20):
            refuse_link(s, f"198.51.100.{n % 2}")
    look_over(database, OURS, ["links", "misses"])
    with database.session() as s:
        alert, = alerts(s)
        assert (alert.actor, alert.rule, alert.detail, alert.suspended) == ("address:203.0.113.7", "links", {"count": 21, "of": 21}, False)
        assert s.get(ApiClient, "motcua").active       # it is not the client that uses old addresses
        said = s.scalars(select(Event).where(Event.action == "access.alert")).one()
        assert said.subject == "address:203.0.113.7"
        s.get(WatchState, "address:198.51.100.1").updated_at = datetime(2026, 1, 1, tzinfo=VIETNAM)
    with database.session() as s:
        refuse_link(s, "203.0.113.8")
    look_over(database, OURS)
    with database.reading() as s:
        kept = set(s.scalars(select(WatchState.actor)))
        assert "address:198.51.100.1" not in kept and "address:203.0.113.7" in kept


def walk(session, client: str, numbers) -> None:
    for n in numbers:
        events.append(session, f"client:{client}", "record.search", "records",
                      {"dossier": f"H21-{n}", "count": 1, **asked_register_number(KEY, "KS", 2017, str(n))}, MORNING)


def test_alerts_are_kept_said_in_the_log_and_close(database):
    with database.session() as s:
        for client in ("walker", "counter"):
            add_client(s, client, ["KS:read"])
        walk(s, "old", range(100))
    assert look_over(database, OURS, ["walk"]) == 0                  # what was before is not looked at
    with database.session() as s:
        walk(s, "walker", range(1, 50))
        walk(s, "counter", [7 * n % 300 for n in range(50)])
    assert look_over(database, OURS, ["walk"]) == 99 and look_over(database, OURS, ["walk"]) == 2       # two are its own
    assert look_over(database, OURS, ["walk"]) == 0
    with database.session() as s:
        alert, = alerts(s)
        assert (alert.actor, alert.rule, alert.suspended) == ("client:walker", "walk", True)
        assert not s.get(ApiClient, "walker").active and s.get(ApiClient, "counter").active
        said = {e.action: e for e in s.scalars(select(Event).where(Event.actor == "watch"))}
        assert said["access.alert"].subject == "client:walker" and said["access.alert"].detail["rule"] == "walk"
        assert "client.disable" in said
        events.verify_chain(s)
        state = json.dumps(s.get(WatchState, "client:walker").state)
        assert len(state) < 4000 and "H21" not in state and "2017" not in state
        close_alert(s, alert.id, "kiem.toan", "Đã hỏi đơn vị.")
        assert not alerts(s) and len(alerts(s, open_only=False)) == 1
        with pytest.raises(NoSuchAlert):
            close_alert(s, alert.id, "kiem.toan", "")
    with database.session() as s:
        walk(s, "walker", range(100, 150))
    look_over(database, OURS)
    with database.reading() as s:
        assert len(s.scalars(select(AccessAlert)).all()) == 1      # one a day for each rule


def test_digests_tell_neighbours_and_no_number():
    twelve, thirteen = asked_register_number(KEY, "KS", 2017, "12"), asked_register_number(KEY, "KS", 2017, " 013A")
    assert thirteen["asked"] == twelve["next"][0] and twelve["asked"] not in thirteen["next"]
    assert asked_register_number(b"x" * 48, "KS", 2017, "12")["asked"] != twelve["asked"]
    assert asked_register_number(KEY, "KT", 2017, "12")["asked"] != twelve["asked"]
    assert asked_name(KEY, "LÊ THỊ LOAN", "2017") == asked_name(KEY, "Lê Thị Loan", "2017")
