"""Each step of an extract told where it must be: in the log, in the change feed, and as a record in the object store.

The record is the whole row, so the one with the most moves says all that the earlier ones said. Its name holds the moves and its content's
SHA-256, its bytes come from the row alone: to write it again is to write the same. It is written after the step's unit of work; `moves` and
`recorded` say which rows are still to be written, and `keep_waiting` writes them. Its SHA-256 is in the log's line of that step.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.access_log import Purpose, log_access
from storage.archive_package import retention
from storage.change_feed import publish_extract
from storage.errors import ObjectStoreUnavailable, StorageError
from storage.extracts.keys import to_jwk
from storage.models import Extract
from storage.policy import Actor

if TYPE_CHECKING:
    from storage.extracts.office import Office

FORMAT = "sogoc-extract/1"
FOLDER = "extracts"
KEYS = f"{FOLDER}/keys"
_OF_THE_DATABASE = ("recorded",)        # what the store has is no part of what it keeps


def moved(session: Session, actor: Actor, extract: Extract, step: str, purpose: Purpose, **particulars: Any) -> None:
    """What ends a step, in its unit of work: one more move, the log's line, and the feed's where the state is another one now."""
    extract.moves = (extract.moves or 0) + 1
    session.flush()
    event = log_access(session, actor, f"extract.{step}", f"entry:{extract.entry_id}", purpose, extract=extract.id, move=extract.moves,
                       record=hashlib.sha256(record(extract)).hexdigest(), **particulars)
    if step != "reserve":
        publish_extract(session, event, extract)


def record(extract: Extract) -> bytes:
    """The row as JSON. It has initials, birth years and the check code: it belongs into the locked bucket and nowhere else."""
    columns = [c.key for c in sa.inspect(Extract).columns if c.key not in _OF_THE_DATABASE]
    return (json.dumps({"format": FORMAT, "extract": {c: _plain(getattr(extract, c)) for c in sorted(columns)}}, ensure_ascii=False,
                       indent=1) + "\n").encode()


def record_key(extract_id: str, moves: int, data: bytes) -> str:
    """`extracts/0b/0b6c…/0003.<32 digits of the SHA-256>.json`."""
    return f"{FOLDER}/{extract_id[:2]}/{extract_id}/{moves:04d}.{hashlib.sha256(data).hexdigest()[:32]}.json"


def keep(office: Office, extract_id: str) -> None:
    """Have the store know the extract as it stands now. Raises ObjectStoreUnavailable."""
    with office.database.reading() as session:
        extract = session.get_one(Extract, extract_id)
        moves, data = extract.moves, record(extract)
        if extract.recorded >= moves:
            return
    until, mode = retention(office.archive, office.now())
    office.ledger.put("archive", record_key(extract_id, moves, data), data, "application/json", until, mode)
    with office.database.session() as session:
        session.execute(sa.update(Extract).where(Extract.id == extract_id, Extract.recorded < moves).values(recorded=moves))


def keep_soon(office: Office, extract_id: str) -> None:
    """The same where the step is done already: a store that does not answer is no reason to say that it was not."""
    with contextlib.suppress(ObjectStoreUnavailable):
        keep(office, extract_id)


@dataclass(frozen=True)
class Caught:
    """What `keep_waiting` did. written: extracts the store knows now. refused: ids of those it would not take, and why."""

    written: int
    refused: Mapping[str, StorageError]


def keep_waiting(office: Office, leave: Container[str] = ()) -> Caught:
    """Write what a kill or a silent store left unwritten. leave: ids not to try now. One that is refused does not keep the others waiting.

    Raises ObjectStoreUnavailable.
    """
    with office.database.reading() as session:
        waiting = session.scalars(sa.select(Extract.id).where(Extract.recorded < Extract.moves).order_by(Extract.id)).all()
    due = [x for x in waiting if x not in leave]
    refused: dict[str, StorageError] = {}
    written = 0
    for extract_id in due:
        try:
            if not written:
                keep_keys(office)
            keep(office, extract_id)
            written += 1
        except ObjectStoreUnavailable:
            raise
        except StorageError as e:
            refused[extract_id] = e
    return Caught(written, refused)


def keep_keys(office: Office) -> None:
    """Have the store know the public halves of the keys, before one signs a code: without them a restored home could not check codes."""
    until, mode = retention(office.archive, office.now())
    for key in office.keys.public():
        said = json.dumps(to_jwk(replace(key, until=None)), sort_keys=True).encode()        # it may end later; an object never changes
        office.ledger.put("archive", f"{KEYS}/{key.id.hex()}.json", said, "application/json", until, mode)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
