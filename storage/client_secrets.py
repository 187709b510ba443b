"""The secrets of programs: one in force, those before it good until their grace is over. Kept as hashes, shown once."""
from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from storage.models import ApiClient, ClientSecret, utc_now
from storage.passwords import hasher, matches, nobodys_hash
from storage.review_errors import UnknownAccount

MOST_LIVE = 3               # each costs a whole argon2 at the token endpoint


def new_secret(session: Session, client_id: str, grace: timedelta = timedelta(0), now: datetime | None = None) -> str:
    """A new secret in force; what was in force before stays good for `grace`, no longer. At most MOST_LIVE are good at once, the
    oldest ends first. Raises UnknownAccount."""
    now = now or utc_now()
    if session.get(ApiClient, client_id, with_for_update=True) is None:
        raise UnknownAccount(name=client_id)
    live = _live(session, client_id, now)
    for number, old in enumerate(live):
        ends = now + grace if number < MOST_LIVE - 1 else now
        old.ends_at = min(old.ends_at or ends, ends)
    session.execute(delete(ClientSecret).where(ClientSecret.client_id == client_id, ClientSecret.ends_at <= now))
    secret = secrets.token_urlsafe(32)
    session.add(ClientSecret(client_id=client_id, secret_hash=hasher().hash(secret), made_at=now))
    session.flush()
    return secret


def check_secret(session: Session, client_id: str, secret: str, now: datetime | None = None) -> bool:
    """Whether it is a good secret of that program; an unknown program takes as long as a wrong secret."""
    hashes = [row.secret_hash for row in _live(session, client_id, now or utc_now())] or [nobodys_hash()]
    return any([matches(h, secret) for h in hashes])        # all are tried, a list on purpose: time tells nothing


def live_secrets(session: Session, now: datetime | None = None) -> Mapping[str, Sequence[ClientSecret]]:
    """The good secrets of every program, newest first; their hashes are for nobody's eyes."""
    found: dict[str, list[ClientSecret]] = {}
    for row in session.scalars(select(ClientSecret).where(_good(now or utc_now())).order_by(ClientSecret.id.desc())):
        found.setdefault(row.client_id, []).append(row)
    return found


def _live(session: Session, client_id: str, now: datetime) -> Sequence[ClientSecret]:
    query = select(ClientSecret).where(ClientSecret.client_id == client_id, _good(now))
    return session.scalars(query.order_by(ClientSecret.id.desc())).all()


def _good(now: datetime) -> ColumnElement[bool]:
    return or_(ClientSecret.ends_at.is_(None), ClientSecret.ends_at > now)
