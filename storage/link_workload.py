"""How many links people will have to look at: those that wait for a decision or a check, and those that a week brings."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.link_states import to_check, undecided
from storage.models import Batch, Entry, Link, ReportFigure, utc_now
from storage.policy import Actor, allowed
from storage.report_figures import is_large
from storage.report_measures import MEASURES
from storage.review_queue import in_scope
from storage.watermark import VIETNAM

MOST = 10_000               # what waits is counted up to here: the first page is opened often, and more than that is many weeks' work
_ASKED = "links_asked"      # of MEASURES
_WEEKS = 4                  # what the last weeks brought is what the next will bring
_LEAST_WEEKS = 2            # with less behind it nothing is said of the next


@dataclass(frozen=True)
class Workload:
    """undecided: links a person has to decide now; checks: accepted ones drawn to be checked blind; MOST + 1 of either are more than MOST.
    weekly: new ones of both expected in a week, 0 where too little came in to tell."""

    undecided: int
    checks: int
    weekly: int

    @property
    def line(self) -> tuple[str, str]:
        """The workload in one sentence, Vietnamese and English."""
        vi = f"{_vi(self.undecided)} liên kết chờ quyết định, {_vi(self.checks)} lượt kiểm tra ngẫu nhiên"
        en = f"{_en(self.undecided)} links to decide, {_en(self.checks)} random checks"
        if self.weekly:
            vi, en = f"{vi}; khoảng {_dotted(self.weekly)} sẽ đến mỗi tuần", f"{en}; about {self.weekly:,} to come a week"
        return f"{vi}.", f"{en}."


def workload(session: Session, actor: Actor, now: datetime | None = None) -> Workload:
    """The workload in the communes the actor may see. A book counts from the day it came in; links people have decided count as brought.

    On a large installation what the weeks brought is taken from the figures of the night (storage.report_figures)."""
    now = now or utc_now()
    first = session.scalar(sa.select(sa.func.min(Batch.created_at)))
    weeks = (now - first) / timedelta(weeks=1) if first is not None else 0.0
    weekly = round(_brought(session, actor, now - timedelta(weeks=_WEEKS)) / min(weeks, _WEEKS)) if weeks >= _LEAST_WEEKS else 0
    return Workload(_waiting(session, actor, undecided()), _waiting(session, actor, to_check()), weekly)


def _waiting(session: Session, actor: Actor, which: sa.ColumnElement[bool]) -> int:
    """How many such links there are in open entries, at most MOST + 1."""
    found = sa.select(Link.id).join(Entry, Entry.id == Link.entry_id).where(
        which, Entry.queue_place.is_not(None), in_scope(actor, Entry.commune_code, Entry.kind)).limit(MOST + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def _brought(session: Session, actor: Actor, since: datetime) -> int:
    """How many links that ask for a person came in after that day."""
    large = is_large(session)
    columns: Any = sa.inspect(ReportFigure).columns if large else MEASURES[_ASKED]().subquery().c
    query = sa.select(sa.func.sum(columns["number"])).where(
        columns["day"] > since.astimezone(VIETNAM).date(), allowed(actor, "review", columns["commune_code"], columns["kind"]))
    return int(session.scalar(query.where(columns["measure"] == _ASKED) if large else query) or 0)


def _dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _vi(number: int) -> str:
    return _dotted(number) if number <= MOST else f"hơn {_dotted(MOST)}"


def _en(number: int) -> str:
    return f"{number:,}" if number <= MOST else f"more than {MOST:,}"
