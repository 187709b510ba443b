"""Links to the population: accepted by the machine or a person, in review, unmatched, by kind, role and month the book came in."""
from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy.orm import Session

from storage.report_figures import Scope, sums
from storage.report_period import Period, Step, buckets, period_of

STATES = ("accept", "accept_person", "review", "none", "none_person")


@dataclass(frozen=True)
class LinkCounts:
    accept: int = 0
    accept_person: int = 0
    review: int = 0
    none: int = 0
    none_person: int = 0

    @property
    def total(self) -> int:
        return self.accept + self.accept_person + self.review + self.none + self.none_person


@dataclass(frozen=True)
class LinkReport:
    total: LinkCounts
    by_role: tuple[tuple[str, str, LinkCounts], ...]        # kind, role
    by_step: tuple[tuple[Period, LinkCounts], ...]


def link_report(session: Session, scope: Scope, step: Step = "month") -> LinkReport:
    roles: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (kind, role, state), number in sums(session, "links", scope, ("kind", "part", "key")).items():
        roles[kind, role][state] += number
    steps: dict[Period, Counter[str]] = defaultdict(Counter)
    for (day, state), number in sums(session, "links", scope, ("day", "key")).items():
        steps[period_of(step, day)][state] += number
    total = Counter[str]()
    for counts in roles.values():
        total.update(counts)
    return LinkReport(_counts(total), tuple((kind, role, _counts(c)) for (kind, role), c in sorted(roles.items())),
                      tuple((p, _counts(steps[p])) for p in buckets(scope.period, step)))


def _counts(counter: Counter[str]) -> LinkCounts:
    return LinkCounts(*(counter[s] for s in STATES))
