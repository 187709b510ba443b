"""A stretch of the log as it lies in the archive store: its lines, compressed, and beside them its seal, a signed statement of them.

The lines are JSON Lines as in storage.event_segments; the seal says which lines, their SHA-256, and the hashes the chain has before and
after them. Objects are named by the numbers of their lines, so making one again finds the one that is there.
"""
from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storage import events
from storage.errors import ChainBroken
from storage.event_segments import event_of, line_of
from storage.models import Event, LogSegment
from storage.outbox import ObjectLedger

PREFIX = "log-sealed/"
FORMAT = "sogoc-log-seal/1"


@dataclass(frozen=True)
class Seal:
    """statement: what was signed, as JSON has it; signature: detached CMS over `signed_bytes(statement)`."""

    statement: dict[str, Any]
    signature: bytes

    def to_json(self) -> bytes:
        body = {"statement": self.statement, "signature": base64.b64encode(self.signature).decode()}
        return (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Seal:
        body = json.loads(data)
        return cls(body["statement"], base64.b64decode(body["signature"]))


def key_of(first: int, last: int) -> str:
    return f"{PREFIX}{first:012d}-{last:012d}.jsonl.gz"


def seal_key(key: str) -> str:
    return f"{key}.seal.json"


def packed(lines: Sequence[Event]) -> bytes:
    """The lines as the object has them; the same lines give the same bytes."""
    return gzip.compress("".join(line_of(e) for e in lines).encode(), 9, mtime=0)


def statement(lines: Sequence[Event], key: str, sha256: str, sealed_at: datetime, agency: str) -> dict[str, Any]:
    return {"format": FORMAT, "first_seq": lines[0].seq, "last_seq": lines[-1].seq, "lines": len(lines),
            "first_at": min(e.at for e in lines).isoformat(), "last_at": max(e.at for e in lines).isoformat(),
            "prev_hash": lines[0].prev_hash, "last_hash": lines[-1].hash, "key": key, "sha256": sha256,
            "sealed_at": sealed_at.isoformat(), "agency": agency}


def signed_bytes(said: dict[str, Any]) -> bytes:
    """Canonical JSON: sorted keys, UTF-8, no spaces."""
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unpacked(data: bytes, first: int, last: int, prev_hash: str, key: str) -> list[Event]:
    """The lines of the object, each one's hash and place in the chain checked. Raises ChainBroken."""
    try:
        lines = [event_of(line) for line in gzip.decompress(data).decode().splitlines()]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ChainBroken(seq=first, cause=f"segment {key} cannot be read: {type(error).__name__}") from error
    previous = events.ChainHead(first - 1, prev_hash)
    for e in lines:
        if (e.seq, e.prev_hash, e.hash) != (previous.seq + 1, previous.hash, events.digest(e)):
            raise ChainBroken(seq=e.seq, cause=f"segment {key} does not continue the chain")
        previous = events.ChainHead(e.seq, e.hash)
    if previous.seq != last:
        raise ChainBroken(seq=previous.seq + 1, cause=f"segment {key} lacks lines")
    return lines


def read_segment(ledger: ObjectLedger, segment: LogSegment) -> list[Event]:
    """The lines of a sealed segment. Raises ChainBroken, ObjectMissing, ObjectDiffers, ObjectStoreUnavailable."""
    data = ledger.get(segment.key)
    if hashlib.sha256(data).hexdigest() != segment.sha256:
        raise ChainBroken(seq=segment.first_seq, cause=f"segment {segment.key} is not the one that was sealed")
    lines = unpacked(data, segment.first_seq, segment.last_seq, segment.prev_hash, segment.key)
    if lines[-1].hash != segment.last_hash:
        raise ChainBroken(seq=segment.last_seq, cause=f"segment {segment.key} ends otherwise than noted")
    return lines


def signature_problem(seal: Seal, roots: Sequence[Path]) -> str:
    """Empty: the signature is whole and by somebody the roots answer for (as of the seal's own time); else why not.

    Call from a thread without a running event loop.
    """
    from asn1crypto import cms
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.sign.validation import async_validate_detached_cms
    from pyhanko_certvalidator import ValidationContext

    try:
        context = ValidationContext(trust_roots=[load_cert_from_pemder(str(r)) for r in roots], allow_fetching=False,
                                    moment=datetime.fromisoformat(seal.statement["sealed_at"]))
        content = cms.ContentInfo.load(seal.signature)["content"]
        status = asyncio.run(async_validate_detached_cms(signed_bytes(seal.statement), content, signer_validation_context=context,
                                                         ts_validation_context=context))
    except Exception as e:      # whatever a forged structure does to the library, it is no signature
        return f"not a signature ({type(e).__name__})"
    return "" if status.intact and status.valid and status.trusted else "not trusted" if status.intact and status.valid else "changed"
