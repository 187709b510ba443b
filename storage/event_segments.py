"""The event log in the object store: stretches of it, written once and locked, so that a lost database does not take the log with it."""
from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from storage import events
from storage.archive_package import RetentionOptions, retention
from storage.errors import ChainBroken
from storage.models import Event, StoredObject
from storage.objects import ObjectStore
from storage.outbox import STORED, ObjectLedger

PREFIX = "log/"
_LONGEST = 20_000           # events a segment


def write_segments(ledger: ObjectLedger, options: RetentionOptions, now: datetime | None = None) -> int:
    """Write what was added to the log since the last segment; how many events. Of two writers at once one wins, the other's turn is next.

    Locked under GOVERNANCE: the log names who looked at whom, and a court may order such a thing removed.
    """
    until, _ = retention(options, now or datetime.now(UTC))
    written = 0
    while True:
        with ledger.database.reading() as session:
            last = session.scalar(sa.select(sa.func.max(StoredObject.key)).where(
                StoredObject.key.like(f"{PREFIX}%"), StoredObject.state == STORED))
            since = _end(last) if last else 0
            rows = session.scalars(sa.select(Event).where(Event.seq > since).order_by(Event.seq).limit(_LONGEST)).all()
        if not rows:
            return written
        body = "".join(line_of(e) for e in rows)
        key = f"{PREFIX}{rows[0].seq:012d}-{rows[-1].seq:012d}.jsonl"
        ledger.put("archive", key, body.encode(), "application/jsonl", until, "GOVERNANCE")
        written += len(rows)


def read_segments(store: ObjectStore) -> Iterator[Event]:
    """The log as the segments have it, in order and with its chain checked. Raises ChainBroken."""
    previous = events.ChainHead(0, events.GENESIS)
    for facts in store.list("archive", PREFIX):
        for line in store.get("archive", facts.key).decode().splitlines():
            event = event_of(line)
            if event.seq <= previous.seq:
                continue                        # two writers' segments may overlap
            if event.seq != previous.seq + 1 or event.prev_hash != previous.hash or event.hash != events.digest(event):
                raise ChainBroken(seq=event.seq, cause=f"segment {facts.key} does not continue the chain")
            previous = events.ChainHead(event.seq, event.hash)
            yield event


def line_of(e: Event) -> str:
    """One line of the log with its hashes, as JSON."""
    plain: dict[str, Any] = {"seq": e.seq, "at": e.at.astimezone(UTC).isoformat(timespec="microseconds"), "actor": e.actor,
                             "action": e.action, "subject": e.subject, "detail": e.detail, "prev_hash": e.prev_hash, "hash": e.hash}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True) + "\n"


def event_of(line: str) -> Event:
    """The line that `line_of` wrote, not attached to a session. Raises ValueError, KeyError, TypeError."""
    data = json.loads(line)
    return Event(**{**data, "at": datetime.fromisoformat(data["at"])})


def _end(key: str) -> int:
    return int(key.removeprefix(PREFIX).removesuffix(".jsonl").split("-")[1])
