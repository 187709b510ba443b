"""How a candidate's score comes about, as a waterfall: where it starts, what each comparison adds or takes, where it ends.

Weights are natural logarithms (nats): ln of how many times likelier the agreement seen is for this person than for a stranger. The
start is ln P(this person) before anything was compared, the end ln odds of the probability shown; between them stand the linker's
comparisons, and what they leave over: the family weighed together, the rivals, and the calibration. Entries linked before the prior was
kept have no start: there it is part of what is left over.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import Any, Literal

from portal.wording import Pair

Part = Literal["start", "for", "against", "end"]

_COMPARISONS: dict[str, Pair] = {
    "name": ("họ tên", "name"), "birth": ("ngày sinh", "born"), "sex": ("giới tính", "sex"), "number": ("số định danh", "number"),
    "home": ("quê quán", "native pl."), "place": ("nơi ở", "place"), "family": ("gia đình", "family"), "image": ("nét chữ", "handwriting"),
    "mother": ("mẹ", "mother"), "father": ("cha", "father"), "spouse": ("vợ/chồng", "spouse"),
}
_LEVELS: dict[str, Pair] = {
    "same": ("giống hệt", "the same"), "agrees": ("khớp", "agrees"), "differs": ("khác", "differs"),
    "look-alike": ("nét gần giống", "looks alike"), "one edit apart": ("lệch một chữ cái", "one letter apart"),
    "few edits apart": ("lệch vài chữ cái", "a few letters apart"), "else": ("khác hẳn", "quite different"),
    "same year": ("cùng năm", "same year"),
}
_START, _REST, _END = ("ban đầu", "start"), ("còn lại", "the rest"), ("tổng", "total")
_OTHERS = ("(gia đình, người khác)", "(family, rivals)")
_LEAST = 0.05               # nats that are worth a bar
_EDGE = 1e-6                # probabilities are not surer than that on the chart
COLUMN, TOP, TALL = 70, 12, 36      # pixels: a bar's column; from the top to the bars; of the bars


@dataclass(frozen=True)
class Bar:
    """One step. x, y, height: pixels of the drawing; weight: as text with its sign, in both languages."""

    label: Pair
    level: Pair
    weight: Pair
    part: Part
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Waterfall:
    """bars from left to right; zero: where the line of even odds lies; width, height: of the drawing."""

    bars: tuple[Bar, ...]
    zero: float

    @property
    def width(self) -> int:
        return COLUMN * len(self.bars)

    @property
    def height(self) -> int:
        return TOP + TALL + 14

    @property
    def words(self) -> Pair:
        """The same for the ear: "họ tên giống hệt: +6,1; …"."""
        said = [[f"{b.label[i]}{' ' + b.level[i] if b.level[i] else ''}: {b.weight[i]}" for b in self.bars] for i in (0, 1)]
        return "; ".join(said[0]), "; ".join(said[1])


def waterfall(evidence: Iterable[Sequence[Any]], probability: float) -> Waterfall | None:
    """The chart of a candidate's `evidence` [[comparison, level, nats] …] and probability; None where nothing was compared."""
    steps = [(str(c), str(level), float(weight)) for c, level, weight, *_ in evidence if isfinite(float(weight))]
    compared = [s for s in steps if s[0] != "prior" and abs(s[2]) >= _LEAST]
    if not compared:
        return None
    start = next((w for c, _, w in steps if c == "prior"), None)
    p = min(max(probability, _EDGE), 1 - _EDGE)
    end = log(p / (1 - p))
    parts: list[tuple[Pair, Pair, float]] = [(_COMPARISONS.get(c, (c, c)), _LEVELS.get(v, (v, v)), w) for c, v, w in compared]
    rest = end - (start or 0.0) - sum(w for _, _, w in compared)
    if abs(rest) >= _LEAST:
        parts.append((_REST, _OTHERS, rest))
    return _drawn(start, parts, end)


def _drawn(start: float | None, parts: Sequence[tuple[Pair, Pair, float]], end: float) -> Waterfall:
    spans: list[tuple[Pair, Pair, float, float, float, Part]] = []
    at = 0.0
    if start is not None:
        spans.append((_START, ("", ""), start, 0.0, start, "start"))
        at = start
    for label, level, weight in parts:
        spans.append((label, level, weight, at, at + weight, "for" if weight > 0 else "against"))
        at += weight
    spans.append((_END, ("", ""), end, 0.0, end, "end"))
    low, high = min(min(s[3:5]) for s in spans), max(max(s[3:5]) for s in spans)
    scale = TALL / (high - low)
    bars = tuple(Bar(label, level, _signed(weight), part, COLUMN * n, round(TOP + (high - max(a, b)) * scale, 1),
                     round(max(abs(b - a) * scale, 1.0), 1)) for n, (label, level, weight, a, b, part) in enumerate(spans))
    return Waterfall(bars, round(TOP + high * scale, 1))


def _signed(weight: float) -> Pair:
    text = f"{weight:+.1f}".replace("-", "−")
    return text.replace(".", ","), text
