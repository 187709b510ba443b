"""How a fixity pass goes about it. A module of its own, so that settings need not load the pass."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FixityOptions:
    """threads: objects read at once. megabytes_per_second: not faster than this, 0 as fast as it goes. minutes: stop after that and go on
    the next time, 0 to the end."""

    threads: int = 1
    megabytes_per_second: float = 0
    minutes: float = 0
