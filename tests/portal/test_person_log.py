"""Ai đã xem hồ sơ của tôi: the auditor's page and sheet, the API, who may ask, masks, and that asking is in the log."""
from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from portal_house import csrf_of, session_cookie, sign_in
from sqlalchemy import select

from pipelines.services import LogOptions
from portal.security import SESSION_COOKIE
from storage import accounts
from storage.models import Entry, Event

CHILD = "051317000001"          # of the archived entry, by link (portal_house)
WHY = {"paper": "12/ĐN", "basis": "Điều 14 Luật 91/2025/QH15"}
HEADERS = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}


def looked(house, client) -> int:
    """tp.lan has looked at the child's entry and at another one."""
    mine, other = house.entries()[:2]
    sign_in(client)
    client.get(f"/review/{other}")
    with house.database.reading() as s:
        page = s.get(Entry, mine).page_id
    client.get(f"/pages/{page}/full.jpg")
    return mine


@pytest.fixture
def browser(archived):
    with TestClient(archived.app()) as c:
        yield c


def cells(html: str) -> list[list[str]]:
    rows = re.findall(r'<tr><td class="num">.*?</tr>', html, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", c) for c in re.findall(r"<td[^>]*>(.*?)</td>", r)] for r in rows]


def test_the_auditor_answers_a_person_and_that_is_in_the_next_answer(archived, browser):
    mine = looked(archived, browser)
    sign_in(browser, "kiem.toan")
    token = csrf_of(browser)
    first = browser.post("/log/person", data={"person": CHILD, **WHY}, headers=token)
    assert first.status_code == 200
    found = cells(first.text)
    assert found and all(f"mục {mine}" in c[12] or "trang" in c[12] for c in found) and {c[4] for c in found} == {"Cán bộ 1"}
    assert "ảnh trang sổ" in {c[6] for c in found} and "tp.lan" not in first.text and "Cán bộ rà soát" in {c[3] for c in found}
    second = browser.post("/log/person", data={"entry": str(mine), "role": "nks", **WHY}, headers=token)
    assert len(cells(second.text)) == len(found) + 1 and cells(second.text)[0][10] == WHY["basis"]
    alone = browser.post("/log/person", data={"person": "051317009999", **WHY}, headers=token)
    assert cells(alone.text) == [] and "0 bản ghi" in alone.text
    with archived.database.reading() as s:
        events = s.scalars(select(Event).where(Event.action == "log.person").order_by(Event.seq)).all()
    assert [(e.actor, e.detail["found"], e.detail["dossier"]) for e in events[:2]] == [("kiem.toan", [f"entry:{mine}"], "12/ĐN")] * 2
    assert CHILD not in str([e.detail for e in events])


def test_what_is_not_said_is_asked_for_and_who_may_not_is_refused(archived, browser):
    sign_in(browser, "kiem.toan")
    token = csrf_of(browser)
    assert browser.get("/log/person").status_code == 200
    for wrong in ({"person": CHILD}, {**WHY}, {"person": "12", **WHY}, {"entry": "x", **WHY}):
        answer = browser.post("/log/person", data=wrong, headers=token)
        assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert browser.post("/log/person", data={"entry": "999999", **WHY}, headers=token).status_code == 404
    sign_in(browser)
    token = csrf_of(browser)
    assert browser.get("/log/person").status_code == 403
    assert browser.post("/log/person", data={"person": CHILD, **WHY}, headers=token).status_code == 403
    assert browser.post("/log/person/xlsx", data={"person": CHILD, **WHY}, headers=token).status_code == 403


def test_the_sheet_is_marked_and_shows_officers_where_the_setting_says_so(archived):
    archived.services = replace(archived.services, log=LogOptions(show_officers=True))
    app = archived.app()
    with TestClient(app) as browser:
        looked(archived, browser)
        browser.cookies.set(SESSION_COOKIE, session_cookie(app, "kiem.toan"))
        answer = browser.post("/log/person/xlsx", data={"person": CHILD, **WHY}, headers=csrf_of(browser))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    values = [c for row in sheet.iter_rows(values_only=True) for c in row if c]
    assert "kiem.toan" in sheet["A1"].value and "tp.lan" in values and "12/ĐN" in str(sheet.oddFooter.left.text)
    assert CHILD not in str(values)


def test_the_api_answers_with_the_scope_and_a_basis_only(archived, browser):
    mine = looked(archived, browser)
    with archived.database.session() as s:
        secret = accounts.add_client(s, "motcua", ["person:report"], agency_code="H21.129")
        other = accounts.add_client(s, "khac", ["KS:read"])
    with TestClient(archived.app(), base_url="http://testserver/api/v1/") as api:
        def token(client, secret):
            said = api.post("oauth/token", data={"grant_type": "client_credentials"}, auth=(client, secret)).json()
            return {"Authorization": f"Bearer {said['access_token']}", **HEADERS}

        body = {"personal_id": CHILD, "basis": WHY["basis"]}
        refused = api.post("persons/access-report", json=body, headers=token("khac", other))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        good = token("motcua", secret)
        assert api.post("persons/access-report", json={"personal_id": CHILD}, headers=good).status_code == 422
        assert api.post("records/search/personal-number", json={"personal_id": CHILD}, headers=good).status_code == 403
        answer = api.post("persons/access-report", json=body, headers=good).json()
        assert (answer["records"], answer["silent"]) == (1, []) and answer["count"] == len(answer["looks"]) > 0
        again = api.post("persons/access-report", json={**body, "limit": 1}, headers=good).json()
        assert again["looks"][0]["action"].startswith("Lập báo cáo") and again["looks"][0]["agency"].startswith("H21.129")
        assert again["looks"][0]["officer"] == "Cán bộ 1" and again["next"] == again["looks"][0]["seq"]
        older = api.post("persons/access-report", json={**body, "before": again["next"]}, headers=good).json()
        assert [x["seq"] for x in older["looks"]] == [x["seq"] for x in answer["looks"]]
        future = api.post("persons/access-report", json={**body, "from": "2999-01-01"}, headers=good).json()
        assert future["looks"] == [] and future["records"] == 1
    with archived.database.reading() as s:
        line = s.scalars(select(Event).where(Event.action == "log.person")).first()
    assert line.detail["basis"] == WHY["basis"] and line.detail["officer"] == "cb.hoa" and line.detail["found"] == [f"entry:{mine}"]
