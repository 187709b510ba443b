"""How often somebody may ask: a token bucket for each name, kept in memory of this process."""
from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_NAMES = 10_000


class RateLimit:
    """`burst` requests at once, then `per_minute` a minute, for each name. Thread-safe; the least recently seen names are forgotten."""

    def __init__(self, per_minute: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_minute / 60.0, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str) -> float:
        """Count one request of `name`: 0.0 if it may go on, else the seconds until it may."""
        with self._lock:
            now = self._clock()
            left, seen = self._buckets.pop(name, (self._burst, now))
            left = min(self._burst, left + (now - seen) * self._rate)
            allowed = left >= 1.0
            self._buckets[name] = (left - 1.0 if allowed else left, now)
            while len(self._buckets) > _MOST_NAMES:
                self._buckets.popitem(last=False)
            return 0.0 if allowed else (1.0 - left) / self._rate
