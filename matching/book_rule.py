"""One register book does not register one newborn twice."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matching.decision import HELD, LinkDecision
from matching.readings import NEWBORN

CLAIMED = "claimed_in_book"


def one_entry_each(decided: Sequence[dict[str, LinkDecision]]) -> list[dict[str, LinkDecision]]:
    """The decisions of the entries of one book, a newborn accepted for the surest of the entries that claim the same person only; ties go
    to the earlier entry. Idempotent."""
    claims: dict[str, list[tuple[float, int]]] = {}
    for k, by_role in enumerate(decided):
        newborn = by_role.get(NEWBORN)
        if newborn is not None and newborn.candidates:
            best = newborn.candidates[0]
            claims.setdefault(best.personal_id, []).append((-best.probability, k))
    out = list(decided)
    for claimants in claims.values():
        for _, k in sorted(claimants)[1:]:
            out[k] = {**decided[k], NEWBORN: _held(decided[k][NEWBORN])}
    return out


def _held(decision: LinkDecision) -> LinkDecision:
    held = tuple(code for code in HELD if code in (*decision.held, CLAIMED))
    return replace(decision, decision="review" if decision.decision == "accept" else decision.decision, held=held)
