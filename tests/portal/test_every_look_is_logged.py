"""Whatever shows or gives out something of a person, by whichever route, leaves a line: who, what for, of which record, which fields."""
from __future__ import annotations

import io
import zipfile
from types import SimpleNamespace

import pytest
from route_world import as_user, ask
from routes import Known, addresses, body_of
from sqlalchemy import func, select
from three_communes import COMMUNES, NAMES, NUMBERS, user_of

from portal.log_wording import ACTIONS
from storage import accounts
from storage.models import Event

HERE = COMMUNES[0]
PERSONAL = (NAMES[HERE], NUMBERS[HERE] + "0000")            # a person's name and number in the records of HERE
HEADERS = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
PICTURES = ("image/jpeg", "application/pdf")
ROLES = ("administrator", "reviewer", "commune_head", "approver", "archivist", "auditor", "commune_officer")
SMALL = ("/thumb.jpg", "/cover.pdf")                        # too small to read; a book's cover sheet, of nobody
OF_NOBODY = ("/docs", "/openapi.json", "/extracts/revoked")  # given to everybody: descriptions, numbers of revoked extracts
PARTS = ("/tiles/",)                                        # of a picture whose look is logged where its address is given out


def newest(world: SimpleNamespace) -> int:
    with world.house.database.reading() as s:
        return s.scalar(select(func.max(Event.seq))) or 0


def lines(world: SimpleNamespace, after: int, actor: str) -> list[Event]:
    with world.house.database.reading() as s:
        return list(s.scalars(select(Event).where(Event.seq > after, Event.actor == actor).order_by(Event.seq)))


def shows_a_person(answer, address: str) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code >= 300 or any(a in address for a in PARTS) or address.endswith(SMALL):
        return False
    text = unpacked(answer.content) if kind.endswith("sheet") else answer.text
    return kind in PICTURES or any(mark in text for mark in PERSONAL)


def unpacked(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return "".join(z.read(n).decode("utf-8", "replace") for n in z.namelist())


def is_enough(found: list[Event], actor: str) -> str:
    """Empty when one of the lines tells all that a look must tell; else what lacks."""
    if not found:
        return "no line"
    told = [e for e in found if e.subject.partition(":")[0] in ("entry", "page", "dossier", "batch", "records") or e.detail.get("found")]
    if not told:
        return f"no record named: {[(e.action, e.subject) for e in found]}"
    purposes = [e for e in told if e.detail.get("purpose")]
    if not purposes:
        return f"no purpose: {[(e.action, e.subject) for e in told]}"
    what = [e for e in purposes if e.detail.get("fields") or e.detail.get("count") is not None]
    if not what:
        return f"no fields nor count: {[(e.action, e.subject) for e in purposes]}"
    return "" if all(e.actor == actor and e.detail.get("channel") and e.action in ACTIONS for e in what) else "not whole"


def looks(world: SimpleNamespace, name: str, routes: list[Known]) -> tuple[set[str], dict[str, tuple[str, str]]]:
    """(routes that showed something of a person, those of them whose line lacks something: route -> address and what)."""
    shown, lacking, held = set(), {}, world.held[HERE]
    for route in routes:
        for address in list(addresses(route, held))[:12]:
            before = newest(world)
            answer = ask(world, route, address, held)
            if shows_a_person(answer, address):
                shown.add(str(route))
                problem = is_enough(lines(world, before, name), name)
                if problem:
                    lacking[str(route)] = (address, problem)
    return shown, lacking


def test_a_change_leaves_a_line(world):
    """A correction, and a person chosen."""
    name, entry = user_of("reviewer", HERE), world.held[HERE].entries[0]
    as_user(world, name)
    for path, body in ((f"/review/{entry}/field", {"revision": 0, "code": "nksHoTen", "text": f"Lê {NAMES[HERE]}"}),
                       (f"/review/{entry}/link", {"revision": 1, "role": "nks", "personal_id": NUMBERS[HERE] + "00000000"})):
        before = newest(world)
        assert world.client.post(path, json=body).status_code == 200
        detail = lines(world, before, name)[-1].detail
        assert detail["purpose"] == "review" and detail["channel"] == "portal" and (detail.get("field") or detail.get("role"))


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_shows_a_person_leaves_a_line(world, role):
    name = user_of(role, HERE)
    as_user(world, name)
    shown, lacking = looks(world, name, [r for r in world.routes if r.method == "GET" and not r.api])
    assert not lacking
    assert bool(shown) == (role != "auditor"), "the test sees nothing, or an auditor sees a record"


def test_an_answer_of_the_api_leaves_a_line_with_dossier_and_officer(world):
    with world.house.database.session() as s:
        scopes = ["KS:read", "KS:copy", "KT:read", "KT:copy", "person:report", "person:vault"]
        secret = accounts.add_client(s, "motcua", scopes, agency_code="H21.129")
    as_user(world, None)
    said = world.client.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=("motcua", secret)).json()
    headers, held, shown = {"Authorization": f"Bearer {said['access_token']}", **HEADERS}, world.held[HERE], set()
    known = {"kind": "KS", "number": "2", "year": 2017, "name": f"Lê {NAMES[HERE]}", "birth_date": "2017", "basis": "Luật 91/2025/QH15",
             "personal_id": NUMBERS[HERE] + "00000000", "legal_basis": {"kind": "law", "article": "Điều 12 Luật Hộ tịch 2014"}}
    for route in (r for r in world.routes if r.api and "/oauth/" not in r.path and "/sync/" not in r.path):
        body = {k: v for k, v in known.items() if k in (body_of(route.body, held) or {})} if route.changes else None
        for address in addresses(route, held):
            before = newest(world)
            answer = world.client.request(route.method, address, json=body, headers=headers)
            if answer.status_code >= 300 or route.path.endswith(OF_NOBODY) or "/.well-known/" in route.path:
                continue
            shown.add(str(route))
            found = lines(world, before, "client:motcua")
            assert len(found) == 1, str(route)
            detail = found[0].detail
            assert (detail["dossier"], detail["officer"], detail["agency"]) == ("H21.129-250812-0035", "cb.hoa", "H21.129"), str(route)
            assert detail["purpose"] and ("fields" in detail or "count" in detail), str(route)
    assert len(shown) >= 8, shown


def test_an_answer_to_a_change_leaves_a_line(world):
    """Last, for it changes the house: whatever a changing route answers."""
    name = user_of("reviewer", HERE)
    as_user(world, name)
    _, lacking = looks(world, name, [r for r in world.routes if r.changes and not r.api and "logout" not in r.path
                                     and not r.path.startswith(("/me", "/login"))])
    assert not lacking
