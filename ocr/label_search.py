"""Where a form's printed labels may stand among the words Tesseract read: fuzzy, blind to marks and to words glued together."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from ocr.reading import PrintedWord
from records.forms import Label
from records.text import strip_marks

_DESCENDING = set("gpqyjçạặậẹệịọộợụựỵ,;()/")
_DESCENT = 0.216            # of the size, Times-like faces
_POINT = 25.4 / 72          # mm
_LEAST_LIKENESS = 0.68
_LONGEST_CHAIN = 14         # words; the longest label has twelve


@dataclass(frozen=True)
class Sighting:
    """A place where label number `label` may stand: left and right end, baseline (pixels), and likeness 0..1 of the text there.

    right_known: whether the right end is that of a word, not of a word that runs on into handwriting.
    """

    label: int
    left: float
    right: float
    baseline: float
    likeness: float
    right_known: bool


@lru_cache(maxsize=20_000)
def letters(text: str) -> str:
    """Lower-case base letters and digits only: what is left of print after a poor reading."""
    return "".join(c for c in strip_marks(text).lower() if c.isalnum())


def sight_labels(labels: Sequence[Label], words: Sequence[PrintedWord], pixels_per_mm: float) -> list[Sighting]:
    """Every likely place of every label, best first within a label; a label may have several places or none."""
    lines = _Lines([w for w in words if letters(w.text)])
    keys = [letters(label.text) for label in labels]
    found: list[Sighting] = []
    for start in range(len(lines.words)):
        chain = lines.chain(start)
        for number, (label, key) in enumerate(zip(labels, keys, strict=True)):
            sighting = _match(number, label, key, chain, lines, pixels_per_mm) if key else None
            if sighting:
                found.append(sighting)
    return sorted(found, key=lambda s: (s.label, -s.likeness, s.baseline, s.left))


def _match(number: int, label: Label, key: str, chain: list[int], lines: _Lines, pixels_per_mm: float) -> Sighting | None:
    best: tuple[float, int] | None = None
    text = ""
    for count, at in enumerate(chain, 1):
        text += lines.keys[at]
        if len(text) < 0.6 * len(key):
            continue
        likeness = Levenshtein.normalized_similarity(key, text[:len(key) + 1] if len(text) > len(key) + 2 else text)
        if best is None or likeness > best[0]:
            best = likeness, count
        if len(text) > len(key) + 2:
            break
    least = 1.0 if len(key) <= 2 else 0.75 if len(key) <= 6 else _LEAST_LIKENESS
    if best is None or best[0] < least:
        return None
    used = [lines.words[i] for i in chain[:best[1]]]
    length = sum(len(letters(w.text)) for w in used)
    return Sighting(number, used[0].box[0], used[-1].box[2], _baseline(used, label.size, pixels_per_mm), best[0],
                    right_known=length <= len(key) + 1)


def _baseline(words: Sequence[PrintedWord], size: float, pixels_per_mm: float) -> float:
    """Bottom of the words without descenders (their median); with none, the bottom less a descender's depth."""
    bottoms = sorted(w.box[3] for w in words if not _DESCENDING & set(w.text.lower()))
    if bottoms:
        return float(bottoms[len(bottoms) // 2])
    return sorted(w.box[3] for w in words)[len(words) // 2] - _DESCENT * size * _POINT * pixels_per_mm


class _Lines:
    """Words with their right-hand neighbours; lines are found anew, for Tesseract's own break at every blank."""

    def __init__(self, words: Sequence[PrintedWord]) -> None:
        self.words = sorted(words, key=lambda w: (w.box[0], w.box[1]))
        self.keys = [letters(w.text) for w in self.words]
        self._next = [self._neighbour(i) for i in range(len(self.words))]

    def chain(self, start: int) -> list[int]:
        out = [start]
        while len(out) < _LONGEST_CHAIN and (following := self._next[out[-1]]) is not None:
            out.append(following)
        return out

    def _neighbour(self, i: int) -> int | None:
        x0, y0, x1, y1 = self.words[i].box
        height = y1 - y0
        best, nearest = None, 1.6 * height
        for j in range(len(self.words)):
            a0, b0, a1, b1 = self.words[j].box
            if j == i or a0 <= x0 or a1 <= x1:
                continue
            overlap = min(y1, b1) - max(y0, b0)
            if overlap < 0.4 * min(height, b1 - b0) or max(height, b1 - b0) > 3 * min(height, b1 - b0):
                continue
            gap = a0 - x1
            if -0.5 * height < gap < nearest:
                best, nearest = j, gap
        return best
