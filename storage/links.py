"""The links of entries, kept: what the linker said, what people said, and what the entries of one person say of each other.

A link is made in three steps, each from the one before, so that any of them can be done again and comes out the same: the linker's own
answer without whom a person ruled out; what other entries of the same person make of it (`hear_again`, which also renews those others);
the policy's decision. What a person decided is a fact: no step changes it.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from matching.decision import LinkDecision
from matching.link_facts import without
from matching.lives import HOLDING, TELLING, Heard, hear
from matching.model import load_model
from matching.policy import Policy
from storage import events
from storage.link_claims import entries_of_people, linked_entries, parts, people_facts
from storage.link_policy import current_policy
from storage.link_states import NEW_PERSON, PERSON_GONE, PLACE, apply_policy, place_name
from storage.models import Entry, Link, Page, Person, PopulationSnapshot
from storage.readings import SETTLED_STATES, mark_progress
from storage.review_need import set_need

_LOCK = 0x50610             # pg_advisory_xact_lock number of hearing entries together: two books of one person take turns
_FROM_OTHERS = frozenset((*HOLDING, *TELLING))


def save_links(session: Session, batch_id: str, links: Mapping[int, Mapping[str, LinkDecision]], snapshot_id: int | None,
               mark: str) -> None:
    """Write the links of entries: entry id -> role -> decision, and renew those of other entries that these bear on. What a person
    decided or ruled out stays; verified entries keep theirs."""
    entries = session.scalars(sa.select(Entry).where(Entry.id.in_(links))).all() if links else []
    one_at_a_time(session)
    before: set[str] = set()
    open_entries = [e for e in entries if e.status not in SETTLED_STATES]
    present = _present(session, [x.personal_id for e in open_entries for x in e.links if x.decided_by and x.personal_id])
    for entry in open_entries:
        kept = {x.role: x for x in entry.links}
        before |= {x.personal_id for x in entry.links if x.personal_id}
        for role in sorted(set(kept) - set(links[entry.id])):
            if kept[role].decided_by is None and not kept[role].excluded:
                entry.links.remove(kept[role])
        for role in sorted(links[entry.id]):
            link = kept.get(role)
            if link is None:
                link = Link(role=role, excluded=[])
                entry.links.append(link)
            decision = without(links[entry.id][role], link.excluded, _refuse())
            if link.decided_by is not None:
                _tell_decided(link, decision, present)
            else:
                take_answer(link, decision)
                link.snapshot_id = snapshot_id
    session.flush()
    hear_again(session, [e.id for e in entries], before)
    mark_progress(session, batch_id, linked=mark)


def take_answer(link: Link, decision: LinkDecision) -> None:
    """Make the linker's answer the link's, before other entries are heard; a person's choice of person stands."""
    link.linker_probability = float(decision.probability)
    link.candidates = [c.as_dict() for c in decision.candidates]
    if link.decided_by is None:
        link.personal_id, link.decision = decision.personal_id, decision.decision
        link.joint_probability = link.probability = link.linker_probability
        link.reasons = [[code] for code in decision.held]


def _tell_decided(link: Link, decision: LinkDecision, present: Collection[str]) -> None:
    """What a new population means for a person's decision, for people to see; the decision stands."""
    told = []
    if link.personal_id is not None and link.personal_id not in present:
        told.append([PERSON_GONE])
    if link.personal_id is None and decision.decision == "accept" and decision.personal_id is not None:
        told.append([NEW_PERSON, decision.personal_id])
    link.reasons = told


def hear_again(session: Session, entries: Collection[int], people: Collection[str] = ()) -> set[int]:
    """Hear these entries, and all that share a person with them (or are linked to `people`, whom they were linked to before), together with
    the entries of their people; set probabilities, reasons and decisions of the open links among them. Returns the other entries changed.

    Every link's outcome follows from what the linker said of the entries that share its person, so hearing again changes nothing.
    """
    one_at_a_time(session)
    policy = current_policy(session)
    mine = set(entries)
    shared = mine | entries_of_people(session, people_of(session, mine) | set(people))
    around = linked_entries(session, shared | entries_of_people(session, people_of(session, shared)))
    born, named = people_facts(session, {c.personal_id for e in around for c in e.claims.values()})
    heard = hear(around, policy.threshold, born, named)
    moved: dict[int, Mapping[str, Any] | None] = {}         # entry -> its page's quality
    for part in parts(shared):
        open_ones = sa.select(Entry, Page.quality, *PLACE).join(Page, Entry.page_id == Page.id).where(
            Entry.id.in_(part), Entry.status.not_in(SETTLED_STATES)).order_by(Entry.id).options(selectinload(Entry.links))
        for entry, quality, batch_id, file, frame in session.execute(open_ones):
            if _take(entry, place_name(batch_id, file, frame, entry.row), heard, policy) and entry.id not in mine:
                moved[entry.id] = quality
    changed = set(moved)
    if moved:
        session.flush()
        for part in parts(changed):
            whole = sa.select(Entry).where(Entry.id.in_(part)).options(selectinload(Entry.fields), selectinload(Entry.findings))
            for entry in session.scalars(whole.order_by(Entry.id)).all():
                set_need(entry, moved[entry.id])
        events.append(session, "sogoc", "link.hear", f"entry:{min(mine, default=0)}", {"changed": sorted(changed)})
    session.flush()
    return changed


def _take(entry: Entry, place: str, heard: Mapping[tuple[int, str], Heard], policy: Policy) -> bool:
    """Set the entry's open links from what was heard; whether any came out otherwise."""
    moved = False
    for link in entry.links:
        if link.decided_by is not None:
            continue
        said = heard.get((entry.id, link.role))
        before = (link.joint_probability, link.reasons)
        link.joint_probability = said.probability if said is not None else link.linker_probability
        own = [r for r in link.reasons if r[0] not in _FROM_OTHERS]
        link.reasons = own + [list(r) for r in said.reasons] if said is not None else own
        moved |= apply_policy(link, policy, place) or before != (link.joint_probability, link.reasons)
    return moved


def people_of(session: Session, entries: Collection[int]) -> set[str]:
    """The people that entries are linked to, surely or not."""
    found: set[str] = set()
    for part in parts(entries):
        query = sa.select(Link.personal_id).where(Link.entry_id.in_(part), Link.personal_id.is_not(None))
        found |= {p for p in session.scalars(query) if p is not None}
    return found


def _present(session: Session, people: Collection[str]) -> set[str]:
    """Those of these people whom the current population holds."""
    found: set[str] = set()
    query = sa.select(Person.personal_id).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id)
    for part in parts(set(people)):
        found |= set(session.scalars(query.where(PopulationSnapshot.state == "current", Person.personal_id.in_(part))))
    return found


def one_at_a_time(session: Session) -> None:
    """Take turns with others that settle links, until the transaction ends; call it before anything is logged. SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


@cache
def _refuse() -> float:
    return load_model().refuse
