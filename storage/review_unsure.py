"""A person says that they cannot decide an entry: it leaves their own queue, stands with those that need a person, and others are told why.

The mark is a decision like any other: logged, its words kept beside the log, and undone by `storage.review.undo`.
"""
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Entry, EntryUnsure, Event
from storage.policy import Actor
from storage.review_queue import release
from storage.review_steps import append, hold

MOST_NOTE = 500             # characters


def mark_unsure(session: Session, actor: Actor, entry_id: int, note: str = "", *, revision: int | None = None) -> Entry:
    """Leave the entry to others. One that was only to be confirmed now needs a person. Raises what `hold` raises."""
    entry = hold(session, actor, entry_id, revision)
    said, before = note.strip()[:MOST_NOTE], entry.status
    entry.status = "review"
    event = append(session, actor, "entry.unsure", entry, {}, before, {"status": entry.status, "note": said})
    session.add(EntryUnsure(entry_id=entry.id, by=actor.name, note=said, event_seq=event.seq))
    session.flush()
    release(session, actor, entry_id)
    return entry


def undo_unsure(session: Session, entry: Entry, event: Event, before: Any) -> None:
    """The mark of `event` was taken back."""
    entry.status = before
    session.execute(sa.update(EntryUnsure).where(EntryUnsure.event_seq == event.seq).values(withdrawn=True))
