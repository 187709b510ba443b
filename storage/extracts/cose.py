"""Short signed messages: COSE_Sign1 (RFC 9052) with EdDSA over Ed25519, as the codes on extracts and the list of revoked ones are."""
from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.extracts.keys import PublicKey

_EDDSA, _ALG, _CONTENT, _KID, _SIGN1 = -8, 1, 3, 4, 18      # COSE registry


class NotOurCode(ValueError):
    """No message of ours, or a damaged one."""


class UnknownKey(ValueError):
    """Signed with a key that is not in the key file, or at a time when that key did not sign."""


class Forged(ValueError):
    """The signature does not fit: nobody with our key said this."""


def sign1(payload: Any, key_id: bytes, key: Ed25519PrivateKey, content_type: str = "") -> bytes:
    """The message. Ed25519 is deterministic: same payload and key, same bytes. content_type: tells one sort of message from another."""
    headers = {_ALG: _EDDSA, _KID: key_id, **({_CONTENT: content_type} if content_type else {})}
    protected, body = cbor2.dumps(headers, canonical=True), cbor2.dumps(payload, canonical=True)
    return cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, body, key.sign(_to_be_signed(protected, body))]))


def open1(message: bytes, keys: Iterable[PublicKey], content_type: str = "") -> tuple[Any, PublicKey]:
    """The payload, once its signature was found good, and the key that signed it. Raises NotOurCode, UnknownKey, Forged."""
    whole = _load(message)
    value = whole.value if isinstance(whole, cbor2.CBORTag) and whole.tag == _SIGN1 else None
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(isinstance(value[n], bytes) for n in (0, 2, 3)):
        raise NotOurCode("shape")
    protected, body, signature = value[0], value[2], value[3]
    headers = _load(protected)
    if not isinstance(headers, dict) or headers.get(_ALG) != _EDDSA or headers.get(_CONTENT, "") != content_type:
        raise NotOurCode("not signed with EdDSA, or another sort of message")
    key_id = headers.get(_KID)
    known = {k.id: k for k in keys}.get(key_id) if isinstance(key_id, bytes) else None
    if known is None:
        raise UnknownKey("key")
    try:
        known.key.verify(signature, _to_be_signed(protected, body))
    except InvalidSignature as e:
        raise Forged("signature") from e
    return _load(body), known


def _load(data: bytes) -> Any:
    try:
        stream = io.BytesIO(data)
        value = cbor2.load(stream)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as e:
        raise NotOurCode("CBOR") from e
    if stream.read(1):
        raise NotOurCode("more behind it")
    return value


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])
