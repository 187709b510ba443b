"""Who may come in: people with passwords (argon2id, lock-out) and programs with client secrets, and what each role may do."""
from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.models import ApiClient, User, utc_now
from storage.review_errors import AccountExists, BadAccount, UnknownAccount, WeakPassword

_SEES = frozenset({"batch.see", "report.see"})
_BRINGS = _SEES | {"batch.upload", "batch.edit", "batch.send"}
ROLES: dict[str, frozenset[str]] = {
    "commune_officer": _BRINGS | {"review"},
    "commune_head": _SEES | {"batch.send", "review", "approve", "record.see", "report.export"},
    "reviewer": _BRINGS | {"review", "record.see"},
    "approver": _SEES | {"review", "approve", "record.see", "report.export"},
    "archivist": _SEES | {"record.see", "log.see", "report.export"},
    "auditor": _SEES | {"log.see", "report.export"},
    "administrator": _BRINGS | {"review", "approve", "record.see", "log.see", "report.export", "account.manage", "policy.manage"},
}
KINDS = ("KS", "KH", "KT", "NCM", "GH", "CN", "CC", "HN", "HS")
SCOPES = frozenset(f"{kind}:{right}" for kind in KINDS for right in ("read", "copy"))
SYNC = "sync:"                          # sync:21139: may bring in books of that commune (docs/sync.md)
_SYNC_SCOPE = re.compile(r"^sync:[0-9]{2,8}$")
LOCK_AFTER = 5                          # wrong passwords in a row
LOCK_TIME = timedelta(minutes=15)
PASSWORD_LENGTH = 10                    # characters at least
_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{1,79}$")


@dataclass(frozen=True)
class Actor:
    """Who does something: a person, or a program such as the command line. commune_code None: sees every commune."""

    name: str
    role: str = "administrator"
    commune_code: str | None = None
    display_name: str = ""

    def may(self, right: str) -> bool:
        return right in ROLES.get(self.role, frozenset())

    def sees_commune(self, commune_code: str | None) -> bool:
        """A person of one commune sees what that commune holds, and nothing else."""
        return self.commune_code is None or self.commune_code == commune_code


@dataclass(frozen=True)
class LoginResult:
    """actor is None when refused; reason: wrong | locked. locked_until is set when locked."""

    actor: Actor | None
    reason: Literal["", "wrong", "locked"] = ""
    locked_until: datetime | None = None
    session_epoch: int = 0


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()             # argon2id with the library's RFC 9106 low-memory profile


@cache
def _nobody_hash() -> str:
    return _hasher().hash(secrets.token_hex(16))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def actor_of(user: User) -> Actor:
    return Actor(user.name, user.role, user.commune_code, user.display_name or user.name)


def add_user(session: Session, name: str, password: str, role: str, commune_code: str | None = None, display_name: str = "") -> User:
    """A new person. Raises BadAccount (name or role), WeakPassword, AccountExists."""
    if not _NAME.match(name):
        raise BadAccount(what=f"tên đăng nhập {name!r}")
    if role not in ROLES:
        raise BadAccount(what=f"vai trò {role!r}")
    if session.get(User, name) is not None:
        raise AccountExists(name=name)
    user = User(name=name, password_hash=hash_password(password, name), role=role, commune_code=commune_code, display_name=display_name)
    session.add(user)
    session.flush()
    return user


def hash_password(password: str, name: str = "") -> str:
    """argon2id hash. Raises WeakPassword under PASSWORD_LENGTH characters, for one repeated character, or the user's own name in it."""
    if len(password) < PASSWORD_LENGTH or len(set(password)) < 4 or (name and name.lower() in password.lower()):
        raise WeakPassword(length=PASSWORD_LENGTH)
    return _hasher().hash(password)


def set_password(session: Session, name: str, password: str) -> None:
    """A new password; every open session of that person ends, a lock is lifted."""
    user = session.get(User, name)
    if user is None:
        raise UnknownAccount(name=name)
    user.password_hash = hash_password(password, name)
    user.session_epoch += 1
    user.failed_logins, user.locked_until = 0, None


def check_password(session: Session, name: str, password: str, now: datetime | None = None) -> LoginResult:
    """Try a login. After LOCK_AFTER wrong passwords in a row the account is locked for LOCK_TIME, right password or not.

    An unknown, switched-off or wrong name takes as long as a wrong password and is answered alike.
    """
    now = now or utc_now()
    user = session.get(User, name, with_for_update=True)
    good = _matches(user.password_hash if user is not None else _nobody_hash(), password)
    if user is not None and user.locked_until is not None and user.locked_until > now:
        return LoginResult(None, "locked", user.locked_until)
    if user is None or not user.active:
        return LoginResult(None, "wrong")
    if not good:
        user.failed_logins += 1
        if user.failed_logins >= LOCK_AFTER:
            user.failed_logins, user.locked_until = 0, now + LOCK_TIME
            return LoginResult(None, "locked", user.locked_until)
        return LoginResult(None, "wrong")
    user.failed_logins, user.locked_until = 0, None
    if _hasher().check_needs_rehash(user.password_hash):
        user.password_hash = _hasher().hash(password)
    return LoginResult(actor_of(user), session_epoch=user.session_epoch)


def open_session(session: Session, name: str, session_epoch: int) -> Actor | None:
    """The person of a session cookie, or None if switched off, removed, or signed out everywhere since."""
    user = session.get(User, name)
    return actor_of(user) if user is not None and user.active and user.session_epoch == session_epoch else None


def unknown_scopes(scopes: Collection[str]) -> list[str]:
    """Those that are no scope."""
    return sorted(s for s in set(scopes) - SCOPES if not _SYNC_SCOPE.match(s))


def add_client(session: Session, client_id: str, scopes: Collection[str], name: str = "", agency_code: str = "") -> str:
    """A program that may ask the API; returns its secret, shown once and kept only as a hash. Raises BadAccount, AccountExists."""
    if not _NAME.match(client_id):
        raise BadAccount(what=f"mã ứng dụng {client_id!r}")
    unknown = unknown_scopes(scopes)
    if unknown or not scopes:
        raise BadAccount(what=f"phạm vi {unknown or 'trống'}")
    if session.get(ApiClient, client_id) is not None:
        raise AccountExists(name=client_id)
    secret = secrets.token_urlsafe(32)
    session.add(ApiClient(id=client_id, name=name, secret_hash=_hasher().hash(secret), scopes=sorted(scopes), agency_code=agency_code))
    session.flush()
    return secret


def check_client(session: Session, client_id: str, secret: str) -> ApiClient | None:
    """The client whose secret this is, if it is switched on."""
    client = session.get(ApiClient, client_id)
    good = _matches(client.secret_hash if client is not None else _nobody_hash(), secret)
    return client if client is not None and good and client.active else None


def users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.name)))


def clients(session: Session) -> list[ApiClient]:
    return list(session.scalars(select(ApiClient).order_by(ApiClient.id)))
