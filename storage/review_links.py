"""What a person says of a link: it is this one, it is nobody there, it is not that one. These are facts: no re-run changes them.

They are kept in two places that agree: the link's row says what holds now (`decided_by`, `excluded`), and the log has every decision and
its undoing in order, with the values before and after (storage.changes), so that nothing said is ever lost.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.decision import Candidate, LinkDecision
from matching.link_facts import without
from matching.model import load_model
from records.forms import load_forms
from storage.changes import changes_of
from storage.link_checks import note_decision, withdraw_check
from storage.links import hear_again, one_at_a_time, take_answer
from storage.models import Entry, Event, Link, LinkRecheck, Person, PopulationSnapshot
from storage.policy import Actor
from storage.review_errors import NoSuchCandidate, NoSuchField
from storage.review_steps import append, hold, kept

LINK_ACTIONS = ("link.decide", "link.exclude")
LINK = ("personal_id", "probability", "linker_probability", "decision", "decided_by", "excluded", "candidates", "reasons", "snapshot_id")
_MOST_WHY = 500             # characters


@dataclass(frozen=True)
class LinkFact:
    """Something a person said of a link. kind: must (this person), nobody, cannot (not this person). undone: taken back later."""

    seq: int
    at: datetime
    who: str
    role: str
    kind: str
    personal_id: str | None
    why: str
    undone: bool


def decide_link(session: Session, actor: Actor, entry_id: int, role: str, personal_id: str | None, *, why: str = "",
                revision: int | None = None) -> Entry:
    """Say who `role` is in the population, or (None) that it is none of those shown. What is written in the book stays.

    why: in the person's own words, kept beside the log. Raises NoSuchCandidate, NoSuchField and what `hold` raises.
    """
    one_at_a_time(session)
    entry = hold(session, actor, entry_id, revision)
    name_person(session, actor, entry, role, personal_id, why)
    return entry


def name_person(session: Session, actor: Actor, entry: Entry, role: str, personal_id: str | None, why: str = "") -> Event:
    """The step of `decide_link` on an entry that is held already; the caller has called `one_at_a_time` first."""
    link = _link(entry, role)
    candidate = next((c for c in (link.candidates if link is not None else []) if c["personal_id"] == personal_id), None)
    if personal_id is not None and candidate is None and not in_population(session, personal_id):
        raise NoSuchCandidate(entry=entry.id, role=role)
    before = kept(link, LINK)
    if link is None:
        link = Link(role=role, candidates=[], reasons=[], excluded=[], decision="none", probability=0.0)
        entry.links.append(link)
    answer, stood = link.personal_id, link.decision
    shown = {c["personal_id"] for c in link.candidates} if personal_id is None else set()
    link.excluded = sorted(({*link.excluded} | shown) - {personal_id})
    link.personal_id, link.decided_by = personal_id, actor.name
    link.decision = "accept" if personal_id is not None else "none"
    link.probability = float(candidate["probability"]) if candidate is not None else 0.0
    after = {**(kept(link, LINK) or {}), "why": why[:_MOST_WHY]}
    hear_again(session, [entry.id], {p for p in (answer, personal_id) if p})        # before logging: nobody waits for it
    event = append(session, actor, "link.decide", entry, {"role": role}, before, after)
    note_decision(session, link, answer, stood, event)
    link.reasons = []
    return event


def rule_out(session: Session, actor: Actor, entry_id: int, role: str, personal_id: str, *, why: str = "", revision: int | None = None
             ) -> Entry:
    """Say that `role` is not this person, leaving open who it is: they are never linked to it again. Raises as `decide_link` does."""
    one_at_a_time(session)
    entry = hold(session, actor, entry_id, revision)
    link = _link(entry, role)
    if link is None or not any(c["personal_id"] == personal_id for c in link.candidates):
        raise NoSuchCandidate(entry=entry_id, role=role)
    before = kept(link, LINK)
    answer = link.personal_id
    link.excluded = sorted({*link.excluded, personal_id})
    if answer == personal_id:
        link.decided_by = None
    take_answer(link, without(_said(link), {personal_id}, load_model().refuse))
    after = {**(kept(link, LINK) or {}), "ruled_out": personal_id, "why": why[:_MOST_WHY]}
    hear_again(session, [entry.id], {p for p in (answer, link.personal_id) if p})
    append(session, actor, "link.exclude", entry, {"role": role}, before, after)
    return entry


def _said(link: Link) -> LinkDecision:
    """The linker's answer as the link's row has it."""
    people = tuple(Candidate(c["personal_id"], c.get("linker", c["probability"]), tuple((n, v, w) for n, v, w in c.get("evidence", ())))
                   for c in link.candidates)
    return LinkDecision(link.role, link.personal_id, link.linker_probability, link.decision, people,       # type: ignore[arg-type]
                        tuple(r[0] for r in link.reasons))


def undo_link(session: Session, entry: Entry, event: Event, before: Any) -> None:
    """Put the link back as it was before the decision of `event`; it is linked anew if the population has changed since."""
    link = _link(entry, event.detail["role"])
    if link is None:
        return
    people = {p for p in (link.personal_id, (before or {}).get("personal_id")) if p}
    if before is None:
        entry.links.remove(link)
    else:
        for name, value in before.items():
            setattr(link, name, value)
        withdraw_check(session, link, event)
        current = session.scalar(sa.select(PopulationSnapshot.id).where(PopulationSnapshot.state == "current"))
        if link.snapshot_id != current and session.get(LinkRecheck, entry.id) is None:
            session.add(LinkRecheck(entry_id=entry.id, version=session.scalar(sa.select(sa.func.max(PopulationSnapshot.version))) or 0))
    session.flush()
    hear_again(session, [entry.id], people)


def link_facts(session: Session, entry_id: int) -> Sequence[LinkFact]:
    """All that people ever said of the entry's links, oldest first, from the log. Raises ValueError if the log's values were altered."""
    query = sa.select(Event).where(Event.subject == f"entry:{entry_id}", Event.action.in_((*LINK_ACTIONS, "decision.undo")))
    rows = session.scalars(query.order_by(Event.seq)).all()
    undone = {e.detail["undoes"] for e in rows if e.action == "decision.undo"}
    decided = [e for e in rows if e.action in LINK_ACTIONS]
    changes = changes_of(session, decided)
    out = []
    for event in decided:
        after = changes[event.seq]["after"]
        person = after["ruled_out"] if event.action == "link.exclude" else after["personal_id"]
        kind = "cannot" if event.action == "link.exclude" else "must" if person is not None else "nobody"
        out.append(LinkFact(event.seq, event.at, event.actor, event.detail["role"], kind, person, after.get("why", ""),
                            event.seq in undone))
    return out


def _link(entry: Entry, role: str) -> Link | None:
    link = next((x for x in entry.links if x.role == role), None)
    form = load_forms().get(entry.form or "")
    if link is None and (form is None or role not in form.roles):
        raise NoSuchField(entry=entry.id, field=role[:8])
    return link


def in_population(session: Session, personal_id: str) -> bool:
    """Whether the current population has this number."""
    return session.scalar(sa.select(Person.id).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id)
                          .where(PopulationSnapshot.state == "current", Person.personal_id == personal_id).limit(1)) is not None
