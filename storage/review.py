"""What a person decides about an entry: correct, link, reject, verify, undo. Each decision is one transaction and one event.

Every function raises NoSuchEntry, NotAllowed or LeasedByOther where these apply, ChangedMeanwhile when `revision` is given and the entry
has moved on, and AlreadyDecided once the entry is verified or archived. Each takes or prolongs the actor's lease.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import differences, events, second_check
from storage.access_log import Purpose, log_access, told
from storage.changes import change_of
from storage.field_writing import restore_field, writable, write_field
from storage.link_states import waits
from storage.links import one_at_a_time
from storage.models import Entry, Event, utc_now
from storage.page_rejection import REJECT_REASONS, check_reason, reject, undo_reject
from storage.policy import Actor
from storage.queue_counts import count_by_filter, queue_counts, queue_size
from storage.review_errors import FindingsOpen, LeasedByOther, LinksUndecided, NoSuchField, NothingToUndo
from storage.review_links import LinkFact, decide_link, link_facts, rule_out, undo_link
from storage.review_queue import (
    DOUBTFUL,
    LEASE_TIME,
    OPEN,
    REASON_CODES,
    SURE,
    QueueFilter,
    QueueItem,
    QueuePlace,
    due_for_archive,
    lease,
    next_entry,
    queue,
    release,
    take_next,
    visible_entries,
    visible_entry,
)
from storage.review_steps import append, hold
from storage.review_unsure import undo_unsure
from storage.verified_values import note_decision

__all__ = [
    "DOUBTFUL", "LEASE_TIME", "OPEN", "REASON_CODES", "REJECT_REASONS", "SURE", "LinkFact", "QueueFilter", "QueueItem", "QueuePlace",
    "correct_field", "count_by_filter", "decide_link", "due_for_archive", "lease", "link_facts", "log_view", "next_entry", "queue",
    "queue_counts", "queue_size", "reject_page", "release", "rule_out", "take_next", "undo", "verify_entry", "visible_entries",
    "visible_entry",
]

DECISIONS = ("field.correct", "link.decide", "link.exclude", "page.reject", "entry.verify", "entry.unsure", "check.answer",
             "difference.settle")
_MAX_VALUE = 2000       # characters


def correct_field(session: Session, actor: Actor, entry_id: int, code: str, value: str, *, unit_code: str | None = None,
                  revision: int | None = None) -> Entry:
    """Write what the page says in field `code` (canonical form: ISO/EDTF dates, digits only numbers; "" for an empty blank).

    The reader's own text stays in `raw`. Raises NoSuchField for a code that neither the form nor the entry has.
    """
    entry = hold(session, actor, entry_id, revision)
    with session.no_autoflush:          # the entry is written once
        known = writable(entry, code)
    if not known or len(value) > _MAX_VALUE:
        raise NoSuchField(entry=entry_id, field=code[:60])
    before, after = write_field(session, entry, code, value, unit_code)
    note_decision(session, entry)
    append(session, actor, "field.correct", entry, {"field": code}, before, after)
    return entry



def reject_page(session: Session, actor: Actor, entry_id: int, reason: str, note: str = "", *, revision: int | None = None) -> Entry:
    """Set the entry's page aside, to be scanned again or left out (storage.page_rejection). Raises BadReason."""
    check_reason(reason)
    entry = hold(session, actor, entry_id, revision)
    reject(session, actor, entry, reason, note)
    return entry


def verify_entry(session: Session, actor: Actor, entry_id: int, *, acknowledge: bool = False, revision: int | None = None,
                 now: datetime | None = None) -> Entry:
    """A person says: this is what the page says, and these are the people. A second person may be asked then (storage.second_check).

    Raises LinksUndecided while a link waits for a decision; FindingsOpen for hard findings unless `acknowledge` (the book really says so).
    """
    entry = hold(session, actor, entry_id, revision)
    with session.no_autoflush:          # the entry is written once, below
        undecided = [x.role for x in entry.links if waits(x)]
        hard = [f for f in entry.findings if f.severity == "hard"]
    if undecided:
        raise LinksUndecided(entry=entry_id, roles=", ".join(undecided))
    if hard and not acknowledge:
        raise FindingsOpen(entry=entry_id, count=len(hard))
    before = entry.status
    entry.status, entry.verified_by, entry.verified_at = "verified", actor.name, now or utc_now()
    entry.lease_by = entry.lease_until = None
    note_decision(session, entry)
    event = append(session, actor, "entry.verify", entry, {"acknowledged": sorted(f.rule for f in hard)}, before, entry.status)
    second_check.ask(session, entry, event, entry.verified_at)
    return entry


def undo(session: Session, actor: Actor, entry_id: int | None = None) -> Entry:
    """Take back the actor's last decision (on that entry, or on any), until the entry is archived. Raises NothingToUndo,
    and LaterStepStands where somebody has checked the entry since."""
    one_at_a_time(session)
    last = _last_decision(session, actor, entry_id)
    if last is None:
        raise NothingToUndo(entry=entry_id)
    number = int(last.subject.removeprefix("entry:"))
    try:
        entry = lease(session, actor, number)
    except LeasedByOther:
        raise NothingToUndo(entry=number) from None
    if entry.status == "archived" or entry.archive_id is not None:
        raise NothingToUndo(entry=number)
    second_check.hold_back_undo(session, entry, last.action)
    entry.revision += 1
    _UNDO[last.action](session, entry, last, change_of(session, last)["before"])
    session.flush()
    note_decision(session, entry)
    events.append(session, actor.name, "decision.undo", f"entry:{entry.id}",
                  {**told(actor), "undoes": last.seq, "action": last.action, "revision": entry.revision})
    return entry


def _last_decision(session: Session, actor: Actor, entry_id: int | None) -> Event | None:
    """Looked for from the newest event back, a few at a time: it is nearly always among the last."""
    mine = Event.subject == f"entry:{entry_id}" if entry_id is not None else Event.actor == actor.name
    query = select(Event).where(mine, Event.action.in_((*DECISIONS, "decision.undo"))).order_by(Event.seq.desc())
    undone: set[int] = set()
    before: int | None = None
    for several in (4, 96, 400):
        found = session.scalars((query if before is None else query.where(Event.seq < before)).limit(several)).all()
        for event in found:
            before = event.seq
            if event.action == "decision.undo":
                undone.add(event.detail["undoes"])
            elif event.seq not in undone:
                return event if event.actor == actor.name else None
        if len(found) < several:
            return None
    return None


def _undo_field(session: Session, entry: Entry, event: Event, before: Any) -> None:
    restore_field(session, entry, event.detail["field"], before)


def _undo_verify(session: Session, entry: Entry, event: Event, before: Any) -> None:
    second_check.withdraw_check(session, entry)
    entry.status, entry.verified_by, entry.verified_at = before, None, None


_UNDO: dict[str, Callable[[Session, Entry, Event, Any], None]] = {
    "field.correct": _undo_field, "link.decide": undo_link, "link.exclude": undo_link, "page.reject": undo_reject,
    "entry.verify": _undo_verify, "entry.unsure": undo_unsure, "check.answer": second_check.undo_answer,
    "difference.settle": differences.undo_settle,
}


def log_view(session: Session, actor: Actor, entry: Entry, fields: Sequence[str], purpose: str) -> None:
    """Write down that a person's record was looked at: which fields and what for, never their values."""
    log_access(session, actor, "record.view", f"entry:{entry.id}", Purpose(purpose), fields=fields)
