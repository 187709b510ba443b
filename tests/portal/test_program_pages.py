"""The administrator's page of programs and the auditor's page of alerts."""
from __future__ import annotations

import re
import time

import pytest
from fastapi.testclient import TestClient
from portal_house import PASSWORD, csrf_of, sign_in

from storage import accounts, events
from storage.models import utc_now
from storage.watch_alerts import alerts, look_over
from storage.watch_options import WatchOptions


@pytest.fixture
def browser(book):
    with book.database.session() as s:
        accounts.add_user(s, "qt.an", PASSWORD, "administrator", display_name="Quản trị An")
        accounts.add_client(s, "mot-cua", ["KS:read", "KS:read.chame", "feed:read"], "Một cửa điện tử")
    with TestClient(book.app()) as c:
        yield c


def test_a_secret_is_changed_on_the_page_and_the_old_one_stays_for_a_while(browser, book):
    with book.database.session() as s:
        old = accounts.add_client(s, "cu", ["KS:read"])
    sign_in(browser, "qt.an")
    listed = browser.get("/clients").text
    assert "xem Khai sinh: cha, mẹ" in listed and "báo thay đổi của các loại sổ được xem" in listed
    made = browser.post("/clients/cu/secret", headers=csrf_of(browser))
    new = re.search(r"<code>([\w-]{43})</code>", made.text)[1]
    assert new != old and "Khóa cũ còn dùng được 72 giờ" in made.text and "còn đến" in made.text and new not in browser.get("/clients").text
    for secret in (old, new):
        answer = browser.post("/api/v1/oauth/token", data={"grant_type": "client_credentials", "client_id": "cu", "client_secret": secret})
        assert answer.status_code == 200
    assert browser.post("/clients/nobody/secret", headers=csrf_of(browser)).status_code == 409
    added = browser.post("/clients", headers=csrf_of(browser), data={
        "client": "hep", "title": "Hẹp", "group_kind": "KS", "group": "dangky"})
    assert "xem Khai sinh: việc đăng ký" in added.text
    sign_in(browser, "kiem.toan")
    assert browser.post("/clients/cu/secret", headers=csrf_of(browser)).status_code == 403


def test_the_auditor_sees_an_alert_and_closes_it_with_a_note(browser, book):
    look_over(book.database, WatchOptions())
    with book.database.session() as s:
        for n in range(45):
            events.append(s, "client:mot-cua", "record.search", "records", {"count": 0, "dossier": f"H21-{n}", "asked": f"{n}"},
                          utc_now().replace(hour=3))
    assert look_over(book.database, WatchOptions())
    sign_in(browser, "kiem.toan")
    html = browser.get("/log/alerts").text
    assert "Phần lớn không tìm thấy" in html and "40 trong 40" in html and "hệ thống mot-cua" in html
    number = re.search(r"/log/alerts/(\d+)/close", html)[1]
    path = f"/log/alerts/{number}/close"
    assert browser.post(path, headers=csrf_of(browser), data={"note": " "}).status_code == 409
    assert browser.post(path, headers=csrf_of(browser), data={"note": "Đã hỏi: nhập nhầm năm."}, follow_redirects=False).status_code == 303
    assert browser.post(path, headers=csrf_of(browser), data={"note": "x"}).status_code == 409
    assert "Không có cảnh báo nào" in browser.get("/log/alerts").text
    assert "nhập nhầm năm" in browser.get("/log/alerts?closed=true").text and "Xử lý xong cảnh báo" in browser.get("/log").text
    sign_in(browser, "tp.lan")
    assert browser.get("/log/alerts").status_code == 403


def test_the_portal_watches_by_itself_and_one_line_more_hurts_nothing(book, monkeypatch):
    monkeypatch.setattr("portal.watch_worker._SECONDS", 0.05)
    with book.database.session() as s:
        accounts.add_client(s, "mot-cua", ["KS:read"])
    look_over(book.database, WatchOptions())
    with TestClient(book.app(watch_in_background=True)):
        with book.database.session() as s:
            for n in range(45):
                events.append(s, "client:mot-cua", "record.search", "records", {"count": 0, "dossier": f"H21-{n}", "asked": f"{n}"},
                              utc_now().replace(hour=3))
        until = time.monotonic() + 20
        found = []
        while not found and time.monotonic() < until:
            time.sleep(0.05)
            with book.database.reading() as s:
                found = [a.rule for a in alerts(s)]
    assert found == ["misses"]
