"""In which year somebody in a role was born, before anything of them is read: by the delay of registration for a newborn, by age else."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matching.entry import SEX_OF_ROLE
from matching.model import LinkModel
from matching.population import UNKNOWN, PopulationIndex
from matching.readings import NEWBORN

YOUNGEST_ADULT = 12         # years of age of who is a parent or partner
_ADULT = 18                 # a role of a higher mean age is one of adults
_LEAST = 1e-9


class YearPriors:
    """P(year of birth | role, year of registration), float64 (2200,), and what it says of a person born in each year."""

    def __init__(self, index: PopulationIndex, model: LinkModel) -> None:
        self._share, self.model = index.year_share, model
        self._found: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}

    def of(self, roles: Sequence[tuple[str, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For (role, year of registration or 0) each: its row in the others (int32); P(year) (distinct, 2200); ln P(born that year | role)
        - ln P(anybody is) (distinct, 2200), 0 for an unknown year."""
        row: dict[tuple[str, int], int] = {}
        rows = np.array([row.setdefault(k, len(row)) for k in roles], dtype=np.int32)
        both = [self._of(*key) for key in row]
        priors, fits = (np.stack(x) for x in zip(*both, strict=True)) if both else (np.zeros((0, 2200)),) * 2
        return rows, priors, fits

    def prior(self, role: str, registered: int) -> np.ndarray:
        """float64 (2200,): P(year) for one role."""
        return self._of(role, registered)[0]

    def _of(self, role: str, registered: int) -> tuple[np.ndarray, np.ndarray]:
        found = self._found.get((role, registered))
        if found is None:
            share = self._share[SEX_OF_ROLE.get(role, UNKNOWN)]
            prior = self._prior(role, registered, share)
            beside = 0.3 * np.maximum(np.roll(prior, 1), np.roll(prior, -1))            # the population may err by a year
            fits = np.log(np.maximum(np.maximum(prior, beside), _LEAST)) - np.log(np.maximum(share, _LEAST))
            fits[0] = 0.0
            found = self._found[role, registered] = prior, fits
        return found

    def _prior(self, role: str, registered: int, share: np.ndarray) -> np.ndarray:
        found = np.zeros(2200)
        if registered and role == NEWBORN:
            delays = self.model.delays
            for k, p in enumerate(delays[:-1]):
                found[registered - k] = p
            found[registered - 80:registered - len(delays) + 2] += delays[-1] / (81 - len(delays) + 1)
        elif registered and role in self.model.ages:
            mean, deviation = self.model.ages[role]
            age = registered - np.arange(2200) - 0.5
            found = np.exp(-0.5 * ((age - mean) / deviation) ** 2) + 0.002 * np.exp(-0.5 * ((age - mean) / (3 * deviation)) ** 2)
            found[(age < (YOUNGEST_ADULT if mean > _ADULT else -0.5)) | (age > 85)] = 0.0
            found = found / found.sum() * 0.98 + 0.02 * _until(share, registered)
        elif registered:
            found = _until(share, registered)
        else:
            found = share.copy()
        return found / found.sum()


def _until(share: np.ndarray, registered: int) -> np.ndarray:
    out = share.copy()
    out[registered + 1:] = 0.0
    return out / max(out.sum(), 1e-12)
