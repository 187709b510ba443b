"""What one call does of a fixity pass: its threads, the order of objects, the agreed speed."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from storage.database import Database
from storage.fixity_marks import Marker
from storage.fixity_objects import Looked, compare_manifest, kind_of, look
from storage.fixity_options import FixityOptions
from storage.fixity_words import Difference
from storage.log_verify import NotedHashes
from storage.models import StoredObject, utc_now
from storage.objects import ObjectStore
from storage.outbox import ObjectLedger
from storage.weed_reader import Key, Place, WeedReader

_AHEAD = 25             # objects whose places are asked for while the ones before are read
_FRESH = 2.0            # seconds after which a place is asked for again before the object is read


@dataclass(frozen=True)
class _Coming:
    """Rows whose turn is next. asked: when, by the clock and by time.monotonic()."""

    rows: Sequence[StoredObject]
    places: Future[list[Place | None]] | None
    asked: datetime
    clock: float


class Share:
    """Each thread takes an object, reads it to its end and has it noted before it takes the next: what a kill costs is at most the object
    that each thread is reading.

    After `run`: differences, objects and bytes read, and over: stopped before the last row.
    """

    def __init__(self, database: Database, store: ObjectStore, options: FixityOptions, started: datetime, stop: Callable[[], bool],
                 progress: Callable[[int], None]) -> None:
        self._database, self._store, self._options, self._started = database, store, options, started
        self._stop, self._progress = stop, progress
        self._noted, self._rate = NotedHashes(ObjectLedger(database, store)), Rate(options.megabytes_per_second)
        self._lock = threading.Lock()           # around all that threads share, never around reading
        self.differences: list[Difference] = []
        self.objects, self.bytes, self.over = 0, 0, False

    def run(self, rows: Iterator[StoredObject]) -> None:
        """Raises ObjectStoreUnavailable; what was read until then is noted."""
        until = time.monotonic() + 60 * self._options.minutes if self._options.minutes else float("inf")
        with Marker(self._database) as marker, ThreadPoolExecutor(self._options.threads, thread_name_prefix="fixity") as pool:
            try:
                for thread in [pool.submit(self._work, rows, marker, until) for _ in range(self._options.threads)]:
                    thread.result()
            except BaseException:
                self.over = True                # the threads end with the object they are reading
                raise

    def _work(self, rows: Iterator[StoredObject], marker: Marker, until: float) -> None:
        reader = self._store.straight(self._options.threads)
        try:
            coming = self._ask(self._take(rows), reader)
            while coming.rows:
                now, coming = coming, self._ask(self._take(rows), reader)
                if self._ends(until):
                    return
                places = self._told(now, reader)
                for row, place in zip(now.rows, places, strict=True):
                    if self._ends(until):
                        return
                    known = now
                    if place is not None and time.monotonic() - now.clock > _FRESH:     # read slowly: it may be elsewhere by now
                        known = self._ask([row], reader)
                        place, = self._told(known, reader)
                    looked = look(row, self._store, self._rate.spend, reader, place)
                    with self._lock:
                        self._note(row, looked, marker, known.asked)
        except BaseException:
            self.over = True                    # so do the other threads
            raise
        finally:
            if reader is not None:
                reader.close()

    def _take(self, rows: Iterator[StoredObject]) -> Sequence[StoredObject]:
        with self._lock:
            return list(islice(rows, _AHEAD))

    def _ask(self, rows: Sequence[StoredObject], reader: WeedReader | None) -> _Coming:
        asked, clock = utc_now(), time.monotonic()
        return _Coming(rows, reader.places([self._key(r) for r in rows]) if reader is not None and rows else None, asked, clock)

    @staticmethod
    def _told(coming: _Coming, reader: WeedReader | None) -> Sequence[Place | None]:
        return reader.told(coming.places) if reader is not None and coming.places is not None else [None] * len(coming.rows)

    def _ends(self, until: float) -> bool:
        with self._lock:
            if self._stop() or time.monotonic() > until:
                self.over = True                # never back to False: others set it too
            return self.over

    def _key(self, row: StoredObject) -> Key:
        kind = kind_of(row)
        return Key(self._store.bucket(kind), row.key, versioned=kind == "archive")

    def _note(self, row: StoredObject, looked: Looked, marker: Marker, asked: datetime) -> None:
        """asked: when its place was; the proof is of no later moment."""
        differences = list(looked.differences)
        if looked.manifest is not None:
            with self._database.reading() as session:
                differences += compare_manifest(session, row.key, looked.manifest, self._noted)
        marker.mark(row.key, max(asked, self._started), differences, proven=not looked.differences)
        self.differences += differences
        self.objects, self.bytes = self.objects + 1, self.bytes + looked.read
        self._progress(self.objects)


class Rate:
    """Lets threads take bytes no faster than agreed; 0 megabytes: as fast as it goes."""

    def __init__(self, megabytes: float) -> None:
        self._per_second, self._lock, self._next = megabytes * 1e6, threading.Lock(), 0.0

    def spend(self, count: int) -> None:
        if not self._per_second:
            return
        with self._lock:
            now = time.monotonic()
            self._next = max(self._next, now - 0.1) + count / self._per_second
            pause = self._next - now
        if pause > 0:
            time.sleep(pause)
