"""Archives verified entries once their time to undo is over, has the store know of every step of extracts, adds up how many wait: one
thread beside the web server."""
from __future__ import annotations

import logging
import threading
import time

from pipelines.services import Services
from storage.errors import NotReadyToArchive, StorageError
from storage.extracts.keeping import keep_waiting
from storage.queue_counts import add_up
from storage.review import due_for_archive

ACTOR = "portal"
_LOG = logging.getLogger(__name__)


class ArchiveWorker:
    """start() and stop() belong to the portal's life; run_once() does what is due now and returns how many were archived."""

    def __init__(self, services: Services, every_seconds: float = 2.0, retry_seconds: float = 60.0) -> None:
        self._services, self._every, self._retry = services, every_seconds, retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="archive-worker", daemon=True)
        self._later: dict[int, float] = {}      # entries that failed -> not before (monotonic seconds)
        self._refused: dict[str, float] = {}    # the same of extracts

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the entry it is at."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def run_once(self) -> int:
        from storage import archive  # signing and PDF libraries, only needed here

        s, done, now = self._services, 0, time.monotonic()
        with s.database.reading() as session:
            due = due_for_archive(session, s.archive.undo_seconds)
        for entry_id in due:
            if self._stop.is_set() or self._later.get(entry_id, 0.0) > now:
                continue
            try:
                archive.archive_entry(s.database, s.ledger, s.signer, s.archive, entry_id, ACTOR)
                self._later.pop(entry_id, None)
                done += 1
            except NotReadyToArchive:
                pass        # undone or archived by another process meanwhile
            except StorageError as e:
                _LOG.error("entry:%d not archived: %s", entry_id, e.code)
                self._later[entry_id] = time.monotonic() + self._retry
        if done:
            from storage.event_segments import write_segments

            write_segments(s.ledger, s.archive)
        return done

    def keep_extracts(self) -> None:
        """Have the store know of the steps that it does not know yet."""
        now = time.monotonic()
        self._refused = {x: until for x, until in self._refused.items() if until > now}
        for extract_id, e in keep_waiting(self._services.extract_office, leave=self._refused).refused.items():
            _LOG.error("extract %s not kept: %s", extract_id, e.code)
            self._refused[extract_id] = now + self._retry

    def _loop(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.run_once()
                add_up(self._services.database)
                self.keep_extracts()
            except Exception as e:      # the thread must outlive a database restart; the entry stays verified and is tried again
                _LOG.error("archive worker: %s", type(e).__name__)
                self._stop.wait(self._retry)
