"""One line to learn from or to be measured with."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """line: uint8 (height, width, 2), cleaned and plain, ink dark, any size; text: what is written, of the model's letters; group: lines of
    one group (a book, a page) are not independent of one another."""

    line: np.ndarray
    text: str
    group: str
