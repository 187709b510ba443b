"""Extracts in the office: the list, taking in at the counter, each person's own step, what is refused; once in a real browser."""
from __future__ import annotations

import re

import pytest
from extract_office import identity, office
from fastapi.testclient import TestClient
from portal_browser import NEEDS_CHROMIUM, people_at, picture, serving, until
from portal_house import House, csrf_of, session_cookie
from sqlalchemy import select

from portal.security import SESSION_COOKIE
from storage.extracts import requests
from storage.models import Event, Extract
from storage.policy import Actor

__all__ = ["identity", "office"]
FORM = {"kind": "KS", "number": "1", "day": "18/3/2017", "book": "01/2017", "name": "Lê Thị Loan", "dossier": "H21.129-261130-0007",
        "copies": "2"}
WRONG = (
    ({"day": "hôm qua"}, 422, "Ghi ngày/tháng/năm"), ({"day": "03/18/2017"}, 422, "Ghi ngày/tháng/năm"),
    ({"day": ""}, 422, "ngày đăng ký"), ({"dossier": " "}, 422, "mã hồ sơ"),
    ({"number": "9"}, 409, "Không tìm thấy đúng một mục"), ({"name": "Lê Văn Tám"}, 409, "Không tìm thấy đúng một mục"),
    ({"kind": "XX"}, 422, "Cần loại sổ"),
)


@pytest.fixture
def people(office: House):
    """as_(name): a client signed in, whose posts carry the session's token."""
    app = office.app()

    def as_(name: str) -> TestClient:
        client = TestClient(app)
        client.cookies.set(SESSION_COOKIE, session_cookie(app, name))
        client.headers.update({**csrf_of(client), "Accept": "text/html"})
        return client

    return as_


def test_the_way_through_the_office(office, people):
    officer, head, clerk = people("xa.minh"), people("xa.hoa"), people("xa.thu")
    taken = officer.post("/extracts", data=FORM)
    at = taken.url.path
    assert re.fullmatch(r"/extracts/[0-9a-f-]{36}", at) and "Chờ ký" in taken.text and "Bản nháp" in taken.text
    assert f'action="{at}/sign"' not in taken.text and f'action="{at}/sign"' in head.get(at).text
    assert officer.get(f"{at}/page.jpg").headers["content-type"] == "image/jpeg"
    assert officer.get("/extracts").text.count(at) == 1 and "H21.129-261130-0007" in officer.get("/extracts").text
    assert officer.post(f"{at}/sign").status_code == 403
    assert "Chờ cấp số" in head.post(f"{at}/sign").text
    assert "1/TLKS-BS" in clerk.post(f"{at}/number").text
    assert "Chờ giao" in officer.post(f"{at}/issue").text and "Đã giao" in officer.post(f"{at}/deliver").text
    assert officer.get(f"{at}/document").content.startswith(b"%PDF-")
    assert at in officer.get("/extracts?state=delivered").text and at not in officer.get("/extracts").text
    with office.database.reading() as s:
        seen = s.scalars(select(Event).where(Event.action == "extract.view")).all()
        assert {"nksHoTen", "ghiChu"} <= {f for e in seen for f in e.detail["fields"]} and {e.subject for e in seen} == {
            f"entry:{office.entries()[0]}"}


def test_what_stands_against_a_request_or_a_step_is_said_on_the_page(people):
    officer, head, clerk = people("xa.minh"), people("xa.hoa"), people("xa.thu")
    for change, status, said in WRONG:
        answer = officer.post("/extracts", data={**FORM, **change})
        assert answer.status_code == status and said in answer.text, change
    at = officer.post("/extracts", data=FORM).url.path
    refused = clerk.post(f"{at}/refuse", data={"reason": "x"})
    assert refused.status_code == 409 and "Hãy ghi lý do" in refused.text and 'role="alert"' in refused.text
    head.post(f"{at}/sign")
    assert (again := head.post(f"{at}/sign")).status_code == 409 and "đang ở bước khác" in again.text
    assert "Đã hủy: Người dân rút yêu cầu" in clerk.post(f"{at}/cancel", data={"reason": "Người dân rút yêu cầu"}).text
    assert head.post(f"{at}/dance").status_code == 404 and head.post("/extracts/x/sign").status_code == 404


def test_another_commune_sees_none_of_it(office, people):
    entry = office.entries()[0]
    made, _ = requests.take(office.services.extract_office, Actor("xa.minh", "commune_officer", "21139"), requests.Request(entry, "d-1"),
                            requests.Purpose("x"))
    other = people("xa.xa")
    for path in ("", "/page.jpg", "/document"):
        assert other.get(f"/extracts/{made.id}{path}").status_code == 404
    assert made.id not in other.get("/extracts").text
    assert people("kiem.toan").get("/extracts").status_code == 403
    with office.database.reading() as s:
        assert s.get_one(Extract, made.id).state == "requested"
        refused = s.scalars(select(Event).where(Event.action == "access.refused", Event.actor == "xa.xa")).all()
        assert [e.subject for e in refused] == [f"entry:{entry}"] * 3


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
def test_a_head_signs_with_the_keyboard_alone(office, people, tmp_path):
    at = people("xa.minh").post("/extracts", data=FORM).url.path
    with serving(office.app()) as address, people_at(address) as tab_of:
        page = tab_of("xa.hoa")
        page.goto("/extracts")
        picture(page, "trich-luc-danh-sach", tmp_path)
        page.goto(at)
        picture(page, "trich-luc-ky", tmp_path, crop=768)
        page.keyboard.press("Control+Enter")
        until(page, "document.body.innerText.includes('Chờ cấp số')")
        assert page.locator("[data-next]").count() == 0             # the number is another person's
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        for path in (at, "/extracts"):
            page.goto(path)
            assert axe.run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
