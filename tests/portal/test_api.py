"""The API as the one-stop system uses it: tokens, what it is for, searches, metadata, copies, refusals, the access log."""
from __future__ import annotations

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from fastapi.testclient import TestClient
from portal_house import PDF, PDF_SHA256
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.api.app import create_api
from portal.api.one_thread import OneThread
from portal.api.pace import PaceHeaders
from storage import accounts, events, search
from storage.models import ApiClient, Entry, Event

RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}


@pytest.fixture
def secret(archived) -> str:
    with archived.database.session() as s:
        accounts.add_client(s, "only-deaths", ["KT:read", "KT:copy"])
        return accounts.add_client(s, "motcua", ["KS:read", "KS:copy", "KH:read"], agency_code="H21.129")


@pytest.fixture
def api(archived, secret) -> TestClient:
    with TestClient(archived.app(), base_url="http://testserver/api/v1/") as c:
        answer = c.post("oauth/token", data={"grant_type": "client_credentials"}, auth=("motcua", secret))
        c.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield c


def last_event(house, action):
    with house.database.reading() as s:
        return s.scalars(select(Event).where(Event.action == action).order_by(Event.seq.desc())).first()


def test_token_by_basic_or_form_with_narrower_scope(api, secret):
    form = {"grant_type": "client_credentials", "client_id": "motcua", "client_secret": secret, "scope": "KS:read"}
    answer = api.post("oauth/token", data=form)
    assert answer.status_code == 200 and answer.json()["scope"] == "KS:read" and answer.headers["cache-control"] == "no-store"
    assert answer.json()["expires_in"] <= 3600 and answer.json()["token_type"] == "Bearer"
    assert api.post("oauth/token", data={**form, "scope": "KT:read"}).json()["error"] == "invalid_scope"
    assert api.post("oauth/token", data={**form, "grant_type": "password"}).json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("auth", [("motcua", "wrong"), ("nobody", "x"), ("", "")])
def test_wrong_secret_gets_no_token(api, auth):
    answer = api.post("oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client") and "www-authenticate" in answer.headers


def test_the_signing_key_is_readable_by_its_owner_only(api, archived):
    path = archived.services.secrets / "api-tokens.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(path.read_bytes()) >= 32


@pytest.mark.parametrize("token", ["", "rubbish", "none", "other-key", "old"])
def test_bad_tokens_are_401_problems(api, archived, token):
    key = (archived.services.secrets / "api-tokens.key").read_bytes()
    claims = {"iss": "sogoc", "aud": "sogoc-api", "sub": "motcua", "iat": 1, "exp": 32503680000, "scope": "KS:read KS:copy"}
    made = {"none": lambda: jwt.encode(claims, None, algorithm="none"),
        "other-key": lambda: jwt.encode(claims, b"x" * 48, algorithm="HS256"),
            "old": lambda: jwt.encode({**claims, "exp": 2}, key, algorithm="HS256")}
    value = made[token]() if token in made else token
    answer = api.get(f"records/{RECORD}", headers={**PURPOSE, "Authorization": f"Bearer {value}"})
    assert answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "not_authenticated" and body["title_vi"] and body["detail_vi"] and body["detail"]


@pytest.mark.parametrize("missing", list(PURPOSE))
def test_without_dossier_service_and_officer_nothing_is_answered(api, missing):
    for method, path, body in (("GET", f"records/{RECORD}", None), ("GET", f"records/{RECORD}/copy", None),
                               ("POST", "records/search/personal-number", {"personal_id": "051317000001"})):
        answer = api.request(method, path, json=body, headers={k: v for k, v in PURPOSE.items() if k != missing})
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
        assert missing in answer.json()["detail"] and missing in answer.json()["detail_vi"]
    assert api.get(f"records/{RECORD}", headers={**PURPOSE, missing: "có dấu cách".encode()}).status_code == 400


@pytest.mark.parametrize(("path", "body", "count"), [
    ("personal-number", {"personal_id": "051317000001"}, 1), ("personal-number", {"personal_id": "051185000001"}, 0),
      # the mother is not the subject
    ("name", {"name": "LÊ THỊ LOAN", "birth_date": "2017-03-01"}, 1), ("name", {"name": "Lê Thị Loan", "birth_date": "2017-03-02"}, 0),
    ("name", {"name": "Lê Thị Loan", "birth_date": "2017-03-01", "mother_name": "trần thị mận"}, 1),
    ("register-number", {"kind": "KS", "number": "01", "year": 2017, "book": "01/2017", "place": "Nghĩa Kỳ"}, 1),
    ("register-number", {"kind": "KS", "number": "2", "year": 2017}, 0),        # only read, not archived yet
])
def test_searches_find_archived_records_and_are_logged(api, archived, path, body, count):
    answer = api.post(f"records/search/{path}", json=body, headers=PURPOSE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["count"] == count and [r["id"] for r in answer.json()["records"]] == [RECORD] * count
    event = last_event(archived, "record.search")
    assert event.actor == "client:motcua" and len(event.detail["found"]) == count
    assert {event.detail[k] for k in ("dossier", "service", "officer")} == set(PURPOSE.values())
    assert not any(v in json.dumps(event.detail, ensure_ascii=False) for v in ("Loan", "LOAN", "051317"))


@pytest.mark.parametrize(("name", "born", "match", "why"), [
    ("Lê Thị Loan", "2017-03-01", "exact", ["name_same", "date_same"]),
    ("Lê Thị Loan", "2017-01-03", "fuzzy", ["name_same", "date_swapped"]),
    ("Lê Thị Lòan", "2017-03-01", "fuzzy", ["name_marks", "date_same"])])
def test_a_fuzzy_search_says_what_is_near(api, archived, name, born, match, why):
    body = {"name": name, "birth_date": born}
    assert api.post("records/search/name", json=body, headers=PURPOSE).json()["count"] == (match == "exact")
    said = api.post("records/search/name", json={**body, "fuzzy": True}, headers=PURPOSE).json()
    found = said["records"][0]
    assert said["match"] == "fuzzy" and found["id"] == RECORD and (found["match"], [w["code"] for w in found["why"]]) == (match, why)
    assert all(w["vi"] and w["en"] for w in found["why"]) and (found["score"] == 1.0) == (match == "exact")
    line = last_event(archived, "record.search")
    assert line.detail["by"] == "name_and_date_fuzzy" and "Loan" not in json.dumps(line.detail, ensure_ascii=False)


def test_the_answer_names_the_unit_of_then_and_of_today(api):
    answer = api.post("records/search/register-number", json={"kind": "KS", "number": "1", "year": 2017}, headers=PURPOSE)
    unit = answer.json()["records"][0]["unit"]
    assert unit["name"].endswith("Quảng Ngãi") and unit["today"][0]["relation"] in ("whole", "divided", "earlier", "unsure")


def test_metadata_has_only_what_the_rule_allows(api, archived):
    answer = api.get(f"records/{RECORD}", headers={**PURPOSE, "X-Purpose": "c%E1%BA%A5p%20b%E1%BA%A3n%20sao"})
    body = answer.json()
    assert answer.status_code == 200
    assert body["fields"] == {"nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2017-03-01", "nksGioiTinh": "Nữ", "meHoTen": "Trần Thị Mận",
                              "chaHoTen": "Lê Văn Cường", "so": "1", "noiDangKy": "UBND xã Nghĩa Kỳ", "ngayDangKy": "2017-03-18"}
    assert body["personal_numbers"] == {"me": "051185000001", "nks": "051317000001"}
    assert "meNgaySinh" not in answer.text and "ghiChu" not in answer.text
    assert body["copy_sha256"] == PDF_SHA256 and body["copy_bytes"] == len(PDF)
    event = last_event(archived, "record.metadata")
    assert event.detail["purpose"] == "cấp bản sao" and "nksHoTen" in event.detail["fields"] and "Loan" not in json.dumps(event.detail,
        ensure_ascii=False)


def test_copy_whole_in_ranges_and_unchanged(api, archived):
    path = f"records/{RECORD}/copy"
    whole = api.get(path, headers=PURPOSE)
    assert whole.content == PDF and whole.headers["content-type"] == "application/pdf" and whole.headers["etag"] == f'"{PDF_SHA256}"'
    assert "KS.2017.1.pdf" in whole.headers["content-disposition"]
    for header, first, last in (("bytes=0-99", 0, 99), ("bytes=100-", 100, len(PDF) - 1), ("bytes=-5", len(PDF) - 5, len(PDF) - 1)):
        part = api.get(path, headers={**PURPOSE, "Range": header})
        assert part.status_code == 206 and part.content == PDF[first:last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(PDF)}"
    assert api.get(path, headers={**PURPOSE, "Range": f"bytes={len(PDF)}-"}).status_code == 416
    assert api.get(path, headers={**PURPOSE, "Range": "bytes=0-1", "If-Range": '"other"'}).content == PDF
    unchanged = api.get(path, headers={**PURPOSE, "If-None-Match": f'W/"x", "{PDF_SHA256}"'})
    assert unchanged.status_code == 304 and unchanged.content == b""
    head = api.head(path, headers=PURPOSE)
    assert head.status_code == 200 and head.headers["content-length"] == str(len(PDF)) and head.content == b""
    with archived.database.reading() as s:
        looks = s.scalars(select(Event).where(Event.action == "copy.fetch").order_by(Event.seq)).all()
        events.verify_chain(s)
    assert {e.detail["package"] for e in looks} == {RECORD} and {e.detail["dossier"] for e in looks} == {PURPOSE["X-Dossier-Code"]}
    assert [e.detail.get("answer") or e.detail["bytes"][1] - e.detail["bytes"][0] + 1 for e in looks] == [
        len(PDF), 100, len(PDF) - 100, 5, len(PDF), 304, "head"]


def test_the_copys_name_carries_nothing_but_letters_and_digits(api, archived):
    with archived.database.session() as s:
        s.scalars(select(Entry).where(Entry.status == "archived")).one().number = 'Đ1"\r\nX: y'
    answer = api.get(f"records/{RECORD}/copy", headers=PURPOSE)
    assert answer.status_code == 200 and answer.headers["content-disposition"] == 'attachment; filename="KS.2017.D1-X-y.pdf"'


def test_scopes_are_per_kind_and_right(api, archived, secret):
    def token(scope):
        return {"Authorization": "Bearer " + api.post("oauth/token", data={"grant_type": "client_credentials", "scope": scope},
                                                      auth=("motcua", secret)).json()["access_token"], **PURPOSE}
    assert api.get(f"records/{RECORD}/copy", headers=token("KS:read")).status_code == 403
    assert api.get(f"records/{RECORD}", headers=token("KH:read")).status_code == 403
    assert api.post("records/search/register-number", json={"kind": "KT", "number": "1", "year": 2017},
        headers=token("KS:read")).status_code == 403
    found = api.post("records/search/name", json={"name": "Lê Thị Loan", "birth_date": "2017-03-01"}, headers=token("KH:read"))
    assert found.status_code == 200 and found.json()["count"] == 0


def test_a_client_that_is_switched_off_or_loses_a_right_is_out_at_once(api, archived):
    with archived.database.session() as s:
        s.get(ApiClient, "motcua").scopes = ["KS:read"]
    assert api.get(f"records/{RECORD}/copy", headers=PURPOSE).status_code == 403
    with archived.database.session() as s:
        s.get(ApiClient, "motcua").active = False
    assert api.get(f"records/{RECORD}", headers=PURPOSE).status_code == 401


@pytest.mark.parametrize(("path", "body"), [
    ("personal-number", {"personal_id": "123"}), ("personal-number", {"personal_id": "051317000001", "more": 1}), ("name", {"name": "A"}),
    ("name", {"name": "A", "birth_date": "01/02/2017"}), ("register-number", {"kind": "XX", "number": "1", "year": 2017}), ("name", [1]),
])
def test_wrong_values_are_422_and_not_repeated(api, path, body):
    answer = api.post(f"records/search/{path}", json=body, headers=PURPOSE)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json" and answer.json()["errors"]
    assert "01/02/2017" not in answer.text


@pytest.mark.parametrize("record", ["nothing", "..%2f..%2fetc", "5b3c0d6e", "x" * 500, "a%0Ab"])
def test_unknown_records_are_404(api, record):
    for what in (f"records/{record}", f"records/{record}/copy"):
        answer = api.get(what, headers=PURPOSE)
        assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"


def test_too_many_requests_are_told_when_to_come_back(archived, secret):
    with TestClient(create_api(archived.services, per_minute=60)) as c:
        token = c.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("motcua", secret)).json()["access_token"]
        answers = [c.get(f"/records/{RECORD}", headers={**PURPOSE, "Authorization": f"Bearer {token}"}) for _ in range(15)]
    late = [a for a in answers if a.status_code == 429]
    assert late and int(late[0].headers["retry-after"]) >= 1 and late[0].json()["code"] == "too_many"


def test_openapi_is_3_1_and_its_page_needs_nothing_from_elsewhere(api):
    said = api.get("openapi.json").json()
    assert said["openapi"].startswith("3.1") and "/records/{record_id}/copy" in said["paths"]
    assert said["paths"]["/records/{record_id}"]["get"]["responses"]["400"]["content"].keys() == {"application/problem+json"}
    page = api.get("docs")
    assert page.status_code == 200 and "/records/search/personal-number" in page.text and "https://" not in page.text


@pytest.mark.parametrize(("error", "status", "code"), [
    (OperationalError("select", {}, Exception("gone")), 503, "unavailable"), (ZeroDivisionError(), 500, None)])
def test_a_search_that_breaks_is_answered_like_any_other_request(archived, api, monkeypatch, error, status, code):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(search, "by_personal_number", broken)
    with TestClient(archived.app(), base_url="http://testserver/api/v1/", raise_server_exceptions=False) as c:
        answer = c.post("records/search/personal-number", json={"personal_id": "001204000001"},
                        headers={"Authorization": api.headers["Authorization"], **PURPOSE})
    assert answer.status_code == status and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store" and (code is None or answer.json()["code"] == code)
    assert "select" not in answer.text


@pytest.mark.parametrize(("method", "path", "headers", "status"), [
    ("GET", f"records/{RECORD}/copy", {}, 200), ("HEAD", f"records/{RECORD}/copy", {}, 200),
    ("GET", f"records/{RECORD}/copy", {"Range": "bytes=5-9"}, 206),
    ("GET", f"records/{RECORD}/copy", {"If-None-Match": f'"{PDF_SHA256}"'}, 304),
    ("GET", f"records/{RECORD}/copy", {"Range": "bytes=999999999-"}, 416), ("GET", "records/nothing/copy", {}, 404),
    ("GET", f"records/{RECORD}", {}, 200), ("GET", "records/nothing", {}, 404)])
def test_records_and_copies_go_past_the_framework_and_are_answered_as_by_it(archived, api, monkeypatch, method, path, headers, status):
    asked = {**PURPOSE, **headers, "Authorization": api.headers["Authorization"]}
    with monkeypatch.context() as plain:
        plain.setattr(OneThread, "in_one_go", lambda _: None)
        framework_only = create_api(archived.services)
    with TestClient(framework_only) as c:
        framework = c.request(method, path, headers=asked)

    async def never(*_):
        raise AssertionError("the framework was asked")

    monkeypatch.setattr(PaceHeaders, "__call__", never)         # the first thing on the framework's way
    answer = api.request(method, path, headers=asked)
    assert (answer.status_code, answer.content) == (framework.status_code, framework.content) and answer.status_code == status
    differ = {"ratelimit", "cache-control", "content-security-policy"}
    assert {k: v for k, v in answer.headers.items() if k in framework.headers and k not in differ} == {
        k: v for k, v in framework.headers.items() if k not in differ}


def test_a_slow_store_holds_up_no_search(archived, api, monkeypatch):
    away, waiting = threading.Event(), threading.Semaphore(0)

    def slow(*_, **__):
        waiting.release()
        assert away.wait(30)
        return PDF

    monkeypatch.setattr(type(archived.services.objects), "get", slow)
    with ThreadPoolExecutor(OneThread.threads + 1) as pool:
        copies = [pool.submit(api.get, f"records/{RECORD}/copy", headers=PURPOSE) for _ in range(OneThread.threads + 1)]
        try:
            assert all(waiting.acquire(timeout=30) for _ in copies)
            found = api.post("records/search/personal-number", json={"personal_id": "051317000001"}, headers=PURPOSE)
        finally:
            away.set()
        assert found.status_code == 200 and {c.result().status_code for c in copies} == {200}
