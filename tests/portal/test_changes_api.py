"""The change feed as a one-stop system uses it: scopes, a week away, waiting, refusals, what stands in the log."""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from portal.api.app import create_api
from storage import accounts, change_feed, events
from storage.database import Database
from storage.models import Event


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services with a database and nothing else: the feed needs no more. One for all tests, each reads from a place of its own."""
    home = tmp_path_factory.mktemp("feed")
    database = Database(home / "sogoc.db")
    database.upgrade()
    yield Services(home=home, database=database, objects=None, ledger=None, signer=None, intake=IntakeOptions(), reading=ReadingOptions(),
                   matching=MatchingOptions(home / "cache"), archive=ArchiveOptions())
    database.dispose()


@pytest.fixture(scope="module")
def api(house) -> Iterator[TestClient]:
    with house.database.session() as s:
        secrets = {"motcua": accounts.add_client(s, "motcua", ["KS:read", "KH:copy", "feed:read"]),
                   "khong": accounts.add_client(s, "khong", ["KS:read"]), "trong": accounts.add_client(s, "trong", ["feed:read"])}
    with TestClient(create_api(house, per_minute=100_000)) as c:
        c.tokens = {name: c.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret)).json()["access_token"]
                    for name, secret in secrets.items()}
        c.headers["Authorization"] = f"Bearer {c.tokens['motcua']}"
        yield c


def publish(house, *records, kind="KS", what="archived"):
    with house.database.session() as s:
        for record in records:
            event = events.append(s, "t", "entry.archive", "entry:1", {"package": record})
            change_feed.publish(s, event, what, kind, record)


def end(api):
    """The cursor at the end of the feed."""
    return api.get("/changes", params={"from": "2999-01-01T00:00:00Z"}).json()["next"]


def records(answer):
    assert answer.status_code == 200, answer.text
    return [c["record"] for c in answer.json()["changes"]]


def test_a_system_that_was_away_catches_up(api, house):
    publish(house, *(f"a{n}" for n in range(30)))
    kept = end(api)
    for n in range(300):
        publish(house, f"b{n}", kind=("KS", "KT", "KH")[n % 3])
    found, more = [], True
    while more:
        answer = api.get("/changes", params={"cursor": kept, "limit": 37})
        found += records(answer)
        kept, more = answer.json()["next"], answer.json()["more"]
    assert found == [f"b{n}" for n in range(300) if n % 3 != 1]      # KT is none of its kinds
    assert records(api.get("/changes", params={"cursor": kept})) == []


def test_a_line_has_no_more_than_this(api, house):
    kept = end(api)
    publish(house, "r1", what="withdrawn")
    change = api.get("/changes", params={"cursor": kept}).json()["changes"][0]
    assert change.keys() == {"seq", "at", "what", "kind", "record", "version", "previous", "extract"}
    assert (change["what"], change["record"], change["at"][-6:]) == ("withdrawn", "r1", "+07:00")


def test_waiting_ends_when_something_comes(api, house):
    kept = end(api)
    comes = threading.Timer(0.7, publish, (house, "new"))
    comes.start()
    assert records(api.get("/changes", params={"cursor": kept, "wait": 30})) == ["new"]
    comes.join()


def test_waiting_ends_when_nothing_comes(api):
    began, kept = time.monotonic(), end(api)
    assert records(api.get("/changes", params={"cursor": kept, "wait": 1})) == [] and time.monotonic() - began < 25


def test_replay_from_a_time(api, house):
    before = datetime.now(UTC).isoformat()
    publish(house, "r1", "r2")
    assert records(api.get("/changes", params={"from": before})) == ["r1", "r2"]
    assert len(records(api.get("/changes", params={"from": "2020-01-01T00:00:00+07:00"}))) >= 2
    assert records(api.get("/changes", params={"from": "2999-01-01T00:00:00Z"})) == []
    for wrong in ("2020-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "hôm qua"):        # of no zone, before all time, no time
        assert api.get("/changes", params={"from": wrong}).status_code == 422
    assert api.get("/changes", params={"from": before, "cursor": end(api)}).status_code == 422


@pytest.mark.parametrize("name", ["khong", "trong"])
def test_without_the_scope_or_a_kind_it_is_refused_and_logged(api, house, name):
    publish(house, "r1")
    answer = api.get("/changes", headers={"Authorization": f"Bearer {api.tokens[name]}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    with house.database.reading() as s:
        event = s.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.seq.desc())).first()
    assert event.actor == f"client:{name}" and event.detail["reason"] == "not_permitted"
    assert api.get("/changes", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(("cursor", "status"), [("rubbish", 422), ("x" * 41, 422), (change_feed.Place(9, b"abcd").cursor(), 409)])
def test_wrong_cursors(api, cursor, status):
    answer = api.get("/changes", params={"cursor": cursor})
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def test_what_was_handed_out_is_in_the_log_and_empty_answers_are_not(api, house):
    kept = end(api)
    with house.database.reading() as s:
        before = events.head(s).seq
    publish(house, "r1", "r2")
    kept = api.get("/changes", params={"cursor": kept}).json()["next"]
    api.get("/changes", params={"cursor": kept})
    with house.database.reading() as s:
        looks = s.scalars(select(Event).where(Event.action == "changes.read", Event.seq > before)).all()
    assert [(e.actor, e.detail["count"], e.detail["channel"]) for e in looks] == [("client:motcua", 2, "api")]
    assert "r1" not in json.dumps([e.detail for e in looks])
