"""What people have said of a link holds: whom a reviewer ruled out is never linked again, whatever the linker thinks."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from matching.decision import LinkDecision

RULED_OUT = "ruled_out"         # held: the likeliest person was ruled out, so a person says who it is instead


def without(decision: LinkDecision, excluded: Collection[str], refuse: float) -> LinkDecision:
    """The decision with these people gone and their probability given back to the others and to nobody in proportion. If the likeliest was
    among them, the next is for a person to decide (`held`), or nobody below `refuse`."""
    gone = [c for c in decision.candidates if c.personal_id in excluded]
    if not gone and decision.personal_id not in excluded:
        return decision
    rest = 1 - sum(c.probability for c in gone)
    scale = 1 / rest if rest > 1e-9 else 0.0
    left = tuple(replace(c, probability=min(1.0, c.probability * scale)) for c in decision.candidates if c.personal_id not in excluded)
    if decision.personal_id is not None and decision.personal_id not in excluded:
        mine = next((c.probability for c in left if c.personal_id == decision.personal_id), decision.probability)
        return replace(decision, probability=mine, candidates=left)
    if not left or left[0].probability < refuse:
        most = left[0].probability if left else 0.0
        return replace(decision, personal_id=None, probability=most, decision="none", candidates=left, held=())
    best = left[0]
    held = (*(h for h in decision.held if h != RULED_OUT), RULED_OUT)
    return replace(decision, personal_id=best.personal_id, probability=best.probability, decision="review", candidates=left, held=held)
