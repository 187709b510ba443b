"""From where on asking counts as unusual (storage.watch): thresholds that an installation may set."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WatchOptions:
    """walk of the last walk_of numbers next to one asked for just before; misses of the last misses_of with nothing found; more than
    dossier different people or records under one dossier code in a day; more than night looks in a night, of people night_people, from
    night_from to night_to o'clock in Vietnam; more than links addresses of copies refused to one network address in a day.

    The defaults are ours: a one-stop counter of 600 dossiers a day stays below all of them (tests/storage/test_watch.py).
    """

    walk: int = 28
    walk_of: int = 64
    misses: int = 40
    misses_of: int = 60
    dossier: int = 30
    night: int = 30
    night_people: int = 300
    night_from: int = 22
    night_to: int = 5
    links: int = 20
