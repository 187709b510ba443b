"""How far long work is, told to whoever watches: the command line's bars, Dagster's log, nobody."""
from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """`stage` opens a named count, `advance` adds to the latest one. Names are (Vietnamese, English)."""

    def stage(self, name: tuple[str, str], total: int) -> None: ...

    def advance(self, done: int = 1) -> None: ...


class NoProgress:
    """Nobody watches."""

    def stage(self, name: tuple[str, str], total: int) -> None:
        pass

    def advance(self, done: int = 1) -> None:
        pass
