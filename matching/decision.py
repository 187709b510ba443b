"""What the linker says of one role of one entry."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["accept", "review", "none"]
HELD = ("nothing_read", "claimed_in_book", "partnered_elsewhere")    # codes of the linker; matching.lives and storage.link_facts add theirs


@dataclass(frozen=True)
class Candidate:
    """A person the role may be. evidence: (comparison, level, weight in nats) each; a positive weight speaks for the person."""

    personal_id: str
    probability: float
    evidence: tuple[tuple[str, str, float], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the database and the export."""
        return {"personal_id": self.personal_id, "probability": round(self.probability, 6), "evidence": [list(e) for e in self.evidence]}


@dataclass(frozen=True)
class LinkDecision:
    """Who a role is. `probability` is that of the best candidate; `personal_id` names it, but with `none` it is None: whom the
    decision does not link, it does not name. The candidates stand in `candidates` all the same.

    accept: the probability reaches the model's threshold; none: nobody in the population, or nobody likely; review: a person decides.
    held: codes of what keeps the link from being accepted however probable it is (`HELD`); such a link is `review`.
    """

    role: str
    personal_id: str | None
    probability: float
    decision: Verdict
    candidates: tuple[Candidate, ...] = ()
    held: tuple[str, ...] = ()
