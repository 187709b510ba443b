"""Whether two names of the population's own columns are one name: the same, spelled a little otherwise, another."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.compiled import compiled
from matching.population import NameColumns
from matching.vocabulary import Vocabulary
from records.text import strip_marks

SAME, ALTERED, ANOTHER = 0, 1, 2
_LONGEST = 64           # letters of a name that are compared
_SPACE = 0


class WordLetters(NamedTuple):
    """The letters of the vocabulary's words: starts: int64 (V + 1,); marked, bare: int32, with and without marks; never 0. spelled, row:
    scratch, two names marked and bare, and a row of Levenshtein's table."""

    starts: np.ndarray
    marked: np.ndarray
    bare: np.ndarray
    spelled: np.ndarray
    row: np.ndarray


def word_letters(vocabulary: Vocabulary) -> WordLetters:
    code: dict[str, int] = {}
    letters = [c for word in vocabulary.tokens for c in word]
    marked = np.array([code.setdefault(c, len(code) + 1) for c in letters], dtype=np.int32)
    bare = np.array([code.setdefault(strip_marks(c), len(code) + 1) for c in letters], dtype=np.int32)
    return WordLetters(np.cumsum([0, *map(len, vocabulary.tokens)]), marked, bare, np.zeros((4, _LONGEST), dtype=np.int32),
                       np.zeros(_LONGEST + 1, dtype=np.int64))


@compiled
def likeness(a: int, b: int, names: NameColumns, words: WordLetters) -> int:
    """SAME, ALTERED (at most one edit, marks count half) or ANOTHER, for two names by id."""
    if a == b:
        return SAME
    if abs(names.length[a] - names.length[b]) > 1:
        return ANOTHER
    other = 0
    if names.length[a] == names.length[b]:
        for k in range(names.length[a]):
            other += names.tokens[a, k] != names.tokens[b, k]
        if other == 0:
            return SAME
        if other > 2:                                   # half an edit each at least
            return ANOTHER
    spelled = words.spelled
    n, m = _spell(a, names, words, spelled[0], spelled[1]), _spell(b, names, words, spelled[2], spelled[3])
    if abs(n - m) > 1:
        return ANOTHER
    base = _edits(spelled[1], n, spelled[3], m, words.row)
    if base > 1:
        return ANOTHER
    edits = base + 0.5 * max(0, _edits(spelled[0], n, spelled[2], m, words.row) - base)
    return SAME if edits == 0.0 else ALTERED if edits <= 1.0 else ANOTHER


@compiled
def _spell(name: int, names: NameColumns, words: WordLetters, marked: np.ndarray, bare: np.ndarray) -> int:
    n = 0
    for k in range(names.length[name]):
        word = names.tokens[name, k]
        if k and n < _LONGEST:
            marked[n] = bare[n] = _SPACE
            n += 1
        for i in range(words.starts[word], words.starts[word + 1]):
            if n < _LONGEST:
                marked[n], bare[n] = words.marked[i], words.bare[i]
                n += 1
    return n


@compiled
def _edits(a: np.ndarray, n: int, b: np.ndarray, m: int, row: np.ndarray) -> int:
    """Levenshtein's distance of the first n and m letters."""
    for j in range(m + 1):
        row[j] = j
    for i in range(n):
        before = row[0]
        row[0] = i + 1
        for j in range(m):
            cell = min(before + (1 if a[i] != b[j] else 0), row[j] + 1, row[j + 1] + 1)
            before = row[j + 1]
            row[j + 1] = cell
    return row[m]
