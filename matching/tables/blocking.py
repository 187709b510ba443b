"""Which rows are compared at all: those that agree in a key. Every pair comes once, however many keys bring it."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matching.tables.table import Table

_CHUNK = 1_000_000      # pairs made at once


@dataclass
class Oversize:
    """Values of a key that more rows share than a block may hold; no pair is made of them. key: its place in the model."""

    key: int
    values: int
    rows: int


@dataclass(frozen=True)
class Pairs:
    """Rows of the left and of the right table (of one table: left < right), int32 (pairs,) each."""

    left: np.ndarray
    right: np.ndarray


def pairs_of(tables: Sequence[Table], largest: int, oversize: list[Oversize] | None = None) -> Iterator[Pairs]:
    """Pairs in chunks: within one table, or between two. Blocks of more than `largest` rows (of either table) are left out and noted
    in `oversize`."""
    left, right = tables[0], tables[-1]
    one = len(tables) == 1
    usable: list[np.ndarray] = []       # hashes of blocks left out, sorted, by key
    for k in range(len(left.keys)):
        groups = _within(left.keys[k]) if one else _between(left.keys[k], right.keys[k])
        big = np.maximum(groups.lefts, groups.rights) > largest
        if big.any() and oversize is not None:
            rows = groups.rights[big].sum() + (0 if one else groups.lefts[big].sum())
            oversize.append(Oversize(k, int(big.sum()), int(rows)))
        usable.append(np.sort(groups.value[big]))
        for pairs in _enumerate(groups.only(~big), one):
            new = np.ones(len(pairs.left), dtype=bool)
            for earlier in range(k):
                value = left.keys[earlier][pairs.left]
                found = (value == right.keys[earlier][pairs.right]) & (value != 0)
                if found.any() and len(usable[earlier]):
                    found &= ~np.isin(value, usable[earlier])
                new &= ~found
            yield Pairs(pairs.left[new], pairs.right[new])


@dataclass(frozen=True)
class _Groups:
    """Blocks of one key: left_rows[first_left … + lefts] meet right_rows[first_right … + rights]."""

    value: np.ndarray
    left_rows: np.ndarray
    first_left: np.ndarray
    lefts: np.ndarray
    right_rows: np.ndarray
    first_right: np.ndarray
    rights: np.ndarray

    def only(self, keep: np.ndarray) -> _Groups:
        return _Groups(self.value[keep], self.left_rows, self.first_left[keep], self.lefts[keep],
                       self.right_rows, self.first_right[keep], self.rights[keep])


def _blocks(key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(values, rows by value, first of each, how many)."""
    rows = np.flatnonzero(key).astype(np.int32)
    rows = rows[np.argsort(key[rows], kind="stable")]
    values = key[rows]
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(rows) else np.zeros(0, dtype=np.int64)
    return values[first], rows, first, np.diff(np.append(first, len(rows)))


def _within(key: np.ndarray) -> _Groups:
    value, rows, first, count = _blocks(key)
    several = count > 1
    return _Groups(value[several], rows, first[several], count[several], rows, first[several], count[several])


def _between(left: np.ndarray, right: np.ndarray) -> _Groups:
    lv, lrows, lfirst, lcount = _blocks(left)
    rv, rrows, rfirst, rcount = _blocks(right)
    value, a, b = np.intersect1d(lv, rv, assume_unique=True, return_indices=True)
    return _Groups(value, lrows, lfirst[a], lcount[a], rrows, rfirst[b], rcount[b])


def _enumerate(groups: _Groups, one: bool) -> Iterator[Pairs]:
    """All pairs of each block, a row of the left against all of the right (of one table: those after it)."""
    owner = np.repeat(np.arange(len(groups.value)), groups.lefts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(groups.lefts) - groups.lefts, groups.lefts)
    skip = place + 1 if one else np.zeros_like(place)
    partners = groups.rights[owner] - skip
    done = np.cumsum(partners)
    start = 0
    while start < len(owner):
        base = done[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(done, base + _CHUNK, side="right")))
        n, group = partners[start:end], owner[start:end]
        left = np.repeat(groups.left_rows[groups.first_left[group] + place[start:end]], n)
        within = np.arange(len(left)) - np.repeat(np.cumsum(n) - n, n)
        right = groups.right_rows[np.repeat(groups.first_right[group] + skip[start:end], n) + within]
        yield Pairs(np.minimum(left, right), np.maximum(left, right)) if one else Pairs(left, right)
        start = end
