"""Keys that sign access tokens (ES256): one signs, those before it are read until the last token they signed has expired.

Private keys lie sealed in the database, so all processes of an installation use the same; what opens them is in the home's secrets.
A key that signs no more is forgotten but for its public half.
"""
from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from storage.models import TokenKey, utc_now

ALGORITHM = "ES256"
_LOCK = 0x50617             # pg_advisory_xact_lock number of a change of keys


def signing_key(session: Session, seal: bytes, life: timedelta | None = None) -> tuple[str, ec.EllipticCurvePrivateKey] | None:
    """(kid, key) that signs now; None when there is none that this home can open, or it is older than `life`: then call `rotate`."""
    row = _signing(session)
    if row is None or row.private is None or (life is not None and row.made_at + life <= utc_now()):
        return None
    private = _opened(row.private, seal)
    return (row.kid, private) if private is not None else None


def rotate(session: Session, seal: bytes, overlap: timedelta, *, older_than: timedelta = timedelta(0), revoke: bool = False) -> str:
    """A new key signs from now on; returns its kid. Tokens of the one before are read for `overlap`; revoke: those of all keys before
    are read no more.

    older_than: does nothing where the key that signs is younger and can be opened, so that several processes that find it too old make
    one new key together.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    now = utc_now()
    current = _signing(session)
    if current is not None and older_than > timedelta(0) and current.made_at + older_than > now and not revoke \
            and current.private is not None and _opened(current.private, seal) is not None:
        return current.kid
    session.execute(sa.delete(TokenKey).where(TokenKey.ends_at <= now))
    for row in session.scalars(sa.select(TokenKey)):
        row.private = None
        row.ends_at = now if revoke else min(row.ends_at or now + overlap, now + overlap)
    private = ec.generate_private_key(ec.SECP256R1())
    public = ECKey.import_key(private.public_key()).as_dict(private=False)
    kid = ECKey.import_key(public).thumbprint()
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    session.add(TokenKey(kid=kid, public={k: public[k] for k in ("kty", "crv", "x", "y")}, private=_cipher(seal).encrypt(der).decode(),
                         made_at=now))
    session.flush()
    return kid


def public_keys(session: Session, now: datetime | None = None) -> list[dict[str, Any]]:
    """JWKs (RFC 7517) whose tokens are read, the one that signs first."""
    return [{**row.public, "kid": row.kid, "use": "sig", "alg": ALGORITHM} for row in live_keys(session, now)]


def live_keys(session: Session, now: datetime | None = None) -> Sequence[TokenKey]:
    """Keys whose tokens are read, the one that signs first."""
    at = now or utc_now()
    return session.scalars(sa.select(TokenKey).where(sa.or_(TokenKey.ends_at.is_(None), TokenKey.ends_at > at))
                           .order_by(TokenKey.ends_at.is_not(None), TokenKey.made_at.desc())).all()


def _signing(session: Session) -> TokenKey | None:
    return session.scalars(sa.select(TokenKey).where(TokenKey.ends_at.is_(None)).order_by(TokenKey.made_at.desc()).limit(1)).first()


def _cipher(seal: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, b"sogoc token keys").derive(seal)))


def _opened(sealed: str, seal: bytes) -> ec.EllipticCurvePrivateKey | None:
    """None: the home's secrets are others than when it was made."""
    try:
        found = load_der_private_key(_cipher(seal).decrypt(sealed.encode()), None)
    except InvalidToken:
        return None
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found
