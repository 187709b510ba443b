"""The signed list of what arrived (Ed25519, RFC 8032): made by the receiver, checked by anybody who has its public key."""
from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.errors import BadReceipt
from sync.manifest import Manifest, canonical

FORMAT = "sogoc-receipt/1"


class ReceiptKey:
    """The receiver's key. seed: 32 secret bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """The public key, 32 bytes in base64."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def receipt(self, owner: str, manifest: Manifest, outcome: Mapping[str, Any], at: float) -> dict[str, Any]:
        """outcome: plain JSON data of what was done with the files. at: seconds since 1970."""
        body = {"format": FORMAT, "upload": manifest.id, "owner": owner, "name": manifest.name, "bytes": manifest.size,
                "received_at": datetime.fromtimestamp(int(at), UTC).isoformat(), "outcome": dict(outcome),
                "files": [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in manifest.files]}
        signature = base64.b64encode(self._key.sign(canonical(body))).decode()
        return body | {"signature": {"algorithm": "Ed25519", "public_key": self.public, "value": signature}}


def fingerprint(public_key: str) -> str:
    """What people compare over the telephone: SHA-256 of the key, first 32 hex digits in fours. Raises BadReceipt."""
    digits = hashlib.sha256(_decode(public_key)).hexdigest()[:32]
    return " ".join(digits[i:i + 4] for i in range(0, 32, 4))


def check_receipt(receipt: Any, public_key: str) -> Mapping[str, Any]:
    """The receipt, if the holder of `public_key` signed exactly this. Raises BadReceipt."""
    try:
        body = {k: v for k, v in receipt.items() if k != "signature"}
        said = receipt["signature"]
        if receipt["format"] != FORMAT or said["algorithm"] != "Ed25519":
            raise BadReceipt(why=f"{receipt['format']!r}")
        if said["public_key"] != public_key:
            raise BadReceipt(why="ký bằng khóa khác / signed with another key")
        key = Ed25519PublicKey.from_public_bytes(_decode(public_key))
        key.verify(_decode(said["value"]), canonical(body))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise BadReceipt(why="không đúng dạng / malformed") from None
    except InvalidSignature:
        raise BadReceipt(why="chữ ký không khớp, nội dung đã bị sửa / the signature does not fit: it was changed") from None
    return receipt


def check_against(receipt: Mapping[str, Any], manifest: Manifest) -> None:
    """Raises BadReceipt unless the receipt lists exactly the manifest's files."""
    listed = {(f["name"], f["size"], f["sha256"]) for f in receipt["files"]}
    mine = {(f.name, f.size, f.sha256) for f in manifest.files}
    if listed != mine:
        names = sorted({n for n, _, _ in listed ^ mine})
        raise BadReceipt(why=f"khác với thư mục / differs from the folder: {', '.join(names[:5])}")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadReceipt(why="không phải base64 / not base64") from None
