"""Entries that somebody could not decide: who said so, and that they are not asked again."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Entry, EntryUnsure, User
from storage.policy import Actor


@dataclass(frozen=True)
class UnsureMark:
    """Who could not decide, when, and what they said of it (may be empty)."""

    by: str
    name: str
    at: datetime
    note: str


def not_left_to_others(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition on an entry that this person has not said of it that they cannot decide."""
    mine = sa.select(EntryUnsure.id).where(EntryUnsure.entry_id == Entry.id, EntryUnsure.by == actor.name, EntryUnsure.withdrawn.is_(False))
    return ~mine.exists()


def unsure_marks(session: Session, entries: Collection[int]) -> Mapping[int, tuple[UnsureMark, ...]]:
    """The marks that stand on these entries, oldest first; an entry without any is not in it."""
    query = sa.select(EntryUnsure, User.display_name).outerjoin(User, User.name == EntryUnsure.by)
    rows = session.execute(query.where(EntryUnsure.entry_id.in_(entries), EntryUnsure.withdrawn.is_(False)).order_by(EntryUnsure.id))
    found: dict[int, tuple[UnsureMark, ...]] = {}
    for row, name in rows:
        found[row.entry_id] = (*found.get(row.entry_id, ()), UnsureMark(row.by, name or row.by, row.at, row.note))
    return found


def unsure_count(session: Session, actor: Actor, since: datetime) -> int:
    """How many marks of this person stand since then."""
    query = sa.select(sa.func.count()).where(EntryUnsure.by == actor.name, EntryUnsure.at >= since, EntryUnsure.withdrawn.is_(False))
    return session.scalar(query) or 0
