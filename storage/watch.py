"""Who asks in a way that a one-stop counter does not: rules over the access log, one account or client at a time.

walk     numbers one after another: many of the last numbers asked for were next (±2) to one of the six before them
misses   most of the last searches or records found nothing
dossier  many different numbers, people or records under one dossier code in a day
night    many looks in one night; of people, who do work at night where books are digitised, more than of programs
links    many addresses of copies refused to one network address in a day: altered, expired, used up. Nobody knows who it is

From where on: storage.watch_options. The change feed is not looked at: it names no person, and whoever follows it asks day and night; for
the same reason asking how far an extract or a push is counts at no night. What is remembered of somebody is small and has no number in
it: digests that the log carries (storage.watch_digest), flags and counts. A client that asks every third number, or in a shuffled order,
is no walker here; it is found by its misses and by what it asks under one dossier.
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
from storage.watch_options import WatchOptions
from storage.watermark import VIETNAM

BEFORE = 6                  # numbers among which a next one is looked for
_SEARCHES = ("record.search", "person.vault")
_REPORT = "log.person"      # names the person's records, and counts looks at them
_POLLS = ("extract.state", "push.state")        # asked again and again by programs that wait for a change
ACTIONS = (*_SEARCHES, _REPORT, *_POLLS, "record.metadata", "copy.fetch", "copy.link", "record.view", "page.view", "extract.request",
           "extract.view", "extract.fetch", "access.refused")
_LINK = "link_"             # how the reasons begin for which an address of a copy is refused (storage.copy_links)
ADDRESS = "address:"        # before a network address, where nobody knows who asked
_NOT_THERE = frozenset({"not_found", "no_such_entry", "no_such_dossier"})
_BITS = 256                 # of the sketch that counts what a dossier was used for
_DOSSIERS = 60              # dossiers remembered at a time


@dataclass(frozen=True)
class Look:
    """What the rules need of one line of the log. missed: whether nothing was found, None where that says nothing; poll: asked by a
    program that waits; link: an address of a copy was refused, and that is all the line says."""

    at: datetime
    asked: str = ""
    after: tuple[str, ...] = ()
    thing: str = ""
    dossier: str = ""
    missed: bool | None = None
    by_program: bool = True
    poll: bool = False
    link: bool = False


@dataclass(frozen=True)
class Finding:
    """A rule that was broken: `count` of the last `of`."""

    rule: str
    count: int
    of: int


def watched(event: Event | Row[Any]) -> str:
    """Whose doing the line is, for the watch: its actor; of a refused address of a copy the network address, since whoever uses it is not
    the client that it was given to."""
    address = str(event.detail.get("address", ""))
    return f"{ADDRESS}{address}"[:80] if _is_link(event) and address else event.actor


def look_of(event: Event | Row[Any]) -> Look | None:
    """The line, or its time, actor, action, subject and detail, as a look; None where it is none."""
    said = event.detail
    if _is_link(event):
        return Look(event.at, link=True)
    if event.action not in ACTIONS or (event.action == "access.refused" and said.get("reason") not in _NOT_THERE):
        return None
    asked, named = str(said.get("asked", "")), ""
    if event.action == _REPORT:
        named = ",".join(str(x) for x in said.get("found", ()))
    missed = (event.action == "access.refused" or (event.action in _SEARCHES and said.get("count") == 0)
              or (event.action == _REPORT and not named))
    return Look(event.at, asked, tuple(said.get("next", ())), asked or named or event.subject, str(said.get("dossier", "")), missed,
                event.actor.startswith("client:"), event.action in _POLLS)


def _is_link(event: Event | Row[Any]) -> bool:
    return event.action == "access.refused" and str(event.detail.get("reason", "")).startswith(_LINK)


@dataclass
class Sight:
    """What is remembered of one account or client."""

    numbers: list[list[str]] = field(default_factory=list)      # the last BEFORE asked, each with those after it
    walked: str = ""                                            # flags, the newest last
    missed: str = ""
    night: str = ""
    night_looks: int = 0
    dossiers: dict[str, list[str]] = field(default_factory=dict)        # digest of the code -> [day, bits as hex]

    links_day: str = ""
    links: int = 0

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Sight:
        return cls(**state) if state else cls()

    def see(self, look: Look, options: WatchOptions) -> list[Finding]:
        """Take one look into account. What is found is forgotten, so it is found again only if it goes on."""
        if look.link:
            found = [self._links(look, options)]
        else:
            found = [self._walk(look, options), self._misses(look, options), self._dossier(look, options), self._night(look, options)]
        return [f for f in found if f is not None]

    def _walk(self, look: Look, options: WatchOptions) -> Finding | None:
        if not look.after or any(look.asked == n[0] for n in self.numbers):      # asking again for the same is no step
            return None
        near = any(look.asked in n[1:] or n[0] in look.after for n in self.numbers)
        self.numbers = [*self.numbers, [look.asked, *look.after]][-BEFORE:]
        self.walked = (self.walked + "01"[near])[-options.walk_of:]
        if self.walked.count("1") < options.walk:
            return None
        found = Finding("walk", self.walked.count("1"), len(self.walked))
        self.walked = ""
        return found

    def _misses(self, look: Look, options: WatchOptions) -> Finding | None:
        if look.missed is None or not (look.by_program or look.missed or self.missed):
            return None
        self.missed = (self.missed + "01"[look.missed])[-options.misses_of:]
        if self.missed.count("1") < options.misses:
            return None
        found = Finding("misses", self.missed.count("1"), len(self.missed))
        self.missed = ""
        return found

    def _dossier(self, look: Look, options: WatchOptions) -> Finding | None:
        if not look.dossier or not look.thing:
            return None
        name, day = _short(look.dossier), _day(look.at)
        seen_day, bits = self.dossiers.pop(name, [day, "0"])
        mask = int(bits, 16) if seen_day == day else 0
        before = _distinct(mask)
        mask |= 1 << int(_short(look.thing), 16) % _BITS
        self.dossiers[name] = [day, f"{mask:x}"]
        for oldest in list(self.dossiers)[:-_DOSSIERS]:
            del self.dossiers[oldest]
        now = _distinct(mask)
        return Finding("dossier", now, now) if before <= options.dossier < now else None

    def _night(self, look: Look, options: WatchOptions) -> Finding | None:
        night = night_of(look.at, options)
        if night is None or look.poll:
            return None
        if self.night != f"{night}":
            self.night, self.night_looks = f"{night}", 0
        self.night_looks += 1
        most = options.night if look.by_program else options.night_people
        return Finding("night", self.night_looks, self.night_looks) if self.night_looks == most + 1 else None

    def _links(self, look: Look, options: WatchOptions) -> Finding | None:
        day = _day(look.at)
        if self.links_day != day:
            self.links_day, self.links = day, 0
        self.links += 1
        return Finding("links", self.links, self.links) if self.links == options.links + 1 else None


def night_of(at: datetime, options: WatchOptions) -> date | None:
    """The day on which the night of that moment began in Vietnam; None by day."""
    here = at.astimezone(VIETNAM)
    if options.night_to <= here.hour < options.night_from:
        return None
    return (here - timedelta(hours=options.night_to)).date()


def _day(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%Y-%m-%d}"


def _distinct(mask: int) -> int:
    """How many different things set these bits, by linear counting (Whang et al. 1990)."""
    empty = _BITS - mask.bit_count()
    return round(-_BITS * math.log(empty / _BITS)) if empty else _BITS * 6


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
