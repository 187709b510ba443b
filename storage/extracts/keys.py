"""Keys of the codes on extracts: Ed25519 (RFC 8032), one in use, public halves of all kept. `export` makes the file with which another
machine verifies without asking anybody.

Folder: `current.pem` (0600), `public.json` (a JWK set, RFC 7517, 8037). A retired key's private half is gone; its public half says until
when it signed.
"""
from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "sogoc-extract-keys/1"


@dataclass(frozen=True)
class PublicKey:
    """id: first 8 bytes of the SHA-256 of the key. since, until: when it signs; until is None for the one in use."""

    id: bytes
    key: Ed25519PublicKey
    since: datetime
    until: datetime | None = None


class CodeKeys:
    """The keys in a folder; made at first use. Processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def signing(self) -> tuple[bytes, Ed25519PrivateKey]:
        """(id, private key) of the one in use."""
        with self._locked():
            if not (self.folder / "current.pem").exists():
                self._make()
            loaded = serialization.load_pem_private_key((self.folder / "current.pem").read_bytes(), None)
            assert isinstance(loaded, Ed25519PrivateKey)
            key_id = _id(loaded.public_key())
            if key_id not in {k.id for k in self._public()}:        # killed between the two files
                self._note(loaded.public_key())
            return key_id, loaded

    def rotate(self) -> bytes:
        """A new key from now on; codes of earlier ones stay good. Returns its id."""
        with self._locked():
            return self._make()

    def public(self) -> tuple[PublicKey, ...]:
        """Public halves of all keys there ever were here."""
        self.signing()
        with self._locked():
            return tuple(self._public())

    def adopt(self, keys: Sequence[PublicKey]) -> int:
        """Public halves that came back with a restore: codes signed with them are good, nothing is signed with them. How many were new."""
        with self._locked():
            known, now = self._public(), datetime.now(UTC).replace(microsecond=0)
            new = [PublicKey(k.id, k.key, k.since, k.until or now) for k in keys if k.id not in {x.id for x in known}]
            if new:
                _write(self.folder / "public.json", json.dumps({"keys": [to_jwk(k) for k in (*new, *known)]}, indent=1).encode())
            return len(new)

    def _make(self) -> bytes:
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(self.folder / "current.pem", private)
        return self._note(key.public_key())

    def _note(self, key: Ed25519PublicKey) -> bytes:
        now = datetime.now(UTC).replace(microsecond=0)
        earlier = [PublicKey(k.id, k.key, k.since, k.until or now) for k in self._public()]
        made = PublicKey(_id(key), key, now)
        _write(self.folder / "public.json", json.dumps({"keys": [to_jwk(k) for k in (*earlier, made)]}, indent=1).encode())
        return made.id

    def _public(self) -> list[PublicKey]:
        path = self.folder / "public.json"
        return list(read_keys(json.loads(path.read_text("utf-8")))) if path.exists() else []

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.folder / ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True)
class KeyFile:
    """What another machine needs: keys of codes, and the roots (PEM) that signatures of the documents lead to."""

    keys: tuple[PublicKey, ...]
    roots: tuple[str, ...] = ()
    agency: str = ""


def export(keys: Sequence[PublicKey], roots: Sequence[str], agency: str) -> str:
    """The key file as JSON: a JWK set with the agency's name and root certificates."""
    return json.dumps({"format": FORMAT, "agency": agency, "keys": [to_jwk(k) for k in keys], "roots": list(roots)}, ensure_ascii=False,
                      indent=1) + "\n"


def read_key_file(text: str) -> KeyFile:
    """Raises ValueError for anything that is no key file."""
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("not a key file of extracts")
    return KeyFile(read_keys(data), tuple(str(r) for r in data.get("roots", ())), str(data.get("agency", "")))


def read_keys(data: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a JWK set. Raises ValueError."""
    try:
        found = []
        for jwk in data["keys"]:
            if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519"):
                raise ValueError("not an Ed25519 key")
            key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4)))
            found.append(PublicKey(_id(key), key, datetime.fromtimestamp(jwk["nbf"], UTC),
                                   datetime.fromtimestamp(jwk["exp"], UTC) if "exp" in jwk else None))
        return tuple(found)
    except (KeyError, TypeError) as e:
        raise ValueError("not a set of keys") from e


def fingerprint(keys: Sequence[PublicKey]) -> str:
    """Over all keys, to be compared by telephone: eight groups of four figures and letters."""
    said = hashlib.sha256(b"".join(sorted(k.key.public_bytes_raw() for k in keys))).hexdigest()[:32].upper()
    return " ".join(said[n:n + 4] for n in range(0, 32, 4))


def to_jwk(k: PublicKey) -> dict[str, Any]:
    """The key as a JSON Web Key; nbf and exp say when it signs."""
    x = base64.urlsafe_b64encode(k.key.public_bytes_raw()).rstrip(b"=").decode()
    times = {"nbf": int(k.since.timestamp()), **({"exp": int(k.until.timestamp())} if k.until else {})}
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": k.id.hex(), "x": x, **times}


def _id(key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(key.public_bytes_raw()).digest()[:8]


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)
