"""The ruled lines of a table on a page: printed, faint, broken or drawn by hand, sloping a little, bent at a spread's fold."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

_THIN = 1.2                 # mm: greatest thickness of a rule, blur included
_CONTRAST = 12              # grey levels that a rule is darker than its paper at half resolution, at least
_WINDOW = 10.0              # mm over which coverage is measured
_STATION = 5.0              # mm between places where a rule is sought
_COVERED = 0.45             # share of a window that must be inked
_STEP = 0.6, 0.12           # mm a rule may move from one station to the next, and further for each station without it
_GAP = 6                    # stations a rule may be missing
_JOIN = 2.2                 # mm between the ends of two parts of one rule (the halves of a spread)
_OVERLAP = 35.0             # mm that a rule may have been followed beyond the start of its other half
_ALIKE = 0.5                # of the darker part's strength
_LEAST_LENGTH = 0.22        # of the page's extent along the rule
_LEAST_SEEN = 0.5           # share of a rule's own extent that is inked: writing on a line reaches some 0.35
_DARKER = 2.2, 15.0         # a pixel darker than this times the rule's strength, and grey levels more, is not the rule's
_WORK = 0.5                 # resolution of the search, share of the page's


@dataclass(frozen=True, eq=False)
class Rule:
    """A traced rule. along: ascending pixel positions in its direction; across: its place at each; seen: share of it that is inked;
    strength: how much darker than the paper, mean grey levels where it is inked."""

    along: np.ndarray
    across: np.ndarray
    seen: float
    strength: float

    def at(self, place: float) -> float:
        """Where the rule lies at `place`; beyond its ends it goes on straight."""
        x, y = self.along, self.across
        if place < x[0] or place > x[-1]:
            slope = self.slope
            return float(y[0] + slope * (place - x[0]) if place < x[0] else y[-1] + slope * (place - x[-1]))
        return float(np.interp(place, x, y))

    def course(self, places: np.ndarray) -> np.ndarray:
        """`at` of many places: float64, one for each."""
        x, y = self.along, self.across
        out = np.interp(places, x, y)
        before, behind = places < x[0], places > x[-1]
        out[before] = y[0] + self.slope * (places[before] - x[0])
        out[behind] = y[-1] + self.slope * (places[behind] - x[-1])
        return out

    @property
    def slope(self) -> float:
        """Pixels across a pixel along, over the whole rule."""
        run = float(self.along[-1] - self.along[0])
        return float(self.across[-1] - self.across[0]) / run if run > 0 else 0.0

    @property
    def span(self) -> tuple[float, float]:
        return float(self.along[0]), float(self.along[-1])


def find_rules(gray: np.ndarray, scale: float) -> tuple[list[Rule], list[Rule]]:
    """(horizontal, vertical) rules, top to bottom and left to right. gray: uint8, flattened and about level; scale: pixels a mm."""
    small = cv2.resize(gray, None, fx=_WORK, fy=_WORK, interpolation=cv2.INTER_AREA)
    dark = cv2.subtract(np.full_like(small, 250), small)
    level = _trace(dark, scale * _WORK)
    upright = _trace(np.ascontiguousarray(dark.T), scale * _WORK)
    return [_enlarged(r) for r in level], [_enlarged(r) for r in upright]


def erase_rules(image: np.ndarray, horizontal: Sequence[Rule], vertical: Sequence[Rule], scale: float, paper: float) -> np.ndarray:
    """A copy of a grey image (any type) without the rules: a strip over each is filled from what lies on both its sides, the lighter of the
    two, so that strokes that cross stay. paper: the value of empty paper, which tells what is lighter."""
    out = image.copy()
    half = max(2, round(0.32 * scale))
    for rules, view in ((horizontal, out), (vertical, out.T)):
        for rule in rules:
            _erase(view, rule, half, paper)
    return out


def _erase(image: np.ndarray, rule: Rule, half: int, paper: float) -> None:
    height, width = image.shape
    xs = np.arange(max(0, int(rule.along[0]) - 2 * half), min(width, int(rule.along[-1]) + 2 * half))
    if not len(xs):
        return
    ys = np.rint(np.interp(xs, rule.along, rule.across)).astype(np.int64)
    choose = np.maximum if paper > 0 else np.minimum
    levels = 1.0 if paper > 0 else 1 / 250
    darkest = (_DARKER[0] * rule.strength + _DARKER[1]) * levels      # what is darker than a faint rule is writing on it
    above = image[np.clip(ys - half - 1, 0, height - 1), xs]
    below = image[np.clip(ys + half + 1, 0, height - 1), xs]
    fill = choose(above, below)
    for d in range(-half, half + 1):
        y = np.clip(ys + d, 0, height - 1)
        old = image[y, xs]
        image[y, xs] = np.where(np.abs(old.astype(np.float32) - paper) <= darkest, choose(old, fill), old)


def _trace(dark: np.ndarray, scale: float) -> list[Rule]:
    """Horizontal rules of a darkness image (uint8)."""
    width = dark.shape[1]
    kernel = np.ones((max(3, round(_THIN * scale)) | 1, 1), np.uint8)
    thin = cv2.subtract(dark, cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel))
    inked = (thin >= _CONTRAST).astype(np.uint8)
    near = cv2.dilate(inked, np.ones((3, 1), np.uint8))
    covered = cv2.boxFilter(near.astype(np.float32), -1, (max(3, round(_WINDOW * scale)), 1), normalize=True)
    stations = np.arange(round(_STATION * scale / 2), width, max(2, round(_STATION * scale)))
    chains = _follow([_peaks(covered[:, x], scale) for x in stations], scale)
    traced = [Rule(stations[[s for s, _ in c]].astype(np.float64), np.array([y for _, y in c]), 0.0, 0.0) for c in chains if len(c) >= 2]
    joined = _join([replace(r, strength=_measured(r, thin, near).strength) for r in traced], scale)
    out = [_measured(r, thin, near) for r in joined]
    length = _LEAST_LENGTH * width
    kept = [r for r in out if r.along[-1] - r.along[0] >= length and r.seen >= _LEAST_SEEN]
    return _distinct(kept, width, scale)


def _peaks(covered: np.ndarray, scale: float) -> list[float]:
    """Heights of the middles of runs that are covered enough, thin ones only."""
    on = np.concatenate(([0], (covered >= _COVERED).astype(np.int8), [0]))
    edge = np.diff(on)
    starts, ends = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    return [(a + b - 1) / 2 for a, b in zip(starts, ends, strict=True) if b - a <= 2.2 * scale]


def _follow(peaks: Sequence[Sequence[float]], scale: float) -> list[list[tuple[int, float]]]:
    """Chains (station, height): each open chain takes the nearest peak within reach of where its slope leads."""
    done: list[list[tuple[int, float]]] = []
    chains: list[list[tuple[int, float]]] = []
    for s, heights in enumerate(peaks):
        done += [c for c in chains if s - c[-1][0] > _GAP]
        chains = [c for c in chains if s - c[-1][0] <= _GAP]
        pairs = []
        for n, chain in enumerate(chains):
            expected, reach = _expected(chain, s), (_STEP[0] + _STEP[1] * (s - chain[-1][0])) * scale
            pairs += [(abs(y - expected), -len(chain), n, k) for k, y in enumerate(heights) if abs(y - expected) <= reach]
        taken_chains: set[int] = set()
        taken_peaks: set[int] = set()
        for _, _, n, k in sorted(pairs):
            if n not in taken_chains and k not in taken_peaks:
                chains[n].append((s, heights[k]))
                taken_chains.add(n)
                taken_peaks.add(k)
        chains += [[(s, y)] for k, y in enumerate(heights) if k not in taken_peaks]
    return done + chains


def _expected(chain: Sequence[tuple[int, float]], station: int) -> float:
    last = chain[-8:]
    s, y = last[-1]
    slope = (y - last[0][1]) / (s - last[0][0]) if len(last) >= 4 else 0.0
    return y + slope * (station - s)


def _join(rules: Sequence[Rule], scale: float) -> list[Rule]:
    """Parts of one rule as one: the next begins beyond the end of the first, about where that leads or ends, and is about as dark."""
    left = sorted(rules, key=lambda r: (r.along[0], r.across[0]))
    out: list[Rule] = []
    while left:
        rule = left.pop(0)
        while True:
            end, height = rule.along[-1], rule.across[-1]
            after = [(min(abs(r.across[0] - rule.at(r.along[0])), abs(r.across[0] - height)) + 0.02 * (r.along[0] - end), n)
                     for n, r in enumerate(left) if _follows(r, rule, _OVERLAP * scale) and _alike(rule, r)]
            near = [a for a in after if a[0] <= _JOIN * scale]
            if not near:
                break
            other = left.pop(min(near)[1])
            before = rule.along < other.along[0]
            rule = Rule(np.concatenate([rule.along[before], other.along]), np.concatenate([rule.across[before], other.across]), 0.0,
                        max(rule.strength, other.strength))
        out.append(rule)
    return out


def _follows(part: Rule, rule: Rule, overlap: float) -> bool:
    """Whether a part goes on where the rule ends; at a fold the rule may have gone astray some way along the part."""
    start, end = part.along[0], rule.along[-1]
    return bool(start > end or (start > end - overlap and start > rule.along[0] + overlap and part.along[-1] > end + overlap))


def _alike(a: Rule, b: Rule) -> bool:
    """Whether both may be parts of one rule: about as dark, so that no line of writing is taken for the other half."""
    return min(a.strength, b.strength) >= _ALIKE * max(a.strength, b.strength)


def _measured(rule: Rule, thin: np.ndarray, near: np.ndarray) -> Rule:
    """The rule lengthened to where its ink ends, with how much of it is inked and how dark that is."""
    height, width = thin.shape
    half = int(rule.along[1] - rule.along[0]) if len(rule.along) > 1 else 10
    start, stop = int(max(0, rule.along[0] - 2 * half)), int(min(width - 1, rule.along[-1] + 2 * half))
    xs = np.arange(start, stop + 1)
    ys = np.clip(np.rint(rule.course(xs)).astype(np.int64), 0, height - 1)
    on = near[ys, xs] > 0
    if not on.any():
        return rule
    solid = np.convolve(on, np.ones(half), "same") > 0.5 * half
    firm = np.flatnonzero(solid & on)
    first, last = (int(firm[0]), int(firm[-1])) if len(firm) else (0, len(xs) - 1)
    inside = on[first:last + 1]
    peak = np.max([thin[np.clip(ys + d, 0, height - 1), xs] for d in (-1, 0, 1)], axis=0)[first:last + 1]
    ends = xs[[first, last]].astype(np.float64)
    middle = (rule.along > ends[0]) & (rule.along < ends[1])
    along = np.concatenate([ends[:1], rule.along[middle], ends[1:]])
    across = rule.course(along)
    return Rule(along, across, float(inside.mean()), float(peak[inside].mean()) if inside.any() else 0.0)


def _distinct(rules: Sequence[Rule], width: int, scale: float) -> list[Rule]:
    """Without doubles (closer than 1 mm where they overlap), the longer kept; ordered across."""
    kept: list[Rule] = []
    for rule in sorted(rules, key=lambda r: (-(r.along[-1] - r.along[0]) * r.seen, r.across[0])):
        clash = False
        for other in kept:
            a, b = max(rule.along[0], other.along[0]), min(rule.along[-1], other.along[-1])
            clash |= b > a and abs(rule.at((a + b) / 2) - other.at((a + b) / 2)) < 1.0 * scale
        if not clash:
            kept.append(rule)
    return sorted(kept, key=lambda r: r.at(width / 2))


def _enlarged(rule: Rule) -> Rule:
    half = (1 / _WORK - 1) / 2      # a small pixel's centre among those it was made of
    return Rule(rule.along / _WORK + half, rule.across / _WORK + half, rule.seen, rule.strength)
