"""Trying to sign in: passwords with a lock-out, and how often a name or an address may try, counted over all processes."""
from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.models import SignInTries, User, utc_now
from storage.passwords import hasher, matches, nobodys_hash

LOCK_AFTER = 5                          # wrong passwords or codes in a row
LOCK_TIME = timedelta(minutes=15)
PER_ADDRESS, PER_NAME = 20, 10          # tries within a minute


@dataclass(frozen=True)
class LoginResult:
    """user is None when refused; reason: wrong | locked. locked_until is set when locked."""

    user: User | None
    reason: Literal["", "wrong", "locked"] = ""
    locked_until: datetime | None = None


def check_password(session: Session, name: str, password: str, now: datetime | None = None) -> LoginResult:
    """Try a login. After LOCK_AFTER wrong passwords in a row the account is locked for LOCK_TIME, right password or not.

    An unknown, switched-off, locked or wrong name takes as long as a wrong password and is answered alike; so does an account
    that comes in by single sign-on only.
    """
    now = now or utc_now()
    user = session.get(User, name, with_for_update=True)
    good = matches(user.password_hash if user is not None and user.password_hash else nobodys_hash(), password)
    if user is not None and user.locked_until is not None and user.locked_until > now:
        return LoginResult(None, "locked", user.locked_until)
    if user is None or not user.active or not user.password_hash:
        return LoginResult(None, "wrong")
    if not good:
        return count_wrong(user, now)
    user.failed_logins, user.locked_until = 0, None
    if hasher().check_needs_rehash(user.password_hash):
        user.password_hash = hasher().hash(password)
    return LoginResult(user)


def count_wrong(user: User, now: datetime | None = None) -> LoginResult:
    """One wrong password or code more; locked when that was one too many."""
    user.failed_logins += 1
    if user.failed_logins < LOCK_AFTER:
        return LoginResult(None, "wrong")
    user.failed_logins, user.locked_until = 0, (now or utc_now()) + LOCK_TIME
    return LoginResult(None, "locked", user.locked_until)


def too_often(session: Session, *, address: str, name: str = "", now: float | None = None) -> bool:
    """Count one try from this address for this name; whether either had too many within the last minute. The database counts, so it is
    one count however many processes serve. Only digests are kept, a day at most."""
    seconds = now if now is not None else time.time()
    minute, part = int(seconds // 60), seconds % 60 / 60
    session.execute(delete(SignInTries).where(SignInTries.minute < minute - 1440))
    limits = [(f"ip:{address}", PER_ADDRESS)] + ([(f"name:{name.casefold()}", PER_NAME)] if name else [])
    return any([_rate(session, who, minute, part) > limit for who, limit in limits])     # all are counted, a list on purpose


def _rate(session: Session, who: str, minute: int, part: float) -> float:
    key = hashlib.sha256(who.encode()).hexdigest()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(SignInTries).values(who=key, minute=minute, tries=1)
    row = row.on_conflict_do_update(index_elements=["who", "minute"], set_={"tries": SignInTries.tries + 1})
    session.execute(row)
    tries: dict[int, int] = {m: n for m, n in session.execute(
        select(SignInTries.minute, SignInTries.tries).where(SignInTries.who == key, SignInTries.minute >= minute - 1))}
    return tries.get(minute, 0) + tries.get(minute - 1, 0) * (1 - part)     # the minute before counts as far as it is not over
