"""What an attacker tries on a web application, on every route: the checks of a scanner; no commune sees another's records."""
from __future__ import annotations

import dataclasses
import re
import statistics
import time
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_house import PASSWORD, session_cookie, sign_in
from route_world import as_user, ask
from routes import API, Known, addresses, body_of, values_for
from sqlalchemy import delete
from three_communes import COMMUNES, Holdings, digest, marks, user_of

from portal.context import STATIC
from portal.security import CONTENT_SECURITY_POLICY, CSRF_HEADER, SESSION_COOKIE
from storage import accounts
from storage.accounts import ROLES
from storage.models import SignInTries

OPEN_API = {f"{API}/docs", f"{API}/openapi.json", f"{API}/sync/key", f"{API}/oauth/jwks.json",      # what everybody may know of it
            f"{API}/.well-known/oauth-authorization-server", f"{API}/extracts/revoked"}
WITHOUT_SESSION = {"/login"}        # changing routes that have a token of their own, because nobody is signed in yet
NASTY = "zq<script>alert(1)</script><img src=x onerror=alert(2)>\"'`\r\nX-Injected: 1\r\n\r\n{{7*191}}${7*191}<%=7*191%>zq"
OFFICERS = [r for r, rights in ROLES.items() if "batch.see" in rights]


def may_try_again(world: SimpleNamespace) -> None:
    """As if the last minute had passed: the tests together sign in more often than one address may."""
    with world.house.database.session() as s:
        s.execute(delete(SignInTries))


def junk(route: Known, text: str) -> str:
    """The route's address with `text` for every parameter of path and query."""
    path = route.filled({p: quote(text, safe="") for p in route.parameters})
    return path + ("?" + "&".join(f"{quote(q)}={quote(text, safe='')}" for q in (*route.query, "unasked")) if route.method == "GET" else "")


def leaks(answer, commune: str, asked: str = "") -> list[str]:
    """The commune's marks in body and headers, without those the asker typed (a refusal may name what was asked for)."""
    said = answer.text + repr(dict(answer.headers))
    return [m for m in marks(commune) if m not in asked
            and (m in said or quote(m) in said or m.encode("ascii", "backslashreplace").decode() in said)]


class Page(HTMLParser):
    """What of a page the security policy is about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "script" and not given.get("src") and given.get("type") != "application/json":
            self.problems.append("inline script")
        if tag in ("style", "iframe", "object", "embed", "base"):
            self.problems.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or "javascript:" in (value or "").lower():
                self.problems.append(f"{tag} {name}={value}")
            if name in ("src", "href", "action", "formaction", "poster", "data", "srcset") and re.match(r"\s*(\w+:)?//", value or ""):
                self.problems.append(f"{tag} {name}={value}")
        if tag == "form":
            self.forms.append({"method": given.get("method", "get").lower(), "action": given.get("action", ""), "csrf": ""})
        if tag == "input" and given.get("name") == "csrf" and self.forms:
            self.forms[-1]["csrf"] = given.get("value", "")


def is_html(answer) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def everyone() -> list[str | None]:
    return [None, *(user_of(role, (COMMUNES[0], None)[n % 2]) for n, role in enumerate(ROLES)), user_of("administrator", COMMUNES[0])]


def test_no_page_or_call_answers_another_communes_record(world):
    """All routes × all records × a person of each role in each commune: no mark of theirs comes out, nothing of theirs changes."""
    before, asked = digest(world.house), 0
    for role in OFFICERS:
        mine = COMMUNES[OFFICERS.index(role) % len(COMMUNES)]
        as_user(world, user_of(role, mine))
        for route in world.routes:
            for theirs in COMMUNES:
                if theirs == mine or "logout" in route.path:
                    continue
                held = world.held[theirs]
                for address in list(addresses(route, held))[:2]:
                    answer = ask(world, route, address, held)
                    asked += 1
                    assert answer.status_code < 500, (role, str(route), address)
                    assert not leaks(answer, theirs, address), (role, str(route), address, leaks(answer, theirs, address))
                    if answer.status_code == 200 and any(p in route.path for p in ("entry_id", "page_id", "batch_id", "dossier_id")):
                        raise AssertionError((role, str(route), address, "answered"))
                if not route.parameters:
                    break
    assert asked > 200
    assert digest(world.house) == before


def test_the_marks_are_seen_where_they_may_be(world):
    """The test above can fail: whoever may see the record does see its marks."""
    mine = COMMUNES[1]
    seen = set()
    for role in ROLES:
        as_user(world, user_of(role, mine))
        for route in (r for r in world.routes if r.method == "GET"):
            for address in addresses(route, world.held[mine]):
                seen |= set(leaks(ask(world, route, address, world.held[mine]), mine))
    assert {m for m in marks(mine)} == seen


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_asked_in_whatever_order_no_mark_comes_out(world, data):
    mine, theirs = data.draw(st.permutations(COMMUNES))[:2]
    as_user(world, user_of(data.draw(st.sampled_from(OFFICERS)), mine))
    route = data.draw(st.sampled_from([r for r in world.routes if "logout" not in r.path]))
    held = world.held[theirs]
    values = {p: data.draw(st.sampled_from([*values_for(p, held), held.batches[0], held.entries[0], 0, "x"])) for p in route.parameters}
    texts = st.sampled_from(["", *map(str, held.batches), str(held.entries[0]), marks(theirs)[0], "0", "en"])
    query = {q: data.draw(texts) for q in route.query}
    before = digest(world.house)
    answer = ask(world, route, route.filled({k: quote(str(v), safe="") for k, v in values.items()}), held, params=query)
    assert answer.status_code < 500
    said = answer.text + repr(dict(answer.headers))
    for mark in marks(theirs):       # what the asker typed may stand in the answer (a search box keeps its words)
        assert mark not in said or any(mark in v for v in (*query.values(), *map(str, values.values()))), (str(route), mark)
    if any(k in p for p in route.parameters for k in ("entry_id", "page_id", "batch_id", "dossier_id")):
        assert digest(world.house) == before


def test_nobody_gets_anything_but_the_way_in(world):
    as_user(world, None)
    public = set()
    for route in world.routes:
        for commune in COMMUNES:
            for address in list(addresses(route, world.held[commune]))[:3]:
                answer = ask(world, route, address, world.held[commune])
                assert not leaks(answer, commune, address), str(route)
                if answer.status_code < 300:
                    public.add(route.path)
    known = {"/login", "/health", "/upload/shell", "/upload/app.webmanifest", "/upload/service-worker.js",
             f"/.well-known/oauth-authorization-server{API}", *OPEN_API}
    assert {p for p in public if not p.startswith(("/login", "/sso", "/oidc", "/static"))} <= known


def test_junk_and_marked_input_is_never_an_error_of_ours_and_never_comes_back_as_markup(world):
    for name in (None, user_of("administrator", None)):
        as_user(world, name)
        for route in world.routes:
            if "logout" in route.path:
                continue
            bodies = [{}] if not route.changes else [
                {"json": body_of(route.body, Holdings(), NASTY) or {"x": NASTY}},
                {"data": dict.fromkeys(("name", "password", "next", "csrf", "code"), NASTY)},
                {"content": b"\xff\xfe\0", "headers": {"content-type": "application/json"}}, {"content": b'{"a":' * 2000},
                {"content": b"", "headers": {"content-type": "multipart/form-data"}}]
            for body in bodies:
                for text in (NASTY, "-1", "9" * 40, "\0", "../../etc/passwd", "𝔘'; drop table entry; --"):
                    answer = world.client.request(route.method, junk(route, text), **body)
                    assert answer.status_code < 500, (name, str(route), text[:20], answer.text[:300])
                    assert "x-injected" not in answer.headers and "zq1337" not in answer.text, str(route)
                    if is_html(answer):
                        assert "<script>alert(1)" not in answer.text and "<img src=x" not in answer.text, str(route)
                        assert not Page(answer.text).problems, (str(route), Page(answer.text).problems)
                    assert "Traceback" not in answer.text and "root:" not in answer.text
                    if route.changes:
                        break           # the body is what is tried there
    as_user(world, None)


def test_every_answer_has_the_headers(world):
    checked = 0
    for name in everyone():
        as_user(world, name)
        for route in (r for r in world.routes if r.method == "GET"):
            for address in list(addresses(route, world.held[COMMUNES[0]]))[:2]:
                answer = ask(world, route, address, world.held[COMMUNES[0]])
                policy = answer.headers["content-security-policy"]
                assert policy == CONTENT_SECURITY_POLICY or "sandbox" in policy
                assert "unsafe" not in policy and "*" not in policy and "http" not in policy and "data:" not in policy
                assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-frame-options"] == "DENY"
                assert answer.headers["referrer-policy"] == "same-origin"
                assert "content-type" in answer.headers or not answer.content
                assert "server" not in answer.headers and "x-powered-by" not in answer.headers
                cache = answer.headers["cache-control"]
                assert "no-store" in cache or "private" in cache or route.path == "/upload/service-worker.js", (str(route), cache)
                if is_html(answer):
                    page = Page(answer.text)
                    assert not page.problems, (str(route), page.problems)
                    assert all(f["csrf"] for f in page.forms if f["method"] == "post"), str(route)
                    assert all(f["action"].startswith("/") and not f["action"].startswith("//") for f in page.forms
                               if f["action"]), str(route)
                    checked += 1
                for cookie in answer.headers.get_list("set-cookie"):
                    assert "httponly" in cookie.lower() and "samesite=" in cookie.lower(), (str(route), cookie)
    assert checked > 40


def test_cookies_are_secure_behind_https(world):
    options = dataclasses.replace(world.house.services.portal, secure_cookies=True)
    with TestClient(world.house.app(options=options), base_url="https://testserver", follow_redirects=False) as client:
        secure = SimpleNamespace(client=client, app=client.app)
        for name in (None, user_of("reviewer", None)):
            as_user(secure, name)
            for route in (r for r in world.routes if r.method == "GET" and not r.parameters):
                answer = client.get(route.path + "?lang=en")
                assert "strict-transport-security" in answer.headers
                assert all("secure" in c.lower().split("; ") for c in answer.headers.get_list("set-cookie")), route.path


def test_every_changing_route_wants_the_sessions_token(world):
    before, tried = digest(world.house, ()), 0
    for name in (user_of("administrator", None), user_of("commune_officer", COMMUNES[0])):
        for token in (None, "0" * 64, "", "é"):
            as_user(world, name, token=False)
            headers = {} if token is None else {CSRF_HEADER: token.encode()}
            for route in (r for r in world.routes if r.changes and r.path not in WITHOUT_SESSION):
                for address in list(addresses(route, world.held[COMMUNES[0]]))[:2]:
                    for body in ({"json": body_of(route.body, Holdings()) or {}}, {"data": {"csrf": "0" * 64}}):
                        answer = ask(world, route, address, world.held[COMMUNES[0]], headers=headers, **body)
                        wanted = (400, 401, 413, 422) if route.api else (403,)      # the API knows no cookies at all
                        assert answer.status_code in wanted, (str(route), answer.status_code)
                        tried += 1
    assert tried > 100 and digest(world.house, ()) == before


def test_a_token_of_another_session_does_not_serve(world):
    sessions = world.app.state.portal.sessions
    as_user(world, user_of("reviewer", None))
    world.client.headers[CSRF_HEADER] = sessions.csrf(sessions.read(session_cookie(world.app, user_of("reviewer", None))).nonce)
    assert world.client.post("/review/undo").status_code == 403


def test_reading_routes_change_nothing(world):
    """A GET that changes something could be forged by an image tag: only the log, leases and the session may move."""
    as_user(world, user_of("administrator", None))
    before = digest(world.house)
    for route in (r for r in world.routes if r.method == "GET"):
        for address in addresses(route, world.held[COMMUNES[0]]):
            ask(world, route, address, world.held[COMMUNES[0]])
    assert digest(world.house) == before


def test_other_methods_are_refused(world):
    as_user(world, user_of("administrator", None))
    known = {}
    for route in world.routes:
        known.setdefault(route.path, set()).add(route.method)
    for path, methods in known.items():
        address = re.sub(r"\{\w+\}", "1", path)
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"} - methods:
            assert world.client.request(method, address).status_code in (303, 401, 403, 404, 405, 422), (method, path)


@pytest.mark.parametrize("path", ["../context.py", "..%2fcontext.py", "%2e%2e/context.py", "..%252fcontext.py", "....//context.py",
                                  "..\\context.py", "/etc/passwd", "%2fetc%2fpasswd", "fonts/../../context.py", "portal.css%00.py"])
def test_no_path_leads_out_of_the_bundled_files(world, path):
    answer = world.client.get("/static/" + path)
    assert answer.status_code in (400, 404) and "import" not in answer.text and "root:" not in answer.text


def test_the_host_header_goes_nowhere(world):
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    for name, slash in ((None, "/"), (user_of("administrator", None), ""), (user_of("administrator", None), "/")):
        as_user(world, name)
        for route in (r for r in world.routes if r.method == "GET"):
            if slash is not None:
                address = next(addresses(route, world.held[COMMUNES[0]])) + slash
                answer = world.client.get(address, headers=evil)
                assert "evil.example" not in answer.text + repr(dict(answer.headers)), (str(route), slash)
        for address in ("/static", "/static/fonts", "/api/v1", "/api/v1/"):
            answer = world.client.get(address, headers=evil)
            assert "evil.example" not in answer.text + repr(dict(answer.headers)), address


ELSEWHERE = ("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example", "///evil.example",
             "javascript:alert(1)", "/\t/evil.example", "https:evil.example", " //evil.example", "/..//evil.example")


def test_no_parameter_leads_to_another_site(world):
    as_user(world, user_of("administrator", None))
    for target in ELSEWHERE[:3]:
        for route in (r for r in world.routes if r.method == "GET"):
            where = world.client.get(junk(route, target)).headers.get("location", "/")
            assert where.startswith("/") and not re.match(r"/[/\\\t]", where), (str(route), where)
    as_user(world, None)
    with world.house.database.session() as s:
        accounts.add_user(s, "dang.nhap", PASSWORD, "auditor")
    for target in ELSEWHERE:
        path = quote(target if target.startswith("/") else f"/{target}", safe="/%")
        where = world.client.get(path).headers.get("location", "/")
        assert where.startswith("/") and not re.match(r"/[/\\\t]", where), where
        may_try_again(world)
        answer = sign_in(world.client, "dang.nhap", back=target)
        assert answer.status_code == 303 and re.match(r"/(?![/\\\t])", answer.headers["location"]), answer.headers["location"]


def test_a_wrong_name_is_answered_like_a_wrong_password(world):
    """In words and in time, before the account is locked and after."""
    may_try_again(world)
    with world.house.database.session() as s:
        accounts.add_user(s, "co.that", PASSWORD, "auditor")
    said: dict[str, list[str]] = {"co.that": [], "khong.co": []}
    took: dict[str, list[float]] = {"co.that": [], "khong.co": []}
    for _ in range(6):
        for name in said:
            start = time.perf_counter()
            answer = sign_in(world.client, name, "sai-mật-khẩu-rồi")
            took[name].append(time.perf_counter() - start)
            said[name].append(re.sub(r'value="[^"]*"', "", answer.text) + str(answer.status_code))
    assert said["co.that"] == said["khong.co"]
    a, b = (statistics.median(t) for t in took.values())
    assert max(a, b) < 2.5 * min(a, b) + 0.05


def test_signing_in_makes_a_new_session(world):
    may_try_again(world)
    with world.house.database.session() as s:
        accounts.add_user(s, "co.ma", PASSWORD, "auditor")
    world.client.cookies.set(SESSION_COOKIE, "planted-by-an-attacker")
    first = sign_in(world.client, "co.ma").cookies[SESSION_COOKIE]
    second = sign_in(world.client, "co.ma").cookies[SESSION_COOKIE]
    sessions = world.app.state.portal.sessions
    nonces = {sessions.read(c).nonce for c in (first, second)}
    assert len(nonces) == 2 and "planted" not in first
    for forged in ("", "a.b.c", first[:-4] + "AAAA", first + "x", first.partition(".")[0], "[]", "\u00e9"):
        assert sessions.read(forged) is None or forged == first


def test_a_person_switched_off_or_moved_loses_what_they_had_at_once(world):
    name = "xa.moi"
    with world.house.database.session() as s:
        accounts.add_user(s, name, None, "commune_officer", COMMUNES[0])
    as_user(world, name)
    mine = world.held[COMMUNES[0]].batches[0]
    assert world.client.get(f"/books/{mine}").status_code == 200
    with world.house.database.session() as s:
        accounts.set_grants(s, name, [accounts.Grant("commune_officer", frozenset({COMMUNES[1]}))], "local")
    assert world.client.get(f"/books/{mine}").status_code == 404
    with world.house.database.session() as s:
        s.get(accounts.User, name).active = False
    assert world.client.get("/books").status_code == 303


def test_a_cookie_is_nothing_to_the_api_and_a_token_nothing_to_the_pages(world):
    as_user(world, user_of("administrator", None))
    for route in (r for r in world.routes if r.api and r.path not in OPEN_API):
        answer = ask(world, route, next(addresses(route, world.held[COMMUNES[0]])), world.held[COMMUNES[0]])
        # the address of a copy is its own proof: a made-up one is refused as such
        assert answer.status_code == 403 if route.path.endswith("/copies/{token}") else answer.status_code in (400, 401, 422), str(route)
    with world.house.database.session() as s:
        secret = accounts.add_client(s, "may.tram", ["sync:" + COMMUNES[0]])
    as_user(world, None)
    form = {"grant_type": "client_credentials", "client_id": "may.tram", "client_secret": secret}
    got = world.client.post(f"{API}/oauth/token", data=form)
    bearer = {"Authorization": f"Bearer {got.json()['access_token']}"}
    purpose = {"X-Dossier-Code": "a", "X-Service-Code": "a", "X-Officer-Code": "a"}
    for route in (r for r in world.routes if not r.api and r.method == "GET" and r.path not in WITHOUT_SESSION):
        answer = world.client.get(next(addresses(route, world.held[COMMUNES[0]])), headers=bearer)
        assert not leaks(answer, COMMUNES[0], answer.request.url.path), str(route)
    for route in (r for r in world.routes if r.api):          # a node's token brings books in and sees no record
        for address in addresses(route, world.held[COMMUNES[0]]):
            answer = ask(world, route, address, world.held[COMMUNES[0]], headers={**bearer, **purpose})
            assert not leaks(answer, COMMUNES[0], address) and answer.status_code < 500, str(route)


def test_bundled_files_ask_for_nothing_from_elsewhere():
    for path in (p for p in STATIC.rglob("*") if p.suffix in (".css", ".js", ".svg", ".html")):
        text = path.read_text("utf-8", "replace")
        if "openseadragon" in path.parts:       # others' code: the security policy keeps it from elsewhere
            continue
        code = re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.S | re.M)
        for address in re.findall(r"(?:https?:)?//[\w-]+(?:\.[\w-]+)+[^\s\"')]*", code):
            assert address.startswith(("http://www.w3.org/", "https://www.w3.org/")), (path, address)
        assert not re.search(r"\beval\(|new Function\(|document\.write\(|\.innerHTML\s*=|insertAdjacentHTML", text), path
