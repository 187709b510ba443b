"""How far a token as read lies from a token as it may have been written: a weighted edit distance, one token against many at once.

Distances are in edits: a letter for quite another 1, a letter lost, added or swapped with its neighbour 1, a letter that looks alike in
handwriting 0.6, a lost or changed mark 0.5. They are kept as uint8 in tenths of an edit.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from matching.compiled import compiled
from records.text import strip_marks

MARKS, LOOK_ALIKE, OTHER = 0.5, 0.6, 1.0
_FARTHEST = 250         # tenths of an edit; what uint8 can hold
_LONGEST = 24           # letters of a token as read that are compared
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

    vocabulary: uint16 (V, width) from `LetterCodes.encode`, lengths: int (V,). Fastest where it is sorted: neighbours share a start.
    """
    seen = codes.encode(observed, _LONGEST)
    letters = np.array([min(len(t), _LONGEST) for t in observed], dtype=np.int64)
    cost = np.rint(codes.cost * 10).astype(np.int64)
    out = np.empty((len(observed), len(vocabulary)), dtype=np.uint8)
    table = np.zeros((vocabulary.shape[1] + 1, _LONGEST + 1), dtype=np.int64)
    _distances(seen, letters, vocabulary, np.minimum(lengths, vocabulary.shape[1]).astype(np.int64), cost, table, out)
    return out


@compiled
def _distances(seen: np.ndarray, letters: np.ndarray, vocabulary: np.ndarray, lengths: np.ndarray, cost: np.ndarray, table: np.ndarray,
               out: np.ndarray) -> None:
    """Row j of the table holds the distances of the first j letters of the word to each start of the token; the rows of letters that
    the word shares with the one before it stand already."""
    for k in range(len(seen)):
        token, n = seen[k], letters[k]
        for i in range(n + 1):
            table[0, i] = 10 * i
        for v in range(len(vocabulary)):
            word, length = vocabulary[v], lengths[v]
            shared = 0
            if v:
                while shared < min(length, lengths[v - 1]) and word[shared] == vocabulary[v - 1, shared]:
                    shared += 1
            for j in range(shared + 1, length + 1):
                table[j, 0] = 10 * j
                for i in range(1, n + 1):
                    cell = table[j - 1, i - 1] + cost[token[i - 1], word[j - 1]]
                    cell = min(cell, table[j, i - 1] + 10, table[j - 1, i] + 10)
                    if i > 1 and j > 1 and token[i - 1] == word[j - 2] and token[i - 2] == word[j - 1]:
                        cell = min(cell, table[j - 2, i - 2] + 10)
                    table[j, i] = cell
            out[k, v] = min(table[length, n], _FARTHEST)
