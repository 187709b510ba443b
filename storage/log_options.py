"""How the log is kept and shown."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LogOptions:
    """keep_months: lines older than that many whole months are sealed and their looks leave the database; 0: all stays there.
    show_officers: a person's report names officers by their code; else by a number of the report's own."""

    keep_months: int = 0
    show_officers: bool = False
