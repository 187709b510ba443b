"""The figures of a period that provinces report upward: books by kind and generation, entries read, loaded, awaiting, pages in error."""
from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy.orm import Session

from storage.report_figures import Scope, sums
from storage.report_measures import STRATA


@dataclass(frozen=True)
class ReturnLine:
    """In the period, and `_ever` since the beginning until its last day. entries_verified: digitised (số hóa), as in
    storage.report_progress; entries_archived: signed and kept (nạp); awaiting: read and not archived on the period's last day."""

    books: int = 0
    books_ever: int = 0
    entries_read: int = 0
    entries_read_ever: int = 0
    entries_verified: int = 0
    entries_verified_ever: int = 0
    entries_archived: int = 0
    entries_archived_ever: int = 0

    @property
    def awaiting(self) -> int:
        return self.entries_read_ever - self.entries_archived_ever

    def __add__(self, other: ReturnLine) -> ReturnLine:
        return ReturnLine(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class PeriodReturn:
    """lines: (kind, stratum of STRATA, figures); pages in error of the period and ever."""

    lines: tuple[tuple[str, str, ReturnLine], ...]
    total: ReturnLine
    pages: int
    pages_ever: int
    pages_aside: int
    pages_aside_ever: int

    def of_kind(self, kind: str) -> ReturnLine:
        return sum((line for k, _, line in self.lines if k == kind), ReturnLine())


def period_return(session: Session, scope: Scope) -> PeriodReturn:
    found = []
    for measure in ("books_received", "entries_read", "entries_verified", "entries_archived"):
        for since_ever in (False, True):
            found.append(sums(session, measure, scope, ("kind", "part"), since_ever=since_ever))
    places = sorted({place for counts in found for place in counts}, key=lambda p: (p[0], STRATA.index(p[1])))
    lines = tuple((kind, part, ReturnLine(*(counts.get((kind, part), 0) for counts in found))) for kind, part in places)
    pages, ever, aside, aside_ever = (sums(session, m, scope, (), since_ever=e).get((), 0) for m in ("pages_received", "pages_aside")
                                      for e in (False, True))
    return PeriodReturn(lines, sum((line for _, _, line in lines), ReturnLine()), pages, ever, aside, aside_ever)
