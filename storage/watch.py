"""Who asks in a way that a one-stop counter does not: rules over the access log, one account or client at a time.

walk     numbers one after another: 28 of the last 64 numbers asked for were next (±2) to one of the six before them
misses   40 of the last 60 searches or records found nothing
dossier  more than 30 different numbers, people or records under one dossier code in a day
night    more than 30 looks between 22:00 and 05:00 in one night; of people, who do work at night where books are digitised, 300

The thresholds are ours. What is remembered of somebody is small and has no number in it: digests that the log carries
(storage.watch_digest), flags and counts. A client that asks every third number, or in a shuffled order, is no walker here; it is found
by its misses and by what it asks under one dossier.
"""
from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from storage.models import Event
from storage.watermark import VIETNAM

RULES = ("walk", "misses", "dossier", "night")
WALKED, NUMBERS, BEFORE = 28, 64, 6
MISSED, SEARCHES = 40, 60
PER_DOSSIER = 30
PER_NIGHT, PER_NIGHT_OF_PEOPLE = 30, 300
_SEARCHES = ("record.search", "person.vault")
ACTIONS = (*_SEARCHES, "record.metadata", "copy.fetch", "record.view", "page.view", "access.refused")
_NOT_THERE = frozenset({"not_found", "no_such_entry", "no_such_dossier"})
_BITS = 256                 # of the sketch that counts what a dossier was used for
_DOSSIERS = 60              # dossiers remembered at a time
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 5


@dataclass(frozen=True)
class Look:
    """What the rules need of one line of the log. missed: whether nothing was found, None where that says nothing."""

    at: datetime
    asked: str = ""
    after: tuple[str, ...] = ()
    thing: str = ""
    dossier: str = ""
    missed: bool | None = None
    by_program: bool = True


@dataclass(frozen=True)
class Finding:
    """A rule that was broken: `count` of the last `of`."""

    rule: str
    count: int
    of: int


def look_of(event: Event | Row[Any]) -> Look | None:
    """The line, or its time, actor, action, subject and detail, as a look; None where it is none."""
    said = event.detail
    if event.action not in ACTIONS or (event.action == "access.refused" and said.get("reason") not in _NOT_THERE):
        return None
    asked = str(said.get("asked", ""))
    missed = event.action == "access.refused" or (event.action in _SEARCHES and said.get("count") == 0)
    return Look(event.at, asked, tuple(said.get("next", ())), asked or event.subject, str(said.get("dossier", "")), missed,
                event.actor.startswith("client:"))


@dataclass
class Sight:
    """What is remembered of one account or client."""

    numbers: list[list[str]] = field(default_factory=list)      # the last BEFORE asked, each with those after it
    walked: str = ""                                            # flags, the newest last
    missed: str = ""
    night: str = ""
    night_looks: int = 0
    dossiers: dict[str, list[str]] = field(default_factory=dict)        # digest of the code -> [day, bits as hex]

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Sight:
        return cls(**state) if state else cls()

    def see(self, look: Look) -> list[Finding]:
        """Take one look into account. What is found is forgotten, so it is found again only if it goes on."""
        found = [self._walk(look), self._misses(look), self._dossier(look), self._night(look)]
        return [f for f in found if f is not None]

    def _walk(self, look: Look) -> Finding | None:
        if not look.after or any(look.asked == n[0] for n in self.numbers):      # asking again for the same is no step
            return None
        near = any(look.asked in n[1:] or n[0] in look.after for n in self.numbers)
        self.numbers = [*self.numbers, [look.asked, *look.after]][-BEFORE:]
        self.walked = (self.walked + "01"[near])[-NUMBERS:]
        if self.walked.count("1") < WALKED:
            return None
        found = Finding("walk", self.walked.count("1"), len(self.walked))
        self.walked = ""
        return found

    def _misses(self, look: Look) -> Finding | None:
        if look.missed is None or not (look.by_program or look.missed or self.missed):
            return None
        self.missed = (self.missed + "01"[look.missed])[-SEARCHES:]
        if self.missed.count("1") < MISSED:
            return None
        found = Finding("misses", self.missed.count("1"), len(self.missed))
        self.missed = ""
        return found

    def _dossier(self, look: Look) -> Finding | None:
        if not look.dossier or not look.thing:
            return None
        name, day = _short(look.dossier), f"{look.at.astimezone(VIETNAM):%Y-%m-%d}"
        seen_day, bits = self.dossiers.pop(name, [day, "0"])
        mask = int(bits, 16) if seen_day == day else 0
        before = _distinct(mask)
        mask |= 1 << int(_short(look.thing), 16) % _BITS
        self.dossiers[name] = [day, f"{mask:x}"]
        for oldest in list(self.dossiers)[:-_DOSSIERS]:
            del self.dossiers[oldest]
        now = _distinct(mask)
        return Finding("dossier", now, now) if before <= PER_DOSSIER < now else None

    def _night(self, look: Look) -> Finding | None:
        night = night_of(look.at)
        if night is None:
            return None
        if self.night != f"{night}":
            self.night, self.night_looks = f"{night}", 0
        self.night_looks += 1
        most = PER_NIGHT if look.by_program else PER_NIGHT_OF_PEOPLE
        return Finding("night", self.night_looks, self.night_looks) if self.night_looks == most + 1 else None


def night_of(at: datetime) -> date | None:
    """The day on which the night of that moment began in Vietnam; None by day."""
    here = at.astimezone(VIETNAM)
    if _NIGHT_ENDS <= here.hour < _NIGHT_BEGINS:
        return None
    return (here - timedelta(hours=_NIGHT_ENDS)).date()


def _distinct(mask: int) -> int:
    """How many different things set these bits, by linear counting (Whang et al. 1990)."""
    empty = _BITS - mask.bit_count()
    return round(-_BITS * math.log(empty / _BITS)) if empty else _BITS * 6


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
