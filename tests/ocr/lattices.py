"""Lattices made by hand: what a recogniser would say that saw `text` clearly, with given doubts."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ocr.lattice import Lattice
from ocr.recogniser import list_models

ALPHABET = list_models()[-1].alphabet


def clear(text: str, doubts: Mapping[int, tuple[str, float]] | None = None, sure: float = 0.97, rest: float = 1e-6,
          alphabet: str = ALPHABET) -> Lattice:
    """Two frames a symbol and a blank between. doubts: place in text -> (other symbol, its share of the probability); rest: what every
    symbol has anyway."""
    rows = []
    for k, c in enumerate(text):
        row = np.full(len(alphabet) + 1, rest)
        other, share = (doubts or {}).get(k, ("", 0.0))
        row[alphabet.index(c) + 1] = sure * (1 - share)
        if other:
            row[alphabet.index(other) + 1] = sure * share
        blank = np.full(len(alphabet) + 1, rest)
        blank[0] = sure
        rows += [blank, row, row]
    p = np.array([*rows, rows[0]]) if rows else np.full((3, len(alphabet) + 1), rest)
    p[:, 0] = np.maximum(p[:, 0], 1e-3)
    p /= p.sum(axis=1, keepdims=True)
    return Lattice(np.log(p).astype(np.float16), alphabet, "asternet")
