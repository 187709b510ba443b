"""Whether a person must look at an entry, how urgently, and why: computed from its fields, links, findings and page."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from storage.link_states import waits
from storage.models import Entry, Page
from storage.readings import batch_entries, touched
from storage.review_queue import DOUBTFUL, OPEN

_HARD, _SOFT, _NO_FORM, _POOR = 1.0, 0.3, 5.0, 0.5     # expected errors a finding, an unknown form, a poor image stand for
_CHECK = 0.3            # of a link drawn for a blind check: as if it were doubtful, so that its place in the queue tells nothing


@dataclass(frozen=True)
class Need:
    """needed: a person must look. risk: expected number of errors in the entry, orders the queue. reasons: [code, argument …] each."""

    needed: bool
    risk: float
    reasons: tuple[tuple[str, ...], ...]


def assess(entry: Entry, quality: Mapping[str, Any] | None) -> Need:
    """Pure: what the entry's own values say. Field codes, roles and rule names are the arguments of the reasons, never values."""
    reasons: list[tuple[str, ...]] = []
    risk = 0.0
    if entry.form is None:
        reasons.append(("unknown_form",))
        risk += _NO_FORM
    doubtful = [f.code for f in entry.fields if f.source != "reviewer" and f.confidence < DOUBTFUL]
    risk += sum(1.0 - f.confidence for f in entry.fields if f.source != "reviewer")
    if doubtful:
        reasons.append(("low_confidence", *sorted(doubtful)))
    undecided = [x for x in entry.links if waits(x)]
    risk += sum(1.0 - x.probability if x.decision == "review" else _CHECK for x in undecided)
    if undecided:
        reasons.append(("link_review", *sorted(x.role for x in undecided)))
    told = sorted(x.role for x in entry.links if x.decided_by is not None and x.reasons)
    if told:
        reasons.append(("link_changed", *told))
        risk += len(told) * _SOFT
    for finding in sorted(entry.findings, key=lambda f: (f.severity, f.rule)):
        risk += _HARD if finding.severity == "hard" else _SOFT
    if entry.findings:
        reasons.append(("finding", *sorted({f.rule for f in entry.findings})))
    if quality is not None and quality.get("verdict") in ("poor", "retake"):
        reasons.append(("poor_image",))
        risk += _POOR
    return Need(bool(reasons), round(risk, 4), tuple(reasons))


def page_quality(session: Session, entry: Entry) -> Mapping[str, Any] | None:
    """Of the entry's page, without the words and the draft that the page's row carries."""
    return session.scalar(sa.select(Page.quality).where(Page.id == entry.page_id))


def queue_batch(session: Session, batch_id: str) -> tuple[int, int]:
    """Set status, risk and reasons of the batch's entries; (entries that need a person, entries in all). Verified ones are left alone."""
    entries = batch_entries(session, batch_id)
    return sum(reassess(session, entry) for entry in entries), len(entries)


def reassess(session: Session, entry: Entry) -> bool:
    """Set the entry's risk and reasons anew, and its status unless a person is at it; whether it needs one. No for a verified entry."""
    return entry.status in OPEN and set_need(entry, page_quality(session, entry))


def set_need(entry: Entry, quality: Mapping[str, Any] | None) -> bool:
    """`reassess` of an open entry whose page's quality is at hand."""
    need = assess(entry, quality)
    entry.risk, entry.reasons = need.risk, [list(r) for r in need.reasons]
    if not touched(entry) or need.needed:
        entry.status = "review" if need.needed else "draft"
    return need.needed
