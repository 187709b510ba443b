"""The house of three communes as a running application, and requests to any route of it in anybody's name."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from portal_house import House, session_cookie
from routes import Known, body_of, known_routes
from three_communes import Holdings, fill

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, PortalOptions, ReadingOptions, Services
from portal.security import CSRF_HEADER, SESSION_COOKIE
from storage.database import Database
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger


@pytest.fixture(scope="module")
def world(tmp_path_factory, embedded_store) -> Iterator[SimpleNamespace]:
    """The house filled, its application, its routes, and a client whose requests come from nobody until `as_user` says otherwise."""
    home = tmp_path_factory.mktemp("home")
    database = Database(home / "sogoc.db")
    database.upgrade()
    objects = ObjectStore(dataclasses.replace(embedded_store.ensure(), archive_bucket=f"a-{home.name}", work_bucket=f"w-{home.name}"))
    objects.ensure_buckets()
    house = House(Services(home=home, database=database, objects=objects, ledger=ObjectLedger(database, objects), signer=None,
                           intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(home / "cache"),
                           archive=ArchiveOptions(), portal=PortalOptions()))
    held = fill(house, home / "scans")
    app = house.app()
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield SimpleNamespace(house=house, held=held, app=app, client=client, routes=known_routes(app))
    database.dispose()


def as_user(world: SimpleNamespace, name: str | None, token: bool = True) -> None:
    """The client's next requests are that account's, with the token of its session."""
    world.client.cookies.clear()
    world.client.headers.pop(CSRF_HEADER, None)
    if name is not None:
        sessions = world.app.state.portal.sessions
        cookie = session_cookie(world.app, name)
        world.client.cookies.set(SESSION_COOKIE, cookie)
        if token:
            world.client.headers[CSRF_HEADER] = sessions.csrf(sessions.read(cookie).nonce)


def ask(world: SimpleNamespace, route: Known, address: str, held: Holdings, **more):
    if route.changes and "json" not in more and "data" not in more and "content" not in more:
        more["json"] = body_of(route.body, held) or {}
    return world.client.request(route.method, address, **more)
