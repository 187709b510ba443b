"""How many people check an entry, by kind of register: versions that are only added, each holding from its day on.

An entry keeps the policy under which it was verified; where none was set `SHIPPED` holds.
"""
from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage import events
from storage.accounts import KINDS, Actor
from storage.models import CheckPolicy, Cursor, utc_now
from storage.review_errors import BadCheckPolicy, NotAllowed

ALL = ""                                    # the kind that stands for every kind not named
RIGHTS = ("review", "approve")              # of whom a second check may be asked
_SECRET = "second-check:secret"
_MOST_FIELDS = 200


@dataclass(frozen=True)
class KindPolicy:
    """checks: 1, one person verifies; 2, a second one checks every entry. blind: that second one does not see what the first made of it.
    sample: where checks is 1, the share drawn for a blind second opinion. fields: those that must agree (none named: all).
    links: whether the people must agree too. second: right of who may do the second check. A difference is settled by `approve`."""

    checks: int = 1
    blind: bool = True
    sample: float = 0.05
    fields: tuple[str, ...] = ()
    links: bool = True
    second: str = "review"
    settle: str = "approve"

    def must_agree(self, code: str) -> bool:
        return not self.fields or code in self.fields


@dataclass(frozen=True)
class PolicyVersion:
    """What was set of one kind. version 0: what comes with the program. from_at None: since ever."""

    version: int = 0
    kind: str = ALL
    from_at: datetime | None = None
    by: str = ""
    policy: KindPolicy = KindPolicy()


SHIPPED = PolicyVersion()


def in_force(session: Session, at: datetime | None = None) -> dict[str, PolicyVersion]:
    """What holds at that moment (now), by kind; kinds without one of their own go by ALL."""
    begun = sa.select(CheckPolicy).where(CheckPolicy.from_at <= (at or utc_now())).order_by(CheckPolicy.from_at, CheckPolicy.version)
    return {ALL: SHIPPED} | {row.kind: _read(row) for row in session.scalars(begun)}


def policy_for(session: Session, kind: str, at: datetime | None = None) -> PolicyVersion:
    """What holds for entries of that kind that are verified at that moment (now)."""
    found = in_force(session, at)
    return found.get(kind) or found[ALL]


def policy_version(session: Session, version: int) -> PolicyVersion:
    """That version."""
    return _read(session.get_one(CheckPolicy, version)) if version else SHIPPED


def history(session: Session) -> list[PolicyVersion]:
    """Every version, newest first, the shipped one last."""
    return [*(_read(r) for r in session.scalars(sa.select(CheckPolicy).order_by(CheckPolicy.version.desc()))), SHIPPED]


def set_policy(session: Session, actor: Actor, kind: str, policy: KindPolicy, from_at: datetime | None = None) -> PolicyVersion:
    """The next version: `kind` (ALL: every kind that has none of its own) is checked like this from `from_at` (now) on.

    Entries verified before then keep what held for them; what is set for a later day still begins then. Raises NotAllowed, BadCheckPolicy.
    """
    if not actor.may("policy.manage"):
        raise NotAllowed(actor=actor.name)
    if kind != ALL and kind not in KINDS:
        raise BadCheckPolicy(what=f"loại sổ {kind[:8]!r}")
    _check(policy)
    now = utc_now()
    if from_at is not None and from_at < now:
        raise BadCheckPolicy(what=f"từ {from_at:%Y-%m-%d %H:%M}, đã qua")
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("lock table check_policy in share row exclusive mode"))
    version = (session.scalar(sa.select(sa.func.max(CheckPolicy.version))) or 0) + 1
    body = {**asdict(policy), "fields": list(policy.fields)}
    row = CheckPolicy(version=version, kind=kind, at=now, from_at=from_at or now, by=actor.name, body=body)
    session.add(row)
    session.flush()
    events.append(session, actor.name, "check_policy.set", f"check_policy:{version}",
                  {"kind": kind or "*", "from": row.from_at.isoformat(timespec="seconds"), **body})
    return _read(row)


def parse(values: Mapping[str, Any]) -> KindPolicy:
    """A kind's policy from JSON data. Raises BadCheckPolicy."""
    known = {f.name for f in fields(KindPolicy)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadCheckPolicy(what=", ".join(unknown)[:80])
    policy = KindPolicy(**{**values, "fields": tuple(values.get("fields") or ())})
    _check(policy)
    return policy


def _check(policy: KindPolicy) -> None:
    good = {
        "checks": policy.checks in (1, 2), "blind": isinstance(policy.blind, bool), "links": isinstance(policy.links, bool),
        "sample": isinstance(policy.sample, int | float) and 0 <= policy.sample <= 1, "second": policy.second in RIGHTS,
        "settle": policy.settle == "approve",
        "fields": len(policy.fields) <= _MOST_FIELDS and all(isinstance(c, str) and c.isascii() and c.isalnum() for c in policy.fields),
    }
    bad = sorted(name for name, holds in good.items() if not holds)
    if bad:
        raise BadCheckPolicy(what=", ".join(f"{n} = {getattr(policy, n)!r}" for n in bad)[:200])


def _read(row: CheckPolicy) -> PolicyVersion:
    return PolicyVersion(row.version, row.kind, row.from_at, row.by, parse(row.body))


def draw(session: Session, what: str) -> float:
    """A number in 0..1 that is always the same for `what`, and that nobody without the installation's secret can foretell."""
    digest = hmac.digest(_secret(session), what.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") / 2**64


def _secret(session: Session) -> bytes:
    row = session.get(Cursor, _SECRET)
    if row is None:
        try:
            with session.begin_nested():
                row = Cursor(name=_SECRET, value={}, blob=secrets.token_bytes(32))
                session.add(row)
        except IntegrityError:
            row = session.get_one(Cursor, _SECRET, populate_existing=True)     # somebody's first draw came between
    if row.blob is None:
        raise ValueError(f"the row {_SECRET} has no secret")
    return row.blob
