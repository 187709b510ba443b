"""Probabilities that mean what they say: the linker's own, bent until links said to be 0.9 are right nine times in ten.

Beta calibration (Kull, Silva Filho and Flach 2017): logit p' = a ln p - b ln(1 - p) + c, which holds the identity (1, 1, 0) and bends each
end by itself, with one shift a role. It is fitted to links that people have decided, and drawn towards the identity where they are few.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ENOUGH = 60                     # decided links below which the linker's own probabilities stand
_EDGE = 1e-9                    # 0 and 1 are never meant
_SLOPE_SD, _LEVEL_SD, _ROLE_SD = 0.3, 1.0, 0.5      # how far from the identity the curve lies before anything was decided
_LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class Checked:
    """A link that a person decided. probability: the linker's of its answer; right: whether they chose the same person. rate: which share
    of links like it are checked; blind: whether they decided without being told the answer."""

    role: str
    probability: float
    right: bool
    rate: float = 1.0
    blind: bool = True


@dataclass(frozen=True)
class Calibration:
    """A rising map of [0, 1]; the default changes nothing. links: how many decided links it was fitted to."""

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0
    roles: Mapping[str, float] = field(default_factory=dict)
    links: int = 0

    def __call__(self, probability: float, role: str = "") -> float:
        """The calibrated probability; 0 and 1 stay what they are."""
        return float(self.of(np.array([probability]), [role])[0])

    def of(self, probability: np.ndarray, roles: Sequence[str]) -> np.ndarray:
        """The same for many: float64 (n,)."""
        p = np.clip(np.asarray(probability, dtype=np.float64), _EDGE, 1 - _EDGE)
        shift = np.array([self.roles.get(r, 0.0) for r in roles])
        out = 1 / (1 + np.exp(-(self.a * np.log(p) - self.b * np.log1p(-p) + self.c + shift)))
        return np.where((probability <= 0) | (probability >= 1), probability, out)

    def inverse(self, calibrated: float, role: str = "") -> float:
        """The linker's probability that is mapped to `calibrated`, by bisection on its log odds; the nearest to 0 or 1 if none is."""
        low, high = -21.0, 21.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if self(1 / (1 + np.exp(-middle)), role) < calibrated else (low, middle)
        return float(1 / (1 + np.exp(-high)))

    def as_dict(self) -> dict[str, Any]:
        return {"a": self.a, "b": self.b, "c": self.c, "roles": dict(sorted(self.roles.items())), "links": self.links}


def fit(checked: Sequence[Checked]) -> Calibration:
    """The calibration that fits the decided links best; the identity for fewer than ENOUGH. The order of the links does not matter.

    No weights: which links are checked depends on role and probability alone, which the curve has before it.
    """
    if len(checked) < ENOUGH:
        return Calibration(links=len(checked))
    from scipy.optimize import minimize

    ordered = sorted(checked, key=lambda x: (x.role, x.probability, x.right))
    p = np.clip(np.array([x.probability for x in ordered]), _EDGE, 1 - _EDGE)
    roles = sorted({x.role for x in ordered})
    member = np.array([[x.role == r for r in roles] for x in ordered], dtype=np.float64)
    design = np.column_stack((np.log(p), -np.log1p(-p), np.ones(len(p)), member))
    right = np.array([x.right for x in ordered], dtype=np.float64)
    centre = np.array([1.0, 1.0, 0.0, *[0.0] * len(roles)])
    precision = np.array([_SLOPE_SD, _SLOPE_SD, _LEVEL_SD, *[_ROLE_SD] * len(roles)]) ** -2

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = design @ w
        gap = w - centre
        value = float(np.sum(np.logaddexp(0, z) - right * z) + 0.5 * np.sum(precision * gap ** 2))
        return value, design.T @ (1 / (1 + np.exp(-z)) - right) + precision * gap

    bounds = [(_LEAST_SLOPE, None)] * 2 + [(None, None)] * (1 + len(roles))
    w = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-12}).x
    w = [round(float(x), 6) for x in w]
    return Calibration(w[0], w[1], w[2], dict(zip(roles, w[3:], strict=True)), len(ordered))
