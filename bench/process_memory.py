"""Memory and processor time of this process and everything it started, from Linux' /proc."""
from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType


def tree_of(pid: int) -> list[int]:
    """The process and all that came from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += tree_of(int(child))
    return found


def resident(pid: int) -> tuple[int, int]:
    """(bytes resident now, most there ever were) of one process; (0, 0) when it is gone."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    except OSError:
        return 0, 0
    return tuple(1024 * int(status.get(k, "0 kB").split()[0]) for k in ("VmRSS", "VmHWM"))      # type: ignore[return-value]


def processor_seconds(pid: int) -> float:
    """Processor time of the process's descendants so far, those that ended and were waited for included."""
    total = 0.0
    for child in tree_of(pid)[1:]:
        try:
            cells = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(c) for c in cells[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


class MemoryWatch:
    """Samples the memory of all child processes from a thread of its own while the block runs.

    peak: the greatest single child, bytes; peak_together: all children and this process at one moment; samples: (seconds since the
    start, bytes of the largest child, bytes together).
    """

    def __init__(self, every: float = 0.25) -> None:
        self.peak = self.peak_together = 0
        self.samples: list[tuple[float, int, int]] = []
        self._every, self._stop = every, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            sizes = {pid: resident(pid) for pid in tree_of(os.getpid())}
            children = [size for pid, size in sizes.items() if pid != os.getpid()]
            largest, together = max((now for now, _ in children), default=0), sum(now for now, _ in sizes.values())
            self.peak = max([self.peak, *(most for _, most in children)])
            self.peak_together = max(self.peak_together, together)
            self.samples.append((time.monotonic() - self._start, largest, together))
