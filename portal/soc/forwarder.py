"""Sends the log to a collector as it is written: one thread beside the web server, from a place noted in the database.

The place moves only when the collector has acknowledged what was sent (sync.syslog), so nothing is lost by a kill, a restart or a
collector that is away; what had not been acknowledged is sent again, at most TOGETHER lines. externalId tells doubles. Over UDP nothing is
acknowledged, and lines may be lost on the way.
"""
from __future__ import annotations

import logging
import socket
import threading
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pipelines.services import Services, SocOptions
from portal.soc.cef import cef, syslog_severity
from storage import events
from storage.log_keeping import FORWARDED
from storage.models import Cursor, Event, utc_now
from sync.errors import CollectorAway
from sync.syslog import Collector, message

CURSOR = FORWARDED
TOGETHER = 500              # lines of one delivery
_LEASE = timedelta(seconds=120)         # longer than a delivery may take
_LONGEST_WAIT = 60.0
_LOG = logging.getLogger(__name__)


class SocForwarder:
    """start() and stop() belong to the portal's life; run_once() sends what is new and returns how many lines. Of several programs on one
    database one sends at a time."""

    def __init__(self, services: Services, options: SocOptions) -> None:
        self._database, self._options = services.database, options
        self._collector = Collector(options.host, options.port, options.protocol, options.ca_file, options.certificate_file)
        self._me, self._host = uuid.uuid4().hex, socket.gethostname()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="soc-forwarder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the delivery it is at; what is not sent then is sent after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=35)

    def run_once(self) -> int:
        """Raises CollectorAway; then the place stays where it was."""
        with self._database.reading() as session:
            row = session.get(Cursor, CURSOR)
            if row is not None and int(row.value["seq"]) >= events.head(session).seq:
                return 0
        try:
            sent = self._send()
        except CollectorAway:
            self._end_turn()
            raise
        self._end_turn()
        return sent

    def _send(self) -> int:
        sent = 0
        while not self._stop.is_set():
            with self._database.session() as session:
                after = self._turn(session, utc_now())
            if after is None:
                break
            with self._database.reading() as session:
                rows = session.scalars(sa.select(Event).where(Event.seq > after).order_by(Event.seq).limit(TOGETHER)).all()
            if not rows:
                break
            self._collector.deliver([self._message(e) for e in rows])
            with self._database.session() as session:
                self._move(session, rows[-1].seq)
            sent += len(rows)
        return sent

    def _message(self, event: Event) -> bytes:
        return message(cef(event), severity=syslog_severity(event), at=event.at, host=self._host, app="sogoc", name=event.action,
                       number=event.seq)

    def _turn(self, session: Session, now: datetime) -> int | None:
        """The place to go on from, if nobody else is sending."""
        row = session.get(Cursor, CURSOR, with_for_update=True)
        if row is None:
            row = Cursor(name=CURSOR, value={"seq": 0 if self._options.from_beginning else events.head(session).seq})
            session.add(row)
        holder, until = row.value.get("holder"), row.value.get("until")
        if holder not in (None, self._me) and until is not None and datetime.fromisoformat(until) > now:
            return None
        row.value = {**row.value, "holder": self._me, "until": (now + _LEASE).isoformat()}
        return int(row.value["seq"])

    def _move(self, session: Session, seq: int) -> None:
        row = session.get_one(Cursor, CURSOR, with_for_update=True)
        row.value = {**row.value, "seq": max(seq, int(row.value["seq"]))}

    def _end_turn(self) -> None:
        with self._database.session() as session:
            row = session.get(Cursor, CURSOR, with_for_update=True)
            if row is not None and row.value.get("holder") == self._me:
                row.value = {"seq": row.value["seq"]}

    def _loop(self) -> None:
        wait = self._options.seconds
        while not self._stop.wait(wait):
            try:
                self.run_once()
                wait = self._options.seconds
            except CollectorAway as e:
                wait = min(_LONGEST_WAIT, max(wait, self._options.seconds) * 2)
                _LOG.warning("the log was not sent, again in %.0f s: %s", wait, e.message("en"))
            except IntegrityError:          # another program began at the same moment
                pass
            except Exception as e:          # the thread must outlive a database restart
                wait = min(_LONGEST_WAIT, max(wait, self._options.seconds) * 2)
                _LOG.error("soc forwarder: %s", type(e).__name__)
