"""Lines of the log for an auditor: by person, action, subject and day (storage.person_access: everybody who saw one entry or person)."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Event

_HERE = timezone(timedelta(hours=7))            # days are days in Việt Nam


@dataclass(frozen=True)
class LogFilter:
    """Empty: any. kind: of the subject (entry, page, batch, user, client …); subject: the very one; refused: only what was refused."""

    actor: str = ""
    action: str = ""
    kind: str = ""
    subject: str = ""
    first: date | None = None
    last: date | None = None
    refused: bool = False


def lines(session: Session, wanted: LogFilter, limit: int, before: int = 0) -> Sequence[Event]:
    """The newest first; before: only lines with a smaller number."""
    query = sa.select(Event).order_by(Event.seq.desc()).limit(limit)
    for column, value in ((Event.actor, wanted.actor), (Event.action, wanted.action), (Event.subject, wanted.subject)):
        if value:
            query = query.where(column == value)
    if wanted.kind:
        query = query.where(Event.subject.startswith(f"{wanted.kind}:", autoescape=True))
    if wanted.first:
        query = query.where(Event.at >= midnight(wanted.first))
    if wanted.last:
        query = query.where(Event.at < midnight(wanted.last + timedelta(days=1)))
    if wanted.refused:
        query = query.where(Event.action.in_(("access.refused", "user.login_refused")))
    if before:
        query = query.where(Event.seq < before)
    return session.scalars(query).all()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), _HERE)


def people(session: Session, most: int = 500) -> Sequence[str]:
    """Names that stand in the log, for a list to choose from."""
    return session.scalars(sa.select(Event.actor).distinct().order_by(Event.actor).limit(most)).all()
