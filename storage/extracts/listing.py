"""Which extracts somebody may see: one, the list, those that are late."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.extracts.deadline import today
from storage.extracts.errors import NoSuchExtract
from storage.extracts.form import form_in_force
from storage.models import Entry, Extract
from storage.policy import Actor, allowed, allows

UNDER_WAY = ("requested", "signed", "numbered")         # the deadline is met when it is issued
STATES = (*UNDER_WAY, "issued", "delivered", "refused", "cancelled")
LINES = 50


@dataclass(frozen=True)
class Line:
    """An extract in the list, with the register number it is of."""

    extract: Extract
    number: str | None
    year: int | None


def is_late(extract: Extract, day: date) -> bool:
    """Whether it was to be issued before that day and is not, or was issued too late."""
    if extract.state in UNDER_WAY:
        return day > extract.due_on
    return extract.issued_at is not None and today(extract.issued_at) > extract.due_on


def printed_codes(extract: Extract) -> list[str]:
    """Codes of the fields that its page shows, for the log."""
    made = extract.signed_at or extract.received_at
    return [item.code for item in form_in_force(extract.kind, today(made)).items()]


def visible_extract(session: Session, actor: Actor, extract_id: str) -> Extract:
    """Raises NoSuchExtract either way it is not there for them. A program sees those it asked for."""
    found = session.get(Extract, extract_id) if len(extract_id) == 36 else None
    seen = found is not None and (found.requested_by == actor.name if actor.channel == "api"
                                  else allows(actor, "extract.see", found.commune_code, found.kind))
    if found is None or not seen:
        raise NoSuchExtract(extract=extract_id[:36])
    return found


def extracts(session: Session, actor: Actor, day: date, *, state: str = "", late: bool = False, start: int = 0,
             limit: int = LINES) -> Sequence[Line]:
    """Those the actor may see, what is due first first; without a state only those under way. late: not issued though due before `day`."""
    query = sa.select(Extract, Entry.number, Entry.year).join(Entry, Entry.id == Extract.entry_id)
    query = query.where(allowed(actor, "extract.see", Extract.commune_code, Extract.kind),
                        Extract.state == state if state else Extract.state.in_(UNDER_WAY if late else (*UNDER_WAY, "issued")))
    if late:
        query = query.where(Extract.due_on < day, Extract.state.in_(UNDER_WAY))
    order = (Extract.due_on, Extract.received_at, Extract.id) if not state or state in UNDER_WAY else (
        Extract.received_at.desc(), Extract.id)
    return [Line(*row) for row in session.execute(query.order_by(*order).offset(start).limit(limit))]


def counts(session: Session, actor: Actor, day: date) -> dict[str, int]:
    """How many of each state the actor may see; `late`: of those under way."""
    seen = allowed(actor, "extract.see", Extract.commune_code, Extract.kind)
    found = {state: n for state, n in session.execute(sa.select(Extract.state, sa.func.count()).where(seen).group_by(Extract.state))}
    late = session.scalar(sa.select(sa.func.count()).select_from(Extract).where(seen, Extract.due_on < day, Extract.state.in_(UNDER_WAY)))
    return {**{s: found.get(s, 0) for s in STATES}, "late": late or 0}
