"""The code on an extract: a signed message (`cose`) of a few facts and a digest, in letters that QR codes hold tightly.

Text: `SG1:` and the message in base 45 (RFC 9285), as the European health certificates do it. The payload's keys are in `_FIELDS`.
"""
from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import base45
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.extracts.cose import NotOurCode, UnknownKey, open1, sign1
from storage.extracts.deadline import VIETNAM
from storage.extracts.keys import PublicKey

PREFIX = "SG1:"
_LONGEST = 2000
_FIELDS = {1: str, 2: str, 3: str, 4: str, 5: bytes, 6: bytes, 7: str}      # number, kind, day, agency, record, digest, hint
MARGIN = 4                                      # modules of white around a QR code (ISO 18004)


@dataclass(frozen=True)
class Statement:
    """What a code says. number: `12/TLKS-BS`; day: of issue; agency: code; record: UUID of the archived version; digest: of the printed
    values (storage.extracts.values); hint: initials and birth years."""

    number: str
    kind: str
    day: date
    agency: str
    record: str
    digest: bytes
    hint: str


def encode(said: Statement, key_id: bytes, key: Ed25519PrivateKey) -> str:
    """The code's text. Same statement and key, same text."""
    payload = {1: said.number, 2: said.kind, 3: said.day.isoformat(), 4: said.agency, 5: uuid.UUID(said.record).bytes, 6: said.digest,
               7: said.hint}
    return PREFIX + base45.b45encode(sign1(payload, key_id, key)).decode()


def decode(text: str, keys: Iterable[PublicKey]) -> Statement:
    """What the code says, once its signature was found good. Raises cose.NotOurCode, UnknownKey, Forged."""
    text = text.strip()
    if not text.startswith(PREFIX) or len(text) > _LONGEST:
        raise NotOurCode("prefix")
    try:
        message = base45.b45decode(text.removeprefix(PREFIX))
    except (ValueError, KeyError, IndexError) as e:
        raise NotOurCode("letters") from e
    payload, key = open1(message, keys)
    said = _statement(payload)
    first, last = (datetime.combine(said.day, t, VIETNAM) for t in (time.min, time.max))
    if last < key.since or (key.until is not None and first > key.until):
        raise UnknownKey("not in use that day")
    return said


def matrix(text: str) -> list[list[int]]:
    """The QR code's modules with the white margin, error correction M (15 % may be dirty)."""
    return [[int(dark) for dark in row] for row in segno.make_qr(text, error="m", boost_error=False).matrix_iter(border=MARGIN)]


def _statement(payload: Any) -> Statement:
    if not isinstance(payload, dict) or any(not isinstance(payload.get(n), wanted) for n, wanted in _FIELDS.items()):
        raise NotOurCode("fields")
    try:
        return Statement(payload[1], payload[2], date.fromisoformat(payload[3]), payload[4], str(uuid.UUID(bytes=payload[5])), payload[6],
                         payload[7])
    except ValueError as e:
        raise NotOurCode("fields") from e
