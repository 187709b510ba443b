"""What a search asked for, as the log may keep it: keyed digests that tell the same number and the next one, and give none away."""
from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from records.text import fold

STEP = 2                    # numbers so near count as walking
_NUMBER = re.compile(r"\d+")


def asked_register_number(key: bytes, kind: str, year: int, number: str) -> Mapping[str, Any]:
    """Of a search by register number: `asked` its digest, `next` those of the numbers after it. Book and place are left out: whoever
    walks leaves them out, or spells them anew each time."""
    found = _NUMBER.search(number)
    return _numbered(key, f"{kind}|{year}", int(found[0]) if found else 0)


def asked_person(key: bytes, personal_id: str) -> Mapping[str, Any]:
    """Of a search by personal number; the last six figures are what is counted through."""
    return _numbered(key, f"person|{personal_id[:-6]}", int(personal_id[-6:]))


def asked_name(key: bytes, name: str, born: str) -> Mapping[str, Any]:
    """Of a search by name and date: no number follows another."""
    return {"asked": _digest(key, f"name|{fold(name)}|{born}")}


def _numbered(key: bytes, row: str, number: int) -> Mapping[str, Any]:
    return {"asked": _digest(key, f"{row}|{number}"), "next": [_digest(key, f"{row}|{number + n}") for n in range(1, STEP + 1)]}


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:12]
