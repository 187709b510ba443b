"""OAuth 2.0 client credentials (RFC 6749 §4.4): a client's secret for a short-lived signed token that carries its scopes."""
from __future__ import annotations

import base64
import binascii
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from fastapi import Request

from portal.api.problems import Problem
from storage.models import ApiClient

_ALGORITHM, _ISSUER, _AUDIENCE = "HS256", "sogoc", "sogoc-api"


@dataclass(frozen=True)
class Client:
    """The program that asks, as its token says. scopes: {"KS:read", "KS:copy" …}."""

    id: str
    scopes: frozenset[str]
    agency_code: str

    def kinds(self, right: str) -> frozenset[str]:
        """Register kinds for which it has `right` (read or copy)."""
        return frozenset(s.partition(":")[0] for s in self.scopes if s.endswith(f":{right}"))


class Tokens:
    """Issues and reads access tokens. seconds: how long one is good."""

    def __init__(self, key: bytes, seconds: int) -> None:
        self._key, self.seconds = key, seconds

    def issue(self, client: ApiClient, scopes: frozenset[str], now: float | None = None) -> str:
        at = int(now if now is not None else time.time())
        claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": client.id, "iat": at, "exp": at + self.seconds, "jti": str(uuid.uuid4()),
                  "scope": " ".join(sorted(scopes)), "agency": client.agency_code}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Client:
        """Raises Problem not_authenticated for a token that is forged, for somebody else, or too old."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM], audience=_AUDIENCE, issuer=_ISSUER,
                                options={"require": ["exp", "iat", "sub", "aud", "iss"]})
        except jwt.PyJWTError as e:
            expired = isinstance(e, jwt.ExpiredSignatureError)
            raise not_authenticated("The token has expired: ask for a new one." if expired else "The token is not valid.",
                                    "Mã truy cập đã hết hạn: hãy xin mã mới." if expired else "Mã truy cập không hợp lệ.") from None
        return Client(str(claims["sub"]), frozenset(str(claims.get("scope", "")).split()), str(claims.get("agency", "")))


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
