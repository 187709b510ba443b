"""One step of a person's work on an entry: the entry held and its revision counted, the step logged with what it changed."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from storage.access_log import REVIEW, told
from storage.changes import append_with_change
from storage.models import Entry, Event, Field, Link
from storage.policy import Actor
from storage.review_errors import AlreadyDecided, ChangedMeanwhile, PageSetAside
from storage.review_queue import OPEN, lease


def hold(session: Session, actor: Actor, entry_id: int, revision: int | None, statuses: Sequence[str] = OPEN) -> Entry:
    """Lease the entry and count its revision up. Raises ChangedMeanwhile, AlreadyDecided, PageSetAside and what `lease`
    raises."""
    entry = lease(session, actor, entry_id)
    if revision is not None and revision != entry.revision:
        raise ChangedMeanwhile(entry=entry_id)
    if entry.status not in statuses:
        raise AlreadyDecided(entry=entry_id, status=entry.status)
    if entry.set_aside:
        raise PageSetAside(entry=entry_id)
    entry.revision += 1
    return entry


def append(session: Session, actor: Actor, action: str, entry: Entry, detail: Mapping[str, Any], before: Any, after: Any) -> Event:
    """The event of the step, its values before and after kept for undoing."""
    said = {**told(actor), "purpose": REVIEW.code, **detail, "revision": entry.revision}
    return append_with_change(session, actor.name, action, f"entry:{entry.id}", said, before, after)


def kept(row: Field | Link | None, names: Sequence[str]) -> dict[str, Any] | None:
    """The row's values to go back to; None for a row that is not there."""
    return None if row is None else {n: getattr(row, n) for n in names}
