"""Which columns stand between the vertical rules of a page: by the headings' print and the columns' relative widths.

Order is the form's; rules may be missing or too many, the outer frame may lack, a half of a spread may be cut off. The best assignment is
found by dynamic programming over columns and rules.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from ocr.label_search import letters
from ocr.reading import PrintedWord
from ocr.table_rules import Rule
from records.forms import Column, Form

_BASE = 0.8                 # a column placed between two rules, its width as expected, its heading unread
_WIDTH = 4.0                # penalty on the squared log of width against expectation
_WORST_WIDTH = 1.6
_UNSEEN = 0.4               # an outer column whose outer rule lacks
_LOST = 0.7                 # a column that is not on the page
_EXTRA_RULE = 0.35          # a rule that bounds nothing
_SHARED = 0.9               # two columns with no rule between them
_GUTTER = 30.0              # mm, greatest width of the empty strip at a spread's fold
_GUTTER_COST = 0.5
_MOST_SKIPPED = 3
_LEAST_LIKENESS = 0.45
_WIDTH_RANGE = 0.35         # natural log of a width ratio at which it says nothing any more


@dataclass(frozen=True)
class PlacedColumn:
    """A column on the page between two rules, found or inferred. heading: likeness 0..1 of its printed words; number: in the form."""

    column: Column
    number: int
    left: Rule
    right: Rule
    heading: float


@dataclass(frozen=True)
class ColumnFit:
    """A form's columns laid between the page's rules. headings, widths: 0..1, how well they agree; scale: pixels a mm of the form."""

    form: Form
    columns: tuple[PlacedColumn, ...]
    headings: float
    widths: float
    scale: float
    score: float


def fit_columns(form: Form, rules: Sequence[Rule], words: Sequence[PrintedWord], y: float, scale: float, width: int) -> ColumnFit | None:
    """The form's columns between vertical `rules`, None if fewer than half find a place.

    words: the print of the heading; y: where its bottom lies; scale: pixels a mm by the page's resolution; width: of the page.
    """
    table = form.table
    if table is None or len(rules) < 3:
        return None
    rules = sorted(rules, key=lambda r: r.at(y))
    xs = np.array([r.at(y) for r in rules])
    total = table.edges[-1] - table.edges[0]
    guesses = {round(scale, 2)} | {round((xs[-1 - b] - xs[a]) / total, 2) for a in range(2) for b in range(2)}
    guesses |= {round((xs[-1] - xs[0]) / (total - e), 2) for e in (
        table.columns[0].width, table.columns[-1].width, table.columns[0].width + table.columns[-1].width)}
    best: tuple[float, list[tuple[int, int, int, int]], float] | None = None
    heads = _Heads(table.columns, words)
    for guess in sorted(g for g in guesses if 0.55 * scale < g < 1.7 * scale):
        value, steps = _assign(table.columns, xs, heads, guess)
        if best is None or value > best[0] + 1e-9:
            best = value, steps, guess
    if best is None:
        return None
    return _placed(form, rules, xs, best[1], best[2], heads, y, width)


class _Heads:
    """Likeness of what is printed between two places to a column's heading."""

    def __init__(self, columns: Sequence[Column], words: Sequence[PrintedWord]) -> None:
        self.keys = [[letters(t) for t in (c.heading, *c.also)] for c in columns]
        self.words = sorted(words, key=lambda w: (w.line, w.box[0]))
        self.middles = [(w.box[0] + w.box[2]) / 2 for w in self.words]
        self._known: dict[tuple[int, int, int], float] = {}

    def likeness(self, column: int, x0: float, x1: float) -> float:
        key = column, round(x0), round(x1)
        if key not in self._known:
            inside = [w for w, m in zip(self.words, self.middles, strict=True) if x0 <= m <= x1]
            text = letters(" ".join(w.text for w in _reading_order(inside)))
            best = max((fuzz.ratio(text, k) / 100 for k in self.keys[column]), default=0.0) if text else 0.0
            self._known[key] = best if best >= _LEAST_LIKENESS else 0.0
        return self._known[key]


def _reading_order(words: Sequence[PrintedWord]) -> list[PrintedWord]:
    """Top to bottom in lines as high as the words are, left to right in a line."""
    if not words:
        return []
    pitch = 0.8 * float(np.median([w.box[3] - w.box[1] for w in words])) or 1.0
    out: list[list[PrintedWord]] = []
    for word in sorted(words, key=lambda w: (w.box[1] + w.box[3], w.box[0])):
        if out and (word.box[1] + word.box[3]) / 2 - (out[-1][0].box[1] + out[-1][0].box[3]) / 2 < pitch:
            out[-1].append(word)
        else:
            out.append([word])
    return [w for line in out for w in sorted(line, key=lambda w: w.box[0])]


def _assign(columns: Sequence[Column], xs: np.ndarray, heads: _Heads, scale: float) -> tuple[float, list[tuple[int, int, int, int]]]:
    """(value, steps); a step (first column, columns, left rule, right rule) puts one or two columns between two rules, -1: beyond the
    outermost rule."""
    m, n = len(columns), len(xs)
    value = np.full((m + 1, n), -np.inf)
    back: dict[tuple[int, int], tuple[tuple[int, int] | None, tuple[int, int, int, int] | None]] = {}
    for j in range(n):
        for i in range(m):
            start = -_EXTRA_RULE * j - _LOST * max(0, i - 1)
            step = None
            if i:
                room = xs[j] > 0.4 * columns[i - 1].width * scale
                start += _BASE - _UNSEEN if room else -_LOST
                step = (i - 1, 1, -1, j) if room else None
            value[i, j], back[i, j] = start, (None, step)
    for j in range(n):
        for i in range(m + 1):
            here = value[i, j]
            if here == -np.inf:
                continue
            for k in range(j + 1, min(n, j + 2 + _MOST_SKIPPED)):
                x0, x1 = float(xs[j]), float(xs[k])
                if x1 - x0 < scale:
                    continue
                extra = _EXTRA_RULE * (k - j - 1)
                for many in (1, 2):
                    if i + many > m:
                        continue
                    expected = scale * sum(c.width for c in columns[i:i + many])
                    gain = many * _BASE - min(_WORST_WIDTH * many, _WIDTH * math.log((x1 - x0) / expected) ** 2) - extra
                    if many == 1:
                        gain += heads.likeness(i, x0, x1)
                    else:
                        cut = x0 + (x1 - x0) * columns[i].width * scale / expected
                        gain += heads.likeness(i, x0, cut) + heads.likeness(i + 1, cut, x1) - _SHARED
                    if here + gain > value[i + many, k]:
                        value[i + many, k], back[i + many, k] = here + gain, ((i, j), (i, many, j, k))
                if k == j + 1 and 0 < i < m and x1 - x0 < _GUTTER * scale and here - _GUTTER_COST > value[i, k]:
                    value[i, k], back[i, k] = here - _GUTTER_COST, ((i, j), None)
    ends = []
    for j in range(n):
        for i in range(1, m + 1):
            left = m - i
            tail = -_EXTRA_RULE * (n - 1 - j) - _LOST * max(0, left - 1) + (_BASE - _UNSEEN if left else 0.0)
            ends.append((float(value[i, j] + tail), i, j))
    total, i, j = max(ends)
    steps = [(i, 1, j, -1)] if i < m else []
    at: tuple[int, int] | None = (i, j)
    while at is not None:
        previous, step = back[at]
        if step is not None:
            steps.append(step)
        at = previous
    return total / m, steps[::-1]


def _placed(form: Form, rules: Sequence[Rule], xs: np.ndarray, steps: Sequence[tuple[int, int, int, int]], scale: float, heads: _Heads,
            y: float, width: int) -> ColumnFit | None:
    table = form.table
    assert table is not None
    out, likenesses, agreements = [], [], []
    for first, many, j, k in steps:
        expected = scale * sum(c.width for c in table.columns[first:first + many])
        if j < 0 or k < 0:
            known = rules[k if j < 0 else j]
            other = _shifted(known, -expected if j < 0 else expected, width)
            if abs(other.at(y) - known.at(y)) < 0.4 * expected:     # it would lie beyond the sheet
                continue
            bounds = [other, known] if j < 0 else [known, other]
        else:
            agreements += [max(0.0, 1 - (math.log((xs[k] - xs[j]) / expected) / _WIDTH_RANGE) ** 2) / many] * many
            inner = [_between(rules[j], rules[k], table.columns[first].width * scale / expected)] if many == 2 else []
            bounds = [rules[j], *inner, rules[k]]
        for n in range(many):
            left, right = bounds[n], bounds[n + 1]
            likeness = heads.likeness(first + n, left.at(y), right.at(y))
            likenesses.append(likeness)
            out.append(PlacedColumn(table.columns[first + n], first + n, left, right, likeness))
    if 2 * len(out) < len(table.columns):
        return None
    headings = sum(likenesses) / len(table.columns)
    widths = sum(agreements) / len(table.columns)
    return ColumnFit(form, tuple(out), headings, widths, float(scale), 0.6 * headings + 0.4 * widths)


def _shifted(rule: Rule, by: float, width: int) -> Rule:
    return Rule(rule.along, np.clip(rule.across + by, 0.0, width - 1.0), 0.0, 0.0)


def _between(a: Rule, b: Rule, share: float) -> Rule:
    along = np.array([min(a.along[0], b.along[0]), max(a.along[-1], b.along[-1])])
    return Rule(along, np.array([a.at(t) + share * (b.at(t) - a.at(t)) for t in along]), 0.0, 0.0)
