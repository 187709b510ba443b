"""How fast, and when again: a limit on bytes a second, and the waits between tries."""
from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

SLICE = 16 * 1024           # bytes handed to the network at a time under a limit


class Pace:
    """At most `bytes_per_second` on average; None: no limit."""

    def __init__(self, bytes_per_second: float | None = None, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate, self._clock, self._sleep = bytes_per_second, clock, sleep
        self._free_at = clock()

    def spend(self, size: int) -> None:
        """Wait until `size` more bytes may leave."""
        if not self._rate:
            return
        now = self._clock()
        if self._free_at > now:
            self._sleep(self._free_at - now)
            now = self._free_at
        self._free_at = max(self._free_at, now) + size / self._rate

    def slices(self, data: bytes) -> Iterator[bytes]:
        """The data in pieces, each when its time has come."""
        for start in range(0, len(data), SLICE):
            part = data[start:start + SLICE]
            self.spend(len(part))
            yield part


class Patience:
    """Waits of 1, 2, 4 … `longest` seconds, each between half and all of it so that many nodes do not come back at once.

    give_up: seconds of waiting without a success in between, after which `wait` says no.
    """

    def __init__(self, give_up: float = 3600.0, longest: float = 60.0, sleep: Callable[[float], None] = time.sleep,
                 seed: int | None = None) -> None:
        self._give_up, self._longest, self._sleep, self._random = give_up, longest, sleep, random.Random(seed)
        self._tries, self._waited = 0, 0.0

    def success(self) -> None:
        self._tries, self._waited = 0, 0.0

    def wait(self) -> bool:
        """Wait for the next try; False when it has been long enough."""
        if self._waited >= self._give_up:
            return False
        pause = min(self._longest, 2.0 ** min(self._tries, 20)) * self._random.uniform(0.5, 1.0)
        self._tries, self._waited = self._tries + 1, self._waited + pause
        self._sleep(pause)
        return True
