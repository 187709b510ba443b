"""What the guides' pictures of other systems show: dossiers at every stage, a connected population database, looks that raise alerts."""
from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta

from picture_house import HAI, SAMPLES
from portal_house import House
from sqlalchemy import select

from samples.simulators.population import Population
from storage import events
from storage.ministry_push import MinistryOptions, decide_to_send, hold
from storage.models import Entry, MinistryPush, utc_now
from storage.policy import Actor
from storage.population_query import Officer, PopulationQueryOptions
from storage.watch_alerts import look_over
from storage.watch_digest import asked_register_number
from storage.watch_options import WatchOptions
from storage.watermark import VIETNAM

HEAD = Actor("tp.duyet", "approver", display_name="Phạm Thị Duyên")
REASONS = ["nksDanToc không tồn tại trong danh mục", "ngayDangKy không đúng định dạng ngày"]
_KEY = b"k" * 48


def population() -> Population:
    """The simulated database, with the people of the sample books."""
    with (SAMPLES / "population.csv").open(encoding="utf-8", newline="") as file:
        return Population(people=list(csv.DictReader(file)))


def connect(house: House, population_url: str) -> None:
    """To the simulated population database, and to a Ministry that nobody asks."""
    query = PopulationQueryOptions(f"{population_url}/soap", officers={"tp.lan": Officer("CB001", "khoa-hoa", "mat-khau-hoa")}, seconds=3)
    house.services = replace(house.services, population_query=query, ministry=MinistryOptions("http://127.0.0.1:9"))


def push(house: House, births: list[int], marriages: list[int]) -> dict[str, int]:
    """A dossier at every stage; their row numbers by stage."""
    stages = ("refused", "stuck", "held", "waiting", "accepted", "finished")
    now, numbers = utc_now(), {}
    for n, (stage, entry) in enumerate(zip(stages, [*births[2:], *marriages], strict=True)):
        with house.database.session() as s:
            s.get_one(Entry, entry).status = "archived"
        with house.database.session() as s:
            module = "LTKS" if entry in births else "LTKH"
            row = decide_to_send(s, HEAD, entry, module, f"H21.129-{now:%y%m%d}-{31 + n:04d}")
            if stage == "refused":
                row.state, row.problem, row.said, row.tries = "dead", "dossier_refused", REASONS, 1
            elif stage == "stuck":
                row.state, row.problem, row.tries = "dead", "ministry_unreachable", 12
            elif stage == "accepted":
                row.state, row.sent_at, row.tries = "sent", now, 1
            elif stage == "finished":
                row.state, row.sent_at, row.content, row.tries = "done", now - timedelta(days=1), {}, 1
                row.result = {"soDangKy": "15", "quyenSo": "01/2018", "ngayDangKy": "05/01/2018"}
            numbers[stage] = row.id
    with house.database.session() as s:
        dossier = s.scalars(select(MinistryPush.dossier).where(MinistryPush.id == numbers["held"])).one()
        hold(s, HEAD, dossier, "hold_correction")
    return numbers


def ask_strangely(house: House) -> None:
    """A client walks through numbers, somebody tries old addresses of copies, and a clerk works at night."""
    look_over(house.database, WatchOptions())
    day = (utc_now().astimezone(VIETNAM) - timedelta(days=1)).replace(hour=9, minute=20)
    night = day.replace(hour=2)
    with house.database.session() as s:
        for n in range(1, 50):
            events.append(s, "client:mot-cua", "record.search", "records", {
                "dossier": f"H21.129-{n}", "count": 1, "channel": "api", **asked_register_number(_KEY, "KS", 2017, str(n))}, day)
        for _ in range(24):
            events.append(s, "?", "access.refused", "records", {"reason": "link_invalid", "address": "203.0.113.7", "channel": "api"}, day)
        for _ in range(301):
            events.append(s, HAI.name, "record.view", "entry:1", {"purpose": "review", "channel": "portal"}, night)
    look_over(house.database, WatchOptions())
