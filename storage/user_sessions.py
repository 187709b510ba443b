"""Browsers that are signed in: each a row, so a session can be seen, ended from elsewhere, and ends by itself."""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.models import User, UserSession, utc_now

SEEN_EVERY = timedelta(minutes=1)       # the row is written no more often than that
_KEPT = timedelta(days=90)              # ended sessions stay to be looked at that long


@dataclass(frozen=True)
class SessionTimes:
    """idle: without any request; longest: from signing in, whatever happens."""

    idle: timedelta = timedelta(minutes=60)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class SessionView:
    """A session for people to look at. id: its public number, which opens nothing."""

    id: str
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str
    sso: bool


def session_id(secret: str) -> str:
    """The number of the session whose cookie holds `secret`."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_session(session: Session, name: str, address: str = "", agent: str = "", *, sso: bool = False, now: datetime | None = None) -> str:
    """Sign a browser in; returns the secret for its cookie, which is kept only as a digest."""
    secret, now = secrets.token_urlsafe(32), now or utc_now()
    session.execute(delete(UserSession).where(UserSession.user_name == name, UserSession.seen_at < now - _KEPT))
    session.add(UserSession(id=session_id(secret), user_name=name, created_at=now, seen_at=now, address=address[:64], agent=agent[:200],
                            sso=sso))
    session.flush()
    return secret


def open_session(session: Session, secret: str, times: SessionTimes | None = None, now: datetime | None = None
                 ) -> tuple[User, UserSession] | None:
    """The person of an open session and its row; None if it ended, is too old, or the account is switched off."""
    times, now = times or SessionTimes(), now or utc_now()
    row = session.get(UserSession, session_id(secret))
    if row is None or not is_open(row, times, now):
        return None
    user = session.get(User, row.user_name)
    return (user, row) if user is not None and user.active else None


def is_open(row: UserSession, times: SessionTimes, now: datetime) -> bool:
    return row.ended_at is None and now - row.seen_at <= times.idle and now - row.created_at <= times.longest


def seen(session: Session, row_id: str, now: datetime | None = None) -> None:
    """Note that the session was used just now."""
    session.execute(update(UserSession).where(UserSession.id == row_id, UserSession.ended_at.is_(None)).values(seen_at=now or utc_now()))


def open_sessions(session: Session, name: str, times: SessionTimes | None = None, now: datetime | None = None) -> Sequence[SessionView]:
    """The person's open sessions, the last used first."""
    times, now = times or SessionTimes(), now or utc_now()
    rows = session.scalars(select(UserSession).where(UserSession.user_name == name, UserSession.ended_at.is_(None))
                           .order_by(UserSession.seen_at.desc())).all()
    return [SessionView(r.id, r.created_at, r.seen_at, r.address, r.agent, r.sso) for r in rows if is_open(r, times, now)]


def end_sessions(session: Session, name: str, only: str | None = None, but: str | None = None, now: datetime | None = None) -> int:
    """End the person's sessions: all, `only` that one, or all `but` one (ids). Returns how many ended."""
    ended = update(UserSession).where(UserSession.user_name == name, UserSession.ended_at.is_(None)).values(ended_at=now or utc_now())
    if only is not None:
        ended = ended.where(UserSession.id == only)
    if but is not None:
        ended = ended.where(UserSession.id != but)
    return session.execute(ended).rowcount      # type: ignore[attr-defined,no-any-return]
