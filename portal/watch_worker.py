"""Looks over the new lines of the access log for people and programs that ask as no counter does: one thread beside the web server."""
from __future__ import annotations

import logging
import threading
from collections.abc import Collection

from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database
from storage.errors import StorageError
from storage.watch_alerts import LINES, look_over
from storage.watch_options import WatchOptions

_LOG = logging.getLogger(__name__)
_SECONDS = 5.0


class WatchWorker:
    """options: the thresholds; suspend: rules that switch a client off. Several of them over one database take turns."""

    def __init__(self, database: Database, options: WatchOptions, suspend: Collection[str]) -> None:
        self._database, self._options, self._suspend = database, options, suspend
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="watch-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                while look_over(self._database, self._options, self._suspend) >= LINES and not self._stop.is_set():
                    pass        # there are more than one look takes; what is written meanwhile waits for the next one
            except (StorageError, SQLAlchemyError) as e:     # the database is away for a while; the place in the log is kept
                _LOG.error("watch worker: %s", type(e).__name__)
            self._stop.wait(_SECONDS)
