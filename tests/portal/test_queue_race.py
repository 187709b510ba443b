"""Reviewers in threads at one queue of 500 entries, over HTTP, on PostgreSQL: every entry decided exactly once, none left."""
from __future__ import annotations

import re
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from portal_house import PASSWORD

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, PortalOptions, ReadingOptions, Services
from portal.app import create_app
from storage import accounts, events
from storage.database import Database
from storage.models import Batch, Entry, Event, Page
from storage.queue_check import queue_drift

ENTRIES, PEOPLE = 500, ("tp.an", "tp.ba", "tp.cu", "tp.du")


@pytest.fixture
def hub(postgresql_url: str, tmp_path: Path):
    """(database, address) of a portal on a PostgreSQL with a book of 500 entries."""
    admin, name = Database(postgresql_url), f"t{uuid.uuid4().hex[:12]}"
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(sa.text(f"create database {name}"))
    database = Database(admin.url.set(database=name).render_as_string(hide_password=False))
    database.upgrade()
    with database.session() as s:
        s.add(Batch(id="KS.1", folder="", content_hash="", kind="KS", commune_code="21139", declared={}))
        s.flush()
        s.add_all(Page(id=n, batch_id="KS.1", file=f"{n:03d}.jpg", sha256=str(n), size=1, state="read") for n in range(1, ENTRIES + 1))
        s.flush()
        s.add_all(Entry(page_id=n, kind="KS", form="KS2016", status="review" if n % 5 else "draft", risk=(n % 9) / 10, reasons=[],
                        number=str(n)) for n in range(1, ENTRIES + 1))
        for person in PEOPLE:
            accounts.add_user(s, person, PASSWORD, "reviewer")
    services = Services(home=tmp_path, database=database, objects=None, ledger=None, signer=None, intake=IntakeOptions(),     # type: ignore[arg-type]
                        reading=ReadingOptions(), matching=MatchingOptions(tmp_path), archive=ArchiveOptions(), portal=PortalOptions())
    server = uvicorn.Server(uvicorn.Config(create_app(services, archive_in_background=False), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield database, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    database.dispose()
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(sa.text(f"drop database {name} with (force)"))
    admin.dispose()


class Person:
    """Takes the next entry and decides it until the queue is empty; each sixth page is rejected, each tenth decision undone at first."""

    def __init__(self, address: str, name: str) -> None:
        self.http, self.name, self.taken, self.problems = httpx.Client(base_url=address, timeout=60), name, [], []
        token = re.search(r'name="csrf" value="(\w+)"', self.http.get("/login").text)[1]
        self.http.post("/login", data={"name": name, "password": PASSWORD, "csrf": token, "next": "/review?kind=KH"})
        self.csrf = {"X-CSRF-Token": re.search(r'<meta name="csrf" content="(\w+)"', self.http.get("/review?kind=KH").text)[1]}

    def work(self, joined: threading.Event) -> None:
        while True:
            there = re.match(r"/review/(\d+)", self.http.get("/review/next").headers["location"])
            if there is None:
                return
            entry = int(there[1])
            self.taken.append(entry)
            if entry % 6:
                self.post(f"/review/{entry}/verify", {"revision": 0, "acknowledge": True})
            else:
                self.post(f"/review/{entry}/reject", {"revision": 0, "reason": "unreadable"})
            if entry % 10 == 1:
                self.post("/review/undo", None)
                self.post(f"/review/{entry}/verify", {"revision": 2, "acknowledge": True})
            if len(self.taken) > ENTRIES // 6:
                joined.set()

    def post(self, path: str, body: dict | None) -> None:
        answer = self.http.post(path, json=body, headers=self.csrf)
        if answer.status_code != 200:
            self.problems.append((path, answer.text))


def test_two_then_four_reviewers_decide_every_entry_once(hub):
    database, address = hub
    people, joined = [Person(address, name) for name in PEOPLE], threading.Event()
    threads = [threading.Thread(target=p.work, args=(joined,)) for p in people]
    for t in threads[:2]:
        t.start()
    assert joined.wait(300)
    for t in threads[2:]:
        t.start()
    for t in threads:
        t.join(300)
    taken = Counter(entry for p in people for entry in p.taken)
    assert [p.problems for p in people] == [[], [], [], []]
    assert sorted(taken) == list(range(1, ENTRIES + 1)) and set(taken.values()) == {1}
    assert all(p.taken for p in people)
    with database.reading() as s:
        assert s.scalar(sa.select(sa.func.count()).where(Entry.queue_place.is_not(None))) == 0 and queue_drift(s).none
        undone = {e.detail["undoes"] for e in s.scalars(sa.select(Event).where(Event.action == "decision.undo"))}
        stand = Counter(e.subject for e in s.scalars(sa.select(Event).where(Event.action.in_(("entry.verify", "page.reject"))))
                        if e.seq not in undone)
        assert len(stand) == ENTRIES and set(stand.values()) == {1}
        events.verify_chain(s)
