"""When a value that was read counts as right: the groups fields are counted in, and what of their writing is forgotten before comparing."""
from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

GROUPS = ("name", "date", "number", "place", "category")
NOT_SCORED = frozenset(("nksNgaySinhBangChu", "nguoiKy", "trangSo", "ghiChu", "gbtSo", "ngayXacNhan", "nktNguyenNhanChet", "loai"))
SURE = 0.99                 # a field given at least this confidence should hardly ever be wrong
_BANDS = (0.0, 0.5, 0.8, 0.9, 0.95, SURE, 1.0001)
_DATES = re.compile(r"NgaySinh$|^ngay|^nktNgayChet$")
_NUMBERS = re.compile(r"^so$|^quyenSo$|SoDinhDanh|SoGiayTo")
_PLACES = re.compile(r"(NoiSinh|QueQuan|NoiCuTru|NoiChet)$")
_OPEN_PAIR = re.compile(r"(o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])\b")      # òa and oà, ùy and uỳ are one spelling


def group_of(code: str) -> str:
    """name, date, number, place or category."""
    if code.endswith("HoTen"):
        return "name"
    for pattern, group in ((_DATES, "date"), (_NUMBERS, "number"), (_PLACES, "place")):
        if pattern.search(code):
            return group
    return "category"


def plain_text(text: str) -> str:
    """NFC, lower case, one place for the tone mark, no punctuation, single spaces."""
    lower = unicodedata.normalize("NFC", text).strip().lower()
    return " ".join(re.sub(r"[^\w\s]", " ", _OPEN_PAIR.sub(_tone_first, lower)).split())


def comparable(code: str, value: object) -> str:
    """The value in the form in which two writings of it are equal: dates as they are, numbers without leading zeros, else `plain_text`."""
    group = group_of(code)
    text = unicodedata.normalize("NFC", "" if value is None else str(value)).strip()
    if group == "date":
        return text
    if group != "number":
        return plain_text(text)
    if "/" not in text:
        return re.sub(r"\D", "", text).lstrip("0")
    number, *rest = re.sub(r"\s", "", text).split("/")
    return "/".join((number.lstrip("0"), *rest))


def wanted(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """(code, value as written) of the fields that are scored: those with a value, free notes aside."""
    return [(c, str(v)) for c, v in values.items() if c not in NOT_SCORED and v not in ("", None)]


def _tone_first(found: re.Match[str]) -> str:
    pair = found.group(1)
    decomposed = unicodedata.normalize("NFD", pair[1])
    return unicodedata.normalize("NFC", pair[0] + decomposed[1:]) + decomposed[0]


@dataclass
class Tally:
    """Right and all by group, edits and letters of raw text, and every confidence with whether its value was right."""

    right: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    all: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    edits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    letters: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    sure: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, code: str, written: str, value: str, raw: str, confidence: float | None = None) -> bool:
        """Count one field; whether it was right."""
        group, there = group_of(code), comparable(code, written)
        right = comparable(code, value) == there
        self.right[group] += right
        self.all[group] += 1
        if group in ("name", "place"):
            self.edits[group] += Levenshtein.distance(there, comparable(code, raw))
            self.letters[group] += len(there)
        if confidence is not None:
            self.sure.append((confidence, right))
        return right

    def exact(self, group: str) -> float | None:
        """Share of the group's values that are right, 0..1; None without any."""
        return self.right[group] / self.all[group] if self.all[group] else None

    def cer(self, group: str) -> float | None:
        """Edits per letter of the raw text of names or places; None without any."""
        return self.edits[group] / self.letters[group] if self.letters[group] else None

    def report(self) -> dict[str, float]:
        figures = {f"{g} exact": self.exact(g) for g in GROUPS} | {f"{g} raw CER": self.cer(g) for g in GROUPS}
        return {k: round(v, 4) for k, v in figures.items() if v is not None}

    def wrong_though_sure(self) -> tuple[int, int]:
        """(fields given at least SURE, those of them that are wrong)."""
        given = [right for confidence, right in self.sure if confidence >= SURE]
        return len(given), len(given) - sum(given)

    def calibration(self) -> list[tuple[str, int, float, float]]:
        """(range of confidence, fields, mean confidence, share right)."""
        out = []
        for low, high in pairwise(_BANDS):
            part = [(c, r) for c, r in self.sure if low <= c < high]
            if part:
                mean, right = sum(c for c, _ in part) / len(part), sum(r for _, r in part) / len(part)
                out.append((f"{low:.2f}–{min(high, 1):.2f}", len(part), mean, right))
        return out
