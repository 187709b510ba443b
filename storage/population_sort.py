"""Lines sorted that are more than memory holds: sorted runs in files that nobody else sees, merged as they are read."""
from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

_RUN = 200_000                  # lines sorted in memory at once, some 100 MB of a population
_READ_AHEAD = 1 << 18           # bytes read of each run at a time


class SortedLines:
    """Takes lines in any order, gives them back sorted by code points. A line holds no line feed.

    The files have no name (they are gone when the process is, however it ends), in `folder` or else where temporary files lie.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder, self._lines, self._runs, self._count = folder, [""][:0], list[TextIO](), 0

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> SortedLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for run in self._runs:
            run.close()

    def add(self, lines: list[str]) -> None:
        self._lines += lines
        self._count += len(lines)
        if len(self._lines) >= _RUN:
            self._write()

    def __iter__(self) -> Iterator[str]:
        """All lines in order; once only."""
        self._lines.sort()
        for run in self._runs:
            run.seek(0)
        runs: list[Iterator[str]] = [map(_without_end, run) for run in self._runs]
        yield from heapq.merge(*runs, iter(self._lines)) if runs else self._lines

    def _write(self) -> None:
        self._lines.sort()
        run = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=self._folder, buffering=_READ_AHEAD)     # noqa: SIM115
        self._runs.append(run)
        for start in range(0, len(self._lines), 10_000):
            run.write("\n".join(self._lines[start:start + 10_000]) + "\n")
        self._lines = []


def _without_end(line: str) -> str:
    return line[:-1]
