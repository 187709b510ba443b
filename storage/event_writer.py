"""Lines of the log from many requests at once, in few commits. A line is in the log, for good, when `write` returns.

The chain has one end, so writers take turns; where each commits alone, the disk's time for one commit is everybody's. Here whoever has the
turn takes with it what has gathered meanwhile. Other processes take their turns as ever (storage.events).
"""
from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from storage import events
from storage.database import Database

_MOST = 200                 # lines of one commit
_OF_A_LINE = (ValueError, TypeError, sa.exc.DataError)      # what a line that cannot be stored raises, before anything is committed


@dataclass
class _Waiting:
    line: events.Line
    done: bool = False
    error: BaseException | None = None


class EventWriter:
    """Thread-safe; one for all requests of a process. It has no thread of its own and nothing to close."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: deque[_Waiting] = deque()
        self._turn = threading.Lock()

    def write(self, line: events.Line) -> None:
        """Returns when the line is committed. Raises what the database raised; then it is not in the log. For a line alone: a line that
        cannot be stored spoils nobody else's."""
        mine = _Waiting(line)
        self._queue.append(mine)
        with self._turn:
            while not mine.done:
                self._commit([self._queue.popleft() for _ in range(min(_MOST, len(self._queue)))])
        if mine.error is not None:
            raise mine.error

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            with self._database.session() as session:
                events.append_all(session, [w.line for w in batch])
        except BaseException as e:
            if len(batch) > 1 and isinstance(e, _OF_A_LINE):
                for waiting in batch:
                    self._commit([waiting])
                return
            for waiting in batch:
                waiting.error, waiting.done = e, True
            return
        for waiting in batch:
            waiting.done = True
