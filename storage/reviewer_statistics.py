"""What each reviewer has done and how it agrees with others: the same figures for the person and for their head, in no order of merit."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from statistics import median

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.accounts import actor_of
from storage.agreement import ENOUGH, Agreement, Compared, Everybody, Share, agreement_of, errors_by_kind, kappa, kinds_alike
from storage.field_differences import FIELD, kind_of
from storage.models import Entry, EntryVersion, Event, SecondCheck, User, utc_now
from storage.policy import Actor, communes_of

DONE = ("entry.verify", "check.answer", "difference.settle")
CAP = timedelta(minutes=10)             # longer than this the person was away
_LOOKS = ("review", "second_check", "settle")
_VIETNAM = timezone(timedelta(hours=7))
_MOST = 20_000                          # comparisons looked at, the newest


@dataclass(frozen=True)
class Work:
    """days: day in Vietnam -> items done, of the days with any. seconds: the median from opening an item to deciding it, longer than CAP
    counted as CAP; timed: items it rests on."""

    days: Mapping[date, int]
    by_step: Mapping[str, int]
    seconds: float | None
    timed: int

    @property
    def items(self) -> int:
        return sum(self.days.values())


@dataclass(frozen=True)
class ReviewerFigures:
    name: str
    display_name: str
    work: Work
    agreement: Agreement


def people_seen_by(session: Session, actor: Actor) -> Sequence[User]:
    """Whose figures the actor may see, by name: their own; who approves, those of everybody in the communes they see."""
    users, reach = session.scalars(sa.select(User).order_by(User.name)).all(), communes_of(actor, "approve")
    return [u for u in users if u.name == actor.name or reach is None or actor_of(session, u).commune_code in reach]


def figures_of(session: Session, name: str, display_name: str, since: datetime, done: Sequence[Compared]) -> ReviewerFigures:
    """done: what `compared` gives for the same period."""
    return ReviewerFigures(name, display_name, work_of(session, name, since), agreement_of(name, done))


def work_of(session: Session, name: str, since: datetime) -> Work:
    """What a person has done since then; what they took back does not count."""
    query = sa.select(Event).where(Event.actor == name, Event.at >= since - CAP, Event.action.in_((*DONE, "decision.undo", "record.view")))
    undone: set[int] = set()
    opened: dict[str, datetime] = {}
    found: list[tuple[Event, float | None]] = []
    for event in session.scalars(query.order_by(Event.seq)):
        if event.action == "decision.undo":
            undone.add(event.detail["undoes"])
        elif event.action == "record.view":
            if event.detail.get("purpose") in _LOOKS:
                opened[event.subject] = event.at
        elif event.at >= since:
            at = opened.pop(event.subject, None)
            found.append((event, min((event.at - at).total_seconds(), CAP.total_seconds()) if at is not None else None))
    kept = [(e, s) for e, s in found if e.seq not in undone]
    times = [s for _, s in kept if s is not None]
    return Work(dict(sorted(Counter(e.at.astimezone(_VIETNAM).date() for e, _ in kept).items())), Counter(e.action for e, _ in kept),
                median(times) if times else None, len(times))


def compared(session: Session, since: datetime, until: datetime | None = None) -> list[Compared]:
    """The blind second opinions given in that time, newest first. What is not settled yet counts as not alike."""
    query = sa.select(SecondCheck, Entry.form).join(Entry, Entry.id == SecondCheck.entry_id)
    query = query.where(SecondCheck.blind, SecondCheck.second_at >= since, SecondCheck.second_at <= (until or utc_now()))
    rows = session.execute(query.order_by(SecondCheck.second_at.desc()).limit(_MOST))
    return [Compared(c.first_by, c.second_by or "", c.risk, c.outcome, {k: kind_of(k, form) for k in c.outcome}, c.done_at is not None)
            for c, form in rows]


def everybody(session: Session, since: datetime, done: Sequence[Compared]) -> Everybody:
    """Agreement among all people: an estimate of how often people err, against which the machine may be measured."""
    return Everybody(Share(sum(c.alike for c in done), len(done)), kinds_alike(done), errors_by_kind(done), _kappas(session, since))


def _kappas(session: Session, since: datetime) -> dict[str, tuple[float | None, int]]:
    one, two = sa.orm.aliased(EntryVersion), sa.orm.aliased(EntryVersion)
    query = sa.select(one.values, two.values, Entry.form).join(two, two.entry_id == one.entry_id).join(
        SecondCheck, SecondCheck.entry_id == one.entry_id).join(Entry, Entry.id == one.entry_id).where(
        SecondCheck.blind, SecondCheck.second_at >= since, one.stage == "check1", two.stage == "check2", ~one.withdrawn, ~two.withdrawn)
    pairs: dict[str, list[tuple[str, str]]] = {}
    for first, second, form in session.execute(query.order_by(SecondCheck.second_at.desc()).limit(_MOST)):
        for code in {*first["fields"], *second["fields"]}:
            if kind_of(FIELD + code, form) == "choice":
                pairs.setdefault(code, []).append((first["fields"].get(code, ""), second["fields"].get(code, "")))
    return {code: (kappa(seen), len(seen)) for code, seen in sorted(pairs.items()) if len(seen) >= ENOUGH}
