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
        self._repeats = np.array([bool(c) and c == symbols[p] for c, p in zip(symbols, parents, strict=True)])
        self._letters = sorted(set(symbols[1:]))
        place = {c: i for i, c in enumerate(self._letters)}
        self._letter_of = np.array([place.get(c, 0) for c in symbols])

    def __len__(self) -> int:
        return len(self.texts)

    def scores(self, log_probs: np.ndarray, alphabet: str) -> np.ndarray:
        """ln P(text | image) of every text, float64 (len(texts),); -inf where the alphabet lacks a symbol or probability underflows.

        The CTC forward sum (Graves 2006, §4.1) on the tree: time len(frames) * nodes. Each frame is scaled by its best symbol, so
        only what is e^700 worse than the best path is lost.
        """
        lp = log_probs.astype(np.float64)
        peak = lp.max(axis=1)
        p = np.exp(lp - peak[:, None])
        column = {c: i + 1 for i, c in enumerate(alphabet)}
        letters = [column.get(c, -1) for c in self._letters]
        emit = np.zeros((len(p), max(1, len(letters))))
        for k, i in enumerate(letters):
            if i >= 0:
                emit[:, k] = p[:, i]
        parent, repeats, of = self._parents, self._repeats, self._letter_of
        last, blank = np.zeros(len(parent)), np.zeros(len(parent))
        blank[0] = 1.0
        for t in range(len(p)):
            come = blank[parent] + np.where(repeats, 0.0, last[parent])
            new_blank = p[t, 0] * (blank + last)
            last = emit[t, of] * (last + come)
            last[0] = 0.0
            blank = new_blank
        with np.errstate(divide="ignore"):
            return np.log(last[self._ends] + blank[self._ends]) + peak.sum()
