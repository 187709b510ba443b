"""What a person's decision changed: the values before and after, kept beside the log because the log itself names no person.

The event of the decision carries the digest of its change, so a change that was altered afterwards is found out; the digest is
salted, so it does not give the values away.
"""
from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage import events
from storage.models import Cursor, Event


def append_with_change(session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any], before: Any,
    after: Any) -> Event:
    """One event whose before and after values are kept for undoing and for the record's history; JSON data."""
    change = {"before": before, "after": after, "salt": secrets.token_hex(16)}
    event = events.append(session, actor, action, subject, {**detail, "change": _digest(change)})
    session.add(Cursor(name=f"change:{event.seq}", value=change))
    session.flush()
    return event


def change_of(session: Session, event: Event) -> dict[str, Any]:
    """{"before": …, "after": …} of the event; KeyError if it has none, ValueError if it is not what the event says it was."""
    return changes_of(session, [event])[event.seq]


def changes_of(session: Session, events: Sequence[Event]) -> dict[int, dict[str, Any]]:
    """The same of several events by their number, in one query."""
    names = [f"change:{e.seq}" for e in events]
    rows = {c.name: c for c in session.scalars(sa.select(Cursor).where(Cursor.name.in_(names)))} if names else {}
    out = {}
    for event in events:
        row = rows.get(f"change:{event.seq}")
        if row is None:
            raise KeyError(event.seq)
        if _digest(row.value) != event.detail.get("change"):
            raise ValueError(f"the change kept for event {event.seq} is not the one that was logged")
        out[event.seq] = {"before": row.value["before"], "after": row.value["after"]}
    return out


def _digest(change: Mapping[str, Any]) -> str:
    text = json.dumps(dict(change), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
