"""Reading processes: pages go out in chunks, results come back page by page. A process that dies, hangs or swells is replaced.

A page on which a process dies or hangs is tried once more alone in a fresh process; if that one goes too, the page is to
blame and comes back with a reason. At most `workers` x `chunk_pages` pages are in memory at a time.
"""
from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from pipelines.page_task import PageResult, PageTask, ProgramBroken
from pipelines.services import ReadingOptions
from records.forms import own_folder

_STARTS = 3                     # so many processes in a row that die before they are ready, and the work stops
READER = (sys.executable, "-P", "-m", "pipelines.page_worker")
_START_SECONDS = 180.0          # a process may take that long to load its model before it is ready


class ReaderBroken(Exception):
    """No page can be read: a program is missing, or processes die before they read anything. message: (Vietnamese, English)."""

    def __init__(self, code: str, message: tuple[str, str]) -> None:
        super().__init__(f"{code}: {message[1]}")
        self.code, self.message = code, message


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    queue: deque[PageTask] = field(default_factory=deque)
    since: float = 0.0              # monotonic time of the last sign of life
    ready: bool = False             # has loaded what it needs


class PagePool:
    """Use as a context manager. `read` yields one PageResult a task, in the order they come."""

    def __init__(self, options: ReadingOptions, load: Callable[[str], bytes], command: Sequence[str] = READER) -> None:
        """load: sha256 of a file -> its bytes. command: the reading process; it gets the connection's number, our pid and the model."""
        self._options, self._load, self._command = options, load, tuple(command)
        self._workers: list[_Worker] = []
        self._failed_starts = 0

    def __enter__(self) -> PagePool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._stop(worker)
        self._workers.clear()

    def read(self, tasks: Iterable[PageTask]) -> Iterator[PageResult]:
        """Raises ReaderBroken when no page is to blame."""
        waiting = deque(tasks)
        alone: deque[PageTask] = deque()            # pages a process died on once
        suspects: set[int] = set()
        while waiting or alone or any(w.queue for w in self._workers):
            self._hand_out(waiting, alone)
            busy = [w for w in self._workers if w.queue]
            ready = wait([w.connection for w in busy], timeout=1.0)
            for worker in busy:
                if worker.connection in ready:
                    yield from self._receive(worker, waiting, alone, suspects)
                elif time.monotonic() - worker.since > (self._options.page_seconds if worker.ready else _START_SECONDS):
                    yield from self._replace(worker, waiting, alone, suspects, "reader_too_slow")

    def _hand_out(self, waiting: deque[PageTask], alone: deque[PageTask]) -> None:
        while waiting or alone:
            worker = next((w for w in self._workers if not w.queue), None)
            if worker is None and len(self._workers) >= self._options.workers:
                return
            if worker is None:
                worker = self._start()
            chunk = [alone.popleft()] if alone else [waiting.popleft() for _ in range(min(self._options.chunk_pages, len(waiting)))]
            worker.queue.extend(chunk)
            if worker.ready:
                self._send(worker)

    def _send(self, worker: _Worker) -> None:
        """Send its chunk to a process that waits for one; before it is ready it would not be read, and we would wait for it."""
        worker.since = time.monotonic()
        files = {sha: self._load(sha) for sha in {t.sha256 for t in worker.queue}}
        with suppress(OSError):             # it died meanwhile: `wait` tells, and `_receive` handles it
            worker.connection.send((list(worker.queue), files))

    def _receive(self, worker: _Worker, waiting: deque[PageTask], alone: deque[PageTask], suspects: set[int]) -> Iterator[PageResult]:
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._replace(worker, waiting, alone, suspects, "reader_stopped")
            return
        worker.since = time.monotonic()
        if not worker.ready:                # its first word is that it is
            worker.ready, self._failed_starts = True, 0
            self._send(worker)
            return
        if isinstance(answer, ProgramBroken):
            raise ReaderBroken(answer.code, answer.message)
        if isinstance(answer, PageResult):
            suspects.discard(answer.page_id)
            worker.queue.popleft()
            if not worker.queue:
                self._end_chunk(worker)
                self._hand_out(waiting, alone)      # it reads on while this page's result is kept
            yield answer

    def _end_chunk(self, worker: _Worker) -> None:
        """Take the ("end", resident bytes) that follows a chunk's last page; a swollen process is let go."""
        try:
            _, resident = worker.connection.recv()
        except (EOFError, OSError):
            resident = None
        if resident is None or resident > self._options.worker_memory_bytes:
            self._workers.remove(worker)
            self._stop(worker)

    def _replace(self, worker: _Worker, waiting: deque[PageTask], alone: deque[PageTask], suspects: set[int],
                 reason: str) -> Iterator[PageResult]:
        self._workers.remove(worker)
        self._stop(worker, patience=5.0 if reason == "reader_stopped" else 0.0)
        blamed, rest = worker.queue[0], list(worker.queue)[1:]
        if not worker.ready:                # it has seen no page yet: none is to blame
            waiting.extendleft(reversed(worker.queue))
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                code = worker.process.returncode
                raise ReaderBroken("reader_failed_to_start", (
                    f"Tiến trình đọc không chạy được (mã {code}). Chạy `sogoc doctor`.",
                    f"The reading process does not run (code {code}). Run `sogoc doctor`."))
            return
        waiting.extendleft(reversed(rest))
        if blamed.page_id not in suspects:
            suspects.add(blamed.page_id)
            alone.append(blamed)
            return
        slow = reason == "reader_too_slow"
        evidence = {"seconds": self._options.page_seconds} if slow else {"detail": f"exit {worker.process.returncode}"}
        yield PageResult(blamed.page_id, reason=reason, evidence=evidence)

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                       "PYTHONWARNINGS": "ignore", "SOGOC_READING__FORMS": str(own_folder() or "")}
        arguments = [str(theirs.fileno()), str(os.getpid()), self._options.model_id or ""]
        process = subprocess.Popen([*self._command, *arguments], pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        theirs.close()
        worker = _Worker(process, Connection(ours.detach()), since=time.monotonic())
        self._workers.append(worker)
        return worker

    @staticmethod
    def _stop(worker: _Worker, patience: float = 0.0) -> None:
        """End the process; `patience`: seconds it is given to end by itself, so that its own exit code is seen."""
        worker.connection.close()
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(patience)
        worker.process.kill()
        worker.process.wait()
