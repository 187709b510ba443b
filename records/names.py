"""Names of people: surname, middle names, given name; how common a token is; capitals as they are written.

The order is surname – middle – given. A name may be one token (papers of the Central Highlands often hold a given name only), a surname two
(Âu Dương, Rơ Châm), and letters may follow an apostrophe or a hyphen (K'Brơi, Y-Bluih).
"""
from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from records.text import fold, nfc

Part = Literal["surname", "middle", "given"]
_HONORIFICS = frozenset(("ông", "bà", "anh", "chị", "cô", "cụ", "cố", "em", "cháu"))
# Tokens that stand before the given name and are no surname of their own: clan-less papers of Mnông, Cơ Ho, Ê Đê, Xơ Đăng women and men.
MARKERS: Mapping[str, str | None] = MappingProxyType({
    "Y": None, "H'": "Nữ", "K'": "Nam", "Ka": "Nữ", "Điểu": "Nam", "A": "Nam", "Thị": "Nữ", "Ha": "Nam",
})


@dataclass(frozen=True)
class PersonName:
    """A name in written case. `surname` is "" where only a given name is on the paper; `given` is never empty."""

    surname: str
    middle: tuple[str, ...]
    given: str

    def __str__(self) -> str:
        return " ".join(p for p in (self.surname, *self.middle, self.given) if p)

    @property
    def key(self) -> str:
        """The comparison key of the whole name (records.text.fold)."""
        return fold(str(self))

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(str(self).split())


@dataclass(frozen=True)
class _Tokens:
    weights: Mapping[str, Mapping[str, float]]              # part -> token -> weight, shares of 1
    by_sex: Mapping[tuple[str, str], Mapping[str, float]]   # (part, "Nam" | "Nữ") -> token -> weight, shares of 1
    folded: Mapping[str, Mapping[str, float]]               # part -> folded token -> share
    shape: Mapping[str, str]                                # upper-case token -> its written case, for inner capitals
    double_surnames: frozenset[tuple[str, ...]]


def _shares(weights: dict[str, float]) -> Mapping[str, float]:
    total = sum(weights.values())
    return MappingProxyType({t: w / total for t, w in sorted(weights.items(), key=lambda tw: (-tw[1], tw[0]))})


@cache
def _load() -> _Tokens:
    weights: dict[str, dict[str, float]] = {"surname": {}, "middle": {}, "given": {}}
    by_sex: dict[tuple[str, str], dict[str, float]] = {(p, s): {} for p in weights for s in ("Nam", "Nữ")}
    shape: dict[str, str] = {}
    double: set[tuple[str, ...]] = set()
    text = (resources.files("records") / "name_data" / "tokens.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        part, sex, weight, tokens = line.split("\t")
        for token in dict.fromkeys(nfc(t.replace("_", " ")) for t in tokens.split()):
            weights[part][token] = weights[part].get(token, 0.0) + float(weight)
            for s in ("Nam", "Nữ") if sex == "*" else (sex,):
                by_sex[part, s][token] = by_sex[part, s].get(token, 0.0) + float(weight) / (2 if sex == "*" else 1)
            words = token.split()
            if part == "surname" and len(words) > 1:
                double.add(tuple(fold(w) for w in words))
            for w in words:
                if not w.islower() and w != w.capitalize():
                    shape[w.upper()] = w
    folded: dict[str, dict[str, float]] = {}
    for part, table in weights.items():
        out = folded.setdefault(part, {})
        total = sum(table.values())
        for token, share in table.items():
            out[fold(token)] = out.get(fold(token), 0.0) + share / total
    return _Tokens(
        MappingProxyType({p: _shares(t) for p, t in weights.items()}), MappingProxyType({k: _shares(t) for k, t in by_sex.items()}),
        MappingProxyType({p: MappingProxyType(t) for p, t in folded.items()}), MappingProxyType(shape), frozenset(double),
    )


def common_tokens(part: Part, sex: str | None = None) -> Mapping[str, float]:
    """Tokens of one part with their shares (sum 1), commonest first; with `sex` ("Nam" or "Nữ") as that sex bears them.
    A surname may hold a space (Âu Dương, Rơ Châm)."""
    tokens = _load()
    return tokens.weights[part] if sex is None else tokens.by_sex[part, sex]


def name_frequency(token: str, part: Part) -> float:
    """The share of people who bear `token` as that part, 0..1, never 0: an unknown token gets a small floor.

    Meant for weights of evidence (-log2): agreeing on Nguyễn says little, on Xồng much.
    """
    table = _load().folded[part]
    floor = {"surname": 1e-5, "middle": 5e-5, "given": 5e-5}[part]
    return table.get(fold(token), floor)


def name_information(name: PersonName) -> float:
    """Bits by which a full agreement on this name narrows the population, were its parts independent."""
    parts: list[tuple[str, Part]] = [(name.given, "given"), *((m, "middle") for m in name.middle)]
    if name.surname:
        parts.append((name.surname, "surname"))
    return -sum(math.log2(name_frequency(t, p)) for t, p in parts)


@lru_cache(maxsize=65536)
def _written_token(token: str) -> str:
    known = _load().shape.get(token.upper())
    return known or "".join(p if _inner_capital(p) else p[:1].upper() + p[1:].lower() for p in re.split(r"(['\-])", token))


def _inner_capital(piece: str) -> bool:
    """KBuôr, RMah: a second capital consonant right after the first; "NguyỄn" is a slip of the reader."""
    return len(piece) > 2 and piece[0] in "KRMHYBN" and piece[1] in "BCDĐGHKLMNPRSTVX" and piece[2:].islower()


def written_case(text: str) -> str:
    """Capitals as a name is written: "LÊ THỊ LOAN" -> "Lê Thị Loan"; K'Brơi, Y-Bluih, KBuôr keep theirs. Idempotent; NFC."""
    return " ".join(_written_token(t) for t in nfc(text).split())


def tidy_name(text: str) -> str:
    """The name in `text` without honorifics before it, ruling dots, stray punctuation and digits around it; short "Ng." written out.

    What was written stays in the reading's raw text: this is for reading and comparing.
    """
    s = re.sub(r"[.…_·:;,\"“”()\[\]|/\\=+*]{1,}", " ", re.sub(r"\bNg\s*[.~̃]\s*", "Nguyễn ", nfc(text)))
    words = [w for w in s.split() if not any(c.isdigit() for c in w)]
    words = [w.strip("-") if w.strip("-'").lower() in ("k", "h", "y") else w.strip("-'") for w in words]
    words = [w for w in words if w]
    while len(words) > 1 and words[0].lower() in _HONORIFICS:
        words = words[1:]
    return " ".join(words)


def parse_name(text: str) -> PersonName:
    """Splits a name into its parts, in written case. ValueError if nothing is left of `text`.

    One token is a given name. A leading marker (Y, H', K', Ka, Điểu) stands in the surname's
    place, which is how such names are filed.
    """
    words = written_case(tidy_name(text)).split()
    if not words:
        raise ValueError("no name in the text")
    if len(words) == 1:
        return PersonName("", (), words[0])
    size = 1
    for n in (4, 3, 2):
        if len(words) > n and tuple(fold(w) for w in words[:n]) in _load().double_surnames:
            size = n
            break
    return PersonName(" ".join(words[:size]), tuple(words[size:-1]), words[-1])
