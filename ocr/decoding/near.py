"""Texts near the reader's first guess: at each place the symbol, what else may stand there, nothing, or one symbol more."""
from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

_LEAST = 1e-3           # least probability of a symbol that is tried in another's place
_LEAST_MORE = 5e-3      # the same where the guess sees nothing
_OPTIONS = 4            # symbols tried at a place


def near_texts(log_probs: np.ndarray, alphabet: str, keep: int, by_length: bool = False) -> list[tuple[str, float]]:
    """The likeliest texts with ln P relative to the guess, best first, the guess among them; places are taken as independent of one
    another, so score the texts on the lattice afterwards. log_probs: (frames, symbols), column 0 the blank. by_length: `keep` of every
    length."""
    states: list[tuple[float, str]] = [(0.0, "")]
    for options in _places(log_probs, alphabet):
        grown: dict[str, float] = {}
        for weight, text in states:
            for more, w in options:
                longer = text + more
                if weight + w > grown.get(longer, -math.inf):
                    grown[longer] = weight + w
        states = _best(grown, keep, by_length)
    return [(t, w) for w, t in states]


def _best(texts: dict[str, float], keep: int, by_length: bool) -> list[tuple[float, str]]:
    order = sorted(((w, t) for t, w in texts.items()), key=lambda wt: (-wt[0], wt[1]))
    if not by_length:
        return order[:keep]
    count: defaultdict[int, int] = defaultdict(int)
    out = []
    for w, t in order:
        count[len(t)] += 1
        if count[len(t)] <= keep:
            out.append((w, t))
    return out


def _places(lp: np.ndarray, alphabet: str) -> list[list[tuple[str, float]]]:
    """What may stand at each run of frames with one best symbol: (text, ln P against the best)."""
    best = lp.argmax(axis=1)
    ends = np.flatnonzero(np.diff(best)) + 1
    out = []
    for a, b in zip([0, *ends.tolist()], [*ends.tolist(), len(best)], strict=True):
        run, at = lp[a:b], int(best[a]) if b > a else 0
        peak = run.max(axis=0) if b > a else np.full(lp.shape[1], -np.inf)
        if at == 0:
            gain = peak[1:] - run[run[:, 1:].argmax(axis=0), 0] if b > a else peak[1:]
            others = [int(i) + 1 for i in np.argsort(-peak[1:], kind="stable")[:_OPTIONS - 1] if peak[i + 1] > math.log(_LEAST_MORE)]
            options = [("", 0.0), *((alphabet[i - 1], float(gain[i - 1])) for i in others)]
        else:
            others = [int(i) for i in np.argsort(-peak[1:], kind="stable")[:_OPTIONS] + 1 if i != at and peak[i] > math.log(_LEAST)]
            letter = alphabet[at - 1]
            options = [(letter, 0.0), *((alphabet[i - 1], float(peak[i] - peak[at])) for i in others)]
            gone = float((run[:, 0] - run[:, at]).sum())
            if gone > math.log(_LEAST):
                options.append(("", gone))
            if b - a > 2:
                options.append((letter * 2, float((run[1:-1, 0] - run[1:-1, at]).max())))
        if len(options) > 1 or options[0][0]:
            out.append(options)
    return out
