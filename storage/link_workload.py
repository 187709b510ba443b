"""How many links people will have to look at: those that wait for a decision or a check, and those that a week brings."""
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
_LEAST_WEEKS = 2            # with less behind it nothing is said of the next


@dataclass(frozen=True)
class Workload:
    """undecided: links a person has to decide now; checks: accepted ones drawn to be checked blind. weekly: new ones of both expected in a
    week, 0 where too little came in to tell."""

    undecided: int
    checks: int
    weekly: int

    @property
    def line(self) -> tuple[str, str]:
        """The workload in one sentence, Vietnamese and English."""
        vi = f"{_vi(self.undecided)} liên kết chờ quyết định, {_vi(self.checks)} lượt kiểm tra ngẫu nhiên"
        en = f"{self.undecided:,} links to decide, {self.checks:,} random checks"
        if self.weekly:
            vi, en = f"{vi}; khoảng {_vi(self.weekly)} sẽ đến mỗi tuần", f"{en}; about {self.weekly:,} to come a week"
        return f"{vi}.", f"{en}."


def workload(session: Session, actor: Actor, now: datetime | None = None) -> Workload:
    """The workload in the communes the actor may see. A book counts from the day it came in; links people have decided count as brought."""
    now = now or utc_now()
    seen = visible_entries(actor, "review").where(Page.state != "set_aside").join(Link, Link.entry_id == Entry.id)
    count = seen.with_only_columns(sa.func.count(Link.id))
    due = count.where(Entry.status.in_(OPEN), waiting())
    checks = session.scalar(due.where(Link.decision == "accept")) or 0
    undecided = session.scalar(due.where(Link.decision != "accept")) or 0
    recent = Batch.created_at > now - timedelta(weeks=_WEEKS)
    brought = session.scalar(count.where(recent, sa.or_(waiting(), Link.decided_by.is_not(None)))) or 0
    first = session.scalar(sa.select(sa.func.min(Batch.created_at)))
    weeks = (now - first) / timedelta(weeks=1) if first is not None else 0.0
    return Workload(undecided, checks, round(brought / min(weeks, _WEEKS)) if weeks >= _LEAST_WEEKS else 0)


def _vi(number: int) -> str:
    return f"{number:,}".replace(",", ".")
