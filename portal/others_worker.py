"""Sends what waits for other systems: dossiers to the Ministry's software, questions to the population database; one thread."""
from __future__ import annotations

import logging
import threading

from pipelines.services import Services
from storage.errors import StorageError
from storage.ministry_push import Connection, Sender, load_endpoints
from storage.population_query import QueryConnection, send_waiting

_LOG = logging.getLogger(__name__)


class OthersWorker:
    """start() and stop() belong to the portal's life; run_once() sends what is due and returns how much got through."""

    def __init__(self, services: Services, every_seconds: float = 15.0, retry_seconds: float = 60.0) -> None:
        self._services, self._every, self._retry = services, every_seconds, retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="others-worker", daemon=True)

    @staticmethod
    def needed(services: Services) -> bool:
        return services.ministry is not None or services.population_query is not None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the call it is at; what is on its way is sent again later, and taken once."""
        self._stop.set()

    def run_once(self) -> int:
        s, through = self._services, 0
        if s.ministry is not None:
            with Connection(s.ministry) as connection:
                sender = Sender(s.database, s.ledger, connection, load_endpoints(s.ministry.endpoints))
                done = sender.run_once(self._stop.is_set)
                through += done.sent + done.finished
        if s.population_query is not None:
            with QueryConnection(s.population_query) as asking:
                through += send_waiting(s.database, asking, self._stop.is_set)
        return through

    def _loop(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.run_once()
            except StorageError as e:
                _LOG.error("others worker: %s", e.code)
                self._stop.wait(self._retry)
            except Exception as e:      # the thread must outlive a database restart
                _LOG.error("others worker: %s", type(e).__name__)
                self._stop.wait(self._retry)
