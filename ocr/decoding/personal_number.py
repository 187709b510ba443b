"""Personal numbers of 12 digits and old ones of 9, read as the structure they have (province, century and sex, year, six free digits)."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits
from ocr.decoding.near import near_texts
from ocr.lattice import Lattice


@dataclass(frozen=True)
class NumberPrior:
    """What is known of the bearer beforehand. provinces: three-digit codes with weights (others keep a small share); sex "Nam" or "Nữ";
    years: year of birth with weights; nine: how likely an old number of nine digits is."""

    provinces: Mapping[str, float] = field(default_factory=dict)
    sex: str | None = None
    years: Mapping[int, float] = field(default_factory=dict)
    nine: float = 0.05


NEAR = 24          # digit strings of each length that are weighed
_UNSURE = 0.03     # share left to what the prior does not expect


def log_prior(number: str, prior: NumberPrior) -> float:
    """ln of how likely this number is beforehand, its free digits aside; -inf for no possible number."""
    if len(number) == 9:
        return math.log(prior.nine)
    if len(number) != 12 or not number.isdigit():
        return -math.inf
    total = sum(prior.provinces.values())
    known = 0.8 * prior.provinces.get(number[:3], 0.0) / total if total else 0.0
    out = math.log1p(-prior.nine) + math.log(known + 0.2 / 1000)
    year = 1900 + 100 * (int(number[3]) // 2) + int(number[4:6])
    sex = "Nam" if int(number[3]) % 2 == 0 else "Nữ"
    out += math.log((1 - _UNSURE) if sex == prior.sex else _UNSURE) if prior.sex else math.log(0.5)
    weight = sum(prior.years.values())
    likely = (1 - _UNSURE) * prior.years.get(year, 0.0) / weight if weight else 0.0
    return out + math.log(likely + (_UNSURE if weight else 1.0) / 130 if 1900 <= year <= 2035 else 1e-6)


@dataclass(frozen=True)
class NumberCandidates:
    """Digit strings that a field may hold, by the image alone, and the field folded to digits."""

    texts: tuple[str, ...]
    folded: Lattice


def search_numbers(lattice: Lattice) -> NumberCandidates:
    """The likely digit strings of a field; search once, weigh as often as priors change."""
    folded = fold_digits(lattice)
    near = near_texts(folded.log_probs, folded.alphabet, NEAR, by_length=True)
    digits: dict[str, None] = dict.fromkeys(t.replace("/", "") for t, _ in near)
    kept: dict[int, list[str]] = {}
    for text in digits:
        kept.setdefault(len(text), []).append(text)
    return NumberCandidates(tuple(t for length in (9, 10, 11, 12) for t in kept.get(length, [])[:2 * NEAR]), folded)


def weigh_number(found: NumberCandidates, prior: NumberPrior, temperature: float) -> Choice | None:
    """The number, digits only; None if neither 12 nor 9 digits explain the image at all."""
    texts = sorted(t for t in {*found.texts, *_expected_heads(found.texts, prior)} if len(t) in (9, 12))
    if not texts:
        return None
    scores = found.folded.scores(texts)
    return choose([Scored(t, t, float(s), log_prior(t, prior)) for t, s in zip(texts, scores, strict=True)], temperature)


def read_personal_number(lattice: Lattice, prior: NumberPrior, temperature: float) -> Choice | None:
    """`search_numbers` and `weigh_number` at once."""
    return weigh_number(search_numbers(lattice), prior, temperature)


def _expected_heads(texts: Sequence[str], prior: NumberPrior) -> list[str]:
    """The found numbers with their first six digits as the prior would have them: the search may have lost what the prior knows."""
    years = sorted(prior.years, key=lambda y: (-prior.years[y], y))[:3]
    provinces = sorted(prior.provinces, key=lambda p: (-prior.provinces[p], p))[:2]
    out = []
    for t in texts:
        if 9 <= len(t) <= 12 and years and provinces:
            for sex in [prior.sex] if prior.sex else ["Nam", "Nữ"]:
                for y in years:
                    for p in provinces:
                        out.append(p + str((y // 100 - 19) * 2 + (sex == "Nữ")) + f"{y % 100:02d}" + t[-6:])
    return out


def birth_of(number: str) -> tuple[int, str] | None:
    """Year of birth and sex that a number of 12 digits says, None of others."""
    if len(number) != 12 or not number.isdigit():
        return None
    return 1900 + 100 * (int(number[3]) // 2) + int(number[4:6]), "Nam" if int(number[3]) % 2 == 0 else "Nữ"
