"""Programs: secrets that change with a grace, scopes that narrow each other, groups of fields, gateway pairs, quotas."""
from __future__ import annotations

import base64
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from hypothesis import given
from hypothesis import strategies as st

from storage.client_secrets import MOST_LIVE, check_secret, live_secrets, new_secret
from storage.clients import (
    SCOPES,
    add_client,
    check_client,
    client_actor,
    client_named,
    narrowed,
    read_groups,
    set_client_active,
    set_quota,
    set_scopes,
    unknown_scopes,
    within,
)
from storage.database import Database, alembic_config
from storage.field_groups import field_groups, group_of, in_groups, numbers_in_groups
from storage.gateway_keys import GatewayHeader, add_gateway_key, check_gateway, read_header, remove_gateway_key
from storage.models import utc_now
from storage.passwords import hasher
from storage.policy import allows
from storage.review_errors import BadAccount, GatewayKeyTaken, UnknownAccount

ROOT = Path(__file__).resolve().parents[2]
KEY = b"g" * 48
HOUR = timedelta(hours=1)
SCOPE_SETS = st.frozensets(st.sampled_from(sorted(SCOPES)), max_size=12)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """argon2 with a thousandth of the work: what is tested is which hash is asked."""
    quick = type(hasher())(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("storage.client_secrets.hasher", lambda: quick)


def test_a_new_secret_and_the_one_before_until_its_grace_is_over(sqlite_database):
    with sqlite_database.session() as s:
        first = add_client(s, "motcua", ["KS:read"])
        second = new_secret(s, "motcua", HOUR)
        assert first != second and check_client(s, "motcua", first) and check_client(s, "motcua", second)
        later = utc_now() + HOUR + timedelta(seconds=1)
        assert not check_secret(s, "motcua", first, later) and check_secret(s, "motcua", second, later)
        assert [r.ends_at is None for r in live_secrets(s)["motcua"]] == [True, False]
        third = new_secret(s, "motcua")                        # without a grace everything before ends
        assert [bool(check_client(s, "motcua", x)) for x in (first, second, third)] == [False, False, True]
        assert not any(x in r.secret_hash for r in live_secrets(s)["motcua"] for x in (first, second, third))
        with pytest.raises(UnknownAccount):
            new_secret(s, "nobody")
        set_client_active(s, "motcua", False)
        assert check_client(s, "motcua", third) is None


def test_no_more_than_a_few_secrets_are_good_at_once(sqlite_database):
    with sqlite_database.session() as s:
        made = [add_client(s, "motcua", ["KS:read"]), *(new_secret(s, "motcua", 1000 * HOUR) for _ in range(MOST_LIVE + 2))]
        assert [check_secret(s, "motcua", x) for x in made] == [False] * (len(made) - MOST_LIVE) + [True] * MOST_LIVE


@given(SCOPE_SETS, SCOPE_SETS)
def test_narrowing_gives_nothing_that_either_lacks(one, other):
    found = narrowed(one, other)
    assert all(within(s, one) and within(s, other) for s in found) and found == narrowed(other, one)
    assert narrowed(one, one) == one and narrowed(one, ()) == frozenset()
    for scope in SCOPES:        # a narrower scope that both give is given by the result
        assert within(scope, found) == (within(scope, one) and within(scope, other))


@given(SCOPE_SETS)
def test_grants_and_groups_say_what_the_scopes_say(scopes):
    actor = client_actor("x", scopes)
    for kind in ("KS", "KT", "HS"):
        groups = read_groups(scopes, kind)
        some = any(s.startswith(f"{kind}:read") for s in scopes)
        assert allows(actor, "api.read", None, kind) == (groups is None or bool(groups)) == some
        assert (groups is None) == (f"{kind}:read" in scopes)
        assert allows(actor, "api.copy", None, kind) == (f"{kind}:copy" in scopes)
        assert allows(actor, "api.extract", None, kind) == (f"{kind}:extract" in scopes)
    assert actor.may("api.vault") == ("person:vault" in scopes) and actor.may("api.feed") == ("feed:read" in scopes)


def test_unknown_scopes_are_refused(sqlite_database):
    assert unknown_scopes(["KS:read.nhanthan", "KS:read.x", "sync:21139", "HS:extract", "person:vault", "KS:copy.nhanthan"]) == [
        "HS:extract", "KS:copy.nhanthan", "KS:read.x"]
    with sqlite_database.session() as s:
        add_client(s, "motcua", ["KS:read"])
        set_scopes(s, "motcua", ["KS:copy", "KS:read.chame"])
        assert client_named(s, "motcua").scopes == ["KS:copy", "KS:read.chame"]
        for wrong in ([], ["KS:write"]):
            with pytest.raises(BadAccount):
                set_scopes(s, "motcua", wrong)


def test_every_field_that_may_be_shared_and_nearly_every_other_has_a_group():
    shared = tomllib.loads((ROOT / "portal/api/disclosure.toml").read_text("utf-8"))["rule"]
    for rule in shared:
        assert all(group_of(f) for f in rule["fields"]), rule["kind"]
        assert set(numbers_in_groups(rule["numbers_of"], frozenset(field_groups()))) == set(rule["numbers_of"])
    known = set(re.findall(r'"((?:nks|me|cha|nkt|gbt|vo|chong|cm|nc|nxn|nyc)[A-Z]\w+)"', (ROOT / "records/code_data/ministry_2019.toml")
                           .read_text("utf-8")))
    assert len(known) > 3 and all(group_of(f) for f in known if not f.startswith("nyc"))
    cut = {"nksHoTen": "nhanthan", "nksNoiCuTru": "cutru", "meHoTen": "chame", "chaSoGiayToTuyThan": "giayto", "nktNgayChet": "sukien",
           "so": "dangky", "ghiChu": None, "nycHoTen": None}
    assert {f: group_of(f) for f in cut} == cut


@given(st.frozensets(st.sampled_from(["nhanthan", "chame", "giayto", "cutru", "sukien", "dangky"])))
def test_groups_let_through_their_own_fields_in_order(groups):
    fields = ("nksHoTen", "meHoTen", "so", "voNoiCuTru", "nktSoGiayToTuyThan", "ghiChu")
    assert in_groups(fields, groups) == tuple(f for f in fields if group_of(f) in groups) and in_groups(fields, None) == fields
    assert ("me" in numbers_in_groups(("nks", "me"), groups)) == ("chame" in groups)


def header(**said) -> str:
    whole = {"AccessKey": "AK01", "SecretKey": "bí mật của LGSP", "AppName": "mot-cua", "PartnerCode": "H21", "PartnerCodeCus": "H21.129"}
    return base64.b64encode(json.dumps({**whole, **said}).encode()).decode()


@pytest.mark.parametrize(("value", "found"), [
    (None, "missing"), (" ", "missing"), ("không phải base64", "malformed"), (base64.b64encode(b"[1]").decode(), "malformed"),
    (base64.b64encode(b"\xff\xfe").decode(), "malformed"), (base64.b64encode(b"{").decode(), "malformed"), ("x" * 5000, "malformed"),
    (header(SecretKey=1), "malformed"), (header(AccessKey=""), "malformed"), (base64.b64encode(b'{"AccessKey":"a"}').decode(), "malformed"),
    (base64.b64encode(b"[" * 3000).decode(), "malformed"),
])
def test_headers_that_cannot_be_read(value, found):
    assert read_header(value) == found


def test_a_pair_opens_for_its_client_alone(sqlite_database):
    with sqlite_database.session() as s:
        for client in ("motcua", "other"):
            add_client(s, client, ["KS:read"])
        add_gateway_key(s, "motcua", GatewayHeader("AK01", "bí mật của LGSP", partner_code="H21"), KEY)
        assert check_gateway(s, header(), "motcua", KEY) == "" and check_gateway(s, header(AppName="any"), "motcua", KEY) == ""
        for client, value, key in (("other", header(), KEY), ("motcua", header(SecretKey="sai sai sai"), KEY),
                                   ("motcua", header(), b"x" * 48), ("motcua", header(AccessKey="AK02"), KEY),
                                   ("motcua", header(PartnerCode="H22"), KEY)):
            assert check_gateway(s, value, client, key) == "unknown"
        with pytest.raises(GatewayKeyTaken):
            add_gateway_key(s, "other", GatewayHeader("AK01", "khác khác khác"), KEY)
        for wrong in (GatewayHeader("AK03", "short"), GatewayHeader(" ", "long enough")):
            with pytest.raises(BadAccount):
                add_gateway_key(s, "motcua", wrong, KEY)
        assert remove_gateway_key(s, "AK01") == "motcua" and check_gateway(s, header(), "motcua", KEY) == "unknown"
        with pytest.raises(UnknownAccount):
            remove_gateway_key(s, "AK01")


@given(st.text(max_size=60))
def test_any_header_is_read_or_refused(text):
    for value in (text, base64.b64encode(text.encode()).decode()):
        assert read_header(value) in ("missing", "malformed") or isinstance(read_header(value), GatewayHeader)


def test_quotas_of_a_client(sqlite_database):
    with sqlite_database.session() as s:
        add_client(s, "motcua", ["KS:read"])
        set_quota(s, "motcua", "searches", "day", 5)
        set_quota(s, "motcua", "copies", "month", 0)
        assert client_named(s, "motcua").quotas == {"searches": {"day": 5}, "copies": {"month": 0}}
        set_quota(s, "motcua", "searches", "day", None)
        assert client_named(s, "motcua").quotas == {"copies": {"month": 0}}
        for wrong in (("pages", "day", 1), ("copies", "week", 1), ("copies", "day", -1)):
            with pytest.raises(BadAccount):
                set_quota(s, "motcua", *wrong)


def test_the_secret_of_before_goes_on_working(tmp_path):
    database, config = Database(tmp_path / "old.db"), alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0016")
        connection.execute(sa.text("insert into api_client (id, name, secret_hash, scopes, agency_code, active, created_at)"
                                   " values ('motcua', '', :h, '[\"KS:read\"]', '', 1, '2026-01-01 00:00:00')"), {"h": hasher().hash("cũ")})
        connection.commit()
        command.upgrade(config, "0017")
        command.downgrade(config, "0016")
        connection.commit()
        assert connection.scalar(sa.text("select secret_hash from api_client")).startswith("$argon2id$")
        connection.commit()
    database.upgrade()
    with database.session() as s:
        assert check_client(s, "motcua", "cũ").quotas == {} and [r.ends_at for r in live_secrets(s)["motcua"]] == [None]
    database.dispose()
