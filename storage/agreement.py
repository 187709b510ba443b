"""How well people agree, in figures that say how sure they are. Pure: no database.

Values of text are compared exactly (storage.field_differences.same); for fields with few categories Cohen's kappa tells how much of the
agreement is more than chance. Agreement is never more than an estimate of being right: an error that two people share is not seen.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

ENOUGH = 30             # comparisons under which nothing is said of a person
_Z = 1.959964           # two-sided 95 %


@dataclass(frozen=True)
class Share:
    """hits of n, with the 95 % interval of E. B. Wilson (1927), which keeps to 0..1 also for few and for extreme ones."""

    hits: int
    n: int

    @property
    def enough(self) -> bool:
        return self.n >= ENOUGH

    @property
    def rate(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.n:
            return 0.0, 1.0
        p, n, z2 = self.rate, self.n, _Z * _Z
        middle, half = (p + z2 / (2 * n)) / (1 + z2 / n), _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """J. Cohen's kappa (1960) of two people's categories; None without pairs, or where both only ever used one category."""
    seen = list(pairs)
    if not seen:
        return None
    n = len(seen)
    left, right = Counter(a for a, _ in seen), Counter(b for _, b in seen)
    chance = sum(left[c] * right[c] for c in left) / n**2
    return None if chance == 1.0 else (sum(a == b for a, b in seen) / n - chance) / (1 - chance)


@dataclass(frozen=True)
class Compared:
    """One entry that two people did blind. outcome: key -> same | open | noted | first | second | other; kinds: key -> kind of field."""

    first: str
    second: str
    risk: float
    outcome: Mapping[str, str]
    kinds: Mapping[str, str]
    settled: bool = True

    @property
    def alike(self) -> bool:
        return all(o == "same" for o in self.outcome.values())


@dataclass(frozen=True)
class Agreement:
    """entries: those alike in every field. by_kind: fields alike. right: of the settled differences, those where the person's own version
    stood. like_risk: what colleagues had on entries as hard as these, None where too few."""

    entries: Share
    by_kind: Mapping[str, Share]
    right: Share
    like_risk: float | None


def agreement_of(name: str, done: Sequence[Compared]) -> Agreement:
    """One person's agreement with whoever did the same entries; both of a pair get the same mark for it."""
    mine = [c for c in done if name in (c.first, c.second)]
    right, wrong = 0, 0
    for c in mine:
        own, theirs = ("first", "second") if c.first == name else ("second", "first")
        right += sum(o == own for o in c.outcome.values())
        wrong += sum(o in (theirs, "other") for o in c.outcome.values())
    return Agreement(Share(sum(c.alike for c in mine), len(mine)), kinds_alike(mine), Share(right, right + wrong), _like_risk(name, done))


def kinds_alike(done: Iterable[Compared]) -> dict[str, Share]:
    """By kind of field, how many fields both wrote alike."""
    alike, all_ = Counter[str](), Counter[str]()
    for c in done:
        for key, outcome in c.outcome.items():
            all_[c.kinds[key]] += 1
            alike[c.kinds[key]] += outcome == "same"
    return {kind: Share(alike[kind], n) for kind, n in sorted(all_.items())}


def errors_by_kind(done: Iterable[Compared]) -> dict[str, Share]:
    """By kind of field, values that a settled difference showed to be wrong, of all that either wrote: people's own error, at least."""
    wrong, all_ = Counter[str](), Counter[str]()
    for c in done:
        if not c.settled:
            continue
        for key, outcome in c.outcome.items():
            if outcome in ("open", "noted"):
                continue        # nobody has said which is right
            all_[c.kinds[key]] += 2
            wrong[c.kinds[key]] += {"first": 1, "second": 1, "other": 2}.get(outcome, 0)
    return {kind: Share(wrong[kind], n) for kind, n in sorted(all_.items())}


def terciles(risks: Sequence[float]) -> tuple[float, float]:
    """The two risks that part entries into easy, middling and hard, a third each."""
    ordered = sorted(risks)
    return ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]


def _like_risk(name: str, done: Sequence[Compared]) -> float | None:
    """The share of entries alike among other people, easy, middling and hard entries weighed as this person had them."""
    if not done:
        return None
    low, high = terciles([c.risk for c in done])

    def level(c: Compared) -> int:
        return (c.risk >= low) + (c.risk >= high)

    mine = Counter(level(c) for c in done if name in (c.first, c.second))
    others: dict[int, list[bool]] = {}
    for c in done:
        if name not in (c.first, c.second):
            others.setdefault(level(c), []).append(c.alike)
    if not mine or any(len(others.get(lv, ())) < ENOUGH // 3 for lv in mine):
        return None
    return sum(n * sum(others[lv]) / len(others[lv]) for lv, n in mine.items()) / sum(mine.values())


@dataclass(frozen=True)
class Everybody:
    """Over all people. kappa: field code -> (Cohen's kappa, pairs) of fields with few categories that have enough pairs."""

    entries: Share
    by_kind: Mapping[str, Share]
    errors: Mapping[str, Share]
    kappa: Mapping[str, tuple[float | None, int]] = field(default_factory=dict)
