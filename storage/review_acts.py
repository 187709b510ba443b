"""What a reviewer's browser sends: whole acts, each under an id of its own, so that a repeat over a bad line is done once.

An act may be several decisions of the log (the people named first, then the entry verified); it is undone as one.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.database import Database
from storage.link_states import held, waits
from storage.models import Entry, Event, Link, ReviewDecision, utc_now
from storage.policy import Actor
from storage.review import decide_link, undo, verify_entry
from storage.review_errors import DecisionOfAnother, NotProposed
from storage.review_queue import visible_entry

KEPT = timedelta(days=90)       # longer than a browser may be without a line


@dataclass(frozen=True)
class Done:
    """entry: as it is now; revision, status: as the act left it; repeated: the act had been done before and was not done again."""

    entry: Entry
    revision: int
    status: str
    repeated: bool = False


def proposed(link: Link) -> str | None:
    """Whom a person may accept without choosing: the likeliest candidate, whom the machine itself names and nothing speaks against.

    None for a blind check (the person must choose without being told), for a link that some reason holds (two entries claim the same
    person, …: there one key must say who it is), and where the linker names nobody.
    """
    if not waits(link) or link.blind or held(link.reasons or ()) or not link.candidates:
        return None
    first = max(link.candidates, key=lambda c: c["probability"])["personal_id"]
    return first if first == link.personal_id else None


def accept_entry(session: Session, actor: Actor, entry_id: int, people: Mapping[str, str], *, acknowledge: bool = False,
                 revision: int | None = None) -> Entry:
    """Name the people that were shown first, and verify, in one act. `people`: role -> the personal number that stood first.

    Raises NotProposed if somebody is not whom the machine proposes now, and what `verify_entry` raises: nothing is half done.
    """
    entry = visible_entry(session, actor, entry_id, "review")
    for role, personal_id in people.items():
        link = next((x for x in entry.links if x.role == role), None)
        if link is None or proposed(link) != personal_id:
            raise NotProposed(entry=entry_id, role=role)
    for role, personal_id in people.items():
        entry = decide_link(session, actor, entry_id, role, personal_id, revision=revision)
        revision = entry.revision
    return verify_entry(session, actor, entry_id, acknowledge=acknowledge, revision=revision)


def undo_act(session: Session, actor: Actor) -> Entry:
    """Take back the actor's last act, all its decisions. Raises NothingToUndo."""
    entry = undo(session, actor)
    undos = sa.select(Event).where(Event.action == "decision.undo", Event.subject == f"entry:{entry.id}")
    newest = session.scalars(undos.order_by(Event.seq.desc()).limit(1)).one()
    undone = session.get_one(Event, newest.detail["undoes"])
    act = session.scalar(sa.select(ReviewDecision).where(
        ReviewDecision.entry_id == entry.id, ReviewDecision.by == actor.name, ReviewDecision.what == "accept",
        ReviewDecision.revision == undone.detail["revision"]))
    for _ in range(act.steps - 1 if act is not None else 0):
        entry = undo(session, actor, entry.id)
    return entry


def once(database: Database, actor: Actor, act_id: str, what: str, entry_id: int, act: Callable[[Session], Entry], steps: int = 1) -> Done:
    """Do the act in one transaction unless it was done already. entry_id: 0 where the act itself finds its entry.

    The id is written first, so of two that arrive together the second waits and then finds the first. Raises what the act raises, and
    DecisionOfAnother for an id that somebody else used.
    """
    try:
        with database.session() as session:
            found = session.get(ReviewDecision, act_id)
            if found is not None:
                return _again(session, actor, found)
            row = ReviewDecision(id=act_id, by=actor.name, entry_id=entry_id, what=what, steps=steps)
            session.add(row)
            session.flush()
            entry = act(session)
            row.entry_id, row.revision, row.status = entry.id, entry.revision, entry.status
            session.flush()
            _read(entry)
            return Done(entry, row.revision, row.status)
    except sa.exc.IntegrityError:
        with database.reading() as session:
            found = session.get(ReviewDecision, act_id)
            if found is None:
                raise
            return _again(session, actor, found)


def forget(session: Session, now: datetime | None = None) -> int:
    """Drop the ids of acts so old that no browser sends them again; the decisions themselves are in the log. How many."""
    before = (now or utc_now()) - KEPT
    return int(session.execute(sa.delete(ReviewDecision).where(ReviewDecision.at < before)).rowcount)      # type: ignore[attr-defined]


def _again(session: Session, actor: Actor, row: ReviewDecision) -> Done:
    if row.by != actor.name:
        raise DecisionOfAnother(id=row.id)
    entry = visible_entry(session, actor, row.entry_id, "review")
    _read(entry)
    return Done(entry, row.revision, row.status, True)


def _read(entry: Entry) -> None:
    """Load what an answer is made of while the session is open."""
    for part in (entry.fields, entry.findings):
        len(part)
