"""How many links people will have to look at: those that wait, and those that a week brings."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.link_states import waiting
from storage.models import Batch, Entry, Link, Page, utc_now
from storage.policy import Actor
from storage.review_queue import OPEN, visible_entries

_WEEKS = 4                  # what the last weeks brought is what the next will bring


@dataclass(frozen=True)
class Workload:
    """waiting: links a person has to decide now, checks among them. weekly: new ones expected in a week."""

    waiting: int
    weekly: int

    @property
    def this_week(self) -> int:
        """What there is to do within a week if nothing is to be left over."""
        return self.waiting + self.weekly


def workload(session: Session, actor: Actor, now: datetime | None = None) -> Workload:
    """The workload in the communes the actor may see. A book counts from the day it came in; links people have decided count as brought."""
    now = now or utc_now()
    seen = visible_entries(actor, "review").where(Page.state != "set_aside").join(Link, Link.entry_id == Entry.id)
    count = seen.with_only_columns(sa.func.count(Link.id))
    due = session.scalar(count.where(Entry.status.in_(OPEN), waiting())) or 0
    recent = Batch.created_at > now - timedelta(weeks=_WEEKS)
    brought = session.scalar(count.where(recent, sa.or_(waiting(), Link.decided_by.is_not(None)))) or 0
    first = session.scalar(sa.select(sa.func.min(Batch.created_at)))
    weeks = min(_WEEKS, max(1.0, (now - first) / timedelta(weeks=1))) if first is not None else _WEEKS
    return Workload(due, round(brought / weeks))
