"""How many of the accepted links are wrong, with a bound; and where to accept so that it is at most what was promised.

A bound is one-sided Clopper-Pearson (1934). Checked links stand for unequal numbers of links (one in twenty of some are checked, one in a
hundred of others), so the count is that of an equally weighted sample as informative: n = (sum w)^2 / sum w^2 (Kish 1965), used
in the bound as Korn and Graubard (1998) do.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from matching.calibration import Calibration, Checked

Basis = Literal["model", "checks"]      # what the promise stands on: the model's own expectation, or checks that prove it
LADDER = (0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 0.999999)


def upper_bound(wrong: float, checked: float, confidence: float = 0.95) -> float:
    """The largest share of wrong links under which `wrong` or fewer in `checked` still happen with probability 1 - confidence.
    1 when nothing was checked. Counts may be fractions (weighted samples). ValueError for wrong > checked or negative numbers."""
    _counts(wrong, checked)
    if not checked or wrong >= checked:
        return 1.0
    from scipy.special import betaincinv
    return float(betaincinv(wrong + 1, checked - wrong, confidence))


def lower_bound(wrong: float, checked: float, confidence: float = 0.95) -> float:
    """The smallest share of wrong links under which `wrong` or more in `checked` still happen with probability 1 - confidence; else 0."""
    _counts(wrong, checked)
    if not checked or wrong <= 0:
        return 0.0
    from scipy.special import betaincinv
    return float(betaincinv(wrong, checked - wrong + 1, 1 - confidence)) if wrong < checked else float((1 - confidence) ** (1 / checked))


def _counts(wrong: float, checked: float) -> None:
    if not 0 <= wrong <= checked:
        raise ValueError(f"{wrong} wrong of {checked} checked")


@dataclass(frozen=True)
class Estimate:
    """checked, wrong: links as counted; rate: the share of wrong ones they stand for; lower, upper: its bounds; worth: how many equally
    weighted checks they are worth."""

    checked: int
    wrong: int
    rate: float
    lower: float
    upper: float
    worth: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {"checked": self.checked, "wrong": self.wrong, "rate": self.rate, "lower": self.lower, "upper": self.upper}


def estimate(checked: Iterable[Checked], confidence: float = 0.95) -> Estimate:
    """The share of wrong links among those the checked ones were drawn from. Below it also lies what one stratum (links checked at one
    rate) holds of wrong ones by itself, which shows in a small sample what the whole would hide."""
    found = list(checked)
    if not found:
        return Estimate(0, 0, 0.0, 0.0, 1.0)
    weight = np.array([1 / x.rate for x in found])
    wrong = np.array([not x.right for x in found])
    rate = float(weight[wrong].sum() / weight.sum())
    n = float(weight.sum() ** 2 / (weight ** 2).sum())
    strata = np.unique(weight)
    each = 1 - (1 - confidence) / len(strata)
    parts = [weight[here].sum() / weight.sum() * lower_bound(int(wrong[here].sum()), int(here.sum()), each)
             for here in (weight == w for w in strata)]
    lower = max(lower_bound(rate * n, n, confidence), *parts)
    return Estimate(len(found), int(wrong.sum()), rate, float(lower), upper_bound(rate * n, n, confidence), n)


@dataclass(frozen=True)
class Promise:
    """What is promised of the accepted links: at most `target` wrong. expected: by the calibrated probabilities of the links there are
    (`links` of them accepted, None without any); measured: by checks. basis: checks once their upper bound keeps the target."""

    target: float
    expected: float | None
    links: int
    measured: Estimate

    @property
    def basis(self) -> Basis:
        return "checks" if self.measured.upper <= self.target else "model"

    @property
    def likely(self) -> float | None:
        """The share of wrong links by both: what was expected, as if it came from one wrong link, corrected by the checks of these very
        links (the mean of a Gamma distribution after Poisson counts). A curve fitted to doubtful links says little of sure ones."""
        if not self.expected:
            return self.expected
        return (1 + self.measured.rate * self.measured.worth) / (1 / self.expected + self.measured.worth)

    @property
    def kept(self) -> bool:
        """Nothing says that it is broken: neither what is likely, nor more wrong ones found than chance allows."""
        return (self.likely is None or self.likely <= self.target) and self.measured.lower <= self.target

    def as_dict(self) -> dict[str, Any]:
        return {"target": self.target, "expected": self.expected, "likely": self.likely, "links": self.links, "basis": self.basis,
                "kept": self.kept, **self.measured.as_dict()}


class Evidence:
    """Links and checks, asked what a set of thresholds would mean.

    probability, roles: the linker's probability of every link that could be accepted, and its role.
    """

    def __init__(self, probability: np.ndarray, roles: Sequence[str], checked: Sequence[Checked], calibration: Calibration,
                 target: float, confidence: float) -> None:
        self._p, self._roles = np.asarray(probability, dtype=np.float64), np.array(roles, dtype=object)
        self._wrong = 1 - calibration.of(self._p, roles) if len(self._p) else np.zeros(0)
        self._checked, self._target, self._confidence = list(checked), target, confidence

    def promise(self, accept: Callable[[str], float]) -> Promise:
        """What accepting from `accept(role)` on promises. Among what is accepted only blind checks count, of what people decide all."""
        floor = {r: accept(r) for r in set(self._roles)}
        inside = self._p >= np.array([floor[r] for r in self._roles]) if len(self._p) else np.zeros(0, dtype=bool)
        checks = estimate((x for x in self._checked if x.probability >= accept(x.role) and (x.blind or x.rate == 1)), self._confidence)
        return Promise(self._target, float(self._wrong[inside].mean()) if inside.any() else None, int(inside.sum()), checks)


@dataclass(frozen=True)
class Move:
    """accept: thresholds by role (the linker's probability), "" for roles not named. why: kept, expected_wrong, found_wrong, proven."""

    accept: Mapping[str, float]
    why: Literal["kept", "expected_wrong", "found_wrong", "proven"]
    promise: Promise


def move(evidence: Evidence, accept: Mapping[str, float], calibration: Calibration, least: float, loosen: bool = True) -> Move:
    """Tighten at once when the promise is broken; loosen (no lower than a calibrated probability of `least`) only where checks prove
    that it would be kept; else leave the thresholds as they are."""
    now = evidence.promise(_of(accept))
    if not now.kept:
        why: Literal["expected_wrong", "found_wrong"] = "found_wrong" if now.measured.lower > now.target else "expected_wrong"
        for step in LADDER:
            tighter = {role: max(floor, _rounded(calibration.inverse(step, role))) for role, floor in accept.items()}
            found = evidence.promise(_of(tighter))
            if found.kept or step == LADDER[-1]:
                return Move(tighter, why, found)
    if loosen:
        for step in LADDER:
            looser = {role: min(floor, _rounded(calibration.inverse(step, role))) for role, floor in accept.items()}
            if step < least or looser == dict(accept):
                continue
            found = evidence.promise(_of(looser))
            if found.kept and found.basis == "checks":
                return Move(looser, "proven", found)
    return Move(dict(accept), "kept", now)


def _of(accept: Mapping[str, float]) -> Callable[[str], float]:
    return lambda role: accept.get(role, accept[""])


def _rounded(p: float) -> float:
    """Nine digits: the same on every machine, and readable in the file."""
    return min(round(p, 9), 1 - 1e-9)
