"""Which writers are kept from training: one draw, for training and for every measurement on writers never seen."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np

HELD_OUT, SEED = 12, 7


def held_out_writers(writers: Iterable[str], number: int = HELD_OUT, seed: int = SEED) -> tuple[str, ...]:
    """`number` of the writers (ids that are whole numbers, as text), drawn from the seed alone whatever their order; sorted as text."""
    order = np.random.default_rng(seed).permutation(sorted(set(writers), key=int))
    return tuple(sorted(str(w) for w in order[:number]))
