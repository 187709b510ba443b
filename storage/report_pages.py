"""Pages set aside by the program or sent back by a person: why, in which communes, brought by whom, and the share over time."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage.report_figures import Scope, sums
from storage.report_period import Period, Step, buckets, period_of


@dataclass(frozen=True)
class PageShare:
    """Pages brought, and those of them set aside."""

    pages: int
    aside: int

    @property
    def share(self) -> float:
        return self.aside / self.pages if self.pages else 0.0


@dataclass(frozen=True)
class PagesAside:
    """by_reason: (code as in storage.set_aside; rejected… by a person, pages), most first; the others by name."""

    total: PageShare
    by_reason: tuple[tuple[str, int], ...]
    by_commune: tuple[tuple[str, PageShare], ...]
    by_scanner: tuple[tuple[str, PageShare], ...]
    by_step: tuple[tuple[Period, PageShare], ...]


def pages_aside(session: Session, scope: Scope, step: Step = "month") -> PagesAside:
    def both(by: str) -> Mapping[Any, PageShare]:
        brought, aside = (sums(session, m, scope, (by,)) for m in ("pages_received", "pages_aside"))
        return {k[0]: PageShare(n, aside.get(k, 0)) for k, n in brought.items()}

    reasons = Counter({k[0]: n for k, n in sums(session, "pages_aside", scope, ("key",)).items()})
    days = both("day")
    pages, aside = Counter[Period](), Counter[Period]()
    for day, share in days.items():
        pages[period_of(step, day)] += share.pages
        aside[period_of(step, day)] += share.aside
    return PagesAside(PageShare(pages.total(), aside.total()), tuple(sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
                      tuple(sorted(both("commune_code").items())), tuple(sorted(both("part").items())),
                      tuple((p, PageShare(pages[p], aside[p])) for p in buckets(scope.period, step)))
