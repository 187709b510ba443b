"""Single sign-on against a real provider (canaille, a process of its own): in, out, refused, and with the provider away."""
from __future__ import annotations

import dataclasses
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from oidc_provider import CLIENT, PASSWORD, SECRET
from portal_house import PASSWORD as LOCAL
from portal_house import sign_in
from sqlalchemy import select

from pipelines.services import SsoOptions
from portal.sso import Provider, SsoFailed
from storage import accounts
from storage.models import Event, User

PORTAL = "http://127.0.0.1:9"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("idp"), free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-P", str(Path(__file__).with_name("oidc_provider.py")), str(port), str(folder),
                                    f"{PORTAL}/login/sso/back", f"{PORTAL}/login"], stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None and process.stdout.readline().strip() == "ready", (folder / "log").read_text()[-2000:]
    yield f"http://127.0.0.1:{port}"
    process.kill()              # not terminate(): where Ctrl-C is ignored, Dagster has its children ignore that too
    process.wait(10)


def options(issuer, **more):
    return SsoOptions(issuer, CLIENT, SECRET, "Tài khoản cơ quan", ("openid", "profile", "email", "groups"), name_claim="email", **more)


@pytest.fixture
def portal(book, issuer):
    """The portal with single sign-on; `enter(**options)` gives a browser for it."""
    opened = []

    def enter(provider=issuer, **more):
        settings = dataclasses.replace(book.services.portal, public_url=PORTAL, sso=options(provider, **more))
        opened.append(TestClient(book.app(options=settings), base_url=PORTAL))
        return opened[-1]

    yield enter
    for client in opened:
        client.close()


_LAST = [0.0]               # when somebody last came back from the provider, to fetch a token within moments


def at_provider(address: str, name: str = "hoa.le") -> tuple[str, httpx.Client]:
    """Sign in there as a person would; the address the provider sends the browser back to, and the browser's provider side.

    The provider gives one person one token twice within a second, and fails at the second: so there are two seconds between two.
    """
    time.sleep(max(0.0, _LAST[0] + 2 - time.monotonic()))
    browser = httpx.Client(follow_redirects=False, timeout=30)
    answer = browser.get(address)
    for _ in range(12):
        if answer.is_redirect:
            target = str(answer.url.join(answer.headers["location"]))
            if target.startswith(PORTAL):
                _LAST[0] = time.monotonic()
                return target, browser
            answer = browser.get(target)
            continue
        fields = dict(re.findall(r'<input[^>]*name="(csrf_token)"[^>]*value="([^"]*)"', answer.text))
        said = {"password": PASSWORD} if 'name="password"' in answer.text else {"login": name}
        answer = browser.post(str(answer.url), data={**fields, **said})
    raise AssertionError(f"never came back: {answer.status_code} {answer.url} {answer.text[:800]}")


def leave(client, back="/"):
    answer = client.get(f"/login/sso?next={back}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer


def test_in_with_rights_of_the_group_and_out_at_the_provider_too(portal, book, issuer):
    client = portal(groups={"xa-21139": "commune_officer@21139:KS"})
    assert "Đăng nhập một lần qua Tài khoản cơ quan" in client.get("/login").text
    sent = leave(client, "/books")
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["state"] and asked["nonce"] and SECRET not in sent.headers["location"]
    cookie = sent.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/login/sso" in cookie
    back, browser = at_provider(sent.headers["location"])
    done = client.get(back)
    assert done.status_code == 200 and 'url=/books"' in done.text and "SameSite=strict" in done.headers["set-cookie"]
    assert "KS.2017.01" in client.get("/books").text and client.get("/accounts").status_code == 403
    assert "Đăng nhập một lần" in client.get("/me").text
    with book.database.reading() as s:
        user = s.get(User, "hoa.le")
        assert user.password_hash == "" and len(user.sso_subject) == 64
        assert [(g.role, g.communes, g.kinds, source) for _, g, source in accounts.grants_of(s, "hoa.le")] == [
            ("commune_officer", frozenset({"21139"}), frozenset({"KS"}), "sso")]
        said = s.scalars(select(Event).where(Event.action == "user.login")).one()
        assert (said.actor, said.detail["by"], said.detail["channel"]) == ("hoa.le", "sso", "portal")
    assert client.get(back).status_code == 403                              # the same answer again
    client.get("/books")
    token = re.search(r'<meta name="csrf" content="(\w+)"', client.get("/books").text)[1]
    out = client.post("/logout", data={"csrf": token})
    away = re.search(r'url=(http[^"]+)"', out.text)[1].replace("&amp;", "&")
    assert away.startswith(f"{issuer}/oauth/end_session?client_id=sogoc&post_logout_redirect_uri=")
    assert browser.get(away).status_code in (200, 302)
    assert client.get("/books", follow_redirects=False).status_code == 303


def test_without_a_group_an_account_is_made_that_sees_nothing_and_never_another_persons(portal, book):
    client = portal()
    back, _ = at_provider(leave(client).headers["location"], "binh.tran")
    assert client.get(back).status_code == 200
    assert "Chưa có quyền nào" in client.get("/me").text and client.get("/books").status_code == 403
    with book.database.session() as s:
        accounts.add_user(s, "hoa.le", LOCAL, "administrator")                  # has a password of its own here
    back, _ = at_provider(leave(client).headers["location"])
    refused = client.get(back)
    assert refused.status_code == 403 and "chưa được phép đăng nhập một lần" in refused.text


def test_only_domains_that_may_and_only_people_known_where_none_are_made(portal, book):
    client = portal(domains=("quangngai.gov.vn",), create=False)
    for name, said in (("binh.tran", "không cho phép"), ("hoa.le", "chưa được phép đăng nhập một lần")):
        back, _ = at_provider(leave(client).headers["location"], name)
        refused = client.get(back)
        assert refused.status_code == 403 and said in refused.text, name
    with book.database.session() as s:
        accounts.add_user(s, "hoa.le", None, "reviewer")
    back, _ = at_provider(leave(client).headers["location"])
    assert client.get(back).status_code == 200 and client.get("/review").status_code == 200
    with book.database.session() as s:
        accounts.set_active(s, "hoa.le", False)
    assert client.get("/review", follow_redirects=False).status_code == 303
    back, _ = at_provider(leave(client).headers["location"])
    assert "đã ngừng" in client.get(back).text


def test_forged_and_foreign_answers_are_refused(portal, issuer):
    client, other = portal(), portal()
    back, _ = at_provider(leave(client).headers["location"])
    leave(other)
    assert other.get(back).status_code == 403                                   # an answer meant for another browser
    leave(client)                                                               # the first way is void by the second
    assert client.get(back).status_code == 403
    provider = Provider(options(issuer), f"{PORTAL}/login/sso/back")
    started = provider.start()
    good, _ = at_provider(started.url)
    for state, nonce, verifier in ((started.state, "x" * 32, started.verifier), (started.state, started.nonce, "v" * 64),
                                   ("s", started.nonce, started.verifier)):
        with pytest.raises(SsoFailed) as wrong:
            provider.finish(good, state, nonce, verifier)
        assert wrong.value.code == "wrong"
    denied = f"{PORTAL}/login/sso/back?error=access_denied&state={started.state}"
    with pytest.raises(SsoFailed) as refused:
        provider.finish(denied, started.state, started.nonce, started.verifier)
    assert refused.value.code == "refused"


def test_with_the_provider_away_local_accounts_still_come_in(portal):
    client = portal(f"http://127.0.0.1:{free_port()}")
    away = client.get("/login/sso")
    assert away.status_code == 503 and "không trả lời" in away.text and 'name="password"' in away.text
    assert sign_in(client).status_code == 303 and client.get("/books").status_code == 200
