"""On a commune's node: sends books that were sent to the province, one thread beside the web server, until the hub has them, and asks
what became of those it has."""
from __future__ import annotations

import logging
import threading

from pipelines.sending import books_on_their_way, hear_from_hub, send_to_hub
from pipelines.services import HubOptions, Services
from storage.errors import StorageError
from sync.errors import SyncError
from sync.pace import Patience

_LOG = logging.getLogger(__name__)


class HubWorker:
    """ask() returns at once. What did not go through is tried again after `retry_seconds`; `trouble` is the last reason, by book."""

    def __init__(self, services: Services, hub: HubOptions, retry_seconds: float = 120.0) -> None:
        self._services, self._hub, self._retry = services, hub, retry_seconds
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="hub-worker", daemon=True)
        self.trouble: dict[str, tuple[str, str]] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A book under way goes on at the next start."""
        self._stop.set()
        self._wake.set()

    def ask(self, batch_id: str) -> None:
        self.trouble.pop(batch_id, None)
        self._wake.set()

    def run_once(self) -> int:
        """Send what waits and hear what became of the rest; how many books the hub has now that it had not."""
        done = 0
        for batch_id in books_on_their_way(self._services):
            if self._stop.is_set():
                break
            try:
                done += send_to_hub(self._services, self._hub, batch_id, Patience(give_up=60))
                self.trouble.pop(batch_id, None)
            except SyncError as e:
                self.trouble[batch_id] = (e.message("vi"), e.message("en"))
                _LOG.warning("a book did not reach the hub: %s", e.code)
            except (StorageError, OSError) as e:
                self.trouble[batch_id] = ("Không đọc được tệp trên máy này.", "A file on this machine cannot be read.")
                _LOG.error("a book did not reach the hub: %s", type(e).__name__)
        try:
            if not self._stop.is_set():
                hear_from_hub(self._services, self._hub)
        except (SyncError, OSError) as e:       # asked again next time
            _LOG.info("the hub was not heard: %s", e.code if isinstance(e, SyncError) else type(e).__name__)
        return done

    def _loop(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.run_once()
            except Exception as e:      # the thread must outlive a database restart
                _LOG.error("hub worker: %s", type(e).__name__)
            self._wake.wait(self._retry)
