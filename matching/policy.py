"""Where links are accepted, how their probabilities are calibrated and which of them are checked: a versioned JSON with its history.

The version that comes with the program lies beside the link model; each later one follows from checks (`revised`) and keeps in
`history` what every version before it promised, and why it was left.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from typing import Any

import numpy as np

from matching.calibration import Calibration, Checked, fit
from matching.decision import Candidate, LinkDecision
from matching.thresholds import Evidence, Promise, move

DEFAULT_POLICY = "link_policy_1.json"


@dataclass(frozen=True)
class Sampling:
    """Which accepted links are checked by a person who is not told the answer, for ever.

    seed: another seed draws others. bands: (up to which probability, the share that is checked), rising; the last reaches 1. roles: factor
    of the shares of one role. review: the share of links a person decides anyway that are shown in the same way, so that the way tells
    nothing.
    """

    seed: str
    bands: tuple[tuple[float, float], ...]
    roles: Mapping[str, float] = field(default_factory=dict)
    review: float = 0.1

    def rate(self, role: str, probability: float) -> float:
        """The share of accepted links of this role and probability that are checked, 0 … 1."""
        share = next((rate for up_to, rate in self.bands if probability <= up_to), self.bands[-1][1])
        return min(1.0, share * self.roles.get(role, 1.0))

    def draws(self, place: str, role: str, rate: float) -> bool:
        """Whether the link of `role` of the entry at `place` is drawn. The same place is drawn in every run, and at every higher rate."""
        digest = hashlib.sha256(f"{self.seed}|{place}|{role}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2 ** 64 < rate


@dataclass(frozen=True)
class Policy:
    """target: the share of accepted links that may be wrong. confidence: of its bounds. accept: thresholds of the linker's probability by
    role, "" for others. least: the lowest calibrated probability that is ever accepted. promise: what this version promised when made."""

    version: int
    link_model: str
    target: float
    confidence: float
    accept: Mapping[str, float]
    least: float
    sampling: Sampling
    calibration: Calibration = field(default_factory=Calibration)
    why: str = "shipped"
    at: str = ""
    promise: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()

    def threshold(self, role: str) -> float:
        """The linker's probability from which a link of this role is accepted."""
        return self.accept.get(role, self.accept[""])

    def decide(self, decision: LinkDecision) -> LinkDecision:
        """The decision under this policy, its probabilities calibrated. What is held, and what the linker calls nobody, stays so."""
        if decision.decision == "none" or decision.personal_id is None:
            return decision
        p = self.calibration(decision.probability, decision.role)
        verdict = self.verdict(decision.role, decision.probability, bool(decision.held))
        return replace(decision, probability=p, decision=verdict, candidates=rescaled(decision.candidates, decision.personal_id, p))

    def verdict(self, role: str, probability: float, held: bool) -> Any:
        """accept or review, for a link that is not `none`. probability: the linker's."""
        return "accept" if probability >= self.threshold(role) and not held else "review"

    def evidence(self, probability: np.ndarray, roles: Sequence[str], checked: Sequence[Checked]) -> Evidence:
        """Links (the linker's probabilities, by role) and checks, to be asked what accepting them promises."""
        return Evidence(probability, roles, checked, self.calibration, self.target, self.confidence)

    def promised(self, probability: np.ndarray, roles: Sequence[str], checked: Sequence[Checked]) -> Promise:
        """What this policy promises of these links."""
        return self.evidence(probability, roles, checked).promise(self.threshold)

    def as_dict(self) -> dict[str, Any]:
        out = asdict(replace(self, calibration=Calibration()))
        out["calibration"] = self.calibration.as_dict()
        out["sampling"]["bands"] = [list(b) for b in self.sampling.bands]
        out["history"] = [dict(h) for h in self.history]
        return out

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def revised(policy: Policy, probability: np.ndarray, roles: Sequence[str], checked: Sequence[Checked], at: str, *, loosen: bool = True
            ) -> Policy:
    """The policy after these checks, `policy` itself if nothing follows from them. probability, roles: the links there are now that are not
    held. loosen=False only tightens (after one check that was wrong). at: ISO time for the history."""
    calibration = fit(checked) if loosen else policy.calibration
    evidence = Evidence(probability, roles, checked, calibration, policy.target, policy.confidence)
    found = move(evidence, policy.accept, calibration, policy.least, loosen)
    fitted = calibration != policy.calibration and calibration.links >= 1.1 * policy.calibration.links
    if found.why == "kept" and not (fitted and loosen):
        return policy
    left = {"version": policy.version, "at": policy.at, "why": policy.why, "accept": dict(policy.accept), "promise": dict(policy.promise),
            "calibration": policy.calibration.as_dict()}
    return replace(policy, version=policy.version + 1, at=at, why=found.why if found.why != "kept" else "calibrated", accept=found.accept,
                   calibration=calibration, promise=found.promise.as_dict(), history=(*policy.history, left))


def rescaled(candidates: tuple[Candidate, ...], personal_id: str, probability: float) -> tuple[Candidate, ...]:
    """The candidates with `personal_id` at `probability` and the others, and nobody, sharing the rest as they did."""
    before = next((c.probability for c in candidates if c.personal_id == personal_id), None)
    if before is None:
        return candidates
    factor = (1 - probability) / (1 - before) if before < 1 else 0.0
    return tuple(replace(c, probability=probability if c.personal_id == personal_id else c.probability * factor) for c in candidates)


def parse_policy(data: Mapping[str, Any]) -> Policy:
    """A policy from its JSON value; ValueError names what is wrong with it."""
    try:
        sampling = dict(data["sampling"])
        sampling["bands"] = tuple((float(a), float(b)) for a, b in sampling["bands"])
        policy = Policy(**{**data, "sampling": Sampling(**sampling), "calibration": Calibration(**data.get("calibration", {})),
                           "history": tuple(data.get("history", ()))})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"link policy: {error}") from error
    if "" not in policy.accept or not all(0 < t < 1 for t in policy.accept.values()):
        raise ValueError('link policy: accept needs "" and thresholds between 0 and 1')
    edges = [edge for edge, _ in policy.sampling.bands]
    if not edges or edges != sorted(edges) or edges[-1] != 1.0 or not all(0 < rate <= 1 for _, rate in policy.sampling.bands):
        raise ValueError("link policy: bands must rise to 1, with shares above 0: checking never ends")
    if not 0 < policy.target < 0.5 or not 0.5 <= policy.confidence < 1 or not 0 < policy.least < 1:
        raise ValueError("link policy: target, confidence or least out of range")
    return policy


def shipped_policy() -> Policy:
    """The policy that comes with the program."""
    return parse_policy(json.loads((resources.files("matching") / "model_data" / DEFAULT_POLICY).read_text("utf-8")))
