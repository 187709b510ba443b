"""The account pages, one's own account, the second step of signing in, and what the log keeps and shows of it all."""
from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from portal_house import PASSWORD, csrf_of, sign_in
from sqlalchemy import select, update

from portal import log_wording
from storage import accounts, events
from storage.models import Event, SecondFactor, User, UserSession, utc_now

NEW = "hai-cái-ghế-màu-tím"


@pytest.fixture
def admin(book):
    with book.database.session() as s:
        accounts.add_user(s, "qt.an", PASSWORD, "administrator", display_name="Quản trị An")
    with TestClient(book.app()) as c:
        sign_in(c, "qt.an")
        yield c


def form(browser, path, /, **data):
    token = re.search(r'<meta name="csrf" content="(\w+)"', browser.get("/me").text)[1]
    return browser.post(path, data={"csrf": token, **data}, follow_redirects=False)


def logged(book, action):
    with book.database.reading() as s:
        return list(s.scalars(select(Event).where(Event.action == action).order_by(Event.seq)))


def test_an_account_is_made_used_narrowed_and_ended(admin, book):
    made = form(admin, "/accounts", name="xa.tam", display="Lê Thị Tám", role="commune_officer", reach="communes", commune=["21139"],
                kind=["KS", "KH"])
    password = re.search(r"<code>([a-z0-9-]{19})</code>", made.text)[1]
    assert password not in admin.get("/accounts").text and "Lê Thị Tám" in admin.get("/accounts").text
    with TestClient(book.app()) as tam:
        assert sign_in(tam, "xa.tam", password).status_code == 303
        assert tam.get("/books", follow_redirects=False).headers["location"] == "/me"               # first a password of her own
        assert tam.post("/review/1/verify", json={}, headers=csrf_of_page(tam, "/me")).json()["code"] == "needs_setup"
        assert "không giống nhau" in form(tam, "/me/password", old=password, new=NEW, again=NEW + "x").text
        assert "tên" in form(tam, "/me/password", old=password, new="xa.tam-xa.tam-1", again="xa.tam-xa.tam-1").text
        assert form(tam, "/me/password", old=password, new=NEW, again=NEW).status_code == 303
        assert "KS.2017.01" in tam.get("/books").text
        number = re.search(r"/grants/(\d+)/revoke", admin.get("/accounts/xa.tam").text)[1]
        assert form(admin, f"/accounts/xa.tam/grants/{number}/revoke").status_code == 303
        assert tam.get("/books").status_code == 403                                                # at once
        form(admin, "/accounts/xa.tam/grants", role="commune_officer", reach="communes", typed="21139, 21140", kind=["KH"])
        assert "KS.2017.01" not in tam.get("/books").text and tam.get("/books/KS.2017.01").status_code == 404
        assert form(admin, "/accounts/xa.tam/disable").status_code == 303
        assert tam.get("/books", follow_redirects=False).status_code == 303
    assert {e.action for a in ("user.add", "user.grant", "user.revoke", "user.disable") for e in logged(book, a)} == {
        "user.add", "user.grant", "user.revoke", "user.disable"}
    given = logged(book, "user.add")[-1].detail
    assert (given["granted"], given["communes"], given["kinds"]) == ("commune_officer", ["21139"], ["KH", "KS"])
    assert given["roles"] == ["administrator"]


def csrf_of_page(client, path):
    return {"X-CSRF-Token": re.search(r'<meta name="csrf" content="(\w+)"', client.get(path).text)[1]}


def test_a_grant_for_communes_needs_a_commune_and_only_administrators_of_the_province_give_any(admin, book):
    for data in ({"reach": "communes"}, {}, {"reach": "communes", "typed": "Nghĩa Kỳ"}):
        refused = form(admin, "/accounts", name="xa.x", display="X", role="reviewer", **data)
        assert refused.status_code == 409, data
    assert form(admin, "/accounts", name="xa.x", display="X", role="king", reach="province").status_code == 409
    assert form(admin, "/accounts/qt.an/disable").status_code == 409                                # oneself
    with book.database.session() as s:
        accounts.add_user(s, "qt.xa", PASSWORD, "administrator", "21139")
    with TestClient(book.app()) as local:
        sign_in(local, "qt.xa")
        assert {local.get(p).status_code for p in ("/accounts", "/log", "/clients", "/accounts/tp.lan")} == {403}
        head = csrf_of(local)
        for path in ("/accounts", "/accounts/qt.xa/grants", "/accounts/tp.lan/password", "/accounts/tp.lan/disable", "/clients",
                     "/clients/x/disable", "/log/export"):
            assert local.post(path, data={"role": "administrator", "reach": "province"}, headers=head).status_code == 403, path
    with book.database.reading() as s:
        assert s.get(User, "xa.x") is None and len(accounts.grants_of(s, "qt.xa")) == 1


def test_communes_are_found_by_name(admin):
    found = admin.get("/accounts/communes", params={"q": "nghia ky"}).json()
    assert any("Nghĩa Kỳ" in f["name"] and re.fullmatch(r"\d{5}", f["code"]) for f in found) and len(found) <= 10
    assert admin.get("/accounts/communes", params={"q": "x"}).json() == []


def test_programs_are_added_with_a_secret_shown_once_and_switched_off_at_once(admin, book):
    made = form(admin, "/clients", client="mot-cua", title="Một cửa", agency="H21.129", scope=["KS:read", "KS:copy"], commune="21139")
    secret = re.search(r"<code>([\w-]{43})</code>", made.text)[1]
    assert secret not in admin.get("/clients").text and "bản sao Khai sinh" in admin.get("/clients").text
    ask = {"grant_type": "client_credentials", "client_id": "mot-cua", "client_secret": secret}
    assert admin.post("/api/v1/oauth/token", data=ask).status_code == 200
    form(admin, "/clients/mot-cua/disable")
    assert admin.post("/api/v1/oauth/token", data=ask).status_code == 401
    assert form(admin, "/clients", client="sai", title="x").status_code == 409                        # no scope


def test_one_time_passwords_from_setting_up_to_the_lost_telephone(admin, book):
    with TestClient(book.app()) as lan:
        sign_in(lan)
        assert lan.get("/me/code.svg").status_code == 404
        form(lan, "/me/second-factor/begin")
        html = lan.get("/me").text
        secret = re.search(r'class="key">([A-Z2-7 ]+)<', html)[1].replace(" ", "")
        picture = lan.get("/me/code.svg")
        assert picture.headers["content-type"] == "image/svg+xml" and b"<svg" in picture.content and secret.encode() not in picture.content
        assert form(lan, "/me/second-factor/confirm", code="123456").status_code in (409,)
        used = pyotp.TOTP(secret).now()
        shown = form(lan, "/me/second-factor/confirm", code=used).text
        codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", shown)
        assert len(codes) == 10 and codes[0] not in lan.get("/me").text
    with TestClient(book.app()) as lan:
        assert sign_in(lan, back="/review").headers["location"] == "/login/code?next=/review"
        assert lan.get("/review", follow_redirects=False).status_code == 303                           # half way in is not in

        def step(code):
            token = re.search(r'name="csrf" value="(\w+)"', lan.get("/login/code?next=/review").text)[1]
            return lan.post("/login/code", data={"code": code, "csrf": token, "next": "/review"}, follow_redirects=False)

        assert step("000000").status_code == 401 and step(used).status_code == 401
        with book.database.session() as s:
            s.execute(update(SecondFactor).values(last_step=0))
        assert step(pyotp.TOTP(secret).now()).headers["location"] == "/review" and lan.get("/review").status_code == 200
        assert form(lan, "/me/second-factor/drop", password="không-phải-mật-khẩu").status_code == 409
    with TestClient(book.app()) as lan:
        sign_in(lan)
        for _ in range(2):              # ten tries within a minute would be too many for one name
            step("999999")
        with book.database.reading() as s:
            assert s.get(User, "tp.lan").failed_logins == 2
        assert step(codes[2]).status_code == 303
    form(admin, "/accounts/tp.lan/reset-second-factor")
    with TestClient(book.app()) as lan:
        assert sign_in(lan).headers["location"] == "/"
    assert {e.detail.get("by") for e in logged(book, "user.login") if e.actor == "tp.lan"} == {"password", "totp", "recovery"}


def test_a_role_that_must_have_one_time_passwords_does_nothing_before(book):
    import dataclasses
    with TestClient(book.app(options=dataclasses.replace(book.services.portal, second_factor_roles=("reviewer",)))) as lan:
        sign_in(lan)
        assert lan.get("/books", follow_redirects=False).headers["location"] == "/me" and "phải có mã xác thực" in lan.get("/me").text
        form(lan, "/me/second-factor/begin")
        secret = re.search(r'class="key">([A-Z2-7 ]+)<', lan.get("/me").text)[1].replace(" ", "")
        form(lan, "/me/second-factor/confirm", code=pyotp.TOTP(secret).now())
        assert lan.get("/books").status_code == 200


def test_sessions_are_seen_and_ended_from_elsewhere_and_end_by_themselves(client, book):
    sign_in(client)
    with TestClient(book.app(), headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}) as other:
        sign_in(other)
        html = client.get("/me").text
        assert "Firefox · Windows" in html and html.count('name="number"') == 2
        number = next(n for n in re.findall(r'name="number" value="(\w{64})"', html) if n not in re.findall(
            r'name="number" value="(\w{64})"><button>Đăng xuất máy này', html))
        form(client, "/me/sessions/end", number=number)
        assert other.get("/", follow_redirects=False).status_code == 303 and client.get("/").status_code == 200
        sign_in(other)
        cookie = other.cookies["sogoc_session"]
        assert form(other, "/me/sessions/end").headers["location"] == "/login"                         # everywhere
        assert client.get("/", follow_redirects=False).status_code == 303
        other.cookies.set("sogoc_session", cookie)
        assert other.get("/", follow_redirects=False).status_code == 303                               # a kept cookie opens nothing
    sign_in(client)
    for change in ({"seen_at": utc_now() - timedelta(minutes=61)}, {"created_at": utc_now() - timedelta(hours=13), "seen_at": utc_now()}):
        assert client.get("/").status_code == 200
        with book.database.session() as s:
            s.execute(update(UserSession).where(UserSession.ended_at.is_(None)).values(**change))
        assert client.get("/", follow_redirects=False).status_code == 303
        sign_in(client)


def test_a_signed_out_cookie_is_dead(client):
    sign_in(client)
    cookie = client.cookies["sogoc_session"]
    client.post("/logout", headers=csrf_of(client))
    client.cookies.set("sogoc_session", cookie)
    assert client.get("/", follow_redirects=False).status_code == 303


def test_every_look_says_who_where_from_and_what_for_and_refusals_are_lines_too(client, book):
    entry = book.entries()[0]
    sign_in(client)
    client.get(f"/review/{entry}")
    look = logged(book, "record.view")[-1].detail
    assert (look["roles"], look["channel"], look["address"], look["purpose"], look["decision"]) == (
        ["reviewer"], "portal", "testclient", "review", "allowed")
    client.post(f"/review/{entry}/field", json={"revision": 0, "code": "so", "text": "1"}, headers=csrf_of(client))
    assert logged(book, "field.correct")[-1].detail["channel"] == "portal"
    sign_in(client, "xa.xa")
    assert client.get(f"/review/{entry}").status_code == 404 and client.get("/books/KS.2017.01").status_code == 404
    assert client.post(f"/review/{entry}/verify", json={"revision": 0}, headers=csrf_of(client)).status_code == 404
    assert client.get("/books/Nguyễn Văn A").status_code == 404 and client.get("/log").status_code == 403
    refused = [(e.actor, e.subject, e.detail["reason"], e.detail["commune"]) for e in logged(book, "access.refused")]
    mine = ("no_such_entry", "00001")
    assert refused == [("xa.xa", f"entry:{entry}", *mine), ("xa.xa", "batch:KS.2017.01", *mine), ("xa.xa", f"entry:{entry}", *mine),
                       ("xa.xa", "batch:?", *mine), ("xa.xa", "portal", "not_allowed", "00001")]
    with book.database.reading() as s:
        assert "Nguyễn" not in json.dumps([e.detail for e in s.scalars(select(Event))], ensure_ascii=False)
        events.verify_chain(s)


def test_the_auditor_finds_lines_and_who_saw_an_entry_and_takes_them_out_marked(client, book):
    entry = book.entries()[0]
    sign_in(client)
    client.get(f"/review/{entry}")
    with book.database.reading() as s:
        page = s.scalars(select(Event.subject).where(Event.action == "batch.add")).first()
    sign_in(client, "kiem.toan")

    def rows(**query):
        return re.findall(r'<td class="num">(\d+)</td>', client.get("/log", params=query).text)

    assert len(rows(actor="tp.lan")) >= 2 and rows(actor="nobody") == []
    assert len(rows(kind="entry")) == 1 and len(rows(subject=f"mục {entry}")) == 1 and page is not None
    today = (utc_now() + timedelta(hours=7)).date()
    assert rows(first=str(today)) == rows() and rows(last=str(today - timedelta(days=1))) == [] and rows(first="nonsense") == []
    assert client.get("/log", params={"first": "nonsense"}).status_code == 422
    seen = client.get(f"/log/entry/{entry}").text
    assert "tp.lan" in seen and "Xem mục" in seen and "rà soát" in seen
    assert logged(book, "log.who_saw")[-1].actor == "kiem.toan"
    answer = client.post("/log/export", params={"actor": "tp.lan"}, headers=csrf_of(client))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert "kiem.toan" in sheet["A1"].value and "tp.lan" in sheet["A1"].value and "Người xuất" in sheet.oddFooter.left.text
    exported = [[c.value for c in row] for row in sheet.iter_rows(min_row=4)]
    assert {r[2] for r in exported} == {"tp.lan"} and len(exported[0][6]) == 64
    assert logged(book, "log.export")[-1].detail["count"] == len(exported)
    sign_in(client)
    assert client.post("/log/export", headers=csrf_of(client)).status_code == 403


def test_a_formula_in_the_log_stays_text(client, book):
    with book.database.session() as s:
        events.append(s, "=HYPERLINK(1)", "user.login", "user:x")
    sign_in(client, "kiem.toan")
    sheet = load_workbook(io.BytesIO(client.post("/log/export", headers=csrf_of(client)).content)).active
    cell = next(row[2] for row in sheet.iter_rows(min_row=4) if row[2].value == "=HYPERLINK(1)")
    assert cell.data_type == "s"


def test_the_log_has_words_for_every_key_and_action_that_is_there(admin, book):
    entry = book.entries()[0]
    form(admin, "/accounts", name="xa.tam", display="T", role="commune_head", reach="communes", commune=["21139"], kind=["KS"])
    admin.get(f"/review/{entry}")
    with book.database.reading() as s:
        for e in s.scalars(select(Event)):
            assert e.action in log_wording.ACTIONS
            for name, _, _ in log_wording.particulars(e.detail, "vi"):
                assert name not in e.detail or name == "byte", (e.action, name)


def test_people_limited_to_a_kind_bring_in_only_that_kind(client, book):
    from sync.manifest import Manifest
    with book.database.session() as s:
        accounts.add_user(s, "xa.kh", PASSWORD, "commune_officer", "21139", kinds=["KH"])
        accounts.add_user(s, "hai.xa", PASSWORD, "commune_officer", "21139")
        accounts.give(s, "hai.xa", accounts.Grant("commune_officer", frozenset({"21140"})))
    sign_in(client, "xa.kh")
    said = {}
    for about in ({}, {"loai": "KS"}, {"loai": "KH"}):
        manifest = Manifest("A", (facts(b"x"),), about)
        said[about.get("loai")] = client.post("/upload", content=manifest.canonical, headers=csrf_of(client)).status_code
    assert said == {None: 409, "KS": 409, "KH": 200}
    sign_in(client, "hai.xa")
    refused = client.post("/upload", content=Manifest("A", (facts(b"x"),), {}).canonical, headers=csrf_of(client))
    assert refused.json()["code"] == "several_communes"


def facts(data):
    import hashlib

    from sync.manifest import FileFacts
    digest = hashlib.sha256(data).hexdigest()
    return FileFacts("x.jpg", len(data), digest, (digest,))
