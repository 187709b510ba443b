"""People who may come in: their accounts and the grants that say what each may do where.

What a grant means is in storage.policy, passwords in storage.passwords, signing in in storage.sign_in, programs in storage.clients; the
names that the rest of the house uses most are given on from here.
"""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.clients import SCOPES, SYNC, add_client, check_client, client_actor, clients, set_client_active, unknown_scopes
from storage.errors import Words
from storage.models import User, UserGrant
from storage.passwords import PASSWORD_LENGTH, hash_password, keep_password, one_time_password
from storage.policy import KINDS, ROLES, Actor, Grant, summary
from storage.review_errors import AccountExists, BadAccount, BadName, LastAdministrator, NoSuchGrant, UnknownAccount
from storage.second_factor import drop_second_factor
from storage.sign_in import LOCK_AFTER, LOCK_TIME, LoginResult, check_password
from storage.user_sessions import end_sessions, open_session

__all__ = [
    "KINDS", "LOCK_AFTER", "LOCK_TIME", "PASSWORD_LENGTH", "ROLES", "SCOPES", "SYNC", "Actor", "BadAccount", "Grant", "LoginResult",
    "actor_of", "add_client", "add_user", "check_client", "check_password", "client_actor", "clients", "give", "grants_of",
    "hash_password", "one_time_password", "open_session", "reset_second_factor", "revoke", "set_active", "set_client_active", "set_grants",
    "set_password", "unknown_scopes", "user_named", "users",
]
_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{1,79}$")
_COMMUNE = re.compile(r"^[0-9]{2,8}$")


def add_user(session: Session, name: str, password: str | None, role: str | None, commune_code: str | None = None, display_name: str = "",
             *, kinds: Collection[str] | None = None, must_change: bool = False, by: str = "") -> User:
    """A new person, with one grant or (role None) with none. password None: comes in by single sign-on only.

    Raises BadName, BadAccount (role, commune or kind), WeakPassword, AccountExists.
    """
    if not _NAME.match(name):
        raise BadName(what=Words(f"tên đăng nhập {name!r}", f"login name {name!r}"))
    if session.get(User, name) is not None:
        raise AccountExists(name=name)
    user = User(name=name, password_hash="", role="", commune_code="", display_name=display_name)
    if password is not None:
        keep_password(session, user, password, must_change=must_change)
    session.add(user)
    session.flush()
    if role is not None:
        give(session, name, Grant(role, None if commune_code is None else frozenset({commune_code}), None if kinds is None else
                                  frozenset(kinds)), by=by)
    return user


def user_named(session: Session, name: str) -> User:
    user = session.get(User, name)
    if user is None:
        raise UnknownAccount(name=name)
    return user


def users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.name)))


def grant_of(row: UserGrant) -> Grant:
    return Grant(row.role, None if row.communes is None else frozenset(row.communes), None if row.kinds is None else frozenset(row.kinds))


def _rows(session: Session, name: str) -> list[UserGrant]:
    return list(session.scalars(select(UserGrant).where(UserGrant.user_name == name).order_by(UserGrant.id)))


def grants_of(session: Session, name: str) -> list[tuple[int, Grant, str]]:
    """(number, grant, local or sso) of everything the person may do, in the order it was given."""
    return [(row.id, grant_of(row), row.source) for row in _rows(session, name)]


def actor_of(session: Session, user: User, channel: str = "cli", address: str = "") -> Actor:
    """The person with all their grants."""
    grants = tuple(grant_of(row) for row in _rows(session, user.name))
    role, commune = summary(grants)
    return Actor(user.name, role, commune, user.display_name or user.name, grants, channel, address)


def give(session: Session, name: str, grant: Grant, *, by: str = "", source: str = "local") -> None:
    """Give the person another grant; one they have already is not given twice. Raises UnknownAccount, BadAccount."""
    user = user_named(session, name)
    if grant.role not in ROLES:
        raise BadAccount(what=Words(f"vai trò {grant.role!r}", f"role {grant.role!r}"))
    wrong = sorted((grant.kinds or frozenset()) - set(KINDS)) + sorted(c for c in grant.communes or () if not _COMMUNE.match(c))
    if wrong or grant.communes == frozenset() or grant.kinds == frozenset():
        raise BadAccount(what=Words(f"phạm vi {', '.join(wrong) or 'trống'}", f"scope {', '.join(wrong) or '(empty)'}"))
    if grant not in [g for _, g, _ in grants_of(session, name)]:
        communes, kinds = (None if part is None else sorted(part) for part in (grant.communes, grant.kinds))
        session.add(UserGrant(user_name=name, role=grant.role, communes=communes, kinds=kinds, source=source, created_by=by))
    _summarize(session, user)


def revoke(session: Session, name: str, number: int) -> Grant:
    """Take grant `number` of grants_of away. Raises UnknownAccount, NoSuchGrant, LastAdministrator."""
    row = session.get(UserGrant, number)
    if row is None or row.user_name != name:
        user_named(session, name)
        raise NoSuchGrant(name=name, number=number)
    administered = _administered(session)
    session.delete(row)
    _summarize(session, user_named(session, name))
    if administered and not _administered(session):
        raise LastAdministrator()
    return grant_of(row)


def set_grants(session: Session, name: str, grants: Iterable[Grant], source: str) -> bool:
    """Make these the grants from `source`, leaving the others; whether anything changed."""
    wanted = list(dict.fromkeys(grants))
    rows = [r for r in _rows(session, name) if r.source == source]
    if [grant_of(r) for r in rows] == wanted:
        return False
    for row in rows:
        session.delete(row)
    session.flush()
    for grant in wanted:
        give(session, name, grant, by=source, source=source)
    _summarize(session, user_named(session, name))
    return True


def _summarize(session: Session, user: User) -> None:
    session.flush()
    user.role, user.commune_code = summary([grant_of(r) for r in _rows(session, user.name)])
    session.flush()


def set_active(session: Session, name: str, active: bool) -> None:
    """Switch an account off, ending what is open, or on again. Raises UnknownAccount, LastAdministrator."""
    user, administered = user_named(session, name), _administered(session)
    user.active = active
    session.flush()
    if not active:
        end_sessions(session, name)
        if administered and not _administered(session):
            raise LastAdministrator()


def _administered(session: Session) -> bool:
    """Whether somebody can manage accounts in the portal: where nobody can, only the command line helps."""
    rows = session.scalars(select(UserGrant).join(User, UserGrant.user_name == User.name)
                           .where(UserGrant.role == "administrator", User.active)).all()
    return any(grant_of(r).whole for r in rows)


def set_password(session: Session, name: str, password: str, *, must_change: bool = False) -> None:
    """A new password; every open session of that person ends, a lock is lifted. Raises UnknownAccount, WeakPassword."""
    user = user_named(session, name)
    keep_password(session, user, password, must_change=must_change)
    user.failed_logins, user.locked_until = 0, None
    end_sessions(session, name)


def reset_second_factor(session: Session, name: str) -> None:
    """Forget the person's TOTP and recovery codes, for when the telephone is lost; open sessions end."""
    user_named(session, name)
    drop_second_factor(session, name)
    end_sessions(session, name)
