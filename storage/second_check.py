"""A second person checks a verified entry: it is asked for when the first one verifies, entered, and compared with the first version.

The second version is entered into a draft, which is the check's own until `answer`: what the entry says does not change by it. A blind
check starts from the machine's reading, an open one from the first person's version. Each step is one transaction and one event.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.access_log import Purpose, log_access
from storage.accounts import actor_of
from storage.check_policy import KindPolicy, draw, policy_for, policy_version
from storage.entry_versions import Values, answer_of, first_reading, keep_version, values_of, version, withdraw
from storage.field_differences import compare, still_open
from storage.field_writing import FIELD, writable
from storage.models import CheckHand, Entry, Event, Field, Link, SecondCheck, User, utc_now
from storage.page_rejection import check_reason, reject
from storage.policy import Actor
from storage.review_errors import (
    ChangedMeanwhile,
    HadAHand,
    LaterStepStands,
    LinksUndecided,
    NoSecondCheck,
    NoSuchCandidate,
    NoSuchField,
    NotAllowed,
)
from storage.review_links import LINK, in_population
from storage.review_queue import LEASE_TIME, lease, release
from storage.review_steps import append, hold, kept
from storage.second_check_queue import PURPOSE, may_check, saw_first_version

HANDS = ("field.correct", "link.decide", "link.exclude", "entry.verify")     # whose steps make a hand in the entry
_MAX_VALUE = 2000


@dataclass(frozen=True)
class Taken:
    """An entry held for its second check. seen: the entry as the second person has it, not part of the database session."""

    entry: Entry
    check: SecondCheck
    seen: Entry


def ask(session: Session, entry: Entry, verified: Event, now: datetime) -> SecondCheck | None:
    """Called when a person has verified the entry: the second check that the policy in force wants of it, None if none.

    A sample is drawn only where somebody could answer it: with a single reviewer in the house it would keep the entry for ever.
    """
    standing = policy_for(session, entry.kind, now)
    policy = standing.policy
    every = policy.checks == 2
    if not every and draw(session, f"sample:{entry.id}") >= policy.sample:
        return None
    steps = session.execute(sa.select(Event.actor, Event.seq).where(Event.subject == f"entry:{entry.id}", Event.action.in_(HANDS)))
    by_name: dict[str, int] = {}
    for name, seq in steps:
        by_name[name] = min(seq, by_name.get(name, seq))
    if not every and not _answerable(session, entry, policy, set(by_name)):
        return None
    reading = first_reading(session, entry)
    check = SecondCheck(entry_id=entry.id, policy_version=standing.version, drawn="policy" if every else "sample",
                        blind=policy.blind or not every, needs=policy.second, risk=reading.risk, first_seq=min(by_name.values()),
                        first_by=verified.actor, asked_at=now)
    session.add(check)
    session.flush()
    session.add_all(CheckHand(entry_id=entry.id, name=name, stage="check1") for name in sorted(by_name))
    keep_version(session, entry.id, "entry", "sogoc", entry.page.updated_at, reading.values, (reading.first_seq or verified.seq) - 1)
    keep_version(session, entry.id, "check1", verified.actor, now, values_of(entry), verified.seq)
    session.flush()
    return check


def _answerable(session: Session, entry: Entry, policy: KindPolicy, hands: set[str]) -> bool:
    for user in session.scalars(sa.select(User).where(User.active, User.name.not_in(hands)).order_by(User.name)):
        if may_check(actor_of(session, user), entry, policy.second):
            return True
    return False


def withdraw_check(session: Session, entry: Entry) -> None:
    """The verification is being taken back: nothing is asked any more. Raises LaterStepStands once a second person has answered."""
    check = session.get(SecondCheck, entry.id)
    if check is None:
        return
    if check.state != "open":
        raise LaterStepStands(entry=entry.id)
    session.execute(sa.delete(CheckHand).where(CheckHand.entry_id == entry.id))
    session.delete(check)
    withdraw(session, entry.id, "entry", "check1")
    session.flush()


def hold_back_undo(session: Session, entry: Entry, action: str) -> None:
    """Steps are taken back in the order they were made: what was decided before the verification stands while a second check is asked of
    it, or its first version would no longer be what the entry says. Raises LaterStepStands."""
    later = ("entry.verify", "check.answer", "difference.settle", "page.reject")
    if action not in later and session.get(SecondCheck, entry.id) is not None:
        raise LaterStepStands(entry=entry.id)


def take(session: Session, actor: Actor, entry_id: int, duration: timedelta = LEASE_TIME) -> Taken:
    """Hold an entry for its second check. Raises NoSecondCheck, HadAHand, NotAllowed and what `lease` raises."""
    entry = lease(session, actor, entry_id, duration)
    check = _open_check(session, actor, entry)
    return Taken(entry, check, as_seen(session, actor, entry, check))


def as_seen(session: Session, actor: Actor, entry: Entry, check: SecondCheck) -> Entry:
    """The entry with the second person's draft over what they start from; a copy that no session knows."""
    reading = first_reading(session, entry) if check.blind else None
    seen = Entry(id=entry.id, page_id=entry.page_id, second_page_id=entry.second_page_id, row=entry.row, kind=entry.kind, form=entry.form,
                 status=entry.status, number=entry.number, year=entry.year, revision=entry.revision, reasons=[])
    draft = _draft(check, actor)
    rows = {f.code: f for f in entry.fields}
    start = reading.fields if reading is not None else {c: _row(f) for c, f in rows.items()}
    for code in dict.fromkeys([*start, *draft["fields"]]):
        values = dict(start.get(code) or {"raw": "", "unit_code": None, "box": None, "value": "", "confidence": 0.0, "source": "ocr",
                                          "evidence": []})
        if code in draft["fields"]:
            values |= {"value": draft["fields"][code], "confidence": 1.0, "source": "reviewer", "evidence": ["reviewer"]}
        seen.fields.append(Field(code=code, **values))
    for link in entry.links:
        answers = dict(reading.links[link.role]) if reading is not None and link.role in reading.links else _row(link)
        copy = Link(id=link.id, entry_id=entry.id, role=link.role, blind=link.blind, **answers)
        if link.role in draft["links"]:
            copy.personal_id, copy.decided_by = draft["links"][link.role], actor.name
            copy.decision = "accept" if copy.personal_id is not None else "none"
        seen.links.append(copy)
    number = next((f.value for f in seen.fields if f.code == "so"), "")
    seen.number = number or (None if check.blind else entry.number)
    return seen


def _row(row: Field | Link) -> dict[str, Any]:
    return kept(row, FIELD if isinstance(row, Field) else LINK) or {}


def enter_field(session: Session, actor: Actor, entry_id: int, code: str, value: str, *, revision: int | None = None) -> Taken:
    """The second person's value of a field, into the draft. Raises NoSuchField and what `take` raises."""
    taken = _mine(session, actor, entry_id, revision)
    if not writable(taken.entry, code) or len(value) > _MAX_VALUE:
        raise NoSuchField(entry=entry_id, field=code[:60])
    draft = _draft(taken.check, actor)
    return _redrawn(session, actor, taken, {**draft, "fields": {**draft["fields"], code: value}})


def enter_person(session: Session, actor: Actor, entry_id: int, role: str, personal_id: str | None, *, revision: int | None = None
                 ) -> Taken:
    """The second person's choice of who `role` is (None: nobody there). Raises NoSuchField, NoSuchCandidate and what `take` raises."""
    taken = _mine(session, actor, entry_id, revision)
    link = next((x for x in taken.seen.links if x.role == role), None)
    if link is None:
        raise NoSuchField(entry=entry_id, field=role[:8])
    known = any(c["personal_id"] == personal_id for c in link.candidates) or personal_id == link.personal_id
    if personal_id is not None and not known and not in_population(session, personal_id):
        raise NoSuchCandidate(entry=entry_id, role=role)
    draft = _draft(taken.check, actor)
    return _redrawn(session, actor, taken, {**draft, "links": {**draft["links"], role: personal_id}})


def answer(session: Session, actor: Actor, entry_id: int, *, revision: int | None = None, now: datetime | None = None) -> SecondCheck:
    """The second person has done: the two versions are compared. Equal, the check is over; else a third person settles what differs.

    Raises LinksUndecided while they have not said who somebody is, and what `take` raises.
    """
    now = now or utc_now()
    entry = hold(session, actor, entry_id, revision, ("verified",))
    check = _open_check(session, actor, entry)
    seen = as_seen(session, actor, entry, check)
    undecided = [x.role for x in seen.links if x.decided_by is None and (x.decision == "review" or (x.blind and x.decision == "accept"))]
    if undecided:
        raise LinksUndecided(entry=entry_id, roles=", ".join(undecided))
    first = version(session, entry_id, "check1")
    assert first is not None
    second = Values({f.code: f.value for f in seen.fields}, {x.role: answer_of(x) for x in seen.links})
    check.outcome = compare(first.values, second, policy_version(session, check.policy_version).policy)
    differs = still_open(check.outcome)
    check.state, check.second_by, check.second_at = "differs" if differs else "agreed", actor.name, now
    check.done_at = None if differs else now
    session.add(CheckHand(entry_id=entry_id, name=actor.name, stage="check2"))
    detail = {"blind": check.blind, "compared": len(check.outcome), "differing": [key.partition(":")[2] for key in differs]}
    event = append(session, actor, "check.answer", entry, detail, {"state": "open"}, second.as_dict())
    keep_version(session, entry_id, "check2", actor.name, now, second, event.seq)
    session.flush()
    release(session, actor, entry_id)
    return check


def send_back(session: Session, actor: Actor, entry_id: int, reason: str, note: str = "", *, revision: int | None = None) -> Entry:
    """The second person finds that the page cannot be checked: it goes back to be scanned again, and the check waits until that is undone
    or another page is in its place. Raises BadReason and what `take` raises."""
    check_reason(reason)
    entry = hold(session, actor, entry_id, revision, ("verified",))
    _open_check(session, actor, entry)
    reject(session, actor, entry, reason, note)
    return entry


def undo_answer(session: Session, entry: Entry, event: Event, before: Any) -> None:
    """Take the second person's answer back; what they entered is still in the draft. Raises LaterStepStands once it was settled."""
    check = session.get(SecondCheck, entry.id)
    if check is None or check.state == "settled":
        raise LaterStepStands(entry=entry.id)
    session.execute(sa.delete(CheckHand).where(CheckHand.entry_id == entry.id, CheckHand.stage == "check2"))
    check.state, check.second_by, check.second_at, check.done_at, check.outcome = before["state"], None, None, None, {}
    withdraw(session, entry.id, "check2")


def log_view(session: Session, actor: Actor, entry: Entry, shown: list[str], purpose: str = PURPOSE) -> None:
    """As `review.log_view`, with a purpose of its own: seeing this is not seeing the first person's version."""
    log_access(session, actor, "record.view", f"entry:{entry.id}", Purpose(purpose), fields=shown)


def _open_check(session: Session, actor: Actor, entry: Entry) -> SecondCheck:
    check = session.get(SecondCheck, entry.id, populate_existing=True)
    if check is None or check.state != "open" or entry.status != "verified":
        raise NoSecondCheck(entry=entry.id)
    if not may_check(actor, entry, check.needs):
        raise NotAllowed(actor=actor.name)
    if session.get(CheckHand, (entry.id, actor.name)) is not None or (check.blind and saw_first_version(session, actor, check)):
        raise HadAHand(entry=entry.id)
    return check


def _mine(session: Session, actor: Actor, entry_id: int, revision: int | None) -> Taken:
    taken = take(session, actor, entry_id)
    if revision is not None and revision != taken.entry.revision:
        raise ChangedMeanwhile(entry=entry_id)
    return taken


def _redrawn(session: Session, actor: Actor, taken: Taken, draft: dict[str, Any]) -> Taken:
    taken.check.draft = draft
    session.flush()
    return Taken(taken.entry, taken.check, as_seen(session, actor, taken.entry, taken.check))


def _draft(check: SecondCheck, actor: Actor) -> Mapping[str, Any]:
    """What the actor has entered so far; another person's unfinished entries are not theirs to go on with."""
    mine = check.draft if check.draft.get("by") == actor.name else {}
    return {"by": actor.name, "fields": dict(mine.get("fields", {})), "links": dict(mine.get("links", {}))}
