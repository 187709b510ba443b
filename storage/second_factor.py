"""One-time passwords (TOTP, RFC 6238) as a second factor: the secret kept encrypted, a code good once, recovery codes for paper."""
from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from storage.models import RecoveryCode, SecondFactor, utc_now

STEP = 30                   # seconds a code is for
_DRIFT = 1                  # steps a telephone's clock may be off
_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def _cipher(key: bytes) -> Fernet:
    derived = HKDF(SHA256(), 32, None, b"sogoc second factor").derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))


def begin(session: Session, name: str, key: bytes) -> str:
    """A new secret (base32) to be put into a telephone; in force once `confirm` saw a code of it. What is in force stays until then."""
    row = session.get(SecondFactor, name)
    if row is not None and row.confirmed_at is not None:
        raise ValueError("a second factor is in force; drop it first")
    secret = pyotp.random_base32()
    kept = _cipher(key).encrypt(secret.encode()).decode()
    if row is None:
        session.add(SecondFactor(user_name=name, secret=kept, last_step=0))
    else:
        row.secret, row.last_step = kept, 0
    session.flush()
    return secret


def begun(session: Session, name: str, key: bytes) -> str | None:
    """The secret that waits to be confirmed, if one does."""
    row = session.get(SecondFactor, name)
    return _secret(row, key) if row is not None and row.confirmed_at is None else None


def address(secret: str, name: str, issuer: str) -> str:
    """The otpauth: address that a QR code carries."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def confirm(session: Session, name: str, code: str, key: bytes, now: datetime | None = None) -> Sequence[str] | None:
    """Put the secret in force if the code is its; returns the recovery codes, shown once and kept only as digests."""
    row = session.get(SecondFactor, name, with_for_update=True)
    if row is None or row.confirmed_at is not None or not _take(session, row, code, key, now or utc_now()):
        return None
    row.confirmed_at = now or utc_now()
    return new_recovery_codes(session, name, key)


def new_recovery_codes(session: Session, name: str, key: bytes) -> Sequence[str]:
    """Ten new recovery codes; those before are void."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_name == name))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(_CODES)]
    session.add_all(RecoveryCode(user_name=name, code_hash=_digest(c, key)) for c in codes)
    session.flush()
    return codes


def has_second_factor(session: Session, name: str) -> bool:
    row = session.get(SecondFactor, name)
    return row is not None and row.confirmed_at is not None


def recovery_codes_left(session: Session, name: str) -> int:
    return session.scalar(select(func.count()).where(RecoveryCode.user_name == name, RecoveryCode.used_at.is_(None))) or 0


def check_code(session: Session, name: str, code: str, key: bytes, now: datetime | None = None) -> str:
    """How the code opens: totp, recovery, or "" when it does not. A code that was used is refused, even within its half minute."""
    now = now or utc_now()
    row = session.get(SecondFactor, name, with_for_update=True)
    if row is None or row.confirmed_at is None:
        return ""
    if _take(session, row, code, key, now):
        return "totp"
    used = session.execute(update(RecoveryCode).where(RecoveryCode.user_name == name, RecoveryCode.used_at.is_(None),
                                                      RecoveryCode.code_hash == _digest(code, key)).values(used_at=now))
    return "recovery" if used.rowcount == 1 else ""     # type: ignore[attr-defined]


def drop_second_factor(session: Session, name: str) -> None:
    """Forget secret and recovery codes."""
    session.execute(delete(SecondFactor).where(SecondFactor.user_name == name))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_name == name))


def _secret(row: SecondFactor, key: bytes) -> str | None:
    try:
        return _cipher(key).decrypt(row.secret.encode()).decode()
    except InvalidToken:                # the home's secrets are others than when it was made
        return None


def _take(session: Session, row: SecondFactor, code: str, key: bytes, now: datetime) -> bool:
    digits, secret = re.sub(r"\s+", "", code), _secret(row, key)
    if secret is None or not re.fullmatch(r"\d{6}", digits):
        return False
    totp, here = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    for step in range(here - _DRIFT, here + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits) and step > row.last_step:
            taken = session.execute(update(SecondFactor).where(SecondFactor.user_name == row.user_name, SecondFactor.last_step < step)
                                    .values(last_step=step))
            return taken.rowcount == 1      # type: ignore[attr-defined,no-any-return]
    return False


def _digest(code: str, key: bytes) -> str:
    """Keyed, so that a copy of the database alone cannot be searched for the 50 bits of a code."""
    plain = re.sub(r"[^a-z0-9]", "", code.casefold())
    return hmac.new(key, b"recovery:" + plain.encode(), hashlib.sha256).hexdigest()
