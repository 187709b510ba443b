"""What reviewers' decisions say of the machine's answers: every decision on a link is a check of it; some links are drawn to be checked.

A drawn link (`Link.blind`) is shown like one that waits, without the machine's answer. Its check stands for the many that were not drawn.
"""
from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.model import load_model
from matching.policy import shipped_policy
from storage.database import Database
from storage.link_policy import FOUND_BY_CHANCE, below_threshold, current_policy, revise
from storage.link_states import apply_policy, held, place_of, waits
from storage.links import one_at_a_time
from storage.models import Cursor, Entry, Event, Link, LinkCheck, Page
from storage.review_need import reassess
from storage.review_queue import OPEN

_APPLIED = "link_policy:applied"    # the policy version that links were brought under, and the last link; None: all
_TOGETHER = 2_000


def note_decision(session: Session, link: Link, answer: str | None, decision: str, event: Event) -> None:
    """Write down whether a person chose whom the machine named (`answer`, which stood as `decision`; None: nobody, so nothing to check).

    A link decided before keeps the machine's answer of then: its check is withdrawn and made anew. A wrong link found in a check tightens
    the policy at once.
    """
    before = _checks(session, link).first()
    if before is not None:
        before.withdrawn = True
        found = LinkCheck(answer=before.answer, probability=before.probability, rate=before.rate, blind=before.blind,
                          link_model=before.link_model)
    elif answer is None or held(link.reasons):
        return
    else:
        rate = 1.0
        if decision == "accept":
            rate = current_policy(session).sampling.rate(link.role, link.joint_probability) if link.blind else FOUND_BY_CHANCE
        found = LinkCheck(answer=answer, probability=link.joint_probability, rate=rate, blind=link.blind, link_model=load_model().version)
    found.entry_id, found.role, found.event_seq, found.withdrawn = link.entry_id, link.role, event.seq, False
    found.right = link.personal_id == found.answer
    session.add(found)
    session.flush()
    if not found.right and found.rate > 0:
        tighten(session)


def withdraw_check(session: Session, link: Link, event: Event) -> None:
    """The decision of this event was undone and the link restored: its check says nothing, that of an earlier decision that stands again
    does."""
    mine = session.scalar(sa.select(LinkCheck).where(LinkCheck.event_seq == event.seq))
    if mine is None:
        return
    mine.withdrawn = True
    if link.decided_by is not None:
        earlier = _checks(session, link, withdrawn=True, before=mine.id).first()
        if earlier is not None:
            earlier.withdrawn = False
    session.flush()


def _checks(session: Session, link: Link, withdrawn: bool = False, before: int | None = None) -> sa.ScalarResult[LinkCheck]:
    query = sa.select(LinkCheck).where(LinkCheck.entry_id == link.entry_id, LinkCheck.role == link.role, LinkCheck.withdrawn == withdrawn)
    if before is not None:
        query = query.where(LinkCheck.id < before)
    return session.scalars(query.order_by(LinkCheck.id.desc()).limit(1))


def renew(database: Database, now: datetime | None = None) -> int:
    """Make the policy's next version if checks ask for one, then bring every open link under the policy that holds, a few thousand a
    transaction; how many links came out otherwise. Killed anywhere, the next call goes on where it stopped."""
    with database.session() as session:
        one_at_a_time(session)
        revise(session, now=now)
    changed = 0
    while True:
        with database.session() as session:
            one_at_a_time(session)
            policy, cursor = current_policy(session), session.get(Cursor, _APPLIED) or Cursor(name=_APPLIED, value={})
            after = cursor.value.get("after", 0) if cursor.value.get("version") == policy.version else 0
            if after is None or (policy.version == shipped_policy().version and not cursor.value):
                return changed
            query = sa.select(Link, Entry, Page).join(Entry, Link.entry_id == Entry.id).join(Page, Entry.page_id == Page.id)
            rows = session.execute(query.where(Link.id > after, Link.decided_by.is_(None), Entry.status.in_(OPEN)).order_by(Link.id)
                                   .limit(_TOGETHER)).all()
            for link, entry, page in rows:
                if apply_policy(link, policy, place_of(page, entry)):
                    changed += 1
                    reassess(session, entry)
            cursor.value = {"version": policy.version, "after": rows[-1][0].id if rows else None}
            session.add(cursor)


def tighten(session: Session) -> int:
    """Raise the thresholds if the checks ask for it, and give the open links that no longer pass to people; how many."""
    policy = revise(session, loosen=False)
    if policy is None:
        return 0
    rows = session.scalars(sa.select(Link).join(Entry, Link.entry_id == Entry.id).where(below_threshold(policy)).order_by(Link.id)).all()
    for link in rows:
        entry = session.get_one(Entry, link.entry_id)
        if apply_policy(link, policy, place_of(session.get_one(Page, entry.page_id), entry)) or waits(link):
            reassess(session, entry)
    session.flush()
    return len(rows)
