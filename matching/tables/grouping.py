"""From weighted pairs to an answer: one row to one row, or groups of rows that are the same."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

_LARGEST = 400      # rows of a group that are all compared with each other
_BATCH = 1_000_000  # pairs compared at once


def one_to_one(left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """bool (pairs,): the pairs kept when each row may be in one, best first; equal weights by the rows' order."""
    order = np.lexsort((right, left, -weight))
    free_left, free_right = np.ones(left.max(initial=-1) + 1, dtype=bool), np.ones(right.max(initial=-1) + 1, dtype=bool)
    kept = np.zeros(len(left), dtype=bool)
    open_ = order
    while len(open_):
        l, r = left[open_], right[open_]
        first_l, first_r = np.zeros(len(open_), dtype=bool), np.zeros(len(open_), dtype=bool)
        first_l[np.unique(l, return_index=True)[1]] = True
        first_r[np.unique(r, return_index=True)[1]] = True
        best = open_[first_l & first_r]         # best of both its rows: no better pair can take them
        kept[best] = True
        free_left[left[best]], free_right[right[best]] = False, False
        open_ = open_[free_left[left[open_]] & free_right[right[open_]]]
    return kept


def exclusive(left: np.ndarray, right: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Probability of each pair when a row is the same as one row of the other table at most: its odds against those of all that would
    take either row, and of none. odds: of the pair alone, from everything else about it."""
    rivals = np.bincount(left, odds)[left] + np.bincount(right, odds)[right] - odds
    return odds / (1 + rivals)


def components(rows: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """int64 (rows,): the smallest row that each row is connected with."""
    root = np.arange(rows)
    while len(left):
        a, b = root[left], root[right]
        low, high = np.minimum(a, b), np.maximum(a, b)
        apart = low != high
        if not apart.any():
            break
        left, right = left[apart], right[apart]
        np.minimum.at(root, high[apart], low[apart])
        while (root != root[root]).any():
            root = root[root]
    return root


def clusters(rows: int, left: np.ndarray, right: np.ndarray, weight: np.ndarray,
             compare: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """int64 (rows,): the smallest row of each row's group.

    weight: log odds that a pair is the same, above 0 for a link. Rows connected by links are a first group; in it all pairs are
    compared (`compare(left, right)` gives their log odds) and the two parts whose pairs have the highest mean are joined again and again
    while that mean is above 0: so one wrong link does not join two people.
    """
    linked = np.flatnonzero(weight > 0)
    root = components(rows, left[linked], right[linked])
    groups = list(_groups(root, left, right, weight, linked))
    for batch in _batches(groups):
        places = [_triangle(len(g)) for g in batch]
        odds = compare(np.concatenate([g[i] for g, (i, _) in zip(batch, places, strict=True)]),
                       np.concatenate([g[j] for g, (_, j) in zip(batch, places, strict=True)]))
        starts = np.cumsum([0, *(len(i) for i, _ in places)])
        for group, (i, j), start in zip(batch, places, starts[:-1].tolist(), strict=True):
            own = odds[start:start + len(i)]
            if not len(own) or own.min() > 0:
                root[group] = group.min()
                continue
            mean = np.full((len(group), len(group)), -np.inf)
            mean[i, j] = mean[j, i] = own
            for part in _average_linkage(mean):
                root[group[part]] = group[part].min()
    return root


def _batches(groups: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Groups with some million pairs together."""
    batch: list[np.ndarray] = []
    pairs = 0
    for group in groups:
        batch.append(group)
        pairs += len(group) * (len(group) - 1) // 2
        if pairs > _BATCH:
            yield batch
            batch, pairs = [], 0
    if batch:
        yield batch


@cache
def _triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(size, 1)


def _groups(root: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray, linked: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of each group of three and more. One that is too large is taken apart by leaving out the weakest tenth of its links, and its
    parts come instead, smaller ones too."""
    for group in _split(root, 3):
        if len(group) > _LARGEST:
            yield from _apart(group, linked[root[left[linked]] == root[group[0]]], left, right, weight)
        else:
            yield group


def _apart(group: np.ndarray, links: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> Iterator[np.ndarray]:
    todo = [(group, links)]
    while todo:
        group, links = todo.pop()
        if len(group) <= _LARGEST:
            yield group
            continue
        group = np.sort(group)
        strong = links[weight[links] > np.quantile(weight[links], 0.1)]
        if not len(strong):                                     # all alike
            strong = links[: len(links) // 2]
        sub = components(len(group), np.searchsorted(group, left[strong]), np.searchsorted(group, right[strong]))
        of = sub[np.searchsorted(group, left[strong])]
        todo += [(group[part], strong[of == sub[part[0]]]) for part in _split(sub)]


def _split(label: np.ndarray, least: int = 1) -> list[np.ndarray]:
    """Places of each label that stands at `least` so many."""
    order = np.argsort(label, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(label[order])) + 1, len(order))
    starts = np.concatenate([[0], ends[:-1]])
    large = ends - starts >= least
    return [order[a:b] for a, b in zip(starts[large].tolist(), ends[large].tolist(), strict=True)]


def _average_linkage(mean: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of each part. mean: log odds between any two, -inf on the diagonal; it is used up."""
    parts: dict[int, list[int]] = {k: [k] for k in range(len(mean))}
    while len(parts) > 1:
        a, b = sorted(divmod(int(mean.argmax()), len(mean)))
        if mean[a, b] <= 0:
            break
        na, nb = len(parts[a]), len(parts[b])
        mean[a] = (na * mean[a] + nb * mean[b]) / (na + nb)
        mean[:, a] = mean[a]
        mean[a, a] = -np.inf
        mean[b] = mean[:, b] = -np.inf
        parts[a] += parts.pop(b)
    yield from (np.array(p) for p in parts.values())
