"""At which level of each comparison a pair of rows stands."""
from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from matching.letters import letter_cost
from matching.tables.blocking import Pairs
from matching.tables.model import Comparison, TableModel, Test
from matching.tables.table import MISSING, Encoded

UNKNOWN = -1            # the level of a comparison that says nothing
_Measured = dict[tuple[str, str, str], np.ndarray]      # similarity or distance by test, float32 (pairs,), NaN where not yet asked for
_LONGEST_NUMBER = 24    # digits looked at
_YEAR_FIRST = re.compile(r"(\d{4})(?:\D?(\d{2})(?:\D?(\d{2}))?)?")
_DAY_FIRST = re.compile(r"(?:(?:(\d{1,2})\D)?(\d{1,2})\D)?(\d{4})")


class Levels:
    """Compares pairs of two encoded tables (or one with itself)."""

    def __init__(self, encoded: Encoded, model: TableModel) -> None:
        self.model, self._values = model, encoded.values
        self._left, self._right = encoded.tables[0].codes, encoded.tables[-1].codes
        self._threads = len(os.sched_getaffinity(0))
        tests = [t for c in model.comparisons for level in c.levels for t in level.tests]
        self._dates = self._parsed(tests, ("date_swapped", "date_partial", "date_parts"), _dates)
        self._digits = self._parsed(tests, ("look_alike",), _digit_rows)
        self._digit_cost = np.array([[letter_cost(a, b) for b in "0123456789"] for a in "0123456789"], dtype=np.float32)

    def of(self, pairs: Pairs) -> np.ndarray:
        """int8 (comparisons, pairs): 0 the nearest level, the number of levels for "else", UNKNOWN where a value is missing."""
        return np.stack([self._comparison(c, pairs) for c in self.model.comparisons])

    def _comparison(self, comparison: Comparison, pairs: Pairs) -> np.ndarray:
        level, measured = np.full(len(pairs.left), len(comparison.levels), dtype=np.int8), _Measured()
        for value in comparison.needs:
            missing = (self._left[value][pairs.left] == MISSING) | (self._right[value][pairs.right] == MISSING)
            level[missing] = UNKNOWN
        for k, wanted in enumerate(comparison.levels):
            open_ = np.flatnonzero(level == len(comparison.levels))
            for test in wanted.tests:
                open_ = open_[self._holds(test, pairs, open_, measured)]
            level[open_] = k
        return level

    def _holds(self, test: Test, pairs: Pairs, open_: np.ndarray, measured: _Measured) -> np.ndarray:
        a, b = self._left[test.value][pairs.left[open_]], self._right[test.against or test.value][pairs.right[open_]]
        known = (a != MISSING) & (b != MISSING)
        held = known & (a == b)
        if test.kind == "exact":
            return held
        if test.kind in ("date_swapped", "date_partial", "date_parts"):
            return known & self._date(test, self._dates[:, a], self._dates[:, b])
        rest = np.flatnonzero(known & ~held)
        if test.kind == "look_alike":
            held[rest] = self._numbers_apart(a[rest], b[rest]) <= test.threshold + 1e-6
            return held
        near = measured.setdefault((test.kind, test.value, test.against), np.full(len(pairs.left), np.nan, dtype=np.float32))
        new = rest[np.isnan(near[open_[rest]])]
        if len(new):
            scorer = JaroWinkler.normalized_similarity if test.kind == "jaro_winkler" else OSA.distance
            texts = self._values[a[new]].tolist(), self._values[b[new]].tolist()
            near[open_[new]] = cpdist(*texts, scorer=scorer, dtype=np.float32, workers=self._threads)
        score = near[open_[rest]]
        held[rest] = score >= test.threshold - 1e-6 if test.kind == "jaro_winkler" else score <= test.threshold
        return held

    def _parsed(self, tests: Sequence[Test], kinds: Sequence[str], parse: type | object) -> np.ndarray:
        """The parser's columns for the values that such tests look at; nothing for the others."""
        used = [c for t in tests if t.kind in kinds for c in (self._left[t.value], self._right[t.against or t.value])]
        if not used:
            return np.zeros((0, 0))
        codes = np.unique(np.concatenate(used))
        codes = codes[codes != MISSING]
        found = parse(self._values[codes].tolist())         # type: ignore[operator]
        out = np.zeros((found.shape[0], len(self._values)), dtype=found.dtype)
        out[:, codes] = found
        return out

    @staticmethod
    def _date(test: Test, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """a, b: int16 (year/month/day, pairs), 0 unknown."""
        both, same = (a > 0) & (b > 0), (a == b) & (a > 0)
        if test.kind == "date_swapped":
            return both.all(0) & same[0] & (a[1] == b[2]) & (a[2] == b[1])
        if test.kind == "date_partial":
            return same[0] & (same | ~both).all(0) & ~both.all(0)
        return same.sum(0) >= test.threshold

    def _numbers_apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The sum of the costs of differing digits, infinite for numbers of different lengths or with other letters."""
        x, y = self._digits[:, a], self._digits[:, b]
        apart = np.where((x >= 0) & (y >= 0), self._digit_cost[np.maximum(x, 0), np.maximum(y, 0)], np.where(x == y, 0.0, np.inf)).sum(0)
        return np.where((x[0] >= 0) & (y[0] >= 0), apart, np.inf)


def _dates(values: Sequence[str]) -> np.ndarray:
    """int16 (3, values): year, month, day; 0 where a part is not given, all 0 for what is no date."""
    out = np.zeros((len(values), 3), dtype=np.int16)
    for k, value in enumerate(values):
        if found := _YEAR_FIRST.fullmatch(value):
            parts = found.groups()
        elif found := _DAY_FIRST.fullmatch(value):
            parts = found.groups()[::-1]
        else:
            continue
        out[k] = [int(p) if p else 0 for p in parts]
    return np.ascontiguousarray(out.T)


def _digit_rows(values: Sequence[str]) -> np.ndarray:
    """int8 (_LONGEST_NUMBER, values): digits, -1 after the end; -1 throughout for what is no number."""
    out = np.full((len(values), _LONGEST_NUMBER), -1, dtype=np.int8)
    for k, value in enumerate(values):
        if value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
            out[k, :len(value)] = np.frombuffer(value.encode(), dtype=np.uint8) - 48
    return np.ascontiguousarray(out.T)
