"""The code on an extract: a COSE_Sign1 message (RFC 9052, EdDSA) of a few facts and a digest, in letters that QR codes hold tightly.

Text: `SG1:` and the message in base 45 (RFC 9285), as the European health certificates do it. The payload's keys are in `_FIELDS`.
"""
from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import base45
import cbor2
import segno
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.extracts.deadline import VIETNAM
from storage.extracts.keys import PublicKey

PREFIX = "SG1:"
_EDDSA, _ALG, _KID, _SIGN1 = -8, 1, 4, 18       # COSE registry
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


class NotOurCode(ValueError):
    """The text is no code of an extract, or a damaged one."""


class UnknownKey(ValueError):
    """Signed with a key that is not in the key file, or at a time when that key did not sign."""


class Forged(ValueError):
    """The signature does not fit: nobody with our key said this."""


def encode(said: Statement, key_id: bytes, key: Ed25519PrivateKey) -> str:
    """The code's text. Ed25519 is deterministic: same statement and key, same text."""
    payload = cbor2.dumps({1: said.number, 2: said.kind, 3: said.day.isoformat(), 4: said.agency, 5: uuid.UUID(said.record).bytes,
                           6: said.digest, 7: said.hint}, canonical=True)
    protected = cbor2.dumps({_ALG: _EDDSA, _KID: key_id}, canonical=True)
    signature = key.sign(_to_be_signed(protected, payload))
    return PREFIX + base45.b45encode(cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))).decode()


def decode(text: str, keys: Iterable[PublicKey]) -> Statement:
    """What the code says, once its signature was found good. Raises NotOurCode, UnknownKey, Forged."""
    protected, payload, signature = _parts(text)
    headers = _load(protected)
    if not isinstance(headers, dict) or headers.get(_ALG) != _EDDSA:
        raise NotOurCode("not signed with EdDSA")
    key_id = headers.get(_KID)
    known = {k.id: k for k in keys}.get(key_id) if isinstance(key_id, bytes) else None
    if known is None:
        raise UnknownKey("key")
    try:
        known.key.verify(signature, _to_be_signed(protected, payload))
    except InvalidSignature as e:
        raise Forged("signature") from e
    said = _statement(_load(payload))
    first, last = (datetime.combine(said.day, t, VIETNAM) for t in (time.min, time.max))
    if last < known.since or (known.until is not None and first > known.until):
        raise UnknownKey("not in use that day")
    return said


def matrix(text: str) -> list[list[int]]:
    """The QR code's modules with the white margin, error correction M (15 % may be dirty)."""
    return [[int(dark) for dark in row] for row in segno.make_qr(text, error="m", boost_error=False).matrix_iter(border=MARGIN)]


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    text = text.strip()
    if not text.startswith(PREFIX) or len(text) > _LONGEST:
        raise NotOurCode("prefix")
    try:
        message = _load(base45.b45decode(text.removeprefix(PREFIX)))
    except (ValueError, KeyError, IndexError) as e:
        raise NotOurCode("letters") from e
    value = message.value if isinstance(message, cbor2.CBORTag) and message.tag == _SIGN1 else None
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(isinstance(value[n], bytes) for n in (0, 2, 3)):
        raise NotOurCode("shape")
    return value[0], value[2], value[3]


def _load(data: bytes) -> Any:
    try:
        stream = io.BytesIO(data)
        value = cbor2.load(stream)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as e:
        raise NotOurCode("CBOR") from e
    if stream.read(1):
        raise NotOurCode("more behind it")
    return value


def _statement(payload: Any) -> Statement:
    if not isinstance(payload, dict) or any(not isinstance(payload.get(n), wanted) for n, wanted in _FIELDS.items()):
        raise NotOurCode("fields")
    try:
        return Statement(payload[1], payload[2], date.fromisoformat(payload[3]), payload[4], str(uuid.UUID(bytes=payload[5])), payload[6],
                         payload[7])
    except ValueError as e:
        raise NotOurCode("fields") from e


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])
