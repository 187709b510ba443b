"""What a new population snapshot means for links: those whose person changed or went are to be made again, all others stay as they are."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.models import Entry, Link, LinkRecheck, Page, PersonHistory, PopulationSnapshot
from storage.population_identity import CHANGED, RENUMBERED, WENT
from storage.readings import SETTLED_STATES

_TOGETHER = 1_000


@dataclass(frozen=True)
class Concerned:
    """to_recheck: links to be looked at again; without_person: links people decided, or verified, whose person went."""

    to_recheck: int
    without_person: int


def links_concerned(session: Session, version: int) -> Concerned:
    """Give links whose person has another number that number; ask for a new linking of entries whose person changed or went, but those that
    people verified: these stay, only the number follows. (A new linking leaves what people decided.)"""
    _renumber(session, version)
    theirs = sa.or_(Link.decided_by.is_not(None), Entry.status.in_(SETTLED_STATES))
    touched = sa.and_(PersonHistory.version == version, PersonHistory.kind.in_((CHANGED, RENUMBERED, WENT)))
    number = sa.func.coalesce(PersonHistory.now, PersonHistory.personal_id)
    joined = sa.select(Link.entry_id).join(Entry, Link.entry_id == Entry.id).join(PersonHistory, Link.personal_id == number).where(touched)
    kept = sa.select(sa.func.count(sa.distinct(Link.id))).select_from(Link).join(Entry, Link.entry_id == Entry.id).join(
        PersonHistory, Link.personal_id == PersonHistory.personal_id)
    without = session.scalar(kept.where(touched, PersonHistory.kind == WENT, theirs)) or 0
    mine = joined.where(Entry.status.not_in(SETTLED_STATES))
    count = session.scalar(sa.select(sa.func.count()).select_from(mine.subquery())) or 0
    known = sa.select(LinkRecheck.entry_id)
    new = mine.where(Link.entry_id.not_in(known)).distinct().add_columns(sa.literal(version))
    session.execute(sa.insert(LinkRecheck).from_select(["entry_id", "version"], new))
    return Concerned(count, without)


def _renumber(session: Session, version: int) -> None:
    """Follow people to their new numbers: in links, among their candidates, among those whom people ruled out."""
    these = sa.and_(PersonHistory.version == version, PersonHistory.kind == RENUMBERED)
    pairs = sa.select(PersonHistory.personal_id, PersonHistory.now).where(these)
    asked = sa.select(Link, PersonHistory.now).join(PersonHistory, Link.personal_id == PersonHistory.personal_id).where(these)
    rows = session.execute(asked.order_by(Link.id)).all()
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start:start + _TOGETHER]
        numbers = sorted({c["personal_id"] for link, _ in part for c in link.candidates})
        after = dict(session.execute(pairs.where(PersonHistory.personal_id.in_(numbers))).all())
        for link, now in part:
            link.personal_id = now
            link.candidates = [{**c, "personal_id": after.get(c["personal_id"], c["personal_id"])} for c in link.candidates]
        session.flush()
    if session.scalar(sa.select(sa.exists(pairs))):
        for link in session.scalars(sa.select(Link).where(sa.cast(Link.excluded, sa.String) != "[]").order_by(Link.id)):
            after = dict(session.execute(pairs.where(PersonHistory.personal_id.in_(link.excluded))).all())
            if after:
                link.excluded = [after.get(n, n) for n in link.excluded]


def entries_to_recheck(session: Session, batch_id: str) -> list[int]:
    """Ids of the batch's entries that are to be linked again because the population changed about their people."""
    query = sa.select(LinkRecheck.entry_id).join(Entry, LinkRecheck.entry_id == Entry.id).join(Page, Entry.page_id == Page.id)
    return list(session.scalars(query.where(Page.batch_id == batch_id).order_by(LinkRecheck.entry_id)))


def batches_to_recheck(session: Session) -> set[str]:
    """Batches that have such entries."""
    query = sa.select(Page.batch_id).join(Entry, Entry.page_id == Page.id).join(LinkRecheck, LinkRecheck.entry_id == Entry.id)
    return set(session.scalars(query.distinct()))


def rechecked(session: Session, entries: Sequence[int]) -> None:
    """Say that these entries were linked again, in the transaction that keeps their links."""
    for start in range(0, len(entries), _TOGETHER):
        session.execute(sa.delete(LinkRecheck).where(LinkRecheck.entry_id.in_(entries[start:start + _TOGETHER])))


def still_current(session: Session, snapshot_id: int, version: int) -> bool:
    """Whether the snapshot that links were made with is in use; if so, it stays so until this transaction ends."""
    query = sa.select(PopulationSnapshot.version).where(PopulationSnapshot.id == snapshot_id, PopulationSnapshot.state == "current")
    return session.scalar(query.with_for_update(read=True)) == version
