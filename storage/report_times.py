"""How long it takes from a book's coming in to its being read, its entries verified and archived; and what waits now."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from storage.report_figures import Scope, sums
from storage.report_period import Period, Step, buckets, period_of

STAGES = ("time_to_read", "time_to_verify", "time_to_archive")      # of books; of entries; of entries


@dataclass(frozen=True)
class Lengths:
    """Hours from coming in, rounded up (storage.report_sql.rounded_hours); None where nothing came so far."""

    count: int
    median: int | None
    ninety: int | None


@dataclass(frozen=True)
class Backlog:
    """At the end of the period: pages not read (now), entries not verified, entries verified and not archived."""

    pages: int
    entries: int
    archive: int


@dataclass(frozen=True)
class Times:
    total: tuple[tuple[str, Lengths], ...]
    by_step: tuple[tuple[Period, tuple[Lengths, ...]], ...]         # as STAGES
    backlog: Backlog


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """The smallest value that at least `share` of the counted are not above (nearest rank); None of nothing."""
    total, reached = sum(counts.values()), 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= share * total and reached:
            return value
    return None


def lengths(counts: Mapping[int, int]) -> Lengths:
    return Lengths(sum(counts.values()), quantile(counts, 0.5), quantile(counts, 0.9))


def times(session: Session, scope: Scope, step: Step = "month") -> Times:
    steps: dict[tuple[Period, str], Counter[int]] = defaultdict(Counter)
    total: dict[str, Counter[int]] = {stage: Counter() for stage in STAGES}
    for stage in STAGES:
        for (day, hours), number in sums(session, stage, scope, ("day", "key")).items():
            steps[period_of(step, day), stage][int(hours)] += number
            total[stage][int(hours)] += number
    read, verified, archived, pages = (sums(session, m, scope, (), since_ever=True).get((), 0) for m in (
        "entries_read", "entries_verified", "entries_archived", "pages_waiting"))
    return Times(tuple((s, lengths(total[s])) for s in STAGES),
                 tuple((p, tuple(lengths(steps[p, s]) for s in STAGES)) for p in buckets(scope.period, step)),
                 Backlog(pages, read - verified, verified - archived))
