"""How fast and how much a program may ask, counted in the database: one count, however many processes serve.

Asking the database at every request would cost a write each. A process takes a few requests at a time (a lease) and gives them out by
itself. What is leased counts as asked, so the limits are never passed; a process that does not use its lease leaves the client with at
most that much less (`lease_of`), and gives it back when it ends in order.
"""
from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import ClientPace, ClientUse
from storage.watermark import VIETNAM

_LEASE_SECONDS = 10.0                   # what of a pace's lease was not used by then is lost
_LARGEST_LEASE = 100
_FORGET_SECONDS, _FORGET_EVERY = 86_400.0, 1000


@dataclass(frozen=True)
class Answer:
    """wait: 0.0, or seconds until it may be asked again. limit, left: of the narrowest limit; seconds: until it is whole again."""

    wait: float
    limit: int = 0
    left: int = 0
    seconds: float = 0.0
    span: str = ""


class SharedPace:
    """`burst` requests at once, then `per_minute` a minute, for each name (GCRA, ITU-T I.371). Thread-safe."""

    def __init__(self, database: Database, per_minute: float, burst: float, clock: Callable[[], float] = time.time) -> None:
        self._database, self._step, self.burst, self._clock = database, 60.0 / per_minute, max(1.0, burst), clock
        self.per_minute = per_minute
        self._lease = lease_of(self.burst)
        self._held: dict[str, tuple[int, float, float]] = {}        # left, until, level
        self._full: dict[str, float] = {}                           # refused until
        self._lock = threading.Lock()
        self._asked = 0

    def take(self, name: str) -> Answer:
        """Count one request of `name`."""
        now = self._clock()
        with self._lock:
            full = self._full.get(name, 0.0)
            if full > now:
                return self._answer(full - now, 0, now + self.burst * self._step, now)
            left, until, level = self._held.get(name, (0, 0.0, 0.0))
            if left > 0 and now < until:
                self._held[name] = (left - 1, until, level)
                return self._answer(0.0, left - 1, level, now)
        return self._lend(name, now)

    def _lend(self, name: str, now: float) -> Answer:
        with self._database.session() as session:
            _soon(session)
            self._forget(session, now)
            got, level = self._lease, self._raise(session, name, self._lease, now)
            if level is None and self._lease > 1:
                got, level = 1, self._raise(session, name, 1, now)
            if level is None:
                level = session.scalar(sa.select(ClientPace.level_at).where(ClientPace.who == _key(name))) or now
                got = 0
        with self._lock:
            for names in (self._held, self._full):
                if len(names) > 10_000:
                    names.clear()
            if got == 0:
                wait = max(level + self._step - now - self.burst * self._step, 0.001)
                self._full[name] = now + min(wait, 1.0)
                return self._answer(wait, 0, level, now)
            self._held[name] = (got - 1, now + _LEASE_SECONDS, level)
        return self._answer(0.0, got - 1, level, now)

    def _raise(self, session: Session, name: str, n: int, now: float) -> float | None:
        """The new level, None where it would pass the limit: one statement."""
        more = n * self._step
        dialect, largest = (postgresql, sa.func.greatest) if _is_postgresql(session) else (sqlite, sa.func.max)
        level = largest(ClientPace.level_at, now) + more
        row = dialect.insert(ClientPace).values(who=_key(name), level_at=now + more)
        return session.scalar(row.on_conflict_do_update(
            index_elements=["who"], set_={"level_at": level}, where=level <= now + self.burst * self._step + 1e-6,
        ).returning(ClientPace.level_at))

    def _forget(self, session: Session, now: float) -> None:
        self._asked += 1
        if self._asked % _FORGET_EVERY == 0:
            session.execute(sa.delete(ClientPace).where(ClientPace.level_at < now - _FORGET_SECONDS))

    def _answer(self, wait: float, held: int, level: float, now: float) -> Answer:
        left = held + int((now + self.burst * self._step - max(level, now)) / self._step + 1e-6)
        return Answer(wait, int(self.burst), max(0, left), max(0.0, level - now), "minute")


class SharedQuota:
    """So much of a measure in a day and in a month of Vietnam's calendar, for each client. Thread-safe; call `close` at the end."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._held: dict[tuple[str, str], tuple[str, int, Answer]] = {}         # day, left of the lease, answer when it was taken
        self._lock = threading.Lock()

    def spend(self, client_id: str, measure: str, limits: Mapping[str, int]) -> Answer:
        """Count one of `measure`. limits: {"day": 500, "month": 10000}; a span that lacks or is 0 has none."""
        now = datetime.fromtimestamp(self._clock(), VIETNAM)
        key, day = (client_id, measure), f"{now:%Y-%m-%d}"
        with self._lock:
            held_day, left, answer = self._held.get(key, ("", 0, Answer(0.0)))
            if left > 0 and held_day == day:
                self._held[key] = (day, left - 1, answer)
                return Answer(0.0, answer.limit, answer.left + left - 1, answer.seconds, answer.span)
        smallest = min((most for most in limits.values() if most > 0), default=0)
        lease = max(1, min(_LARGEST_LEASE, smallest // 200)) if smallest else _LARGEST_LEASE
        answer = self._lend(client_id, measure, limits, now, lease)
        if answer.wait and lease > 1:
            lease, answer = 1, self._lend(client_id, measure, limits, now, 1)
        if answer.wait:
            return answer
        with self._lock:
            held_day, left, _ = self._held.get(key, ("", 0, answer))
            self._held[key] = (day, lease - 1 + (left if held_day == day else 0), answer)
        return Answer(0.0, answer.limit, answer.left + lease - 1, answer.seconds, answer.span)

    def close(self) -> None:
        """Give back what was leased and not used."""
        with self._lock:
            held, self._held = self._held, {}
        with self._database.session() as session:
            for (client_id, measure), (day, left, _) in held.items():
                if left > 0:
                    session.execute(sa.update(ClientUse).where(ClientUse.client_id == client_id, ClientUse.measure == measure,
                                                               ClientUse.span.in_([day, day[:7]])).values(used=ClientUse.used - left))

    def _lend(self, client_id: str, measure: str, limits: Mapping[str, int], now: datetime, n: int) -> Answer:
        narrowest = Answer(0.0)
        try:
            with self._database.session() as session:
                _soon(session)
                for span, name, seconds in _spans(now):
                    most = limits.get(span, 0)
                    used = _use(session, client_id, measure, name, n, most)
                    if used is None:
                        raise _Full(Answer(seconds, most, 0, seconds, span))
                    if most and (not narrowest.limit or most - used < narrowest.left):
                        narrowest = Answer(0.0, most, most - used, seconds, span)
        except _Full as full:
            return full.answer
        return narrowest


class _Full(Exception):
    """Takes back what the unit of work counted for the other span."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def lease_of(burst: float) -> int:
    """How many requests a process takes at a time of a pace that allows `burst` at once."""
    return max(1, min(_LARGEST_LEASE, int(burst // 6)))


def uses(session: Session, span: str) -> Mapping[tuple[str, str], int]:
    """(client, measure) -> how much in a day (2026-11-30) or month (2026-11)."""
    return {(c, m): n for c, m, n in session.execute(
        sa.select(ClientUse.client_id, ClientUse.measure, ClientUse.used).where(ClientUse.span == span))}


def _use(session: Session, client_id: str, measure: str, span: str, n: int, most: int) -> int | None:
    """What is used with these n; None where that would pass the limit: one statement."""
    if most and n > most:
        return None
    dialect = postgresql if _is_postgresql(session) else sqlite
    row = dialect.insert(ClientUse).values(client_id=client_id, measure=measure, span=span, used=n)
    within = ClientUse.used + n <= most if most else None
    return session.scalar(row.on_conflict_do_update(index_elements=["client_id", "measure", "span"], set_={"used": ClientUse.used + n},
                                                    where=within).returning(ClientUse.used))


def _spans(now: datetime) -> tuple[tuple[str, str, float], ...]:
    """(span, its name now, seconds until it ends)."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (("day", f"{now:%Y-%m-%d}", (day + timedelta(days=1) - now).total_seconds()),
            ("month", f"{now:%Y-%m}", (month - now).total_seconds()))


def _soon(session: Session) -> None:
    """These counts need not be on the disk before the answer: a server that loses its power has forgotten less than a second of them."""
    if _is_postgresql(session):
        session.execute(sa.text("set local synchronous_commit to off"))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
