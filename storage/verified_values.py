"""What people have settled in a batch's entries: it never changes, and it tells the rest of the book."""
from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.record import FieldValue
from storage.models import Cursor, Entry, Page, utc_now
from storage.readings import SETTLED_STATES, batch_entries, entry_record, touched

Verified = Mapping[tuple[int, int], Mapping[str, FieldValue]]      # (page id, row) -> field code -> value


def verified_values(session: Session, batch_id: str) -> Verified:
    """Every value of an entry that a person has verified, and of other entries the values that a person has written."""
    out: dict[tuple[int, int], Mapping[str, FieldValue]] = {}
    for entry in batch_entries(session, batch_id):
        if not touched(entry):
            continue
        whole = entry.status in SETTLED_STATES
        values = {code: f for code, f in entry_record(entry).fields.items() if f.source == "reviewer" or (whole and f.value)}
        if values:
            out[entry.page_id, entry.row] = values
    return out


@dataclass(frozen=True)
class Decisions:
    """How many decisions about what a book says people have made, and when the last."""

    made: int
    last: datetime | None


def note_decision(session: Session, entry: Entry) -> None:
    """Count a decision about what the entry says, so that the rest of its book is settled again. In the decision's own transaction, before
    it is logged."""
    session.flush()
    name = _counter(entry.batch_id or session.get_one(Page, entry.page_id).batch_id)
    counter = sa.select(Cursor).where(Cursor.name == name).with_for_update().execution_options(populate_existing=True)
    row = session.scalar(counter)
    if row is None:
        try:
            with session.begin_nested():
                session.add(Cursor(name=name, value={"made": 0}))
        except IntegrityError:
            pass            # another reviewer's first decision came between
        row = session.scalars(counter).one()
    row.value, row.updated_at = {"made": int(row.value["made"]) + 1}, utc_now()
    session.flush()


def decisions_of(session: Session, batch_id: str) -> Decisions:
    """The decisions made in a batch so far."""
    row = session.get(Cursor, _counter(batch_id))
    return Decisions(int(row.value["made"]), row.updated_at) if row is not None else Decisions(0, None)


def has_open_entries(session: Session, batch_id: str) -> bool:
    """Whether an entry of the batch is left in which nobody has had a hand: only such ones can still change."""
    query = sa.select(Entry.id).join(Page, Entry.page_id == Page.id).where(
        Page.batch_id == batch_id, Entry.status.not_in(SETTLED_STATES), Entry.revision == 0)
    return session.scalar(query.limit(1)) is not None


def _counter(batch_id: str) -> str:
    return "decisions:" + hashlib.sha256(batch_id.encode()).hexdigest()[:48]
