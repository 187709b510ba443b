"""What the review page shows of who the people of an entry may be: candidates side by side, why, and what people said before."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import wording
from portal.comparison import SideBySide, compare
from portal.link_sentence import link_reason
from portal.wording import Pair
from records.forms import load_forms
from storage.link_states import waits
from storage.models import Batch, Entry, Link, Page, Person, PopulationSnapshot
from storage.review_acts import proposed
from storage.review_links import LinkFact, link_facts

_SHOWN = 5                  # candidates of a link


@dataclass(frozen=True)
class LinkView:
    """Who a role may be. state: decided (a person said so), accept, review, none. blind: to be decided without the machine's opinion, its
    candidates in no order. proposed: whom Enter alone accepts, the candidate shown first (storage.review_acts). history: what people said
    of it, oldest first."""

    role: str
    title: Pair
    state: str
    personal_id: str | None
    table: SideBySide
    blind: bool
    proposed: str | None
    reasons: tuple[Pair, ...]
    history: tuple[LinkFact, ...]


def link_views(session: Session, entry: Entry, written: Mapping[str, str]) -> tuple[LinkView, ...]:
    """The entry's links in the order of its form. `written`: field code -> value. A few queries, however many links."""
    links = sorted(entry.links, key=_order(entry))
    shown = {x.role: _candidates(x) for x in links}
    people = _people(session, {c["personal_id"] for of_link in shown.values() for c in of_link})
    open_reasons = [r for x in links if not _blind(x) for r in x.reasons or ()]
    named = _entries_named(session, [str(a) for r in open_reasons for a in r[1:]])
    facts = link_facts(session, entry.id)
    return tuple(_view(x, shown[x.role], written, people, named, facts) for x in links)


def _view(link: Link, candidates: Sequence[Mapping[str, Any]], written: Mapping[str, str], people: Mapping[str, Person],
          named: Mapping[str, Pair], facts: Sequence[LinkFact]) -> LinkView:
    blind = _blind(link)
    state = "decided" if link.decided_by is not None else "review" if waits(link) else link.decision
    chosen = link.personal_id if link.decision == "accept" and not blind else None
    reasons = () if blind else tuple(link_reason(r, named) for r in link.reasons or ())
    mine = {c["personal_id"]: people[c["personal_id"]] for c in candidates if c["personal_id"] in people}
    return LinkView(link.role, wording.ROLES.get(link.role, (link.role, link.role)), state, chosen,
                    compare(link.role, written, candidates, mine, blind), blind, proposed(link), reasons,
                    tuple(f for f in facts if f.role == link.role))


def _blind(link: Link) -> bool:
    return link.blind and waits(link)


def _candidates(link: Link) -> list[Mapping[str, Any]]:
    """Likeliest first; for a blind check in an order that tells nothing and stays the same."""
    found = list(link.candidates or [])
    if link.personal_id is not None and all(c["personal_id"] != link.personal_id for c in found):
        found.append({"personal_id": link.personal_id, "probability": link.probability, "evidence": []})
    found = sorted(found, key=lambda c: -c["probability"])[:_SHOWN]
    if _blind(link):
        found.sort(key=lambda c: sha256(f"{link.id} {c['personal_id']}".encode()).digest())
    return found


def _people(session: Session, numbers: set[str]) -> dict[str, Person]:
    if not numbers:
        return {}
    query = select(Person).join(PopulationSnapshot, Person.snapshot_id == PopulationSnapshot.id).where(
        PopulationSnapshot.state == "current", Person.personal_id.in_(numbers))
    return {p.personal_id: p for p in session.scalars(query)}


def _order(entry: Entry):
    form = load_forms().get(entry.form or "")
    order = {role: n for n, role in enumerate(form.roles)} if form is not None else {}
    return lambda link: (order.get(link.role, 99), link.role)


def _entries_named(session: Session, ids: Sequence[str]) -> dict[str, Pair]:
    """What to call entries in a sentence: by number and book."""
    numbers = {int(i) for i in ids if i.isdecimal() and len(i) < 12}      # a personal number is no entry
    if not numbers:
        return {}
    query = select(Entry.id, Entry.number, Entry.kind, Batch.book_number, Batch.id).join(Page, Entry.page_id == Page.id).join(
        Batch, Page.batch_id == Batch.id).where(Entry.id.in_(numbers))
    out = {}
    for entry_id, number, kind, book, batch in session.execute(query):
        vi, en = wording.kind(kind)
        out[str(entry_id)] = (f"mục {vi.lower()} số {number or '?'} quyển {book or batch}",
                              f"{en.lower()} entry {number or '?'} of book {book or batch}")
    return out
