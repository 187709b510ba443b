"""Notes that people leave on an entry for whoever opens it next. They decide nothing and are never changed; the log says that, not what."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from records.text import nfc
from storage.access_log import log_access
from storage.models import Entry, EntryComment, User
from storage.policy import Actor
from storage.review_errors import EmptyComment, NotAllowed
from storage.review_queue import visible_entry

MOST_TEXT = 1000            # characters
_SHOWN = 50


@dataclass(frozen=True)
class Comment:
    by: str
    name: str
    at: datetime
    text: str


def add_comment(session: Session, actor: Actor, entry_id: int, text: str) -> Entry:
    """Leave a note on an entry one may see, whoever holds it and whatever its state. Raises NotAllowed, NoSuchEntry, EmptyComment."""
    if not (actor.may("review") or actor.may("record.see")):
        raise NotAllowed(actor=actor.name)
    entry = visible_entry(session, actor, entry_id, "review" if actor.may("review") else "record.see")
    said = nfc(text).strip()[:MOST_TEXT]
    if not said:
        raise EmptyComment(entry=entry_id)
    row = EntryComment(entry_id=entry.id, by=actor.name, text=said)
    session.add(row)
    session.flush()
    log_access(session, actor, "entry.comment", f"entry:{entry.id}", comment=row.id)
    return entry


def comments(session: Session, entry_id: int) -> Sequence[Comment]:
    """The entry's newest notes, oldest first; who may see the entry may see them."""
    query = sa.select(EntryComment, User.display_name).outerjoin(User, User.name == EntryComment.by)
    rows = session.execute(query.where(EntryComment.entry_id == entry_id).order_by(EntryComment.id.desc()).limit(_SHOWN)).all()
    return [Comment(row.by, name or row.by, row.at, row.text) for row, name in reversed(rows)]
