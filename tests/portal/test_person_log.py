"""Ai đã xem hồ sơ của tôi: the auditor's page and sheet, the API, who may ask, masks, and that asking is in the log."""
from __future__ import annotations

import io
import re
import subprocess
import unicodedata
from dataclasses import fields, replace
from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from portal_house import csrf_of, session_cookie, sign_in
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from sqlalchemy import select

from pipelines.services import LogOptions, ReportOptions
from portal import access_report_pdf
from portal.access_report import LookAnswer, columns, rows
from portal.access_report_pdf import Question, paper
from portal.language import Words
from portal.security import SESSION_COOKIE
from storage import accounts
from storage.access_log import NOBODY, Purpose
from storage.models import Entry, Event
from storage.pdf_font import printing_font
from storage.person_access import AccessReport, Look, Registered
from storage.watermark import VIETNAM, Watermark

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
    assert found and all(f"mục {mine}" in c[4] or "trang" in c[4] for c in found) and all(c[2].startswith("Cán bộ 1") for c in found)
    assert any("ảnh trang sổ" in c[4] for c in found) and "tp.lan" not in first.text and any("Cán bộ rà soát" in c[2] for c in found)
    second = browser.post("/log/person", data={"entry": str(mine), "role": "nks", **WHY}, headers=token)
    assert len(cells(second.text)) == len(found) + 1 and WHY["basis"] in cells(second.text)[0][5]
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
    for where in ("", "/pdf"):
        answer = browser.post(f"/log/person{where}", data={"entry": "1", "role": "vo", **WHY}, headers=token)
        assert answer.status_code == 422 and "không có người đã chọn" in answer.text and "Người được khai sinh" in answer.text
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


def text_of(pdf: bytes) -> list[str]:
    """The words of each page, as a person reads them."""
    pages = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return [unicodedata.normalize("NFC", p) for p in pages.split("\f")[:-1]]


def test_the_paper_for_the_citizen(archived, browser):
    archived.services = replace(archived.services, reports=ReportOptions(parent_agency="UBND tỉnh Mẫu", agency="Sở Tư pháp", place="Mẫu"))
    with TestClient(archived.app()) as browser:
        mine = looked(archived, browser)
        sign_in(browser, "kiem.toan")
        answer = browser.post("/log/person/pdf", data={"person": CHILD, "first": "2026-01-01", **WHY}, headers=csrf_of(browser))
        assert answer.headers["content-type"] == "application/pdf" and answer.headers["content-disposition"].endswith('.pdf"')
        assert browser.post("/log/person/docx", data={"person": CHILD, **WHY}, headers=csrf_of(browser)).status_code == 422
    page, = text_of(answer.content)
    for said in ("UBND TỈNH MẪU", "SỞ TƯ PHÁP", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "BÁO CÁO AI ĐÃ XEM HỒ SƠ HỘ TỊCH", "12/ĐN",
                 "01/01/2026", WHY["basis"], "Cán bộ 1", "ảnh trang sổ", "Trang 1/1", "kiem.toan", "NGƯỜI LẬP"):
        assert said in page, said
    assert CHILD not in page and "tp.lan" not in page
    with archived.database.reading() as s:
        line = s.scalars(select(Event).where(Event.action == "log.person")).one()
    assert line.detail["format"] == "pdf" and line.detail["found"] == [f"entry:{mine}"]


def test_a_long_report_repeats_its_head_and_numbers_its_pages():
    day = datetime(2026, 8, 5, 14, 5, tzinfo=VIETNAM)
    looks = tuple(Look(n, day, "client:motcua", "copy.fetch", "entry:1", {"fields": ["copy"], "purpose": "<b>&" + "x" * 150}, ("entry:1",))
                  for n in range(120))
    report = AccessReport((1,), looks, more=True)
    data = paper(rows(report, Words(), False), report, Question(Purpose(basis="Điều 14"), None, None), ReportOptions(), Words(),
                 Watermark("kiem.toan", "", day, ""), numbered=True)
    pages = text_of(data)
    assert len(pages) > 5 and all(f"Trang {n}/{len(pages)}" in p for n, p in enumerate(pages, 1))
    assert sum("Để làm gì" in p for p in pages) >= len(pages) - 1 and "<b>&x" in pages[0] and "Còn lượt xem cũ hơn" in pages[-1]
    nobody = paper([], AccessReport((), ()), Question(Purpose(basis="Điều 14"), None, None), ReportOptions(), Words("en"),
                   Watermark("kiem.toan", "", day, "", "en"), numbered=False)
    assert "0 civil-status records" in text_of(nobody)[0] and "a number of this report" not in text_of(nobody)[0]
    assert "mang một số riêng" in "".join(pages)


def test_what_the_api_tells_is_what_stands_in_the_columns():
    assert [f.name for f in fields(LookAnswer)] == list(columns(Words()))


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
        printed = api.post("persons/access-report", json={**body, "format": "pdf", "limit": 1}, headers=good)
        assert printed.headers["content-type"] == "application/pdf" and "client:motcua" in text_of(printed.content)[-1]
        assert text_of(printed.content)[0].count("Cán bộ 1") > 1
        future = api.post("persons/access-report", json={**body, "from": "2999-01-01"}, headers=good).json()
        assert future["looks"] == [] and future["records"] == 1
    with archived.database.reading() as s:
        line = s.scalars(select(Event).where(Event.action == "log.person")).first()
    assert line.detail["basis"] == WHY["basis"] and line.detail["officer"] == "cb.hoa" and line.detail["found"] == [f"entry:{mine}"]


def test_who_tried_an_address_from_the_network_is_no_officer_of_ours():
    tried = Look(7, datetime(2026, 11, 30, 9, tzinfo=VIETNAM), NOBODY, "access.refused", "entry:3",
                 {"decision": "refused", "reason": "link_invalid", "channel": "api", "address": "203.0.113.7"}, ("entry:3",))
    row, = rows(AccessReport((3,), (tried,)), Words("vi"), False)
    assert (row.officer, row.agency) == ("", "chưa rõ là ai (truy cập từ mạng)")


def test_records_are_called_as_the_person_knows_them():
    names = ("entry:3", "entry:4", "entry:5", "page:8", "batch:KH.1", "records")
    look = Look(7, datetime(2026, 11, 30, 9, tzinfo=VIETNAM), "tp.lan", "record.view", "entry:3", {}, names)
    birth, marriage = Registered(3, "KS", "12", 2017, "01/2017"), Registered(4, "KH", "5", 2018, None)
    called = {"entry:3": [birth], "entry:4": [marriage], "entry:5": [Registered(5, "KS", None, 2017, None)], "page:8": [birth],
              "batch:KH.1": [marriage], "records": []}
    report = AccessReport((3, 4, 5), (look,), called=called)
    assert rows(report, Words("vi"), False)[0].records == (
        "Khai sinh số 12, quyển 01/2017; Kết hôn số 5/2018; mục 5; trang sổ có Khai sinh số 12, quyển 01/2017; "
        "quyển sổ có Kết hôn số 5/2018; các bản ghi")
    assert rows(report, Words("en"), False)[0].records.startswith("Birth no. 12, book 01/2017; Marriage no. 5/2018; entry 5; page with B")


def test_the_paper_names_the_register_number(archived, browser):
    with archived.database.session() as s:
        entry = s.get_one(Entry, looked(archived, browser))
        entry.number, entry.year = "12", 2017
    sign_in(browser, "kiem.toan")
    found = cells(browser.post("/log/person", data={"person": CHILD, **WHY}, headers=csrf_of(browser)).text)
    assert found and all("Khai sinh số 12" in c[4] for c in found)


def test_what_is_left_to_write_on_fits_beside_the_other_column():
    assert stringWidth(access_report_pdf._BLANK, printing_font(), 12) <= 66 * mm
