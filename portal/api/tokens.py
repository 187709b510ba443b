"""Access tokens: JWTs (RFC 9068) signed ES256 with the installation's own keys (storage.token_keys), read with their public halves."""
from __future__ import annotations

import base64
import binascii
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from fastapi import Request

from portal.api.problems import Problem
from storage.clients import narrowed
from storage.database import Database
from storage.models import ApiClient
from storage.token_keys import ALGORITHM, public_keys, rotate, signing_key

AUDIENCE, TYPE = "sogoc-api", "at+jwt"
_REMEMBERED = 10_000                # tokens
_REFRESH_SECONDS = 10.0             # so long a process goes on reading tokens of a key that was revoked


@dataclass(frozen=True)
class Client:
    """The program that asks, as its token says. scopes: {"KS:read", "KH:copy" …}; certificate: SHA-256 thumbprint that the token is bound
    to (RFC 8705), or empty."""

    id: str
    scopes: frozenset[str]
    agency_code: str
    certificate: str = ""

    def kinds(self, right: str) -> frozenset[str]:
        """Register kinds for which it has `right` (read, whole or some groups; copy; extract)."""
        return frozenset(kind for kind, _, r in (s.partition(":") for s in self.scopes) if r.partition(".")[0] == right and kind.isupper())

    def limited(self, scopes: list[str], agency_code: str) -> Client:
        """With no more than the client has now: a right that was taken away is gone at once."""
        return Client(self.id, narrowed(self.scopes, scopes), agency_code, self.certificate)


@dataclass(frozen=True)
class _Read:
    client: Client
    until: float
    kid: str


class Tokens:
    """Issues and reads access tokens. seal: what opens the private keys; seconds: how long a token is good; days: how old a key may get.

    Thread-safe; every process of an installation reads the tokens of all.
    """

    def __init__(self, database: Database, seal: bytes, seconds: int, issuer: str, days: int = 30) -> None:
        self._database, self._seal, self.seconds, self.issuer = database, seal, seconds, issuer
        self._life, self._overlap = timedelta(days=days), timedelta(seconds=seconds + 60)
        self._keys: dict[str, Any] = {}
        self._jwks: list[dict[str, Any]] = []
        self._loaded = float("-inf")
        self._read: dict[str, _Read] = {}       # tokens found good: to prove one costs as much as a search
        self._lock = threading.Lock()

    def issue(self, client: ApiClient, scopes: frozenset[str], certificate: str = "", now: float | None = None) -> str:
        """A token for these scopes; a key that is too old, or that there is none yet, is changed first."""
        kid, key = self._signing()
        at = int(now if now is not None else time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": client.id, "client_id": client.id, "iat": at, "exp": at + self.seconds,
            "jti": str(uuid.uuid4()), "scope": " ".join(sorted(scopes)), "agency": client.agency_code}
        if certificate:
            claims["cnf"] = {"x5t#S256": certificate}
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})

    def read(self, token: str) -> Client:
        """Raises Problem not_authenticated for a token that is forged, for somebody else, of an unknown key, or too old."""
        self._load(_REFRESH_SECONDS)
        known = self._read.get(token)
        if known is not None and time.time() < known.until and known.kid in self._keys:
            return known.client
        try:
            head = jwt.get_unverified_header(token)
            if head.get("typ") != TYPE or head.get("alg") != ALGORITHM:
                raise jwt.InvalidTokenError("not an access token of this house")
            claims = jwt.decode(token, self._public(str(head.get("kid", ""))), algorithms=[ALGORITHM], audience=AUDIENCE,
                                issuer=self.issuer, options={"require": ["exp", "iat", "sub", "aud", "iss", "jti"]})
        except jwt.PyJWTError as e:
            expired = isinstance(e, jwt.ExpiredSignatureError)
            raise not_authenticated("The token has expired: ask for a new one." if expired else "The token is not valid.",
                                    "Mã truy cập đã hết hạn: hãy xin mã mới." if expired else "Mã truy cập không hợp lệ.") from None
        confirmed = claims.get("cnf")
        client = Client(str(claims["sub"]), frozenset(str(claims.get("scope", "")).split()), str(claims.get("agency", "")),
                        str(confirmed.get("x5t#S256", "")) if isinstance(confirmed, dict) else "")
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[token] = _Read(client, float(claims["exp"]), str(head["kid"]))
        return client

    def public(self) -> list[dict[str, Any]]:
        """JWKs of the keys whose tokens are read; the first token makes the first key."""
        self._signing()
        self._load(0.0)
        return self._jwks

    def _signing(self) -> tuple[str, Any]:
        with self._database.reading() as session:
            found = signing_key(session, self._seal, self._life)
        if found is None:
            with self._database.session() as session:
                rotate(session, self._seal, self._overlap, older_than=self._life)
                found = signing_key(session, self._seal)
        assert found is not None, "the key that was just made"
        return found

    def _public(self, kid: str) -> Any:
        self._load(_REFRESH_SECONDS)
        if kid not in self._keys:           # perhaps another process has just changed the key
            self._load(0.0)
        if kid not in self._keys:
            raise jwt.InvalidKeyError("no such key")
        return self._keys[kid]

    def _load(self, older_than: float) -> None:
        """Read the keys anew where they were read that long ago."""
        with self._lock:
            if time.monotonic() - self._loaded < older_than:
                return
            with self._database.reading() as session:
                self._jwks = public_keys(session)
            self._keys = {k["kid"]: jwt.PyJWK(k).key for k in self._jwks}
            self._loaded = time.monotonic()


def not_authenticated(detail: str, detail_vi: str) -> Problem:
    return Problem("not_authenticated", detail, detail_vi, {"WWW-Authenticate": 'Bearer realm="sogoc", error="invalid_token"'})


def bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise not_authenticated("Send the header Authorization: Bearer <token> (from POST /api/v1/oauth/token).",
                                "Gửi kèm tiêu đề Authorization: Bearer <mã> (lấy từ POST /api/v1/oauth/token).")
    return token.strip()


def client_credentials(authorization: str, form: Mapping[str, object]) -> tuple[str, str]:
    """Client id and secret from HTTP Basic, else from the form; empty where missing."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
            return name, secret
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
    return str(form.get("client_id", "")), str(form.get("client_secret", ""))
