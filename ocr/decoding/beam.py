"""CTC prefix beam search with a model of what may be written (Hannun et al. 2014)."""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ocr.lattice import Lattice

Step = Callable[[str, str], float]
_NONE = -math.inf


def _add(a: float, b: float) -> float:
    if a == _NONE:
        return b
    if b == _NONE:
        return a
    return a + math.log1p(math.exp(b - a)) if a >= b else b + math.log1p(math.exp(a - b))


def beam_search(lattice: Lattice, step: Step, temperature: float, width: int = 32, symbols: int = 8,
                floor: float = -9.0) -> list[tuple[str, float]]:
    """The likeliest texts with their search weight, best first: temperature * ln P(text | image) + sum of step(prefix, next symbol).

    step: ln weight of a symbol after a prefix, -inf to forbid it; it is asked once a pair. width: prefixes kept a frame; symbols: best
    symbols a frame that are tried, unless less likely than e^floor.
    """
    lp = lattice.log_probs.astype(np.float64)
    order = np.argsort(-lp[:, 1:], axis=1, kind="stable")[:, :symbols] + 1
    beams: dict[str, tuple[float, float]] = {"": (0.0, _NONE)}       # prefix -> ln P ending in blank, ln P ending in its last symbol
    prior: dict[str, float] = {"": 0.0}
    for t in range(len(lp)):
        row = lp[t]
        tried = [(lattice.alphabet[i - 1], float(row[i])) for i in order[t] if row[i] > floor]
        blank = float(row[0])
        new: dict[str, tuple[float, float]] = {}
        for prefix, (pb, pn) in beams.items():
            total = _add(pb, pn)
            b, n = new.get(prefix, (_NONE, _NONE))
            new[prefix] = (_add(b, total + blank), n)
            last = prefix[-1:]
            for c, p in tried:
                if c == last:
                    b, n = new[prefix]
                    new[prefix] = (b, _add(n, pn + p))
                    gain = pb + p
                else:
                    gain = total + p
                if gain == _NONE:
                    continue
                longer = prefix + c
                if longer not in prior:
                    s = step(prefix, c)
                    prior[longer] = prior[prefix] + s
                if prior[longer] == _NONE:
                    continue
                b, n = new.get(longer, (_NONE, _NONE))
                new[longer] = (b, _add(n, gain))
        ranked = sorted(((temperature * _add(*v) + prior[k], k) for k, v in new.items()), key=lambda wk: (-wk[0], wk[1]))[:width]
        beams = {k: new[k] for _, k in ranked}
    return [(k, w) for w, k in ranked]
