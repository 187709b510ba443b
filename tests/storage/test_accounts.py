"""People: passwords with a lock-out, grants, sessions, second factors, rates; programs with secrets."""
from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from storage import accounts, second_factor
from storage.accounts import Grant
from storage.models import PastPassword, SecondFactor, SignInTries, User, UserGrant, UserSession, utc_now
from storage.passwords import one_time_password, weakness
from storage.review_errors import AccountExists, AccountNotBound, BadAccount, LastAdministrator, WeakPassword
from storage.sign_in import PER_ADDRESS, PER_NAME, too_often
from storage.sso_accounts import grant_groups, parse_grants, sso_user
from storage.user_sessions import SessionTimes, end_sessions, new_session, open_session, open_sessions, seen

GOOD = "cầu-vồng-7-sắc"
KEY = b"k" * 48


@pytest.fixture
def people(database):
    return _with_lan(database)


@pytest.fixture
def few(sqlite_database):
    """The same on SQLite alone, where what is tested is not the database."""
    return _with_lan(sqlite_database)


def _with_lan(database):
    with database.session() as s:
        accounts.add_user(s, "tp.lan", GOOD, "reviewer", display_name="Lan")
    return database


def _try(database, password, name="tp.lan", now=None):
    with database.session() as s:
        return accounts.check_password(s, name, password, now)


def test_right_password_opens_and_the_password_itself_is_not_kept(people):
    result = _try(people, GOOD)
    assert result.user is not None
    with people.session() as s:
        actor = accounts.actor_of(s, s.get(User, "tp.lan"))
        assert actor.may("review") and not actor.may("log.see")
        assert s.get(User, "tp.lan").password_hash.startswith("$argon2id$")


def test_locked_after_five_wrong_ones_even_for_the_right_password_until_the_time_is_over(people):
    now = utc_now()
    assert [_try(people, "sai-mật-khẩu", now=now).reason for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    assert _try(people, GOOD, now=now + timedelta(minutes=14)).reason == "locked"
    assert _try(people, GOOD, now=now + timedelta(minutes=16)).user is not None


def test_a_right_password_resets_the_count(few):
    for _ in range(2):
        for _ in range(4):
            assert _try(few, "sai-mật-khẩu").reason == "wrong"
        assert _try(few, GOOD).user is not None


def test_unknown_switched_off_and_single_sign_on_people_look_like_a_wrong_password(people):
    assert _try(people, GOOD, name="khong.co").reason == "wrong"
    with people.session() as s:
        accounts.set_active(s, "tp.lan", False)
        accounts.add_user(s, "sso.hoa", None, "reviewer")
    assert _try(people, GOOD).reason == "wrong"
    assert _try(people, "", name="sso.hoa").reason == "wrong"


def test_a_new_password_ends_open_sessions_and_the_last_five_do_not_come_back(few):
    with few.session() as s:
        secret = new_session(s, "tp.lan")
        assert open_session(s, secret) is not None
        accounts.set_password(s, "tp.lan", "mật-khẩu-khác-9")
        assert open_session(s, secret) is None
    assert _try(few, GOOD).user is None and _try(few, "mật-khẩu-khác-9").user is not None
    with few.session() as s, pytest.raises(WeakPassword) as refused:
        accounts.set_password(s, "tp.lan", GOOD)
    assert refused.value.evidence["reason"] == "used_before" and "đã dùng trước đây" in refused.value.message("vi")
    with few.session() as s:
        for _ in range(5):
            accounts.set_password(s, "tp.lan", one_time_password())
        assert s.scalar(sa.select(sa.func.count()).select_from(PastPassword)) == 5
        accounts.set_password(s, "tp.lan", GOOD)            # six passwords ago


@pytest.mark.parametrize(("password", "why"), [
    ("ngắn", "short"), ("aaaaaaaaaaaaaa", "repeated"), ("tp.lan-2026-xy", "name"), ("abcabcabcabc", "repeated"),
    ("qwertyuiop12", "sequence"), ("123456789012", "sequence"),
    ("Mật-Khẩu-2026!", "common"), ("P@ssw0rd12345", "common"), ("anhyeuem1990!!", "common"),
    ("quangngai@2026", "common"), ("tuphap-hotich-76", "common"), ("838383-947-1162", "common"), ("nguyễn-thị-hồng", "name")])
def test_weak_passwords_are_refused_with_the_reason(password, why):
    assert weakness(password, ["tp.lan", "Nguyễn Thị Hồng"]) == why


def test_passwords_made_here_are_good_ones():
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200 and {weakness(p, ["xa.minh"]) for p in made} == {""}


def test_names_roles_scopes_and_doubles_are_checked(people):
    with people.session() as s:
        for name, role, error in (("Tp Lan", "reviewer", BadAccount), ("x.y", "king", BadAccount), ("tp.lan", "reviewer", AccountExists)):
            with pytest.raises(error):
                accounts.add_user(s, name, GOOD, role)
        for grant in (Grant("reviewer", frozenset()), Grant("reviewer", None, frozenset({"XX"})), Grant("reviewer", frozenset({"'; --"}))):
            with pytest.raises(BadAccount):
                accounts.give(s, "tp.lan", grant)


def test_grants_are_given_once_listed_and_taken_away(people):
    officer = Grant("commune_officer", frozenset({"21139", "21140"}), frozenset({"KS"}))
    with people.session() as s:
        accounts.give(s, "tp.lan", officer)
        accounts.give(s, "tp.lan", officer)
        (first, reviewer, _), (second, given, source) = accounts.grants_of(s, "tp.lan")
        assert (reviewer, given, source) == (Grant("reviewer"), officer, "local")
        accounts.revoke(s, "tp.lan", first)
        actor = accounts.actor_of(s, s.get(User, "tp.lan"))
        assert (actor.grants, actor.role, actor.commune_code) == ((officer,), "commune_officer", "21139")
        accounts.revoke(s, "tp.lan", second)
        nobody = accounts.actor_of(s, s.get(User, "tp.lan"))
        assert nobody.grants == () and not nobody.may("batch.see") and not nobody.sees_commune("21139") and s.get(User, "tp.lan").role == ""


def test_the_last_administrator_stays(people):
    with people.session() as s:
        accounts.add_user(s, "qt.an", GOOD, "administrator")
        accounts.add_user(s, "qt.xa", GOOD, "administrator", "21139")       # of one commune: manages nobody
        accounts.set_active(s, "tp.lan", False)
    for work in (lambda s: accounts.set_active(s, "qt.an", False),
                 lambda s: accounts.revoke(s, "qt.an", accounts.grants_of(s, "qt.an")[0][0])):
        with pytest.raises(LastAdministrator), people.session() as s:
            work(s)
    with people.session() as s:
        assert accounts.actor_of(s, s.get(User, "qt.an")).may("account.manage")
        assert not accounts.actor_of(s, s.get(User, "qt.xa")).may("account.manage")


def test_sessions_end_by_idleness_by_age_from_elsewhere_and_keep_no_secret(people):
    times, now = SessionTimes(timedelta(minutes=60), timedelta(hours=12)), utc_now()
    with people.session() as s:
        mine, other = new_session(s, "tp.lan", "10.0.0.1", "Firefox", now=now), new_session(s, "tp.lan", now=now)
        assert mine not in str([(r.id, r.agent) for r in s.scalars(sa.select(UserSession))])
        assert open_session(s, mine + "x", times, now) is None
        assert open_session(s, mine, times, now + timedelta(minutes=61)) is None
        for hour in range(1, 13):
            seen(s, open_session(s, mine, times, now + timedelta(minutes=59 * hour))[1].id, now + timedelta(minutes=59 * hour))
        s.expire_all()
        assert open_session(s, mine, times, now + timedelta(hours=12, minutes=1)) is None
        assert len(open_sessions(s, "tp.lan", times, now)) == 2
        assert end_sessions(s, "tp.lan", but=open_session(s, mine, times, now + timedelta(hours=11, minutes=50))[1].id) == 1
        s.expire_all()
        assert open_session(s, other, times, now) is None


def test_a_code_opens_once_recovery_codes_once_and_nothing_is_kept_in_the_clear(people):
    now = utc_now()
    with people.session() as s:
        secret = second_factor.begin(s, "tp.lan", KEY)
        assert secret not in s.get(SecondFactor, "tp.lan").secret and not second_factor.has_second_factor(s, "tp.lan")
        code = pyotp.TOTP(secret).at(now)
        assert second_factor.confirm(s, "tp.lan", "000000", KEY, now) is None
        codes = second_factor.confirm(s, "tp.lan", code, KEY, now)
        assert len(codes) == 10 and second_factor.has_second_factor(s, "tp.lan")
    with people.session() as s:
        assert second_factor.check_code(s, "tp.lan", code, KEY, now) == ""              # used when it was set up
        later = now + timedelta(seconds=60)
        fresh = pyotp.TOTP(secret).at(later)
        assert second_factor.check_code(s, "tp.lan", fresh, b"other" * 10, later) == ""     # another home's key
        assert second_factor.check_code(s, "tp.lan", f" {fresh[:3]} {fresh[3:]}", KEY, later) == "totp"
        assert second_factor.check_code(s, "tp.lan", fresh, KEY, later + timedelta(seconds=5)) == ""
        assert second_factor.check_code(s, "tp.lan", codes[3].upper().replace("-", " "), KEY, later) == "recovery"
        assert second_factor.check_code(s, "tp.lan", codes[3], KEY, later) == "" and second_factor.recovery_codes_left(s, "tp.lan") == 9
        accounts.reset_second_factor(s, "tp.lan")
        assert second_factor.check_code(s, "tp.lan", codes[4], KEY, later) == "" and not second_factor.has_second_factor(s, "tp.lan")


def test_two_at_once_with_one_code_one_of_them_gets_in(people):
    now = utc_now()
    with people.session() as s:
        secret = second_factor.begin(s, "tp.lan", KEY)
        second_factor.confirm(s, "tp.lan", pyotp.TOTP(secret).at(now), KEY, now)
    later, answers = now + timedelta(seconds=60), []

    def enter():
        with people.session() as s:
            answers.append(second_factor.check_code(s, "tp.lan", pyotp.TOTP(secret).at(later), KEY, later))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(answers) == ["", "", "", "totp"]


def test_tries_are_counted_in_the_database_by_address_and_by_name_over_the_minute(database):
    def tries(n, address, name, now):
        out = []
        for _ in range(n):
            with database.session() as s:
                out.append(too_often(s, address=address, name=name, now=now))
        return out

    assert tries(PER_NAME + 1, "10.0.0.1", "lan", 6000.0) == [False] * PER_NAME + [True]
    assert tries(1, "10.0.0.2", "LAN", 6001.0) == [True]            # from elsewhere: the same account
    assert tries(1, "10.0.0.2", "hoa", 6001.0) == [False]
    assert tries(PER_ADDRESS - PER_NAME, "10.0.0.1", "", 6002.0)[-1]
    assert tries(1, "10.0.0.2", "lan", 6061.0) == [True] and tries(1, "10.0.0.3", "lan", 6200.0) == [False]
    with database.session() as s:
        too_often(s, address="x", now=6000.0 + 2 * 86400)
        assert s.scalar(sa.select(sa.func.count()).select_from(SignInTries)) == 1       # the old ones are gone


def test_single_sign_on_binds_once_and_never_takes_an_account_over(people):
    with people.session() as s:
        accounts.add_user(s, "sso.hoa", None, "reviewer")
        hoa, made = sso_user(s, "https://id.example", "u-1", "sso.hoa", "Hoa", create=False)
        assert (hoa.name, made) == ("sso.hoa", False)
        for issuer, subject, name in (("https://id.example", "u-2", "sso.hoa"), ("https://id.example", "u-3", "tp.lan"),
                                      ("https://other.example", "u-1", "sso.hoa")):
            with pytest.raises(AccountNotBound):
                sso_user(s, issuer, subject, name, "", create=True)
        assert sso_user(s, "https://id.example", "u-1", "renamed", "Hoa", create=False)[0].name == "sso.hoa"
        new, made = sso_user(s, "https://id.example", "u-9", "moi.den", "Mới", create=True)
        assert made and accounts.grants_of(s, new.name) == []
        with pytest.raises(AccountNotBound):
            sso_user(s, "https://id.example", "u-10", "nguoi.la", "", create=False)
        with pytest.raises(BadAccount):
            sso_user(s, "https://id.example", "u-11", "Không Hợp Lệ", "", create=True)


def test_groups_give_grants_that_follow_the_groups_and_leave_those_given_here(people):
    mapping = {"xa-21139": "commune_officer@21139:KS,KH", "so": "reviewer auditor"}
    with people.session() as s:
        assert grant_groups(s, "tp.lan", ["xa-21139"], mapping) and not grant_groups(s, "tp.lan", ["xa-21139"], mapping)
        assert [(g.role, source) for _, g, source in accounts.grants_of(s, "tp.lan")] == [("reviewer", "local"), ("commune_officer", "sso")]
        grant_groups(s, "tp.lan", ["so", "khác"], mapping)
        assert [(g.role, source) for _, g, source in accounts.grants_of(s, "tp.lan")] == [("reviewer", "local"), ("auditor", "sso")]
        grant_groups(s, "tp.lan", [], mapping)
        assert len(accounts.grants_of(s, "tp.lan")) == 1
    for wrong in ("king", "reviewer@xã", "reviewer:ABC", "reviewer@21139:"):
        with pytest.raises(BadAccount):
            parse_grants(wrong)


def test_clients_have_a_secret_shown_once_and_scopes_from_the_list(database):
    with database.session() as s:
        secret = accounts.add_client(s, "motcua", ["KS:read", "KS:copy"], agency_code="H21.129")
        with pytest.raises(BadAccount):
            accounts.add_client(s, "other", ["KS:write"])
    with database.session() as s:
        client = accounts.check_client(s, "motcua", secret)
        assert client is not None and client.scopes == ["KS:copy", "KS:read"] and secret not in accounts.clients(s)[0].scopes
        assert accounts.check_client(s, "motcua", secret + "x") is None and accounts.check_client(s, "nobody", secret) is None
        accounts.set_client_active(s, "motcua", False)
        assert accounts.check_client(s, "motcua", secret) is None


def test_roles_of_before_become_grants(tmp_path):
    from alembic import command

    from storage.database import Database, alembic_config
    database = Database(tmp_path / "old.db")
    config = alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for name, role, commune in (("tp.lan", "reviewer", None), ("xa.minh", "commune_officer", "21139")):
            connection.execute(sa.text(
                "insert into app_user (name, display_name, role, commune_code, password_hash, active, failed_logins, session_epoch,"
                " created_at) values (:n, '', :r, :c, '-', 1, 0, 0, '2026-01-01')"), {"n": name, "r": role, "c": commune})
        connection.commit()
    database.upgrade()
    with database.session() as s:
        assert [(g.user_name, accounts.grant_of(g)) for g in s.scalars(sa.select(UserGrant).order_by(UserGrant.user_name))] == [
            ("tp.lan", Grant("reviewer")), ("xa.minh", Grant("commune_officer", frozenset({"21139"})))]
    database.dispose()


def test_the_program_hashes_with_the_work_of_rfc_9106():
    """In a process of its own: the tests' hashes are quick ones."""
    said = subprocess.run([sys.executable, "-c", "from storage.passwords import hasher; print(hasher().hash('x'))"], capture_output=True,
                          text=True, check=True).stdout
    assert said.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
