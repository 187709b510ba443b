"""Signing in, what each role sees, the review calls, security headers, uploads, both languages."""
from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from portal_house import PASSWORD, csrf_of, page_bytes, session_cookie, sign_in
from sqlalchemy import select

from portal.exchange import receipt_key
from portal.language import catalogue
from portal.pages.login import safe_back
from portal.security import SESSION_COOKIE
from storage import accounts
from storage.models import Batch, Entry, Event, Page
from storage.review_errors import LeasedByOther
from sync.manifest import CHUNK_SIZE, FileFacts, Manifest
from sync.receipt import check_receipt

PORTAL = Path(__file__).parents[2] / "portal"


def test_every_page_needs_a_login_and_remembers_where_one_was_going(client):
    for path in ("/", "/books", "/review", "/upload", "/log", "/books/KS.2017.01", "/pages/1/full.jpg"):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/login"), path
    assert sign_in(client, back="/review").headers["location"] == "/review"
    assert client.get("/review").status_code == 200


def test_login_is_slowed_locked_and_logged_without_the_password(client, book):
    for _ in range(5):
        answer = sign_in(client, password="sai-hoàn-toàn")
    assert answer.status_code == 401 and "tạm khóa" in answer.text
    assert sign_in(client).status_code == 401
    with book.database.reading() as s:
        said = json.dumps([[e.actor, e.action, e.detail] for e in s.scalars(select(Event))], ensure_ascii=False)
    assert "user.login_refused" in said and "sai-hoàn-toàn" not in said
    statuses = {sign_in(client, name="ai.do", password="xxxxxxxxxx").status_code for _ in range(30)}
    assert 429 in statuses


def test_a_login_form_of_another_site_is_refused(client):
    answer = client.post("/login", data={"name": "tp.lan", "password": PASSWORD, "csrf": "0" * 64})
    assert answer.status_code == 403 and "sogoc_session" not in answer.cookies


def test_a_body_that_is_too_long_is_refused_before_anybody_signs_in(client):
    long = "name=" + "x" * 300_000
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (long, (part for part in (long[:200_000].encode(), long[200_000:].encode()))):      # with its length said, and without
        assert client.post("/login", content=body, headers=sent).status_code == 413
    assert client.post("/api/v1/records/search/name", json={"name": "x" * 300_000}).status_code == 413
    assert client.post("/login", content=long[:1000], headers=sent).status_code == 403


@pytest.mark.parametrize("path", ["https://x.vn/", "//x.vn", "/\\x.vn", "javascript:alert(1)", "\n/x", "", None])
def test_login_leads_only_to_this_portal(path):
    assert safe_back(path) == "/"


def test_the_session_cookie_is_strict_http_only_and_cannot_be_forged(client):
    cookie = sign_in(client).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    value = client.cookies["sogoc_session"]
    client.cookies.set("sogoc_session", value[:-3] + "abc")
    assert client.get("/", follow_redirects=False).status_code == 303


def test_secure_cookies_and_hsts_where_the_portal_is_behind_https(book):
    import dataclasses
    with TestClient(book.app(options=dataclasses.replace(book.services.portal, secure_cookies=True)), base_url="https://testserver") as c:
        answer = sign_in(c)
        assert "Secure" in answer.headers["set-cookie"] and "max-age" in answer.headers["strict-transport-security"]


def test_headers_on_every_answer(client):
    sign_in(client)
    for path in ("/", "/login", "/static/portal.css", "/nothing", "/api/v1/docs", "/api/v1/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY", path
    assert client.get("/").headers["cache-control"] == "no-store"


def test_changing_anything_needs_the_sessions_token(client, book):
    sign_in(client)
    entry = book.entries()[0]
    for path in (f"/review/{entry}/verify", f"/review/{entry}/field", "/review/undo", "/upload", "/logout"):
        assert client.post(path, json={}).status_code == 403, path
        assert client.post(path, json={}, headers={"X-CSRF-Token": "0" * 64}).status_code == 403, path


def test_roles_and_communes(client, book):
    entry = book.entries()[0]
    with book.database.reading() as s:
        page = s.get(Entry, entry).page_id
    sign_in(client, "xa.xa")        # an officer of another commune
    for path in ("/books/KS.2017.01", f"/review/{entry}", f"/pages/{page}/full.jpg"):
        assert client.get(path).status_code == 404, path
    assert "KS.2017.01" not in client.get("/books").text and client.get("/log").status_code == 403
    sign_in(client, "kiem.toan")    # an auditor reads the log, decides nothing
    assert client.get("/log").status_code == 200 and client.get(f"/review/{entry}").status_code == 403
    assert client.get(f"/pages/{page}/full.jpg").status_code == 403 and client.get(f"/pages/{page}/thumb.jpg").status_code == 200
    assert "còn nguyên" in client.get("/log/check").text
    assert client.post(f"/review/{entry}/verify", json={"revision": 0}, headers=csrf_of(client)).status_code == 403


def test_the_book_page_says_what_is_missing_and_why_pages_were_set_aside(client):
    sign_in(client, "xa.minh")
    html = client.get("/books/KS.2017.01").text
    assert "Thiếu số 3 năm 2017: chụp bổ sung" in html and "nhảy số: thiếu 3" in html and "Tệp rỗng" in html and "Chữ nhạt" in html
    english = client.get("/books/KS.2017.01?lang=en").text
    assert "Number 3 of 2017 is missing" in english and "The file is empty" in english
    assert "Number 3 of 2017 is missing" in client.get("/books/KS.2017.01").text       # the choice is kept


def test_page_pictures(client, book):
    sign_in(client)
    with book.database.reading() as s:
        page = s.scalars(select(Page).where(Page.state == "read")).first()
    thumb, full = client.get(f"/pages/{page.id}/thumb.jpg"), client.get(f"/pages/{page.id}/full.jpg")
    assert thumb.headers["content-type"] == "image/jpeg" and len(thumb.content) < len(full.content)
    with book.database.reading() as s:
        assert [e.subject for e in s.scalars(select(Event).where(Event.action == "page.view"))] == [f"page:{page.id}"]
    again = client.get(f"/pages/{page.id}/full.jpg", headers={"If-None-Match": full.headers["etag"]})
    assert "no-cache" in full.headers["cache-control"] and again.status_code == 304 and again.content == b""
    with book.database.reading() as s:
        assert len(s.scalars(select(Event).where(Event.action == "page.view")).all()) == 2
    assert client.get(f"/pages/{page.id}/huge.jpg").status_code == 404 and client.get("/pages/99999/full.jpg").status_code == 404


def test_the_review_page_shows_everything_and_logs_the_look(client, book):
    sign_in(client)
    answer = client.get("/review/next", follow_redirects=False)
    assert answer.headers["location"].startswith(f"/review/{book.entries()[0]}")
    html = client.get(answer.headers["location"]).text
    for shown in ("Lê Thị Loan", "01/03/2017", "Mâu thuẫn thử.", "Đọc chưa chắc", "TRẦN THỊ <mark>MẪN</mark>", "051185000001", "70,0 %"):
        assert shown in html, shown
    with book.database.reading() as s:
        event = s.scalars(select(Event).where(Event.action == "record.view")).one()
    assert event.subject == f"entry:{book.entries()[0]}" and "nksHoTen" in event.detail["fields"] and event.detail["purpose"] == "review"
    assert "me:population" in event.detail["fields"]
    assert "Loan" not in json.dumps(event.detail, ensure_ascii=False)


def test_two_reviewers_never_decide_one_entry(client, book):
    entry = book.entries()[0]
    sign_in(client)
    client.get(f"/review/{entry}")
    with TestClient(book.app()) as other:
        sign_in(other, "xa.minh")
        assert "tp.lan đang xem" in other.get(f"/review/{entry}").text
        refused = other.post(f"/review/{entry}/field", json={"revision": 0, "code": "so", "text": "9"}, headers=csrf_of(other))
        assert (refused.status_code, refused.json()["code"]) == (409, LeasedByOther.code)
        assert other.get("/review/next", follow_redirects=False).headers["location"].startswith(f"/review/{book.entries()[1]}")


def test_deciding_an_entry_by_the_calls_of_the_page(client, book):
    entry = book.entries()[0]
    sign_in(client)
    head = csrf_of(client)

    def call(what, **body):
        return client.post(f"/review/{entry}/{what}", json=body, headers=head)

    assert call("field", revision=0, code="ngayDangKy", text="18.3.17").json()["shown"] == "18/03/2017"
    bad = call("field", revision=1, code="ngayDangKy", text="hôm qua")
    assert bad.status_code == 422 and "05/08/2007" in bad.json()["message"]
    assert call("verify", revision=1).json()["code"] == "links_undecided"
    assert call("link", revision=0, role="me", personal_id="051185000001").json()["code"] == "changed_meanwhile"
    assert call("link", revision=1, role="me", personal_id="051185000001").json()["revision"] == 2
    assert call("verify", revision=2).json()["code"] == "findings_open"
    assert call("verify", revision=2, acknowledge=True).json()["status"] == "verified"
    assert client.post("/review/undo", headers=head).json()["status"] == "review"
    assert call("reject", revision=4, reason="cut_off", note="mép phải").status_code == 200
    with book.database.reading() as s:
        assert s.get(Page, s.get(Entry, entry).page_id).state == "set_aside"
    assert "Ảnh bị cắt mất chữ. mép phải" in client.get("/books/KS.2017.01").text


def test_hostile_values_are_text(client, book):
    sign_in(client)
    entry = book.entries()[0]
    nasty = "<script>alert(1)</script>\"' {{ 7*7 }}"
    answer = client.post(f"/review/{entry}/field", json={"revision": 0, "code": "nksHoTen", "text": nasty}, headers=csrf_of(client))
    assert answer.status_code == 200
    html = client.get(f"/review/{entry}").text
    assert "<script>alert" not in html and "49" not in re.findall(r'data-code="nksHoTen"[^>]*data-shown="([^"]*)"', html)[0]


def bring(client, head, name, files, about=None, count=None):
    """Agree on the files (name -> bytes) and send their chunks, the first `count`; the upload's address."""
    manifest = Manifest(name, tuple(facts_of(n, d) for n, d in files.items()), about or {})
    said = client.post("/upload", content=manifest.canonical, headers=head)
    assert said.status_code == 200, said.text
    contents = list(files.values())
    for piece in manifest.pieces[:count]:
        data = contents[piece.file][piece.offset:piece.offset + piece.size]
        assert client.put(f"/upload/{manifest.id}/chunks/{piece.sha256}", content=data, headers=head).status_code == 200
    return f"/upload/{manifest.id}"


def facts_of(name, data):
    chunks = [hashlib.sha256(data[i:i + CHUNK_SIZE]).hexdigest() for i in range(0, len(data), CHUNK_SIZE)]
    return FileFacts(name, len(data), hashlib.sha256(data).hexdigest(), tuple(chunks))


def test_upload_takes_good_pages_refuses_bad_ones_with_reasons_and_starts_reading(client, book):
    sign_in(client, "xa.minh")
    head = csrf_of(client)
    sharp = page_bytes("trang tốt", (1654, 2339))
    files = {"KT.2020.01.001.jpg": sharp, "KT.2020.01.002.jpg": sharp[:9000], "KT.2020.01.003.pdf": b"hello",
             "../../KT.2020.01.004.jpg": sharp + b"x", "KT.2020.01.005.jpg": b""}
    path = bring(client, head, "KT.2020.01", files, {"loai": "KT", "nam": 2020})
    verdicts = [client.get(f"{path}/files/{n}", headers=head).json() for n in range(5)]
    assert verdicts[0]["pages"] == 1 and [v["good"] for v in verdicts[1:]] == [False] * 4
    assert [v["code"] for v in verdicts[2:]] == ["wrong_type", "unsafe_name", "empty_file"]
    done = client.post(f"{path}/finish", headers=head).json()
    batch_id = done["receipt"]["outcome"]["batch"]
    assert (done["receipt"]["outcome"]["added"], len(done["refused"])) == (1, 4) and all(len(r["message"]) > 10 for r in done["refused"])
    assert book.started == [batch_id]
    with book.database.reading() as s:
        batch = s.get(Batch, batch_id)
        assert (batch.kind, batch.year, batch.commune_code, batch.created_by) == ("KT", 2020, "21139", "xa.minh")
        good = s.scalars(select(Page).where(Page.batch_id == batch.id, Page.state == "stored")).one()
    assert book.services.objects.get("archive", good.original_key) == sharp        # untouched
    assert not list((book.services.home / "uploads").glob("*/chunks/*"))
    check_receipt(done["receipt"], receipt_key(book.services).public)
    assert client.post(f"{path}/finish", headers=head).json() == done == client.get(path, headers=head).json()
    assert book.started == [batch_id]
    renamed = Manifest("Tên khác", (facts_of("a.jpg", sharp), facts_of("b.jpg", b"new")))
    again = client.post("/upload", content=renamed.canonical, headers=head)
    assert again.json()["missing"] == [[1, 1]]                                      # the page is in the archive already


def test_an_upload_belongs_to_its_sender_and_has_limits(client, book):
    import dataclasses
    sign_in(client, "xa.minh")
    path = bring(client, csrf_of(client), "A", {"x.jpg": b"x"}, count=0)
    sign_in(client, "tp.lan")
    head = csrf_of(client)
    chunk = f"{path}/chunks/{hashlib.sha256(b'x').hexdigest()}"
    for answer in (client.put(chunk, content=b"x", headers=head), client.get(path), client.post(f"{path}/finish", headers=head)):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_upload")
    assert client.put(f"/upload/..%2f..%2fx/chunks/{'0' * 64}", content=b"x", headers=head).status_code in (404, 422)
    assert client.put(chunk, content=b"x").status_code == 403                       # without the session's token
    assert client.put(chunk, content=b"x" * 2_000_000, headers=head).status_code == 422
    for bad in (b"", b"[]", b"{", b"\xff", b'{"format":"sogoc-manifest/1"}', b"[" * 100_000, b" " * 5_000_000):
        assert client.post("/upload", content=bad, headers=head).json()["code"] == "bad_manifest"
    said = client.post("/upload", content=Manifest("A", (facts_of("x.jpg", b"x"),), {"loai": "XX"}).canonical, headers=head).json()
    assert said["code"] == "bad_manifest"
    with TestClient(book.app(options=dataclasses.replace(book.services.portal, max_upload_bytes=1000))) as small:
        sign_in(small)
        manifest = Manifest("B", (facts_of("a.jpg", b"x" * 900), facts_of("b.jpg", b"x" * 200)))
        answer = small.post("/upload", content=manifest.canonical, headers=csrf_of(small))
        assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_big")


def test_what_the_browser_keeps_of_the_upload_page_holds_nobodys_data(client):
    shell = client.get("/upload/shell")
    assert shell.status_code == 200 and "csrf" not in shell.text and "tp.lan" not in shell.text and 'id="chosen"' in shell.text
    assert client.get("/upload/session", headers={"Accept": "application/json"}, follow_redirects=False).status_code == 303
    worker = client.get("/upload/service-worker.js")
    kept = json.loads(re.search(r"KEPT = (\[.*?\]);", worker.text)[1])
    assert len(kept) > 10 and all(client.get(k).status_code == 200 for k in kept) and "/upload/shell" in worker.text
    assert set(re.findall(r"/static/[\w./-]+\?v=\w+", shell.text)) <= set(kept)
    assert client.get("/upload/app.webmanifest").json()["start_url"] == "/upload"
    sign_in(client, "xa.minh")
    assert client.get("/upload/session").json() == {"owner": "xa.minh", "csrf": csrf_of(client)["X-CSRF-Token"]}
    sign_in(client, "kiem.toan")
    assert client.get("/upload/session").status_code == 403


def test_every_word_of_templates_and_pages_has_an_english_one():
    used = set()
    for path in [*PORTAL.glob("templates/**/*.html"), *PORTAL.glob("pages/*.py"), *PORTAL.glob("reports/*.py"),
                 *PORTAL.glob("*.py")]:
        used |= {m[2] for m in re.finditer(r"(?:\b_|\bwords)\(\s*(['\"])(.+?)\1", path.read_text("utf-8"))}
    used.discard("Còn {n} trang")       # the example in language.py
    english = catalogue("en")
    assert sorted(used - set(english)) == []
    for vietnamese, said in english.items():
        assert set(re.findall(r"\{\w+\}", vietnamese)) == set(re.findall(r"\{\w+\}", said)), vietnamese


def test_nothing_is_loaded_from_elsewhere():
    ours = ("templates/**/*.html", "static/*.css", "static/*.js", "static/review/*.js")
    for path in [p for pattern in ours for p in PORTAL.glob(pattern)]:
        text = path.read_text("utf-8")
        assert not re.search(r"(?:src|href|url|import|fetch)\s*[=(]\s*['\"]?(?:https?:)?//", text), path
        assert " style=" not in text and not re.search(r"\son\w+=", text), path      # the content security policy would refuse them


def test_a_page_that_is_not_there_keeps_the_menu_of_who_is_signed_in(client):
    nobody = client.get("/khong-co")
    assert nobody.status_code == 404 and "<nav" not in nobody.text and "Mã lỗi: 404" in nobody.text
    sign_in(client, "tp.lan")
    found = client.get("/khong-co")
    assert found.status_code == 404 and 'href="/review"' in found.text and "tp.lan" in found.text and "http<" not in found.text


def test_home_tells_those_who_approve_that_nothing_can_be_archived(book):
    with book.database.session() as s:
        for name, role in (("quan.tri", "administrator"), ("tp.duyet", "approver")):
            accounts.add_user(s, name, PASSWORD, role)

    def home(name, **archive):
        book.services = replace(book.services, archive=replace(book.services.archive, **archive))
        app = book.app()
        with TestClient(app) as client:
            client.cookies.set(SESSION_COOKIE, session_cookie(app, name))
            return client.get("/").text

    nothing = {"fonds_code": "", "agency_name": ""}
    assert "chưa đặt mã phông" in (boss := home("quan.tri", **nothing)) and "sogoc.toml" in boss
    assert "fonds_code (mã phông), agency_name (tên cơ quan)" in boss
    assert "chưa đặt mã phông" in (head := home("tp.duyet", **nothing)) and "đề nghị người quản trị" in head and "sogoc.toml" not in head
    assert "chưa đặt" not in home("tp.lan", **nothing) and "chưa đặt" not in home("kiem.toan", **nothing)
    agency = home("quan.tri", fonds_code="THU", agency_name="")
    assert "chưa ghi tên cơ quan" in agency and "mã phông" not in agency
    assert "chưa đặt" not in home("quan.tri", fonds_code="THU", agency_name="UBND xã Mẫu")
