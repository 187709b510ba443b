"""Short-lived addresses of copies: counted, bound to client and version, logged with what they were asked for."""
from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient
from portal_house import PDF, PDF_SHA256
from sqlalchemy import select, update

from pipelines.services import PortalOptions
from portal.api.copy_links import seal, unseal
from portal.api.problems import Problem
from storage import accounts
from storage.models import ApiClient, ArchivePackage, CopyLink, Entry, Event, utc_now

RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}


@pytest.fixture
def ask(archived):
    """Asks with the token of a client with or without the scope to copy."""
    with archived.database.session() as s:
        secrets = {name: accounts.add_client(s, name, scopes, agency_code="H21.129")
                   for name, scopes in (("motcua", ["KS:read", "KS:copy"]), ("reader", ["KS:read"]))}
    with TestClient(archived.app(), base_url="http://testserver/api/v1/") as c:
        tokens = {n: c.post("oauth/token", data={"grant_type": "client_credentials"}, auth=(n, s)).json()["access_token"]
                  for n, s in secrets.items()}

        def post(body=None, client="motcua", record=RECORD, headers=PURPOSE):
            return c.post(f"records/{record}/copy-link", json=body or {}, headers={**headers, "Authorization": f"Bearer {tokens[client]}"})
        post.get = lambda url, **headers: c.get(url, headers=headers)
        yield post


def fetches(house):
    with house.database.reading() as s:
        return s.scalars(select(Event).where(Event.action == "copy.fetch").order_by(Event.seq)).all()


def test_an_address_gives_the_copy_without_a_token_as_often_as_was_asked_for(archived, ask):
    given = ask({"uses": 2})
    said = given.json()
    assert given.status_code == 201 and said["uses"] == 2 and said["served_by"] == "portal" and said["copy_sha256"] == PDF_SHA256
    assert ask.get(said["url"]).content == PDF
    part = ask.get(said["url"], Range="bytes=0-9")
    assert part.status_code == 206 and part.content == PDF[:10]
    late = ask.get(said["url"])
    assert late.status_code == 410 and late.json()["code"] == "link_gone" and "dùng hết" in late.json()["detail_vi"]
    looks = fetches(archived)
    assert len(looks) == 2 and all(e.actor == "client:motcua" and e.detail["link"] for e in looks)
    assert {e.detail[k] for e in looks for k in ("dossier", "service", "officer")} == set(PURPOSE.values())
    with archived.database.reading() as s:
        events = s.scalars(select(Event)).all()
        assert not any(said["url"].rpartition("/")[2].partition(".")[0] in str(e.detail) for e in events)     # no secret in the log
        refused = [e for e in events if e.action == "access.refused"]
        assert [e.detail["reason"] for e in refused] == ["link_used_up"]


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t.replace(".1", ".2", 1),
                                   lambda t: "A" + t[1:] if t[0] != "A" else "B" + t[1:], lambda t: "x", lambda t: t + ".0"])
def test_an_altered_address_opens_nothing(archived, ask, spoil):
    base, _, token = ask().json()["url"].rpartition("/")
    answer = ask.get(f"{base}/{spoil(token)}")
    assert answer.status_code == 403 and answer.json()["code"] == "link_invalid" and fetches(archived) == []
    with archived.database.reading() as s:
        said, link = s.scalars(select(Event).where(Event.action == "access.refused")).one(), s.scalars(select(CopyLink)).one()
    assert said.actor == "?" and said.detail["reason"] == "link_invalid" and said.detail["address"] == "testclient"
    known = said.detail.get("link") == link.id[:12]         # where the secret was left alone, which address it was
    assert said.subject == (f"entry:{archived.entries()[0]}" if known else "records")
    assert ("link" in said.detail) == (re.fullmatch(r"[\w-]{32}\.\d{10}\.[0-9a-f]{40}", spoil(token)) is not None)
    assert token.partition(".")[0] not in str(said.detail)


def test_an_address_whose_row_is_gone_is_refused_and_logged(archived, ask):
    url = ask().json()["url"]
    with archived.database.session() as s:
        link = s.scalars(select(CopyLink)).one()
        s.delete(link)
    assert ask.get(url).status_code == 410
    with archived.database.reading() as s:
        said = s.scalars(select(Event).where(Event.action == "access.refused")).one()
    assert (said.actor, said.subject, said.detail["reason"], said.detail["link"]) == ("?", "records", "link_expired", link.id[:12])


@pytest.mark.parametrize(("what", "said"), [("expired", "hết hạn"), ("client", "không còn quyền"), ("right", "không còn quyền"),
                                            ("corrected", "phiên bản mới")])
def test_an_address_dies_with_its_time_its_client_and_its_version(archived, ask, what, said):
    url = ask({"uses": 5}).json()["url"]
    with archived.database.session() as s:
        if what == "expired":
            s.execute(update(CopyLink).values(expires_at=utc_now() - timedelta(seconds=1)))
        elif what == "corrected":
            old = s.get(ArchivePackage, RECORD)
            s.add(ArchivePackage(id="later", subject=old.subject, version=2, manifest_key=old.manifest_key, pdf_key=old.pdf_key,
                                 original_key=old.original_key))
            s.execute(update(Entry).where(Entry.archive_id == RECORD).values(archive_id="later"))
        else:
            client = s.get(ApiClient, "motcua")
            client.active, client.scopes = what != "client", ["KS:read"] if what == "right" else client.scopes
    answer = ask.get(url)
    assert answer.status_code == 410 and said in answer.json()["detail_vi"] and fetches(archived) == []


def test_who_may_ask_for_one(archived, ask):
    assert ask(client="reader").status_code == 403
    assert ask(headers={}).status_code == 400
    assert ask(record="nothing").status_code == 404
    assert ask({"uses": 0}).status_code == 422 and ask({"seconds": 901}).status_code == 422


def test_the_setting_bounds_its_life(archived, ask):
    with archived.database.reading() as s:
        ask({"seconds": 900})
        link = s.scalars(select(CopyLink)).one()
    assert link.expires_at - link.created_at == timedelta(seconds=archived.services.portal.copy_link_seconds)


def test_the_stores_own_address(archived):
    with archived.database.session() as s:
        secret = accounts.add_client(s, "motcua", ["KS:copy"])
    with TestClient(archived.app(options=PortalOptions(copy_links="store")), base_url="http://testserver/api/v1/") as c:
        token = c.post("oauth/token", data={"grant_type": "client_credentials"}, auth=("motcua", secret)).json()["access_token"]
        said = c.post(f"records/{RECORD}/copy-link", json={}, headers={**PURPOSE, "Authorization": f"Bearer {token}"}).json()
    assert said["served_by"] == "store" and said["uses"] is None and httpx.get(said["url"]).content == PDF
    with archived.database.reading() as s:
        assert s.scalars(select(Event).where(Event.action == "copy.link")).one().detail["fields"] == ["copy"]


def test_only_this_portals_key_signs():
    token = seal(b"k" * 48, "A" * 32, 2_000_000_000)
    assert unseal(b"k" * 48, token) == ("A" * 32, 2_000_000_000)
    with pytest.raises(Problem):
        unseal(b"j" * 48, token)
