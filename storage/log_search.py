"""Lines of the log for an auditor: by person, action, subject and day; and everybody who saw one entry."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Entry, Event

_HERE = timezone(timedelta(hours=7))            # days are days in Việt Nam
LOOKS = ("record.view", "page.view", "record.search", "record.metadata", "copy.fetch", "copy.link", "person.vault",
         "records.export", "record.print")


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


def who_saw(session: Session, entry_id: int, limit: int = 500) -> Sequence[Event]:
    """Every look at the entry, the newest first: at itself, at the picture of its pages, in the answer to a search or a personal vault,
    in an export of its book or of everything, and every look that was refused. Changes are looks too."""
    entry = session.get(Entry, entry_id)
    subjects = [f"entry:{entry_id}"]
    exports = [Event.subject == "records"]
    if entry is not None:
        subjects += [f"page:{p}" for p in (entry.page_id, entry.second_page_id) if p is not None]
        exports.append(Event.subject == f"batch:{entry.page.batch_id}")
    named = sa.cast(Event.detail["found"], sa.Text).contains(f'"entry:{entry_id}"', autoescape=True)
    in_search = sa.and_(Event.action.in_(("record.search", "person.vault")), named)
    in_export = sa.and_(Event.action == "records.export", sa.or_(*exports))
    query = sa.select(Event).where(sa.or_(Event.subject.in_(subjects), in_search, in_export)).order_by(Event.seq.desc()).limit(limit)
    return session.scalars(query).all()


def people(session: Session, most: int = 500) -> Sequence[str]:
    """Names that stand in the log, for a list to choose from."""
    return session.scalars(sa.select(Event.actor).distinct().order_by(Event.actor).limit(most)).all()
