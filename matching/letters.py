"""How far a token as read lies from a token as it may have been written: a weighted edit distance, one token against many at once.

Distances are in edits: a letter for quite another 1, a letter lost, added or swapped with its neighbour 1, a letter that looks alike in
handwriting 0.6, a lost or changed mark 0.5. They are kept as uint8 in tenths of an edit.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from records.text import strip_marks

MARKS, LOOK_ALIKE, OTHER = 0.5, 0.6, 1.0
FARTHEST = 25.0         # edits; what uint8 tenths can hold
_ALPHABET_SIZE = 512    # letters seen so far; index 0 pads

# Letters that hands and recognisers take for one another: "hb" means h is read b and b is read h.
_LOOK_ALIKE_LETTERS = ("ao", "au", "ou", "nu", "ec", "hk", "hb", "kb", "lt", "vr", "gy", "gq", "qy", "yj", "ij", "il", "nm", "uv", "st",
                       "fl",
                       "ft", "tf", "zs", "ro", "rs", "mw", "ub", "nh", "jg", "ld", "ey", "ea", "oe", "co")
_LOOK_ALIKE_PAIRS = frozenset(frozenset(p) for p in _LOOK_ALIKE_LETTERS)
_LOOK_ALIKE_DIGITS = frozenset(frozenset(p) for p in ("17", "49", "38", "06", "27", "56", "79", "14", "41", "08", "35", "69"))


@cache
def letter_cost(a: str, b: str) -> float:
    """Cost of reading one letter or digit for another, 0 … 1; symmetric."""
    if a == b:
        return 0.0
    base_a, base_b = strip_marks(a), strip_marks(b)
    if base_a == base_b:
        return MARKS
    pair = frozenset((base_a, base_b))
    return LOOK_ALIKE if pair in _LOOK_ALIKE_PAIRS or pair in _LOOK_ALIKE_DIGITS else OTHER


class LetterCodes:
    """Letters as small integers with their substitution costs as a table; grows as letters appear."""

    def __init__(self) -> None:
        self._code: dict[str, int] = {}
        self.cost = np.ones((_ALPHABET_SIZE, _ALPHABET_SIZE), dtype=np.float32)
        self.cost[0, 0] = 0.0

    def encode(self, tokens: Sequence[str], width: int) -> np.ndarray:
        """uint16 (tokens, width), 0 after the end; letters beyond `width` are dropped."""
        out = np.zeros((len(tokens), width), dtype=np.uint16)
        for k, token in enumerate(tokens):
            codes = [self._of(c) for c in token[:width]]
            out[k, : len(codes)] = codes
        return out

    def _of(self, letter: str) -> int:
        code = self._code.get(letter)
        if code is None:
            if len(self._code) + 1 >= _ALPHABET_SIZE:
                return _ALPHABET_SIZE - 1           # a letter no name has: as far from everything as can be
            code = self._code[letter] = len(self._code) + 1
            for other, k in self._code.items():
                self.cost[code, k] = self.cost[k, code] = letter_cost(letter, other)
        return code


def edit_distances(codes: LetterCodes, observed: Sequence[str], vocabulary: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Weighted optimal-string-alignment distance of each observed token to each of the vocabulary: uint8 tenths, (observed, vocabulary).

    vocabulary: uint16 (V, width) from `LetterCodes.encode`, lengths: int (V,).
    """
    width = vocabulary.shape[1]
    out = np.empty((len(observed), len(vocabulary)), dtype=np.uint8)
    by_length: dict[int, list[int]] = {}
    for k, token in enumerate(observed):
        by_length.setdefault(min(len(token), 24), []).append(k)
    for n, rows in by_length.items():
        for start in range(0, len(rows), 64):
            part = rows[start:start + 64]
            seen = codes.encode([observed[k][:n] for k in part], max(n, 1))
            table = [np.full((len(part), len(vocabulary)), float(j), dtype=np.float32) for j in range(width + 1)]
            before: list[np.ndarray] = []
            for i in range(1, n + 1):
                row = [np.full((len(part), len(vocabulary)), float(i), dtype=np.float32)]
                for j in range(1, width + 1):
                    a, b = seen[:, i - 1], vocabulary[:, j - 1]
                    cell = table[j - 1] + codes.cost[a[:, None], b[None, :]]
                    np.minimum(cell, table[j] + 1.0, out=cell)
                    np.minimum(cell, row[j - 1] + 1.0, out=cell)
                    if i > 1 and j > 1:
                        swap = (a[:, None] == vocabulary[None, :, j - 2]) & (seen[:, i - 2][:, None] == b[None, :])
                        if swap.any():
                            cell = np.where(swap, np.minimum(cell, before[j - 2] + 1.0), cell)
                    row.append(cell)
                before, table = table, row
            stack = np.stack(table, axis=0)
            value = stack[np.minimum(lengths, width), :, np.arange(len(vocabulary))].T
            out[part] = np.rint(np.minimum(value, FARTHEST) * 10).astype(np.uint8)
    return out
