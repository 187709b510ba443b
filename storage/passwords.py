"""What a password must be, and how it is kept: argon2id, not guessable, not one of the last ones. None expires (NIST SP 800-63B §3.1.1)."""
from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.text import strip_marks
from storage.models import PastPassword, User, utc_now
from storage.review_errors import WeakPassword

PASSWORD_LENGTH = 12                    # characters at least
REMEMBERED = 5                          # earlier passwords that may not come back
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890", "abcdefghijklmnopqrstuvwxyz")
_FIGURES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_EASY = "abcdefghjkmnpqrstuvwxyz23456789"       # nothing that is mistaken for another when read out


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()             # argon2id with the library's RFC 9106 low-memory profile


@cache
def nobodys_hash() -> str:
    """What a password is checked against where there is nobody, so that it takes as long."""
    return hasher().hash(secrets.token_hex(16))


def matches(password_hash: str, password: str) -> bool:
    try:
        return hasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _common() -> frozenset[str]:
    lines = (resources.files("storage") / "password_data" / "common.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def weakness(password: str, names: Iterable[str] = ()) -> str:
    """Why the password is no good, "" if it is: short, repeated, sequence, name (contains one of `names`) or common."""
    plain = strip_marks(password).casefold()
    if len(password) < PASSWORD_LENGTH:
        return "short"
    if len(set(plain)) < 5 or re.fullmatch(r"(.{1,4}?)\1{2,}.{0,3}", plain, re.DOTALL):
        return "repeated"
    if _runs(plain) > len(plain) // 2:
        return "sequence"
    words = {w for name in names for w in re.split(r"[\W_]+", strip_marks(name).casefold()) if len(w) >= 4}
    whole = {strip_marks(name).casefold() for name in names if len(name) >= 3}
    if any(w in plain for w in words | whole):
        return "name"
    return "common" if _is_common(plain) else ""


def _runs(text: str) -> int:
    """How many letters continue a row of the keyboard, the alphabet or the figures, either way."""
    pairs = {row[i:i + 2] for line in _ROWS for row in (line, line[::-1]) for i in range(len(line) - 1)}
    return sum(text[i:i + 2] in pairs for i in range(len(text) - 1))


def _is_common(plain: str) -> bool:
    """Whether nothing but figures and signs stands around one or two words of the list."""
    core = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    for text in (core, core.translate(_FIGURES)):
        said = re.sub(r"[^a-z]+", "", text)
        if said in _common() or any(said[:n] in _common() and said[n:] in _common() for n in range(2, len(said) - 1)):
            return True
    return not re.search(r"[a-z]", plain)


def hash_password(password: str, *names: str) -> str:
    """argon2id hash. Raises WeakPassword with the reason; names: of the account and its person, which may not stand in it."""
    reason = weakness(password, names)
    if reason:
        raise WeakPassword(length=PASSWORD_LENGTH, reason=reason)
    return hasher().hash(password)


def keep_password(session: Session, user: User, password: str, *, must_change: bool = False) -> None:
    """Give the user this password; the one before is remembered. Raises WeakPassword, also for one of the last REMEMBERED."""
    new = hash_password(password, user.name, user.display_name or "")
    past = session.scalars(select(PastPassword).where(PastPassword.user_name == user.name).order_by(PastPassword.id.desc())).all()
    before = [user.password_hash, *(p.password_hash for p in past[:REMEMBERED - 1])]
    if any(h and matches(h, password) for h in before):
        raise WeakPassword(length=PASSWORD_LENGTH, reason="used_before")
    if user.password_hash:
        session.add(PastPassword(user_name=user.name, password_hash=user.password_hash))
    for old in past[REMEMBERED - 1:]:
        session.delete(old)
    user.password_hash, user.password_at, user.must_change = new, utc_now(), must_change


def one_time_password() -> str:
    """A password to be read out or written on paper once: four groups of four, some 79 bits."""
    return "-".join("".join(secrets.choice(_EASY) for _ in range(4)) for _ in range(4))
