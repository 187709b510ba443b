"""Passwords, lock-out, roles and client secrets."""
from __future__ import annotations

from datetime import timedelta

import pytest

from storage import accounts
from storage.models import User, utc_now
from storage.review_errors import AccountExists, BadAccount, WeakPassword

GOOD = "cầu-vồng-7-sắc"


@pytest.fixture
def people(database):
    with database.session() as s:
        accounts.add_user(s, "tp.lan", GOOD, "reviewer", display_name="Lan")
    return database


def _try(database, password, name="tp.lan", now=None):
    with database.session() as s:
        return accounts.check_password(s, name, password, now)


def test_right_password_opens_and_the_password_itself_is_not_kept(people):
    result = _try(people, GOOD)
    assert result.actor is not None and result.actor.may("review") and not result.actor.may("log.see")
    with people.session() as s:
        assert s.get(User, "tp.lan").password_hash.startswith("$argon2id$")


def test_locked_after_five_wrong_ones_even_for_the_right_password_until_the_time_is_over(people):
    now = utc_now()
    assert [_try(people, "sai-mật-khẩu", now=now).reason for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    assert _try(people, GOOD, now=now + timedelta(minutes=14)).reason == "locked"
    assert _try(people, GOOD, now=now + timedelta(minutes=16)).actor is not None


def test_a_right_password_resets_the_count(people):
    for _ in range(3):
        for _ in range(4):
            assert _try(people, "sai-mật-khẩu").reason == "wrong"
        assert _try(people, GOOD).actor is not None


def test_unknown_and_switched_off_people_look_like_a_wrong_password(people):
    assert _try(people, GOOD, name="khong.co") == accounts.LoginResult(None, "wrong")
    with people.session() as s:
        s.get(User, "tp.lan").active = False
    assert _try(people, GOOD) == accounts.LoginResult(None, "wrong")


def test_a_new_password_ends_open_sessions(people):
    with people.session() as s:
        assert accounts.open_session(s, "tp.lan", 0) is not None
        accounts.set_password(s, "tp.lan", "mật-khẩu-khác-9")
        assert accounts.open_session(s, "tp.lan", 0) is None and accounts.open_session(s, "tp.lan", 1) is not None
    assert _try(people, GOOD).actor is None and _try(people, "mật-khẩu-khác-9").actor is not None


@pytest.mark.parametrize("password", ["ngắn", "aaaaaaaaaaaaaa", "tp.lan-2026-x"])
def test_weak_passwords_are_refused(people, password):
    with pytest.raises(WeakPassword), people.session() as s:
        accounts.set_password(s, "tp.lan", password)


def test_names_roles_and_doubles_are_checked(people):
    with people.session() as s:
        for name, role, error in (("Tp Lan", "reviewer", BadAccount), ("x.y", "king", BadAccount), ("tp.lan", "reviewer", AccountExists)):
            with pytest.raises(error):
                accounts.add_user(s, name, GOOD, role)


def test_clients_have_a_secret_shown_once_and_scopes_from_the_list(database):
    with database.session() as s:
        secret = accounts.add_client(s, "motcua", ["KS:read", "KS:copy"], agency_code="H21.129")
        with pytest.raises(BadAccount):
            accounts.add_client(s, "other", ["KS:write"])
    with database.session() as s:
        client = accounts.check_client(s, "motcua", secret)
        assert client is not None and client.scopes == ["KS:copy", "KS:read"] and secret not in client.secret_hash
        assert accounts.check_client(s, "motcua", secret + "x") is None and accounts.check_client(s, "nobody", secret) is None
        client.active = False
        assert accounts.check_client(s, "motcua", secret) is None
