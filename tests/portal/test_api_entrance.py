"""How programs come in: forged tokens, rotating keys, scopes per group of fields, purpose, the gateway's header, certificates, quotas."""
from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient
from portal_house import House, archive_first, bring_book, furnish
from sqlalchemy import delete, func, select

from pipelines.services import ApiOptions
from portal.api.app import create_api
from portal.keys import portal_key
from storage.client_secrets import new_secret
from storage.clients import add_client, set_scopes
from storage.database import Database
from storage.gateway_keys import GatewayHeader, add_gateway_key
from storage.models import ApiClient, ClientPace, ClientSecret, ClientUse, Event, GatewayKey, TokenKey
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.token_keys import rotate, signing_key

RECORD = "5b3c0d6e-0000-4000-8000-000000000001"
PURPOSE = {"X-Dossier-Code": "H21.129-250812-0035", "X-Service-Code": "2.000635", "X-Officer-Code": "cb.hoa"}
BASE = "http://testserver/api/v1/"
SEARCH = ("records/search/register-number", {"kind": "KS", "number": "1", "year": 2017})


@pytest.fixture(scope="module")
def archived(tmp_path_factory, embedded_store) -> Iterator[House]:
    """One house for all tests here; each has clients of its own."""
    home = tmp_path_factory.mktemp("home")
    database = Database(home / "sogoc.db")
    database.upgrade()
    objects = ObjectStore(dataclasses.replace(embedded_store.ensure(), archive_bucket="a-entrance", work_bucket="w-entrance"))
    objects.ensure_buckets()
    yield archive_first(bring_book(furnish(home, database, ObjectLedger(database, objects), objects), home / "scan"))
    database.dispose()


@pytest.fixture
def secret(archived) -> str:
    with archived.database.session() as s:
        s.execute(delete(ClientPace))
        s.execute(delete(GatewayKey))
        for name in ("motcua", "other"):
            s.execute(delete(ClientSecret).where(ClientSecret.client_id == name))
            s.execute(delete(ClientUse).where(ClientUse.client_id == name))
            s.execute(delete(ApiClient).where(ApiClient.id == name))
        return add_client(s, "motcua", ["KS:read", "KS:copy"], agency_code="H21.129")


def opened(house, **api) -> TestClient:
    """The portal with these API settings, nobody signed in."""
    house = dataclasses.replace(house, services=dataclasses.replace(house.services, api=ApiOptions(**api)))
    return TestClient(house.app(), base_url=BASE)


def ask_token(client: TestClient, secret: str, name: str = "motcua", headers=None, **form):
    return client.post("oauth/token", data={"grant_type": "client_credentials", **form}, auth=(name, secret), headers=headers)


def as_client(client: TestClient, secret: str, name: str = "motcua", **form) -> dict[str, str]:
    return {**PURPOSE, "Authorization": f"Bearer {ask_token(client, secret, name, **form).json()['access_token']}"}


def refusals(house) -> list[Event]:
    with house.database.reading() as s:
        return list(s.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.seq)))


def numeric(jwk: dict[str, str]) -> bytes:
    return jwt.PyJWK(jwk).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class TestTokens:
    def test_a_token_can_be_checked_by_others_from_what_the_server_says_of_itself(self, archived, secret):
        client = opened(archived)
        said = client.get("http://testserver/.well-known/oauth-authorization-server/api/v1").json()
        assert said == client.get(".well-known/oauth-authorization-server").json()
        assert said["issuer"] + "/oauth/token" == said["token_endpoint"] and "KS:read.nhanthan" in said["scopes_supported"]
        token = ask_token(client, secret).json()["access_token"]
        keys = client.get("oauth/jwks.json").json()["keys"]
        head = jwt.get_unverified_header(token)
        assert head["typ"] == "at+jwt" and head["alg"] == "ES256"
        key = next(k for k in keys if k["kid"] == head["kid"])
        claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience="sogoc-api", issuer=said["issuer"])
        assert claims["client_id"] == claims["sub"] == "motcua" and claims["scope"] == "KS:copy KS:read" and "d" not in key

    def test_no_forged_token_opens_anything(self, archived, secret):
        client = opened(archived)
        good = as_client(client, secret)["Authorization"].removeprefix("Bearer ")
        key = client.get("oauth/jwks.json").json()["keys"][0]
        claims = jwt.decode(good, options={"verify_signature": False})
        head = {"kid": key["kid"], "typ": "at+jwt"}
        own = ec.generate_private_key(ec.SECP256R1())
        with archived.database.reading() as s:         # the real key, for tokens that are well signed and wrong in what they say
            kid, private = signing_key(s, portal_key(archived.services.secrets, "api-tokens"), timedelta(days=1))
        assert kid == key["kid"]

        def signed(changed, **more):
            return jwt.encode({**claims, **changed}, private, algorithm="ES256", headers={**head, **more})
        forged = {
            "none": jwt.encode(claims, None, algorithm="none", headers=head),
            "none, typed by hand": f"{b64({**head, 'alg': 'none'})}.{b64(claims)}.",
            "HS256 with the public key as secret": hs256({**head, "alg": "HS256"}, claims, numeric(key)),
            "HS256 with the JWK as secret": hs256({**head, "alg": "HS256"}, claims, json.dumps(key).encode()),
            "another key under this kid": jwt.encode(claims, own, algorithm="ES256", headers=head),
            "another key in the header": jwt.encode(claims, own, algorithm="ES256", headers={
                **head, "jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))}),
            "unknown kid": signed({}, kid="x" * 43), "no kid": jwt.encode(claims, private, algorithm="ES256", headers={"typ": "at+jwt"}),
            "kid that is a path": signed({}, kid="../../secrets/api-tokens.key"),
            "an ID token": signed({}, typ="JWT"), "another audience": signed({"aud": "other"}), "another issuer": signed({"iss": "sogoc"}),
            "expired": signed({"exp": claims["iat"] - 1}), "not yet": signed({"nbf": claims["exp"]}),
            "unknown client": signed({"sub": "x"}),
            "changed": ".".join([good.split(".")[0], b64({**claims, "scope": "KH:read"}), good.split(".")[2]]),
            "cut": good[:-4], "nothing": "", "not a token": "a.b.c", "five parts": good + ".x.y",
        }
        for missing in ("exp", "iat", "sub", "aud", "iss", "jti"):
            forged[f"without {missing}"] = jwt.encode({k: v for k, v in claims.items() if k != missing}, private, algorithm="ES256",
                                                      headers=head)
        assert client.get(f"records/{RECORD}", headers={**PURPOSE, "Authorization": f"Bearer {good}"}).status_code == 200
        for name, token in forged.items():
            answer = client.get(f"records/{RECORD}", headers={**PURPOSE, "Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), name
            assert "nksHoTen" not in answer.text

    def test_a_token_of_the_key_before_is_good_until_it_expires_and_processes_see_one_set(self, archived, secret):
        one, other = opened(archived), opened(archived)
        before = as_client(one, secret)
        seal = portal_key(archived.services.secrets, "api-tokens")
        with archived.database.session() as s:
            new = rotate(s, seal, timedelta(hours=1))
        after = as_client(other, secret)
        kids = [jwt.get_unverified_header(h["Authorization"].split()[1])["kid"] for h in (before, after)]
        assert kids[1] == new != kids[0]
        for client in (one, other):
            assert [client.get(f"records/{RECORD}", headers=h).status_code for h in (before, after)] == [200, 200]
            assert [k["kid"] for k in client.get("oauth/jwks.json").json()["keys"]][:2] == [new, kids[0]]
        with archived.database.session() as s:
            rotate(s, seal, timedelta(hours=1), revoke=True)
        fresh = opened(archived)                       # one that runs has forgotten them within ten seconds
        assert [fresh.get(f"records/{RECORD}", headers=h).status_code for h in (before, after)] == [401, 401]

    def test_an_old_key_is_changed_by_itself(self, archived, secret):
        client = opened(archived)
        first = as_client(client, secret)
        with archived.database.session() as s:
            s.scalars(select(TokenKey).where(TokenKey.ends_at.is_(None))).one().made_at -= timedelta(days=31)
        second = as_client(client, secret)
        assert len({jwt.get_unverified_header(h["Authorization"].split()[1])["kid"] for h in (first, second)}) == 2
        assert client.get(f"records/{RECORD}", headers=first).status_code == 200

    def test_a_new_secret_and_the_old_one_for_a_while(self, archived, secret):
        client = opened(archived)
        with archived.database.session() as s:
            new = new_secret(s, "motcua", timedelta(hours=1))
        assert [ask_token(client, x).status_code for x in (secret, new, "")] == [200, 200, 401]
        assert (refusals(archived)[-1].subject, refusals(archived)[-1].detail["reason"]) == ("client:motcua", "wrong")
        before = len(refusals(archived))
        assert ask_token(client, "x", "không có").status_code == ask_token(client, "x", "nobody").status_code == 401
        assert len(refusals(archived)) == before               # what strangers type is written nowhere


def b64(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hs256(head, claims, key: bytes) -> str:
    import hmac

    text = f"{b64(head)}.{b64(claims)}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).rstrip(b'=').decode()}"


class TestScopesAndPurpose:
    def test_a_client_gets_the_groups_it_has_and_the_rule_allows(self, archived, secret):
        client = opened(archived)
        for scope, fields, numbers in (
            ("KS:read.nhanthan", {"nksHoTen", "nksNgaySinh", "nksGioiTinh"}, {"nks"}), ("KS:read.chame", {"meHoTen", "chaHoTen"}, {"me"}),
            ("KS:read.dangky", {"so", "noiDangKy", "ngayDangKy"}, set()), ("KS:read.giayto", set(), set()),
            ("KS:read.chame KS:read.dangky", {"meHoTen", "chaHoTen", "so", "noiDangKy", "ngayDangKy"}, {"me"}),
        ):
            said = client.get(f"records/{RECORD}", headers=as_client(client, secret, scope=scope)).json()
            assert (set(said["fields"]), set(said["personal_numbers"])) == (fields, numbers), scope
        with archived.database.reading() as s:
            seen = s.scalars(select(Event).where(Event.action == "record.metadata").order_by(Event.seq.desc())).first().detail["fields"]
        assert set(seen) == {"meHoTen", "chaHoTen", "so", "noiDangKy", "ngayDangKy", "me:personal_number"}

    def test_a_scope_that_is_narrowed_narrows_the_tokens_that_are_out(self, archived, secret):
        client = opened(archived)
        whole = as_client(client, secret)
        with archived.database.session() as s:
            set_scopes(s, "motcua", ["KS:read.chame"])
        assert set(client.get(f"records/{RECORD}", headers=whole).json()["fields"]) == {"meHoTen", "chaHoTen"}
        assert client.get(f"records/{RECORD}/copy", headers=whole).status_code == 403
        assert ask_token(client, secret, scope="KS:read").json()["error"] == "invalid_scope"

    @pytest.mark.parametrize(("scopes", "headers", "code"), [
        (["KT:read"], PURPOSE, "not_permitted"), (["feed:read"], PURPOSE, "not_permitted"),
        (["KS:read", "KS:copy"], {**PURPOSE, "X-Service-Code": "9.999999"}, "wrong_purpose"),
        (["KS:read", "KS:copy"], {**PURPOSE, "X-Service-Code": "2.000908"}, "wrong_purpose"),
        *((["KS:read", "KS:copy"], {k: v for k, v in PURPOSE.items() if k != missing}, "missing_context") for missing in PURPOSE),
    ])
    def test_without_scope_purpose_or_dossier_a_client_gets_nothing_and_it_is_logged(self, archived, secret, scopes, headers, code):
        client = opened(archived)
        with archived.database.session() as s:
            other = add_client(s, "other", scopes)
        token = {"Authorization": as_client(client, other, "other")["Authorization"], **headers}
        asked = [("GET", f"records/{RECORD}", None), ("GET", f"records/{RECORD}/copy", None), ("POST", *SEARCH),
                 ("POST", "records/search/personal-number", {"personal_id": "051317000001"}),
                 ("POST", "records/search/name", {"name": "Lê Thị Loan", "birth_date": "2017-03-01"})]
        for number, (method, path, body) in enumerate(asked):
            answer = client.request(method, path, json=body, headers=token)
            if scopes == ["KT:read"] and "search" in path and path != SEARCH[0]:
                assert answer.json() == {"count": 0, "records": []}        # it may search deaths, of which there are none
                continue
            assert answer.status_code in (400, 403) and answer.json()["code"] == code, path
            assert "Loan" not in answer.text and "051317000001" not in answer.text and answer.headers["content-type"] != "application/pdf"
            event = refusals(archived)[-1]
            assert (event.actor, event.detail["reason"]) == ("client:other", code), number

    def test_an_installation_adds_services(self, archived, secret):
        client = opened(archived, services=("1.001193",))
        headers = {**as_client(client, secret), "X-Service-Code": "1.001193"}
        assert client.get(f"records/{RECORD}", headers=headers).status_code == 200


def gateway(**said) -> dict[str, str]:
    whole = {"AccessKey": "AK01", "SecretKey": "khoa-bi-mat-lgsp", "AppName": "mot-cua", "PartnerCode": "H21", "PartnerCodeCus": ""}
    return {"lgspaccesstoken": base64.b64encode(json.dumps({**whole, **said}).encode()).decode()}


class TestGateway:
    @pytest.fixture
    def paired(self, archived, secret) -> str:
        with archived.database.session() as s:
            add_client(s, "other", ["KS:read"])
            key = portal_key(archived.services.secrets, "gateway")
            add_gateway_key(s, "motcua", GatewayHeader("AK01", "khoa-bi-mat-lgsp", "mot-cua", "H21"), key)
            add_gateway_key(s, "other", GatewayHeader("AK02", "khoa-cua-he-khac"), key)
        return secret

    def test_calls_come_through_the_gateway_or_not_at_all(self, archived, paired):
        client = opened(archived, gateway="required")
        assert (ask_token(client, paired).status_code, ask_token(client, paired).json()["error"]) == (400, "invalid_request")
        answer = ask_token(client, paired, headers=gateway())
        assert answer.status_code == 200
        headers = {**PURPOSE, "Authorization": f"Bearer {answer.json()['access_token']}"}
        assert client.get(f"records/{RECORD}", headers={**headers, **gateway()}).status_code == 200
        for sent in ({}, {"lgspaccesstoken": "{}"}, gateway(SecretKey="sai"), gateway(AccessKey="AK02", SecretKey="khoa-cua-he-khac"),
                     gateway(PartnerCode="H22")):
            refused = client.get(f"records/{RECORD}", headers={**headers, **sent})
            assert (refused.status_code, refused.json()["code"]) == (403, "gateway_refused") and refused.json()["detail_vi"]
            assert refusals(archived)[-1].detail["reason"] == "gateway_refused"
        assert ask_token(client, paired, headers=gateway(SecretKey="sai sai sai")).json()["error"] == "invalid_client"
        assert "base64" in client.get(f"records/{RECORD}", headers={**headers, "lgspaccesstoken": "e30"}).json()["detail"]

    def test_accepted_checks_what_is_sent_and_off_does_not_look(self, archived, paired):
        client = opened(archived, gateway="accepted")
        headers = as_client(client, paired)
        assert client.get(f"records/{RECORD}", headers=headers).status_code == 200
        assert client.get(f"records/{RECORD}", headers={**headers, **gateway(SecretKey="sai")}).status_code == 403
        assert opened(archived).get(f"records/{RECORD}", headers={**headers, "lgspaccesstoken": "?"}).status_code == 200

    def test_what_the_gateway_sends_stands_in_no_line_of_the_log(self, archived, paired):
        client = opened(archived, gateway="required")
        ask_token(client, paired, headers=gateway())
        ask_token(client, paired, headers=gateway(SecretKey="khoa-sai-hoan-toan"))
        with archived.database.reading() as s:
            said = json.dumps([e.detail for e in s.scalars(select(Event))])
        assert "client" in said and "khoa-" not in said and paired not in said


def certificate() -> tuple[str, str]:
    """A client's certificate as nginx sends it, and its thumbprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mot-cua")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(
        x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, SHA256())
    digest = base64.urlsafe_b64encode(hashlib.sha256(made.public_bytes(Encoding.DER)).digest()).rstrip(b"=").decode()
    return quote(made.public_bytes(Encoding.PEM).decode()), digest


class TestCertificates:
    def test_a_token_is_bound_to_the_certificate_it_was_asked_for_with(self, archived, secret):
        client = opened(archived, certificates="required", proxies=("testclient",))
        (mine, digest), (others, _) = certificate(), certificate()
        with_mine, with_others = ({"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": c} for c in (mine, others))
        assert ask_token(client, secret).json()["error"] == "invalid_client"
        assert ask_token(client, secret, headers={**with_mine, "X-SSL-Client-Verify": "FAILED:expired"}).status_code == 401
        token = ask_token(client, secret, headers=with_mine).json()["access_token"]
        assert jwt.decode(token, options={"verify_signature": False})["cnf"] == {"x5t#S256": digest}
        headers = {**PURPOSE, "Authorization": f"Bearer {token}"}
        assert client.get(f"records/{RECORD}", headers={**headers, **with_mine}).status_code == 200
        for sent in ({}, with_others, {**with_mine, "X-SSL-Client-Verify": "NONE"}, {**with_mine, "X-SSL-Client-Cert": "rubbish"}):
            assert client.get(f"records/{RECORD}", headers={**headers, **sent}).json()["code"] == "certificate_refused"

    def test_nobody_but_the_proxy_says_who_has_which_certificate(self, archived, secret):
        mine, _ = certificate()
        sent = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": mine}
        client = opened(archived, certificates="required", proxies=("10.0.0.1",))
        assert ask_token(client, secret, headers=sent).status_code == 401
        free = opened(archived, certificates="accepted", proxies=("10.0.0.1",))
        assert "cnf" not in jwt.decode(ask_token(free, secret, headers=sent).json()["access_token"], options={"verify_signature": False})

    def test_addresses_are_those_the_proxy_forwards(self, archived, secret):
        for proxies, address in ((("testclient",), "203.0.113.9"), (("10.0.0.1",), "testclient")):
            ask_token(opened(archived, proxies=proxies), secret, headers={"X-Forwarded-For": "203.0.113.9"})
            with archived.database.reading() as s:
                line = s.scalars(select(Event).where(Event.action == "client.token").order_by(Event.seq.desc())).first()
            assert line.detail["address"] == address


class TestPace:
    def test_headers_tell_what_is_left_and_a_spent_quota_waits_for_midnight(self, archived, secret):
        client = opened(archived, quotas={"searches": {"day": 2, "month": 100}})
        headers = as_client(client, secret)
        answers = [client.post(SEARCH[0], json=SEARCH[1], headers=headers) for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429] and answers[2].json()["code"] == "quota_spent"
        assert '"day";r=1;t=' in answers[0].headers["ratelimit"] and '"day";q=2;w=86400' in answers[0].headers["ratelimit-policy"]
        assert '"minute";q=60;w=6' in answers[0].headers["ratelimit-policy"]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 86_400
        assert client.get(f"records/{RECORD}", headers=headers).status_code == 200         # each measure has its own
        assert refusals(archived)[-1].detail["reason"] == "quota_spent"
        assert opened(archived, quotas={"searches": {"day": 2}}).post(SEARCH[0], json=SEARCH[1], headers=headers).status_code == 429

    def test_two_processes_have_one_pace(self, archived, secret):
        apis = [TestClient(create_api(archived.services, per_minute=100), base_url="http://testserver/") for _ in range(2)]
        headers = as_client(apis[0], secret)
        codes = [apis[n % 2].get(f"records/{RECORD}", headers=headers).status_code for n in range(24)]
        assert 10 <= codes.count(200) <= 15 and set(codes) == {200, 429}
        with archived.database.reading() as s:         # of who asks too often nothing is written
            assert s.scalar(select(func.count()).where(Event.detail["reason"].as_string() == "too_many")) == 0


def test_the_log_tells_numbers_that_follow_each_other_and_no_number(archived, secret):
    client = opened(archived)
    headers = as_client(client, secret)
    for number in ("1", "2"):
        client.post(SEARCH[0], json={**SEARCH[1], "number": number}, headers=headers)
    with archived.database.reading() as s:
        two, one = s.scalars(select(Event).where(Event.action == "record.search").order_by(Event.seq.desc()).limit(2))
    assert two.detail["asked"] == one.detail["next"][0] and len(two.detail["asked"]) == 12
