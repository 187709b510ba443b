"""Extracts as the one-stop system asks for them: once, with its purpose, by record or by registration; what it may not."""
from __future__ import annotations

import json

import pytest
from extract_office import RECORD, identity, office
from fastapi.testclient import TestClient
from portal_house import House
from sqlalchemy import select

from storage import accounts
from storage.extracts import steps
from storage.extracts.checking import check_code
from storage.extracts.keys import KeyFile
from storage.models import Event
from storage.policy import Actor

__all__ = ["identity", "office"]
PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
BS = {"loaiBanSao": "KS", "soDangKyTruocDay": "1", "quyenSoDangKyTruocDay": "01/2017", "ngayDangKyTruocDay": "18/03/2017",
      "noiDangKyTruocDay": "21139", "cbsHoTen": {"Ho": "Lê", "ChuDem": "Thị", "Ten": "Loan"},
      "cbsNgaySinh": {"namSinh": 2017, "thangSinh": 3, "ngaySinh": 1}, "cbsGioiTinh": 2, "nycHoTen": {"Ho": "Lê", "Ten": "Cường"},
      "soLuong": 2}
HEAD, CLERK = (Actor(n, r, "21139", channel="portal") for n, r in (("xa.hoa", "commune_head"), ("xa.thu", "archivist")))


@pytest.fixture
def programs(office: House):
    """client(name): one signed in, whose requests say their purpose."""
    scopes = {"motcua": ["KS:extract", "feed:read"], "khac": ["KS:extract", "KT:extract"], "chi-doc": ["KS:read", "KS:copy", "feed:read"]}
    with office.database.session() as s:
        secrets = {name: accounts.add_client(s, name, given, agency_code="H21.129") for name, given in scopes.items()}
    app = office.app()

    def client(name: str) -> TestClient:
        made = TestClient(app, base_url="http://testserver/api/v1/")
        token = made.post("oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secrets[name])).json()["access_token"]
        made.headers.update({"Authorization": f"Bearer {token}", **PURPOSE})
        return made

    return client


def events_of(house: House, action: str) -> list[Event]:
    with house.database.reading() as s:
        return list(s.scalars(select(Event).where(Event.action == action).order_by(Event.seq)))


def test_the_whole_way_of_a_request(office, programs, tmp_path):
    api = programs("motcua")
    asked = api.post("extracts", json=BS, headers={"Idempotency-Key": "k-1"})
    assert asked.status_code == 201, asked.text
    body, at = asked.json(), asked.headers["location"].removeprefix("/api/v1/")
    assert (body["state"], body["copies"], body["number"], body["document"]) == ("requested", 2, None, False)
    again = api.post("extracts", json=BS, headers={"Idempotency-Key": "k-1"})
    assert again.status_code == 200 and again.json() == body
    assert api.post("extracts", json={"record_id": RECORD}).json()["id"] == body["id"]        # the same dossier and record
    assert api.get(f"{at}/document").status_code == 409 and api.post(f"{at}/delivered").status_code == 409
    for step, actor in ((steps.sign, HEAD), (steps.number, CLERK), (steps.issue, CLERK)):
        step(office.services.extract_office, actor, body["id"])
    said = api.get(at).json()
    assert (said["state"], said["number"], said["late"], said["document"]) == ("issued", "1/TLKS-BS", False, True)
    pdf = api.get(f"{at}/document")
    assert pdf.headers["etag"] == f'"{said["document_sha256"]}"' and pdf.headers["content-type"] == "application/pdf"
    assert api.get(f"{at}/document", headers={"If-None-Match": pdf.headers["etag"]}).status_code == 304
    (tmp_path / "x.pdf").write_bytes(pdf.content)
    keys = KeyFile(office.services.extract_office.keys.public(), tuple(p.read_text() for p in office.services.signer.roots()))
    assert check_code(tmp_path / "x.pdf", keys, tmp_path / "x.pdf").problems == ()
    assert api.post(f"{at}/delivered").json()["state"] == "delivered" == api.post(f"{at}/delivered").json()["state"]
    fetched = events_of(office, "extract.fetch")
    assert "nksHoTen" in fetched[0].detail["fields"] and fetched[1].detail["fields"] == []
    assert all(e.subject.startswith("entry:") and e.detail["dossier"] == PURPOSE["X-Dossier-Code"] for e in fetched)
    lines = [e for action in ("request", "state", "fetch", "deliver") for e in events_of(office, f"extract.{action}")]
    assert len(lines) == 5 and not any(v in json.dumps(e.detail, ensure_ascii=False) for e in lines for v in ("Loan", "Cường"))


def test_without_purpose_or_scope_nothing_is_given_and_it_is_logged(office, programs):
    api = programs("motcua")
    for header in PURPOSE:
        said = api.headers.pop(header)
        for method, path, body in (("POST", "extracts", BS), ("GET", "extracts/x", None), ("GET", "extracts/x/document", None),
                                   ("POST", "extracts/x/delivered", None)):
            assert api.request(method, path, json=body).status_code == 400
        api.headers[header] = said
    assert events_of(office, "extract.request") == [] and len(events_of(office, "access.refused")) == 12
    mine = programs("motcua").post("extracts", json=BS).json()["id"]
    assert programs("chi-doc").post("extracts", json=BS).status_code == 403
    assert programs("chi-doc").post("extracts", json={"record_id": RECORD}).status_code == 403
    assert programs("motcua").post("extracts", json={**BS, "loaiBanSao": "KT"}).status_code == 403
    for path in (f"extracts/{mine}", f"extracts/{mine}/document"):
        assert programs("khac").get(path).status_code == 404
    assert programs("khac").post(f"extracts/{mine}/delivered").status_code == 404
    assert [e.detail["reason"] for e in events_of(office, "access.refused")][12:] == ["not_permitted"] * 3 + ["not_found"] * 3


WRONG = (
    ({"cbsHoTen": {"Ho": "Lê", "Ten": "Lan"}}, 404), ({"soDangKyTruocDay": "2"}, 404), ({"ngayDangKyTruocDay": "19/03/2017"}, 404),
    ({"noiDangKyTruocDay": "00001"}, 404), ({"ngayDangKyTruocDay": "31/02/2017"}, 422), ({"ngayDangKyTruocDay": "2017-03-18"}, 422),
    ({"soLuong": 0}, 422), ({"loaiBanSao": "GH"}, 422), ({"record_id": RECORD}, 422), ({"soDangKyTruocDay": None}, 422),
)


def test_what_cannot_be_is_a_problem_and_a_refusal_is_told(office, programs):
    api = programs("motcua")
    for change, status in WRONG:
        answer = api.post("extracts", json={**BS, **change})
        assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json", change
        assert "Loan" not in answer.text and answer.json()["title_vi"]
    assert api.post("extracts", json=BS, headers={"Idempotency-Key": "k"}).status_code == 201
    answer = api.post("extracts", json={**BS, "soLuong": 3}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 409 and answer.json()["code"] == "conflict"
    assert api.post("extracts", json=BS, headers={"Idempotency-Key": "có dấu".encode()}).status_code == 422
    made = api.post("extracts", json=BS).json()["id"]
    steps.refuse(office.services.extract_office, CLERK, made, "Người yêu cầu không có quyền")
    assert (said := api.get(f"extracts/{made}").json())["state"] == "refused" and said["reason"] == "Người yêu cầu không có quyền"


def test_everybody_gets_the_list_of_those_that_no_longer_hold(office, programs):
    mine = programs("motcua").post("extracts", json=BS).json()["id"]
    at = office.services.extract_office
    for step, actor, *more in ((steps.sign, HEAD), (steps.number, CLERK), (steps.cancel, CLERK, "In sai họ tên")):
        code = step(at, actor, mine, *more).code_text
    anybody = TestClient(office.app(), base_url="http://testserver/api/v1/")
    answer = anybody.get("extracts/revoked")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cose")
    assert answer.headers["cache-control"] == "no-store"             # an old one is worth less than none
    assert check_code(code, KeyFile(at.keys.public()), revoked=answer.content).problems == ("extract_cancelled",)
    assert anybody.get(f"extracts/{mine}").status_code == 401


def test_a_program_that_was_away_catches_up_on_its_own_extracts(office, programs):
    api, others = programs("motcua"), programs("khac")
    mine, theirs = (c.post("extracts", json=BS, headers={"X-Dossier-Code": d}).json()["id"] for c, d in ((api, "d-1"), (others, "d-2")))
    kept = api.get("changes").json()["next"]
    for step, actor in ((steps.sign, HEAD), (steps.number, CLERK), (steps.issue, CLERK)):
        step(office.services.extract_office, actor, mine)
    steps.refuse(office.services.extract_office, CLERK, theirs, "Không đủ giấy tờ")
    missed = api.get("changes", params={"cursor": kept}).json()["changes"]
    assert [(c["what"], c["extract"], c["record"], c["kind"]) for c in missed] == [
        (f"extract_{s}", mine, RECORD, "KS") for s in ("signed", "numbered", "issued")]
    assert "Loan" not in json.dumps(missed) and "d-1" not in json.dumps(missed)
    assert others.get("changes").status_code == 403                       # it has no feed:read
    reader = programs("chi-doc").get("changes")
    assert reader.status_code == 200 and all(c["extract"] is None for c in reader.json()["changes"])
