"""Extracts put back from the object store: the record with the most moves of each, the numbers given, the public keys of the codes."""
from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from sqlalchemy.orm import Session

from storage.catalogue import revive
from storage.database import Database
from storage.errors import ObjectDiffers, StorageError
from storage.extracts.cose import Forged, NotOurCode, UnknownKey
from storage.extracts.keeping import FOLDER, FORMAT, KEYS
from storage.extracts.keys import PublicKey, read_keys
from storage.extracts.proof import decode
from storage.models import Entry, Event, Extract, ExtractNumber
from storage.objects import ObjectStore
from storage.restore_rows import first_version, stored_object

_COMMIT_EVERY = 50
_RECORD = re.compile(rf"{FOLDER}/[0-9a-f]{{2}}/[0-9a-f-]{{36}}/\d{{4}}\.[0-9a-f]{{32}}\.json")


@dataclass
class RestoredExtracts:
    """keys: public halves of the keys by which a restored extract's code is good. problems: (where, why) of what was left out."""

    extracts: int = 0
    keys: list[PublicKey] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


class Told:
    """What the log tells of records: of each extract the last move, and that record's SHA-256."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, str]] = {}

    def hear(self, event: Event) -> None:
        if event.action.startswith("extract.") and "record" in event.detail and "move" in event.detail:
            self._last[str(event.detail["extract"])] = (int(event.detail["move"]), str(event.detail["record"]))

    def last(self, extract_id: str) -> tuple[int, str]:
        """(0, "") where the log tells of none."""
        return self._last.get(extract_id, (0, ""))


def restore_extracts(database: Database, store: ObjectStore, told: Told) -> RestoredExtracts:
    """Behind the packages they were made from. Every record is proven by the SHA-256 in its name, and by the log where that tells of it.
    Numbers go on behind the highest in any record, also of one that could not be put back. Killed and run again it goes on."""
    out = RestoredExtracts()
    keys = _public_keys(store, out)
    good: dict[bytes, PublicKey] = {}
    found = _newest_records(store, told, out)
    while block := list(islice(found, _COMMIT_EVERY)):
        with database.session() as session:
            for key, data in block:
                _count_on(session, data)
                try:
                    with session.begin_nested():
                        _add(session, store, data, out)
                except (StorageError, KeyError, ValueError, TypeError) as e:
                    out.problems.append((key, f"{type(e).__name__}: {str(e)[:120]}"))
                signed_by = _key_of(data.get("code_text"), keys)
                if signed_by is not None:
                    good[signed_by.id] = signed_by
    out.keys = list(good.values())
    return out


def _newest_records(store: ObjectStore, told: Told, out: RestoredExtracts) -> Iterator[tuple[str, dict[str, Any]]]:
    """(key, the row) of each extract: the record with the most moves that proves good."""
    names = (o.key for o in store.list("archive", f"{FOLDER}/") if _RECORD.fullmatch(o.key))
    for folder, keys in groupby(names, key=lambda k: k.rpartition("/")[0]):
        extract_id = folder.rpartition("/")[2]
        last, digest = told.last(extract_id)
        best = None
        for key in sorted(keys, reverse=True):
            if best is not None and _moves(key) < _moves(best[0]):
                break
            try:
                if best is not None:
                    raise ValueError("another record of the same move")
                best = key, _proven(store, key, extract_id, last, digest)
            except (StorageError, KeyError, ValueError, TypeError) as e:
                out.problems.append((key, f"{type(e).__name__}: {str(e)[:120]}"))
        if best is not None:
            if int(best[1]["moves"]) < last:
                out.problems.append((folder, f"record_missing: the log tells of move {last}, the store has {best[1]['moves']}"))
            yield best


def _moves(key: str) -> int:
    return int(key.rpartition("/")[2].split(".")[0])


def _proven(store: ObjectStore, key: str, extract_id: str, last: int, digest: str) -> dict[str, Any]:
    data = store.get("archive", key, first_version(store, key))
    found = hashlib.sha256(data).hexdigest()
    moves, named = _moves(key), key.removesuffix(".json").rpartition(".")[2]
    said = json.loads(data)
    row: dict[str, Any] = said["extract"]
    if not found.startswith(named) or (moves == last and found != digest):
        raise ObjectDiffers(bucket="archive", key=key, expected=digest if moves == last else named, found=found)
    if said["format"] != FORMAT or row["id"] != extract_id or row["moves"] != moves:
        raise ValueError("the record is another's")
    return row


def _add(session: Session, store: ObjectStore, row: Mapping[str, Any], out: RestoredExtracts) -> None:
    if session.get(Extract, row["id"]) is not None:
        return
    if session.get(Entry, row["entry_id"]) is None:
        raise ValueError(f"entry {row['entry_id']} is not in the archive")
    for key in (row["signed_key"], row["pdf_key"]):
        if key is not None:
            stored_object(session, store, key, None, None)
    session.add(revive(Extract, row, recorded=row["moves"]))
    session.flush()
    out.extracts += 1


def _count_on(session: Session, row: Mapping[str, Any]) -> None:
    if row.get("number") is None:
        return
    place = {"agency_code": row["agency_code"], "year": row["number_year"]}
    counter = session.get(ExtractNumber, place) or ExtractNumber(**place, last=0)
    counter.last = max(counter.last, row["number"])
    session.add(counter)
    session.flush()


def _public_keys(store: ObjectStore, out: RestoredExtracts) -> list[PublicKey]:
    found: list[PublicKey] = []
    for o in store.list("archive", f"{KEYS}/"):
        try:
            found += read_keys({"keys": [json.loads(store.get("archive", o.key, first_version(store, o.key)))]})
        except (StorageError, ValueError) as e:
            out.problems.append((o.key, f"{type(e).__name__}: {str(e)[:120]}"))
    return found


def _key_of(code: str | None, keys: list[PublicKey]) -> PublicKey | None:
    """The key that signed this code: one that a stranger laid into the store signs none that the records have."""
    for key in keys if code else ():
        try:
            decode(str(code), [key])
            return key
        except (NotOurCode, UnknownKey, Forged):
            continue
    return None
