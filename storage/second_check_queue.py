"""Which verified entries wait for a second person, and which for a third one to settle what two have written differently."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from storage.models import Batch, CheckHand, Entry, Event, Page, SecondCheck, utc_now
from storage.policy import Actor, allowed, allows
from storage.review_queue import visible_entries

PURPOSE = "second_check"        # of looks at an entry that do not show the first person's version
Step = Literal["open", "differs"]


@dataclass(frozen=True)
class WaitingCheck:
    """One entry that waits, without personal data. fields: what is to be settled, codes and roles."""

    entry_id: int
    batch_id: str
    book_number: str | None
    file: str
    kind: str
    number: str | None
    blind: bool
    asked_at: datetime
    fields: tuple[str, ...]
    lease_by: str | None


@dataclass(frozen=True)
class CheckCounts:
    """open, differs: what the actor may do; others: what waits for somebody else, because the actor had a hand in it or lacks the right."""

    open: int
    differs: int
    others: int


def may_check(actor: Actor, entry: Entry, needs: str) -> bool:
    """Whether the actor has what a second check of this entry asks for, at its commune and kind."""
    return all(allows(actor, right, entry.commune_code, entry.kind) for right in ("review", needs))


def may_settle(actor: Actor, entry: Entry) -> bool:
    return may_check(actor, entry, "approve")


def waiting_checks(session: Session, actor: Actor, step: Step, limit: int = 50, offset: int = 0) -> Sequence[WaitingCheck]:
    """What the actor may do now, longest waiting first."""
    query = _mine(actor, step).with_only_columns(Entry, SecondCheck, Page.batch_id, Page.file, Batch.book_number)
    rows = session.execute(query.order_by(SecondCheck.asked_at, Entry.id).limit(limit).offset(offset))
    now = utc_now()
    return [WaitingCheck(e.id, batch, book, file, e.kind, None if c.state == "open" and c.blind else e.number, c.blind, c.asked_at,
                         tuple(k.partition(":")[2] for k, v in c.outcome.items() if v == "open"),
                         e.lease_by if e.lease_until is not None and e.lease_until > now else None)
            for e, c, batch, file, book in rows]


def next_check(session: Session, actor: Actor, step: Step, after: int | None = None) -> int | None:
    """The next entry that nobody else holds; `after` itself only if there is no other."""
    free = or_(Entry.lease_by.is_(None), Entry.lease_by == actor.name, Entry.lease_until < utc_now())
    query = _mine(actor, step).where(free).with_only_columns(Entry.id).order_by(SecondCheck.asked_at, Entry.id)
    here = session.get(SecondCheck, after) if after is not None else None
    if here is not None:
        behind = or_(SecondCheck.asked_at > here.asked_at, and_(SecondCheck.asked_at == here.asked_at, Entry.id > here.entry_id))
        found = session.scalar(query.where(behind).limit(1))
        if found is not None:
            return found
        query = query.where(Entry.id != here.entry_id)
    return session.scalar(query.limit(1))


def check_counts(session: Session, actor: Actor) -> CheckCounts:
    found = {step: session.scalar(select(func.count()).select_from(_mine(actor, step).subquery())) or 0 for step in ("open", "differs")}
    waiting = visible_entries(actor, "review").join(SecondCheck, SecondCheck.entry_id == Entry.id).where(
        SecondCheck.state.in_(("open", "differs")), ~Entry.set_aside)
    total = session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    return CheckCounts(found["open"], found["differs"], total - found["open"] - found["differs"])


def step_for(session: Session, actor: Actor, entry: Entry) -> Step | None:
    """What this actor may do with the entry now: check it a second time, settle its differences, or neither."""
    check = session.get(SecondCheck, entry.id)
    if check is None or entry.set_aside or check.state not in ("open", "differs"):
        return None
    if session.get(CheckHand, (entry.id, actor.name)) is not None:
        return None
    if check.state == "differs":
        return "differs" if may_settle(actor, entry) else None
    return "open" if may_check(actor, entry, check.needs) and not (check.blind and saw_first_version(session, actor, check)) else None


def kept_blind(session: Session, actor: Actor, entry: Entry) -> Step | None:
    """The step this actor may yet do without knowing who wrote what: until then no other page shows them what the first one made of it."""
    step = step_for(session, actor, entry)
    return step if step == "differs" or (step == "open" and session.get_one(SecondCheck, entry.id).blind) else None


def saw_first_version(session: Session, actor: Actor, check: SecondCheck) -> bool:
    """Whether the log says that the actor looked at the entry after a person had begun to change it."""
    return session.scalar(select(SecondCheck.entry_id).where(SecondCheck.entry_id == check.entry_id, _saw(actor))) is not None


def _mine(actor: Actor, step: Step) -> Select[Entry]:
    query = visible_entries(actor, "review").join(SecondCheck, SecondCheck.entry_id == Entry.id)
    approves = allowed(actor, "approve", Entry.commune_code, Entry.kind)
    hand = select(CheckHand.entry_id).where(CheckHand.entry_id == Entry.id, CheckHand.name == actor.name).exists()
    query = query.where(SecondCheck.state == step, Entry.status == "verified", ~Entry.set_aside, ~hand)
    if step == "differs":
        return query.where(approves)
    return query.where(or_(SecondCheck.needs == "review", approves), or_(~SecondCheck.blind, ~_saw(actor)))


def _saw(actor: Actor) -> ColumnElement[bool]:
    return select(Event.seq).where(
        Event.subject == literal("entry:").concat(cast(SecondCheck.entry_id, String)), Event.actor == actor.name,
        Event.action == "record.view", Event.seq >= SecondCheck.first_seq,
        Event.detail["purpose"].as_string() != PURPOSE).correlate(SecondCheck).exists()
