"""Alerts: the rules of storage.watch over the new lines of the log, kept for the auditor; a client switched off where that is wanted."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage import events
from storage.database import Database
from storage.models import AccessAlert, ApiClient, Event, WatchState, utc_now
from storage.review_errors import NoSuchAlert
from storage.watch import ACTIONS, ADDRESS, Finding, Sight, look_of, watched
from storage.watch_options import WatchOptions
from storage.watermark import VIETNAM

_PLACE = ":log"             # row of watch_state: how far the log was read; no account has such a name
_QUIET = timedelta(days=7)
LINES = 2000               # of the log at a time


def look_over(database: Database, options: WatchOptions, suspend: Collection[str] = ()) -> int:
    """Take the next lines of the log into account; returns how many. suspend: rules that switch a client off at once.

    One process at a time does it, from where the last one stopped; killed anywhere, nothing is left out or taken twice.
    """
    with database.reading() as session:
        known = session.get(WatchState, _PLACE)
        if known is not None and events.head(session).seq <= int(known.state["seq"]):
            return 0
    with database.session() as session:
        place = _place(session)
        since = int(place.state["seq"])
        coming = sa.select(Event.seq).where(Event.seq > since).order_by(Event.seq).limit(LINES).subquery()
        until = session.scalar(sa.select(sa.func.max(coming.c.seq))) or since
        by_actor: dict[str, list[Any]] = {}
        for line in session.execute(sa.select(Event.at, Event.actor, Event.action, Event.subject, Event.detail).where(
                Event.seq > since, Event.seq <= until, Event.action.in_(ACTIONS)).order_by(Event.seq)):
            by_actor.setdefault(watched(line), []).append(line)
        told = _see(session, by_actor, options)
        _forget_addresses(session)
        place.state = {"seq": until}
        for actor, finding, at in told:
            _alert(session, actor, finding, at, finding.rule in suspend)
    return until - since


def _place(session: Session) -> WatchState:
    """How far the log was read, locked; an installation that did not watch before begins with what comes."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(WatchState).values(actor=_PLACE, state={"seq": events.head(session).seq}, updated_at=utc_now())
                    .on_conflict_do_nothing())
    return session.get_one(WatchState, _PLACE, with_for_update=True)


def _see(session: Session, by_actor: Mapping[str, Sequence[Any]], options: WatchOptions
         ) -> list[tuple[str, Finding, datetime]]:
    """What each actor's lines add to what was seen of them; a few statements however many they are."""
    actors = sorted(by_actor)
    known = session.execute(sa.select(WatchState.actor, WatchState.state).where(WatchState.actor.in_(actors)).order_by(WatchState.actor)
                            .with_for_update())
    sights = {actor: Sight.read(state) for actor, state in known}
    fresh = [{"actor": actor, "state": {}} for actor in actors if actor not in sights]
    if fresh:
        session.execute(sa.insert(WatchState), fresh)
    told = []
    for actor in actors:
        sight = sights.setdefault(actor, Sight.read({}))
        told += [(actor, finding, line.at) for line in by_actor[actor] if (look := look_of(line)) is not None
                 for finding in sight.see(look, options)]
    if actors:
        session.execute(sa.update(WatchState), [{"actor": actor, "state": asdict(sights[actor])} for actor in actors])
    return told


def _forget_addresses(session: Session) -> None:
    """Addresses come and go; of one that was quiet for some days nothing is remembered."""
    session.execute(sa.delete(WatchState).where(WatchState.actor.startswith(ADDRESS, autoescape=True),
                                                WatchState.updated_at < utc_now() - _QUIET))


def _alert(session: Session, actor: str, finding: Finding, at: datetime, suspend: bool) -> None:
    day, counts = at.astimezone(VIETNAM).date(), {"count": finding.count, "of": finding.of}
    row = session.scalar(sa.select(AccessAlert).where(AccessAlert.actor == actor, AccessAlert.rule == finding.rule, AccessAlert.day == day))
    if row is None:
        row = AccessAlert(actor=actor, rule=finding.rule, day=day, first_at=at, detail=counts)
        session.add(row)
        events.append(session, "watch", "access.alert", alert_subject(actor), {"rule": finding.rule, **counts})
    row.last_at, row.detail = at, counts
    client = session.get(ApiClient, actor.removeprefix("client:")) if suspend and actor.startswith("client:") else None
    if client is not None and client.active:
        client.active, row.suspended = False, True
        events.append(session, "watch", "client.disable", alert_subject(actor), {"rule": finding.rule})


def alerts(session: Session, *, open_only: bool = True, most: int = 200) -> Sequence[AccessAlert]:
    """The newest first."""
    query = sa.select(AccessAlert).order_by(AccessAlert.last_at.desc(), AccessAlert.id.desc()).limit(most)
    return session.scalars(query.where(AccessAlert.closed_at.is_(None)) if open_only else query).all()


def close_alert(session: Session, alert_id: int, by: str, note: str) -> AccessAlert:
    """Somebody looked into it; the note says what it was. Raises NoSuchAlert, also when it is closed."""
    row = session.get(AccessAlert, alert_id, with_for_update=True)
    if row is None or row.closed_at is not None:
        raise NoSuchAlert(alert=alert_id)
    row.closed_at, row.closed_by, row.note = utc_now(), by, note.strip()[:500]
    return row


def alert_subject(actor: str) -> str:
    """The one an alert is about, as a subject of the log: client:x, address:x, user:x."""
    return actor if actor.startswith(("client:", ADDRESS)) else f"user:{actor}"
