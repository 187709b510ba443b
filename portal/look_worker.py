"""Looks at pages as they arrive: one thread beside the web server, one book after another."""
from __future__ import annotations

import logging
import queue
import threading

from ocr.errors import BrokenProgram
from pipelines.looking import look_at
from pipelines.services import Services
from storage.errors import StorageError

_LOG = logging.getLogger(__name__)


class LookWorker:
    """ask(batch_id) returns at once; a book asked for again while it waits is looked at once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="look-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the page it is at."""
        self._stop.set()
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(timeout=30)       # one left behind in a library would abort the process at its end

    def ask(self, batch_id: str) -> None:
        with self._lock:
            if batch_id in self._asked or self._stop.is_set():
                return
            self._asked.add(batch_id)
        self._waiting.put(batch_id)

    def _loop(self) -> None:
        while (batch_id := self._waiting.get()) is not None:
            try:
                with self._lock:
                    self._asked.discard(batch_id)
                look_at(self._services, batch_id, self._stop.is_set)
            except (StorageError, BrokenProgram) as e:
                _LOG.error("batch not looked at: %s", e.code)
            except Exception as e:      # the thread must outlive one bad page; the reader says what is wrong with it
                _LOG.error("look worker: %s", type(e).__name__)
