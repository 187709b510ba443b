"""Report pages and files: every report opens in both languages and as Excel, exports are marked and logged, nothing of another commune."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from portal_house import csrf_of, sign_in
from sqlalchemy import select

from portal.reports.catalogue import REPORTS
from storage import accounts, events
from storage.models import Batch, Event, Page, ReportPlan
from storage.report_plan import PlanLine, set_plan
from tests.storage.report_books import PROVINCE, TRA_SON, TRA_THUY, add_book, add_check, add_link

NOW = datetime.now(UTC)


@pytest.fixture
def client(house):
    """Three books of two communes, worked on in the last days; a head of the commune 21139 and an administrator."""
    with house.database.session() as s:
        for name, role, commune in (("xa.dau", "commune_head", TRA_SON), ("quan.tri", "administrator", None)):
            accounts.add_user(s, name, "cầu-vồng-7-sắc", role, commune, display_name=name)
        ago = NOW - timedelta(days=60)
        a = add_book(s, "KS.2017", TRA_SON, at=ago, entries=3, verified=2, archived=1, aside=("empty_file",))
        b = add_book(
            s, "SECRET.KH", TRA_THUY, kind="KH", year=1990, at=ago, by="secret.by", entries=4, verified=4, aside=("rejected:cut_off",) * 7
        )
        add_link(s, a[0], "me", "accept")
        add_link(s, b[0], "vo", "none", "secret.tp")
        add_check(s, b[0], "secret.tp", True, ago)
        events.append(s, "secret.tp", "entry.verify", f"entry:{b[0].id}", {}, ago)
        events.append(s, "client:secret-mcdt", "copy.fetch", f"entry:{b[0].id}", {}, ago)
        set_plan(s, PROVINCE, [PlanLine(TRA_THUY, "", str(ago.year), 5, 987_654), PlanLine(TRA_SON, "", str(ago.year), 5, 1234)])
    with TestClient(house.app()) as c:
        yield c


def file_of(answer):
    assert answer.status_code == 200 and answer.headers["content-type"].endswith("sheet"), answer.text[:200]
    return load_workbook(io.BytesIO(answer.content))


def test_every_report_opens_and_is_a_file(client, house):
    sign_in(client, "quan.tri")
    for name in REPORTS:
        for lang in ("en", "vi"):
            answer = client.get(f"/reports/{name}?lang={lang}")
            assert answer.status_code == 200, answer.text[:500]
            assert " style=" not in answer.text and "<style" not in answer.text and "None" not in answer.text, name
            assert not re.search(r"[{][a-z_]+[}]", answer.text), name
        for sheet in file_of(client.get(f"/reports/{name}/xlsx?commune={TRA_SON}")).worksheets:
            assert sheet["A1"].value.startswith("Xuất bởi quan.tri, ") and sheet.oddHeader.center.text == sheet["A1"].value
            assert sheet.freeze_panes and sheet.print_title_rows
    with house.database.reading() as s:
        logged = s.scalars(select(Event).where(Event.action == "report.export").order_by(Event.seq)).all()
    assert [e.subject for e in logged] == [f"report:{name}" for name in REPORTS]
    assert all((e.detail["commune"], e.actor) == (TRA_SON, "quan.tri") and e.detail["rows"] >= 0 for e in logged)


def test_a_commune_sees_its_own_figures_only(client):
    sign_in(client, "xa.dau")
    for name in (*REPORTS, "plan"):
        for asked in ("", f"?commune={TRA_THUY}", "?commune=&kind=KH"):
            answer = client.get(f"/reports/{name}{asked}")
            assert answer.status_code == 200
            for secret in ("SECRET", "987.654", "TRÀ THỦY", f'VALUE="{TRA_THUY}"'):
                assert secret not in answer.text.upper(), (name, asked, secret)
            if name != "plan":
                book = file_of(client.get(f"/reports/{name}/xlsx{asked}"))
                cells = " ".join(str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if c is not None)
                assert "SECRET" not in cells.upper() and "987654" not in cells, (name, asked)


def test_figures_in_vietnamese_and_in_words(client):
    sign_in(client, "quan.tri")
    html = client.get("/reports/tien-do").text
    assert "Trong kỳ đã số hóa xong 6 trường hợp và 1 quyển; nhận thêm 2 quyển." in html and "so với kế hoạch đến nay" in html
    assert "8 trong 15 trang nhận trong kỳ bị để riêng hoặc trả lại (53,3 %)." in client.get("/reports/tra-lai").text
    assert "8 of 15 pages" in client.get("/reports/tra-lai?lang=en").text
    client.get("/?lang=vi")
    late = client.get("/reports/tre-han").text
    assert 'href="/books/KS.2017"' in late and "Chờ lưu trữ" in late


def test_rights(client):
    sign_in(client, "xa.minh")  # an officer sees, does not export
    assert client.get("/reports").status_code == 200 and "xlsx" not in client.get("/reports/tien-do").text
    for path in ("/reports/tien-do/xlsx", "/books/KS.2017/records.xlsx"):
        assert client.get(path).status_code == 403
    assert client.post("/reports/plan", data={"csrf": "0"}).status_code == 403
    assert client.post("/reports/plan/file", content=b"x", headers=csrf_of(client)).status_code == 403
    sign_in(client, "kiem.toan")  # an auditor exports reports, not records
    assert client.get("/reports/tien-do/xlsx").status_code == 200 and client.get("/books/KS.2017/records.xlsx").status_code == 403
    assert client.get("/reports/khong-co").status_code == 404


@pytest.mark.parametrize("query", ["from=x", "from=2026-02-30", "from=2026-03-01&to=2026-01-01", "from=0001-01-01", "to=9999-12-31"])
def test_a_period_that_is_none_is_said(client, query):
    sign_in(client, "quan.tri")
    answer = client.get(f"/reports/tien-do?{query}")
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and "report-section" not in answer.text
    assert client.get(f"/reports/tien-do/xlsx?{query}").status_code == 409
    assert client.get("/reports/tien-do?step=%3Cscript%3E&kind=%3Cb%3E&commune=%22%3E%3Cscript%3E").status_code == 200
    assert "<script>" not in client.get("/reports/tien-do?commune=%22%3E%3Cscript%3E").text


def test_the_records_of_a_book_as_a_marked_file(client, house):
    with house.database.session() as s:
        s.scalars(select(Page).where(Page.batch_id == "KS.2017")).first().entries[0].number = "=1+1"
    sign_in(client, "xa.dau")
    assert "/books/KS.2017/records.xlsx" in client.get("/books/KS.2017").text
    sheet = file_of(client.get("/books/KS.2017/records.xlsx"))["KS"]
    assert (
        sheet["A1"].value.startswith("Xuất bởi xa.dau")
        and sheet["A2"].value == "batch"
        and sheet.max_row == 5
        and sheet.freeze_panes == "A3"
    )
    assert client.get("/books/SECRET.KH/records.xlsx").status_code == 404
    with house.database.reading() as s:
        event = s.scalars(select(Event).where(Event.action == "records.export")).one()
    assert (event.subject, event.detail["count"], event.actor) == ("batch:KS.2017", 3, "xa.dau")


def test_the_plan_is_typed_or_brought_in_a_file(client, house):
    sign_in(client, "quan.tri")
    token = csrf_of(client)
    line = {"commune": TRA_SON, "kind": "KS", "period": "2031-08", "books": "2", "entries": "1.500", "csrf": token["X-CSRF-Token"]}
    assert client.post("/reports/plan", data=line, follow_redirects=False).status_code == 303
    assert client.post("/reports/plan", data={**line, "period": "2031"}).status_code == 409  # overlaps
    done = client.post("/reports/plan/file", content=f"Xã,Loại,Kỳ,Q,M\n{TRA_THUY},,2031-Q1,3,40\n".encode(), headers=token)
    assert done.json()["message"] == "Đã nhận 1 dòng kế hoạch."
    bad = client.post("/reports/plan/file", content=b"=cmd|x\n", headers=token)
    assert bad.status_code == 409 and bad.json()["code"] in ("bad_plan", "plan_unreadable")
    with house.database.reading() as s:
        assert {(p.period, p.entries) for p in s.scalars(select(ReportPlan).where(ReportPlan.period.like("2031%")))} == {
            ("2031-08", 1500),
            ("2031-Q1", 40),
        }
    assert "1.500" in client.get("/reports/plan").text


def test_what_begins_like_a_formula_stays_text(client, house):
    with house.database.session() as s:
        s.get(Batch, "KS.2017").book_number = '=HYPERLINK("http://x")'
        s.get(Batch, "KS.2017").created_by = "@SUM(1)"
    sign_in(client, "quan.tri")
    for name in ("tre-han", "tra-lai"):
        cells = [
            c for sheet in file_of(client.get(f"/reports/{name}/xlsx")) for row in sheet.iter_rows() for c in row if c.value is not None
        ]
        risky = [c for c in cells if str(c.value)[:1] in "=+-@"]
        assert risky and all(c.data_type == "s" and c.quotePrefix for c in risky)


def test_a_refused_request_of_a_client_is_counted(house, client):
    with house.database.session() as s:
        secret = accounts.add_client(s, "mcdt", ["KS:read"])
    token = client.post(
        "/api/v1/oauth/token", data={"grant_type": "client_credentials", "client_id": "mcdt", "client_secret": secret}
    ).json()
    head = {"Authorization": f"Bearer {token['access_token']}", "X-Dossier-Code": "H1", "X-Service-Code": "2.000635", "X-Officer-Code": "a"}
    body = {"kind": "KH", "number": "1", "year": 2017}
    assert client.post("/api/v1/records/search/register-number", json=body, headers=head).status_code == 403
    assert client.post("/api/v1/records/search/register-number", json={"kind": "?"}, headers=head).status_code == 422
    assert client.post("/api/v1/records/search/register-number", json=body).status_code == 401  # nobody known: nothing is written
    with house.database.reading() as s:
        assert [e.detail["reason"] for e in s.scalars(select(Event).where(Event.action == "access.refused"))] == [
            "not_permitted", "invalid"]
    sign_in(client, "quan.tri")
    assert "từ chối: không có quyền" in client.get("/reports/api").text
