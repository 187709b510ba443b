"""Which policy holds for links, what checks say of it, and its next version.

Versions are rows that are only added (`LinkPolicy`); before the first the one that comes with the program holds.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.calibration import Checked
from matching.model import load_model
from matching.policy import Policy, parse_policy, revised, shipped_policy
from matching.thresholds import Promise
from storage import events
from storage.link_states import held
from storage.models import Entry, Link, LinkCheck, LinkPolicy, utc_now
from storage.review_queue import OPEN

_MOST_LINKS, _MOST_SHOWN, _MOST_CHECKS = 50_000, 10_000, 50_000         # the newest; what is older says little of the links to come
FOUND_BY_CHANCE = 0.0                               # rate of a check nobody drew: no sample, so it proves nothing


@dataclass(frozen=True)
class Standing:
    """A policy and what it promises now. found_by_chance: accepted links that somebody changed without their being drawn for a check."""

    policy: Policy
    promise: Promise
    found_by_chance: int


def current_policy(session: Session) -> Policy:
    """The policy that holds."""
    row = session.scalar(sa.select(LinkPolicy).order_by(LinkPolicy.version.desc()).limit(1))
    return parse_policy(row.body) if row is not None else shipped_policy()


def standing(session: Session) -> Standing:
    """What the policy that holds promises of the links there are, by the checks there were."""
    policy = current_policy(session)
    promise = policy.promised(*_links(session, _MOST_SHOWN), _checks(session))
    chance = sa.select(sa.func.count()).select_from(LinkCheck).where(
        LinkCheck.rate == FOUND_BY_CHANCE, ~LinkCheck.withdrawn, ~LinkCheck.right)
    return Standing(policy, promise, session.scalar(chance) or 0)


def revise(session: Session, *, loosen: bool = True, now: datetime | None = None) -> Policy | None:
    """Make the next version if checks or expectations ask for one, and write it with its event; None if the policy stands.

    loosen=False: only tighten, for the moment after a check found a wrong link.
    """
    policy = current_policy(session)
    at = (now or utc_now()).isoformat(timespec="seconds")
    after = revised(policy, *_links(session), _checks(session), at, loosen=loosen)
    if after is policy:
        return None
    session.add(LinkPolicy(version=after.version, at=now or utc_now(), why=after.why, body=after.as_dict()))
    session.flush()
    events.append(session, "sogoc", "policy.revise", f"policy:{after.version}",
                  {"why": after.why, "accept": dict(after.accept), "promise": dict(after.promise)}, now)
    return after


def _links(session: Session, most: int = _MOST_LINKS) -> tuple[np.ndarray, Sequence[str]]:
    """The linker's probability and role of the newest links that a policy could accept."""
    query = sa.select(Link.joint_probability, Link.role, Link.reasons).where(Link.decision != "none", Link.personal_id.is_not(None))
    rows = session.execute(query.order_by(Link.id.desc()).limit(most))
    free = [(p, role) for p, role, reasons in rows if not held(reasons)]
    return np.array([p for p, _ in free]), [role for _, role in free]


def _checks(session: Session) -> list[Checked]:
    """What people said of the answers of the link model in use, newest first."""
    query = sa.select(LinkCheck).where(~LinkCheck.withdrawn, LinkCheck.rate > 0, LinkCheck.link_model == load_model().version)
    rows = session.scalars(query.order_by(LinkCheck.id.desc()).limit(_MOST_CHECKS))
    return [Checked(r.role, r.probability, r.right, r.rate, r.blind) for r in rows]


def below_threshold(policy: Policy) -> sa.ColumnElement[bool]:
    """The condition on a link that it was accepted by the machine, is open, and would not be under this policy."""
    named = [sa.and_(Link.role == role, Link.joint_probability < floor) for role, floor in policy.accept.items() if role]
    others = sa.and_(Link.role.not_in([r for r in policy.accept if r]), Link.joint_probability < policy.accept[""])
    return sa.and_(Link.decision == "accept", Link.decided_by.is_(None), Entry.status.in_(OPEN), sa.or_(*named, others))
