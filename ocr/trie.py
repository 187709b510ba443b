"""Many candidate texts scored on one lattice at once, common beginnings only once."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Trie:
    """The texts as a tree of symbols; build it once for a list that is scored often. Texts may repeat and may be empty."""

    def __init__(self, texts: Sequence[str]):
        self.texts = tuple(texts)
        nodes: dict[tuple[int, str], int] = {}
        parents, symbols, ends = [0], [""], []
        for text in self.texts:
            at = 0
            for c in text:
                nxt = nodes.get((at, c))
                if nxt is None:
                    nxt = nodes[at, c] = len(parents)
                    parents.append(at)
                    symbols.append(c)
                at = nxt
            ends.append(at)
        self._parents = np.array(parents)
        self._ends = np.array(ends, dtype=np.int64)
        self._repeats = np.flatnonzero([bool(c) and c == symbols[p] for c, p in zip(symbols, parents, strict=True)])
        self._letters = sorted(set(symbols[1:]))
        place = {c: i + 1 for i, c in enumerate(self._letters)}
        self._letter_of = np.array([place.get(c, 0) for c in symbols])

    def __len__(self) -> int:
        return len(self.texts)

    def scores(self, log_probs: np.ndarray, alphabet: str) -> np.ndarray:
        """ln P(text | image) of every text, float64 (len(texts),); -inf where the alphabet lacks a symbol or probability underflows.

        The CTC forward sum (Graves 2006, §4.1) on the tree: time len(frames) * nodes. Each frame is scaled by its best symbol, so
        only what is e^700 worse than the best path is lost.
        """
        blank, emit, peak = self._emissions(log_probs, alphabet)
        last, total = self._start()
        for t in range(len(blank)):
            last, total = self._step(last, total, blank[t], emit[t])
        with np.errstate(divide="ignore"):
            return np.log(total[self._ends]) + peak.sum()

    def after(self, log_probs: np.ndarray, alphabet: str, entry: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """ln P that the first t frames spell the text, float64 (frames + 1, len(texts)), t = 0 … frames; and the same where frame t - 1
        shows its last symbol. entry: float64 (frames + 1,), ln P that the first t frames spell what stands before every text, whose first
        symbol is not the last of that."""
        blank, emit, peak = self._emissions(log_probs, alphabet)
        last, total = self._start()
        scale = np.concatenate(([0.0], np.cumsum(peak)))[:, None]
        before = None
        if entry is not None:
            with np.errstate(invalid="ignore"):
                relative = entry - scale[:, 0]
            top = _finite(relative.max(keepdims=True))
            before, scale = np.exp(relative - top), scale + top
            total[0] = before[0]
        wholes, lasts = [total[self._ends]], [last[self._ends]]
        for t in range(len(blank)):
            last, total = self._step(last, total, blank[t], emit[t])
            if before is not None:
                total[0] = before[t + 1]
            wholes.append(total[self._ends])
            lasts.append(last[self._ends])
        with np.errstate(divide="ignore"):
            return np.log(np.array(wholes)) + scale, np.log(np.array(lasts)) + scale

    def _emissions(self, log_probs: np.ndarray, alphabet: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability of the blank by frame, of the tree's letters by frame (column 0: none), and the frames' ln scale."""
        lp = log_probs.astype(np.float64)
        peak = lp.max(axis=1) if len(lp) else np.zeros(0)
        column = {c: i + 1 for i, c in enumerate(alphabet)}
        known = [(k + 1, column[c]) for k, c in enumerate(self._letters) if c in column]
        emit = np.zeros((len(lp), len(self._letters) + 1))
        emit[:, [k for k, _ in known]] = np.exp(lp[:, [i for _, i in known]] - peak[:, None])
        return np.exp(lp[:, 0] - peak), emit, peak

    def _start(self) -> tuple[np.ndarray, np.ndarray]:
        total = np.zeros(len(self._parents))
        total[0] = 1.0
        return np.zeros(len(self._parents)), total

    def _step(self, last: np.ndarray, total: np.ndarray, blank: float, emit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One frame: probability by node of ending in its symbol, and of ending in its symbol or a blank after it."""
        come = total[self._parents]
        come[self._repeats] -= last[self._parents[self._repeats]]     # a doubled letter needs a blank between
        come += last
        come *= emit[self._letter_of]
        return come, come + blank * total


def join_scores(log_probs: np.ndarray, alphabet: str, heads: Trie, tails: Trie) -> np.ndarray:
    """ln P(head + tail | image) of every pair, float64 (len(heads), len(tails)). No tail is empty and none begins with the last symbol
    of a head; `tails` holds the texts backwards.

    Exact: frames divide in one way only, before the frame in which the tail's first symbol appears. A grid of m + n texts costs what
    m + n texts cost, not m · n.
    """
    before, _ = heads.after(log_probs, alphabet)
    _, behind = tails.after(log_probs[::-1], alphabet)
    with np.errstate(invalid="ignore"):
        a, b = before[:-1], behind[::-1][:-1]       # frames 0 … t - 1, frames t … end
        top_a, top_b = _finite(a.max(axis=1, initial=-np.inf)), _finite(b.max(axis=1, initial=-np.inf))
        scale = top_a + top_b
        top = float(scale.max(initial=-np.inf))
        if top == -np.inf:
            return np.full((len(heads), len(tails)), -np.inf)
        joint = np.einsum("ti,tj->ij", np.exp(a - top_a[:, None]) * np.exp(scale - top)[:, None], np.exp(b - top_b[:, None]))
    with np.errstate(divide="ignore"):
        return np.log(joint) + top


def _finite(x: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(x), x, 0.0)
