"""Pairs of AccessKey and SecretKey under which calls come through the province's LGSP, and the header that carries them.

The header is what one-stop systems send today (`lgspaccesstoken`): base64 of a JSON object with five texts.
"""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.clients import client_named
from storage.models import GatewayKey
from storage.review_errors import BadAccount, GatewayKeyTaken, UnknownAccount

HEADER = "lgspaccesstoken"
_KEYS = ("AccessKey", "SecretKey", "AppName", "PartnerCode", "PartnerCodeCus")
_LONGEST = 4096
Trouble = Literal["", "missing", "malformed", "unknown"]


@dataclass(frozen=True)
class GatewayHeader:
    """What the header says."""

    access_key: str
    secret_key: str
    app_name: str = ""
    partner_code: str = ""
    partner_code_cus: str = ""


def read_header(value: str | None) -> GatewayHeader | Trouble:
    """The header, or what is wrong with it: missing; malformed (no base64, no JSON object, a text that lacks or is none)."""
    if not value or not value.strip():
        return "missing"
    if len(value) > _LONGEST:
        return "malformed"
    try:
        said = json.loads(base64.b64decode(value.strip(), validate=True).decode("utf-8"))
    except (binascii.Error, ValueError, RecursionError):
        return "malformed"
    if not isinstance(said, dict) or not all(isinstance(said.get(k, ""), str) and len(said.get(k, "")) <= 500 for k in _KEYS):
        return "malformed"
    if not said.get("AccessKey") or not said.get("SecretKey"):
        return "malformed"
    return GatewayHeader(*(said.get(k, "") for k in _KEYS))


def add_gateway_key(session: Session, client_id: str, given: GatewayHeader, key: bytes) -> None:
    """Calls of that client may come under this pair. key: the home's secret that digests are made with.

    App name and partner codes that are given must stand in the header too. Raises UnknownAccount, BadAccount, GatewayKeyTaken.
    """
    client_named(session, client_id)
    if not given.access_key.strip() or len(given.access_key) > 120 or len(given.secret_key) < 8:
        raise BadAccount(what="AccessKey, SecretKey")
    there = session.get(GatewayKey, given.access_key)
    if there is not None:
        raise GatewayKeyTaken(key=given.access_key, client=there.client_id)
    session.add(GatewayKey(access_key=given.access_key, client_id=client_id, secret_digest=_digest(given.secret_key, key),
                           app_name=given.app_name, partner_code=given.partner_code, partner_code_cus=given.partner_code_cus))
    session.flush()


def remove_gateway_key(session: Session, access_key: str) -> str:
    """Forget a pair, at once; returns its client. Raises UnknownAccount."""
    row = session.get(GatewayKey, access_key)
    if row is None:
        raise UnknownAccount(name=access_key)
    session.delete(row)
    session.flush()
    return row.client_id


def gateway_keys(session: Session) -> Sequence[GatewayKey]:
    return session.scalars(select(GatewayKey).order_by(GatewayKey.client_id, GatewayKey.access_key)).all()


def check_gateway(session: Session, value: str | None, client_id: str, key: bytes) -> Trouble:
    """Whether the header holds a pair of that client: "" if it does, else what is wrong. An unknown pair, a wrong secret and another
    client's pair are one answer."""
    said = read_header(value)
    if isinstance(said, str):
        return said
    row = session.get(GatewayKey, said.access_key[:120])
    same = hmac.compare_digest(row.secret_digest if row is not None else "", _digest(said.secret_key, key))
    if row is None or not same or row.client_id != client_id:
        return "unknown"
    pairs = ((row.app_name, said.app_name), (row.partner_code, said.partner_code), (row.partner_code_cus, said.partner_code_cus))
    return "" if all(not wanted or wanted == found for wanted, found in pairs) else "unknown"


def _digest(secret: str, key: bytes) -> str:
    return hmac.new(key, b"gateway:" + secret.encode(), hashlib.sha256).hexdigest()
