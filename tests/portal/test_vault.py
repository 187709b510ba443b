"""Everything of one person: on a legal basis that is named, as subject or party, only what may be shared, all of it logged."""
from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from storage import accounts
from storage.models import Event, Field, Link
from storage.person_access import looks_at
from storage.search_keys import write_keys

RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
LAW = {"kind": "law", "article": "Điều 12 Luật Hộ tịch 2014"}
CONSENT = {"kind": "consent", "reference": "DY-2026/0012", "date": "2026-11-02"}
CHILD, MOTHER, DECLARANT = "051317000001", "051185000001", "051170000009"


@pytest.fixture
def ask(archived):
    with archived.database.session() as s:
        entry_id = archived.entries()[0]
        s.add(Field(entry_id=entry_id, code="nycSoGiayToTuyThan", value=DECLARANT, confidence=1, source="ocr"))
        write_keys(s, entry_id)
        secrets = {name: accounts.add_client(s, name, scopes) for name, scopes in (
            ("kho", ["KS:read", "person:vault"]), ("motcua", ["KS:read", "KS:copy"]), ("none", ["person:vault"]),
            ("deaths", ["KT:read", "person:vault"]))}
    with TestClient(archived.app(), base_url="http://testserver/api/v1/") as c:
        tokens = {n: c.post("oauth/token", data={"grant_type": "client_credentials"}, auth=(n, s)).json()["access_token"]
                  for n, s in secrets.items()}

        def post(number=CHILD, basis=LAW, client="kho", headers=PURPOSE):
            body = {"personal_id": number, **({"legal_basis": basis} if basis is not None else {})}
            return c.post("persons/vault", json=body, headers={**headers, "Authorization": f"Bearer {tokens[client]}"})
        yield post


def lines(house, action):
    with house.database.reading() as s:
        return s.scalars(select(Event).where(Event.action == action).order_by(Event.seq)).all()


@pytest.mark.parametrize("basis", [LAW, CONSENT])
def test_the_persons_records_with_what_may_be_shared(archived, ask, basis):
    said = ask(basis=basis).json()
    assert said["count"] == 1 and said["kinds"] == ["KS"]
    found = said["records"][0]
    assert found["record"]["id"] == RECORD and found["record"]["roles"] == ["nks"] and "3458" in found["basis"]
    assert found["fields"]["nksHoTen"] == "Lê Thị Loan" and "ghiChu" not in found["fields"] and found["personal_numbers"]["nks"] == CHILD
    line = lines(archived, "person.vault")[-1]
    assert line.detail["basis"] == (LAW["article"] if basis is LAW else "consent DY-2026/0012 2026-11-02")
    assert "KS:nksHoTen" in line.detail["fields"] and line.detail["dossier"] == PURPOSE["X-Dossier-Code"] and line.detail["count"] == 1
    assert not any(v in json.dumps(line.detail, ensure_ascii=False) for v in ("Loan", CHILD))


def test_parents_see_their_childs_record_a_declarant_only_that_it_is_there(ask):
    assert ask(MOTHER).json()["records"][0]["fields"]["meHoTen"] == "Trần Thị Mận"
    found = ask(DECLARANT).json()["records"][0]
    assert found["record"]["roles"] == ["nyc"] and found["fields"] == {} == found["personal_numbers"] and found["basis"] is None
    assert ask("051999999999").json()["count"] == 0


@pytest.mark.parametrize("basis", [None, {}, {"kind": "law"}, {"kind": "law", "article": ""}, {"kind": "consent", "reference": "DY-1"},
                                   {"kind": "consent", "reference": "DY 1", "date": "2026-01-01"}, {**CONSENT, "date": "2999-01-01"},
                                   {**LAW, "kind": "wish"}])
def test_without_a_legal_basis_nothing_is_looked_up(archived, ask, basis):
    assert ask(basis=basis).status_code == 422
    assert lines(archived, "person.vault") == [] and lines(archived, "access.refused")[-1].detail["reason"] == "invalid"


@pytest.mark.parametrize("client", ["motcua", "none"])
def test_it_has_a_scope_of_its_own_and_opens_only_kinds_that_may_be_read(archived, ask, client):
    assert ask(client=client).status_code == 403 and lines(archived, "person.vault") == []
    assert lines(archived, "access.refused")[-1].detail["reason"] == "not_permitted"
    assert ask(client="deaths").json() == {"count": 0, "kinds": ["KT"], "records": []}


def test_the_person_can_be_told_who_asked(archived, ask):
    ask()
    assert looks_at(archived.services.ledger, [archived.entries()[0]]).looks[0].action == "person.vault"


def test_links_that_were_not_accepted_do_not_count(archived, ask):
    with archived.database.session() as s:
        s.scalars(select(Link).where(Link.personal_id == MOTHER)).one().decision = "review"
    assert ask(MOTHER).json()["count"] == 0


def test_without_dossier_service_and_officer_it_is_refused(archived, ask):
    assert ask(headers={}).status_code == 400 and lines(archived, "person.vault") == []
