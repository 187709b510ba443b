"""What reviewers did by day and how often they agreed with the machine; what connected systems were given."""
from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from storage.agreement import Share
from storage.report_figures import Scope, sums


@dataclass(frozen=True)
class ReviewerWork:
    """days: on which anything was done. right of checked: links whose machine's answer the person chose, those asked blind apart."""

    name: str
    days: int
    verified: int
    corrected: int
    decided: int
    rejected: int
    undone: int
    checked: int
    right: int
    blind_checked: int
    blind_right: int


@dataclass(frozen=True)
class ReviewReport:
    reviewers: tuple[ReviewerWork, ...]
    by_day: tuple[tuple[date, str, int], ...]       # day, person, entries verified
    opinions: tuple[tuple[str, Share], ...]         # kind of register, entries two people did alike of those done blind


def review_report(session: Session, scope: Scope) -> ReviewReport:
    work: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    days: dict[str, set[date]] = defaultdict(set)
    by_day: list[tuple[date, str, int]] = []
    for (day, name, action), number in sums(session, "review_work", scope, ("day", "part", "key")).items():
        work[name][action] += number
        days[name].add(day)
        if action == "entry.verify":
            by_day.append((day, name, number))
    for (name, said), number in sums(session, "link_agreement", scope, ("part", "key")).items():
        work[name][said] += number
    opinions: dict[str, Counter[str]] = defaultdict(Counter)
    for (kind, said), number in sums(session, "second_opinions", scope, ("kind", "key")).items():
        opinions[kind][said] += number
    return ReviewReport(tuple(
        ReviewerWork(name, len(days[name]), w["entry.verify"], w["field.correct"], w["link.decide"], w["page.reject"], w["decision.undo"],
                     w["right"] + w["wrong"] + w["blind-right"] + w["blind-wrong"], w["right"] + w["blind-right"],
                     w["blind-right"] + w["blind-wrong"], w["blind-right"])
        for name, w in sorted(work.items())), tuple(by_day),
        tuple((kind, Share(n["agreed"], n.total())) for kind, n in sorted(opinions.items())))


@dataclass(frozen=True)
class Requests:
    """outcome: served, nothing (found), unchanged, headers, or the code of a refusal."""

    client: str
    kind: str
    action: str
    outcome: str
    number: int


@dataclass(frozen=True)
class ApiReport:
    rows: tuple[Requests, ...]
    by_day: tuple[tuple[date, int], ...]

    @property
    def total(self) -> int:
        return sum(r.number for r in self.rows)

    @property
    def refused(self) -> int:
        return sum(r.number for r in self.rows if r.action == "access.refused")


def api_report(session: Session, scope: Scope) -> ApiReport:
    rows = []
    for (client, kind, key), number in sums(session, "api_requests", scope, ("part", "kind", "key")).items():
        action, _, outcome = key.partition("/")
        rows.append(Requests(client.removeprefix("client:"), kind, action, outcome, number))
    return ApiReport(tuple(rows), tuple((day, n) for (day,), n in sums(session, "api_requests", scope, ("day",)).items()))
