"""One person, many entries: births, marriages and deaths of the same person are heard together, after each entry was linked by itself.

A person is born once and dies once, marries and has children while alive, and a mother's children are born months apart: of two links that
break such a rule at most one is right, unless a date was misread (`slack`). Being named with the same partner elsewhere speaks for a link.
Two entries of one event (a copy of the book, a registration done again) do not compete. Each link is judged by what the linker said of all
the others, never by what was settled before, so the outcome does not depend on the order in which books came in.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from matching.life_rules import Clash, clash, too_young
from matching.registrations import Registration, alike, same_event

HOLDING = ("claimed_twice", "claimed_by_person", "after_death", "births_too_near", "too_young")
TELLING = ("same_event", "known_couple")
_COUPLE = 20.0              # how much likelier a partner is where another entry names the same couple
_NAMED = 5.0                # the same, where the other entry gives a partner of the same name who is nobody's link
_ONCE, _DATED = 0.005, 0.05     # slack: an event entered twice and not said to be; a date misread or misregistered
_HEARD = 0.1                # a rival less probable than this is not worth telling
_SAME_NAME = 0.92           # how alike two readings of a partner's name must be to speak for the couple
_EDGE = 1e-9


@dataclass(frozen=True)
class Claim:
    """The linker's answer for one role of an entry. fixed: a person said so, it is not doubted."""

    personal_id: str
    probability: float
    fixed: bool = False


@dataclass(frozen=True)
class LinkedEntry:
    """An entry with its links. names: what was read of each role, linked or not."""

    entry: int
    registration: Registration
    claims: Mapping[str, Claim]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Heard:
    """probability: after the other entries were heard. reasons: (code of HOLDING or TELLING, entry id as text …) each."""

    probability: float
    reasons: tuple[tuple[str, ...], ...]

    @property
    def held(self) -> bool:
        return any(r[0] in HOLDING for r in self.reasons)


Place = tuple[int, str]         # entry, role
_PARTNER = {"me": "cha", "cha": "me", "vo": "chong", "chong": "vo"}


def hear(entries: Sequence[LinkedEntry], accept: Callable[[str], float], born: Mapping[str, str], named: Mapping[str, bool]
         ) -> dict[Place, Heard]:
    """What becomes of each link that another entry bears on; links that none bears on are not in the answer, nor are fixed ones.

    accept(role): the probability from which a link is accepted. born: ISO birth dates by personal number, as far as known. named: whether
    the population itself names the person's partner, so that the linker has heard it already.
    """
    by_person: dict[str, list[tuple[LinkedEntry, str]]] = {}
    for e in sorted(entries, key=lambda e: e.entry):
        for role, claim in sorted(e.claims.items()):
            by_person.setdefault(claim.personal_id, []).append((e, role))
    odds: dict[Place, float] = {}
    reasons: dict[Place, list[tuple[str, ...]]] = {}
    for person, places in sorted(by_person.items()):
        for (a, role_a), (b, role_b) in combinations(places, 2):
            if a.entry == b.entry:
                continue
            twice = role_a == role_b and same_event(a.registration, b.registration, a.names, b.names)
            if twice:
                _tell(reasons, a, role_a, "same_event", b)
                _tell(reasons, b, role_b, "same_event", a)
                continue
            broken = clash(a.registration, role_a, b.registration, role_b)
            if broken is not None:
                _weigh(odds, reasons, (a, role_a), (b, role_b), broken, accept)
            elif not named.get(person, False):
                _support(odds, reasons, a, role_a, b, role_b, accept)
                _support(odds, reasons, b, role_b, a, role_a, accept)
        for e, role in places:
            if too_young(e.registration, role, born.get(person, "")) and not e.claims[role].fixed:
                reasons.setdefault((e.entry, role), []).append(("too_young",))
                odds[e.entry, role] = odds.get((e.entry, role), 1.0) * _DATED
    claims = {(e.entry, role): c for e in entries for role, c in e.claims.items() if not c.fixed}
    return {place: Heard(_times(claims[place].probability, odds.get(place, 1.0)), tuple(sorted(set(reasons.get(place, ())))))
            for place in sorted(set(odds) | set(reasons)) if place in claims}


def _tell(reasons: dict[Place, list[tuple[str, ...]]], e: LinkedEntry, role: str, code: str, other: LinkedEntry) -> None:
    reasons.setdefault((e.entry, role), []).append((code, str(other.entry)))


def _weigh(odds: dict[Place, float], reasons: dict[Place, list[tuple[str, ...]]], one: tuple[LinkedEntry, str],
           two: tuple[LinkedEntry, str], broken: Clash, accept: Callable[[str], float]) -> None:
    """At most one of two links is right: each loses by how probable the other is. Held are both if each alone would be accepted, a link
    that falls below acceptance by it, and one against a person's word."""
    both = all(e.claims[role].fixed or e.claims[role].probability >= accept(role) for e, role in (one, two))
    slack = _ONCE if broken == "claimed_twice" else _DATED
    for (e, role), (other, other_role) in ((one, two), (two, one)):
        mine, theirs = e.claims[role], other.claims[other_role]
        if mine.fixed:
            continue
        factor = 1 - theirs.probability * (1 - slack) if not theirs.fixed else slack
        place = (e.entry, role)
        odds[place] = odds.get(place, 1.0) * factor
        stands = mine.probability >= accept(role) and _times(mine.probability, factor) >= accept(role)
        if theirs.fixed or both or (not stands and theirs.probability >= _HEARD):
            _tell(reasons, e, role, "claimed_by_person" if theirs.fixed and broken == "claimed_twice" else broken, other)


def _support(odds: dict[Place, float], reasons: dict[Place, list[tuple[str, ...]]], e: LinkedEntry, role: str, other: LinkedEntry,
             other_role: str, accept: Callable[[str], float]) -> None:
    """The link of `role` gains where an accepted entry of the same person gives the same partner; once, however many entries say so."""
    partner, theirs = _PARTNER.get(role), _PARTNER.get(other_role)
    place = (e.entry, role)
    if partner is None or theirs is None or e.claims[role].fixed or any(r[0] == "known_couple" for r in reasons.get(place, ())):
        return
    if not _certain(other.claims[other_role], other_role, accept):
        return
    here, there = e.claims.get(partner), other.claims.get(theirs)
    if here is not None and there is not None:
        if here.personal_id != there.personal_id or not _certain(there, theirs, accept):
            return
        gain = here.probability * _COUPLE + 1 - here.probability
    elif here is None and there is None and alike(e.names.get(partner, ""), other.names.get(theirs, ""), _SAME_NAME):
        gain = _NAMED
    else:
        return
    odds[place] = odds.get(place, 1.0) * gain
    _tell(reasons, e, role, "known_couple", other)


def _certain(claim: Claim, role: str, accept: Callable[[str], float]) -> bool:
    return claim.fixed or claim.probability >= accept(role)


def _times(probability: float, factor: float) -> float:
    p = min(max(probability, _EDGE), 1 - _EDGE)
    return probability if factor == 1.0 else p * factor / (p * factor + 1 - p)
