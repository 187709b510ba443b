"""What speaks for and against a person, comparison by comparison, for people to read."""
from __future__ import annotations

import numpy as np

from matching.entry import RoleReading
from matching.evidence import Evidence
from matching.name_comparison import NameComparison, name_level
from matching.population import PopulationIndex

COMPARISONS = ("name", "birth", "sex", "number", "home", "place")


class Explainer:
    def __init__(self, index: PopulationIndex, names: NameComparison) -> None:
        self.index, self._names = index, names

    @staticmethod
    def parts(evidence: Evidence) -> np.ndarray:
        """float64 (candidates, COMPARISONS): the weight of each comparison, the mean over the hands."""
        return np.stack([x.mean(axis=1) if x.ndim == 2 else x for x in (getattr(evidence, c) for c in COMPARISONS)], axis=1)

    def explain(self, reading: RoleReading, row: int, weights: np.ndarray, log_prior: float) -> tuple[tuple[str, str, float], ...]:
        """(comparison, level, weight in nats) for the person of this row; comparisons that say nothing are left out. The first is the
        prior: ln P(the role is this person) before anything was compared. What is left of ln odds is the family's, and the rivals'."""
        out = [("prior", "", round(log_prior, 3))] if np.isfinite(log_prior) else []
        for comparison, weight in zip(COMPARISONS, weights.tolist(), strict=True):
            if not weight:
                continue
            level = "agrees" if weight > 0 else "differs"
            if comparison == "name" and reading.tokens:
                level = name_level(self._names.edits(reading.tokens, int(self.index.name[row])))
            if comparison == "birth" and weight > 0:
                level = self._birth_level(reading.date, row)
            out.append((comparison, level, round(weight, 3)))
        return tuple(out)

    def _birth_level(self, read: str, row: int) -> str:
        """In what way a birthday that speaks for this person agrees: agrees, same year, look-alike."""
        have = (int(self.index.year[row]), int(self.index.month[row]), int(self.index.day[row]))
        parts = [int(p) if p else 0 for p in read.split("-")]
        if all(p in (0, h) or not h for p, h in zip(parts, have, strict=False)):
            return "agrees"
        return "same year" if parts[0] == have[0] else "look-alike"
