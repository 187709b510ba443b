"""Sending what the outbox holds: each dossier claimed, sent, settled; after a failure again later, at the end set aside with its reason.

Killed between the send and the settling, the claim runs out and the dossier is sent again; the other side then says "đã được tiếp nhận",
which is success. So a dossier is taken there once, however often it was sent.
"""
from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from records.ministry.date_styles import VIETNAM
from records.ministry.messages import copy_request, registration
from storage import events
from storage.database import Database
from storage.errors import Words
from storage.ministry_push.adapters import Answer, Attachment, Parcel
from storage.ministry_push.connection import Connection
from storage.ministry_push.decision import facts_of, requester_of
from storage.ministry_push.endpoints import Endpoint, endpoint_for
from storage.ministry_push.errors import AccessRefused, BadDossier, DossierRefused, NoEndpoint, PushError, Unreachable
from storage.models import ArchivePackage, MinistryPush, utc_now
from storage.outbox import ObjectLedger
from storage.signature_upkeep import current_copy

ACTOR = "push"
_LOG = logging.getLogger(__name__)
_CLAIM = timedelta(minutes=10)          # longer than any send takes
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_NO_ENDPOINT = timedelta(hours=1)
_POLL_FIRST, _POLL_LONGEST = timedelta(minutes=15), timedelta(days=1)
_POLL_AT_ONCE = 50


@dataclass(frozen=True)
class Done:
    """What a run did. sent: taken there; later: to be tried again; dead: set aside for a person; finished: with a result there."""

    sent: int = 0
    later: int = 0
    dead: int = 0
    finished: int = 0

    @property
    def any(self) -> bool:
        return bool(self.sent or self.later or self.dead or self.finished)


class Sender:
    """Sends what is due. clock, chance: for tests; chance gives 0.5..1, so that offices do not come back all at once."""

    def __init__(self, database: Database, ledger: ObjectLedger, connection: Connection, endpoints: Sequence[Endpoint],
                 clock: Callable[[], datetime] = utc_now, chance: Callable[[], float] = lambda: random.uniform(0.5, 1.0)) -> None:
        self._database, self._ledger, self._connection, self._endpoints = database, ledger, connection, endpoints
        self._clock, self._chance = clock, chance

    def run_once(self, stopped: Callable[[], bool] = lambda: False) -> Done:
        """All that is due now; when the other side does not answer, the rest waits for the next run."""
        sent = later = dead = 0
        while not stopped():
            row = self._claim()
            if row is None:
                break
            outcome = self._deliver(row)
            sent, later, dead = sent + (outcome == "sent"), later + (outcome == "waiting"), dead + (outcome == "dead")
            if outcome == "waiting":
                return Done(sent, later, dead)
        return Done(sent, later, dead, self._poll() if not stopped() else 0)

    def _claim(self) -> MinistryPush | None:
        now = self._clock()
        free = or_(MinistryPush.claimed_until.is_(None), MinistryPush.claimed_until < now)
        with self._database.session() as session:
            row = session.scalar(select(MinistryPush).where(MinistryPush.state == "waiting", MinistryPush.next_at <= now, free)
                                 .order_by(MinistryPush.next_at, MinistryPush.id).limit(1).with_for_update(skip_locked=True))
            if row is not None:
                row.claimed_until, row.tries = now + _CLAIM, row.tries + 1
            return row

    def _deliver(self, row: MinistryPush) -> str:
        """The state that it is in now."""
        try:
            endpoint = endpoint_for(self._endpoints, row.module, self._today())
            answer = self._connection.send(endpoint, self._parcel(row, endpoint))
            if not answer.taken:
                raise DossierRefused(dossier=row.dossier, lines=list(answer.lines) or ["?"])
        except PushError as e:
            return self._failed(row, e)
        self._taken(row, endpoint, answer)
        return "sent"

    def _parcel(self, row: MinistryPush, endpoint: Endpoint) -> Parcel:
        content, on = row.content, self._today()
        facts = facts_of(content)
        data = copy_request(facts, requester_of(content), endpoint.styles, on) if row.module == "BS" else registration(
            facts, endpoint.styles, on)
        received = datetime.fromisoformat(content["received"])
        return Parcel(row.module, row.dossier, content["linked"], self._connection.options.agency, received, data, self._files(content))

    def _files(self, content: dict[str, Any]) -> tuple[Attachment, ...]:
        if not content.get("copy_of"):
            return ()
        with self._database.reading() as session:
            package = session.get(ArchivePackage, content["copy_of"])
            stored = current_copy(session, package) if package is not None else None
        if stored is None:
            raise BadDossier(what=Words("không còn bản sao có chữ ký số", "its signed copy is not there"))
        return (Attachment("BSTL", "Bản sao số hóa có chữ ký số", f"{content['kind']}.pdf", self._ledger.get(stored.key)),)

    def _taken(self, row: MinistryPush, endpoint: Endpoint, answer: Answer) -> None:
        now = self._clock()
        with self._database.session() as session:
            kept = self._held(session, row)
            if kept is None:
                return
            kept.state, kept.endpoint, kept.again, kept.said = "sent", endpoint.name, answer.again, list(answer.lines)
            kept.sent_at, kept.problem, kept.claimed_until, kept.next_at = now, None, None, now + _POLL_FIRST
            events.append(session, ACTOR, "push.sent", f"entry:{row.entry_id}",
                          {"dossier": row.dossier, "module": row.module, "endpoint": endpoint.name, "tries": row.tries})

    def _failed(self, row: MinistryPush, error: PushError) -> str:
        hopeless = isinstance(error, DossierRefused | BadDossier)
        dead = hopeless or (not isinstance(error, NoEndpoint) and row.tries >= self._connection.options.tries)
        with self._database.session() as session:
            kept = self._held(session, row)
            if kept is None:
                return "sent"
            kept.state, kept.problem, kept.claimed_until = "dead" if dead else "waiting", error.code, None
            kept.said = error.lines if isinstance(error, DossierRefused) else []
            kept.next_at = self._clock() + self._pause(row.tries, error)
            if isinstance(error, NoEndpoint):
                kept.tries -= 1
            if dead:
                events.append(session, ACTOR, "push.dead", f"entry:{row.entry_id}",
                              {"dossier": row.dossier, "module": row.module, "reason": error.code, "tries": row.tries})
        _LOG.warning("a dossier did not reach the Ministry: %s", error.code)
        return "dead" if dead else "waiting"

    def _held(self, session: Session, row: MinistryPush) -> MinistryPush | None:
        """The row for settling, unless another worker settled it meanwhile."""
        found = session.scalar(select(MinistryPush).where(MinistryPush.id == row.id).with_for_update())
        return found if found is not None and found.state == "waiting" else None

    def _pause(self, tries: int, error: PushError) -> timedelta:
        whole = _NO_ENDPOINT if isinstance(error, NoEndpoint) else min(_LONGEST, _FIRST * 2 ** min(tries - 1, 20))
        return whole * self._chance()

    def _poll(self) -> int:
        """Ask what became of dossiers that were taken; how many have a result now."""
        now, finished = self._clock(), 0
        with self._database.reading() as session:
            due = session.scalars(select(MinistryPush).where(MinistryPush.state == "sent", MinistryPush.next_at <= now)
                                  .order_by(MinistryPush.next_at).limit(20 * _POLL_AT_ONCE)).all()
        for module in sorted({r.module for r in due}):
            rows = [r for r in due if r.module == module]
            for start in range(0, len(rows), _POLL_AT_ONCE):
                finished += self._poll_some(module, rows[start:start + _POLL_AT_ONCE], now)
        return finished

    def _poll_some(self, module: str, rows: Sequence[MinistryPush], now: datetime) -> int:
        try:
            endpoint = endpoint_for(self._endpoints, module, self._today())
            states = {s.dossier: s for s in self._connection.states(endpoint, module, [r.dossier for r in rows])}
        except (Unreachable, AccessRefused, NoEndpoint) as e:
            _LOG.warning("states of dossiers not had: %s", e.code)
            states = {}
        finished = 0
        with self._database.session() as session:
            for row in rows:
                said = states.get(row.dossier)
                since = now - (row.sent_at or now)
                values: dict[str, Any] = {"next_at": now + min(_POLL_LONGEST, max(_POLL_FIRST, since)) * self._chance()}
                if said is not None:
                    values["result"] = {"trangThai": said.state, **said.result}
                if said is not None and said.result:
                    values |= {"state": "done", "content": {}}      # what was said is in the archive; here it is needed no more
                    finished += 1
                    events.append(session, ACTOR, "push.done", f"entry:{row.entry_id}", {"dossier": row.dossier, "module": module})
                session.execute(update(MinistryPush).where(MinistryPush.id == row.id, MinistryPush.state == "sent").values(**values))
        return finished

    def _today(self) -> date:
        return self._clock().astimezone(VIETNAM).date()
