"""Many short texts in two arrays, so that a million names are shared between processes and take no objects."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np


class TextTable(Sequence[str]):
    """Texts by number. letters: uint8, all texts in UTF-8 one after another; ends: int64 (texts,), where each ends."""

    def __init__(self, letters: np.ndarray, ends: np.ndarray) -> None:
        self.letters, self.ends = letters, ends

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextTable:
        packed = [t.encode("utf-8") for t in texts]
        ends = np.cumsum(np.fromiter(map(len, packed), np.int64, len(packed)))
        return cls(np.frombuffer(b"".join(packed), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...

    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        k = int(number) + (len(self) if number < 0 else 0)
        if not 0 <= k < len(self):
            raise IndexError(number)
        return self.letters[self.ends[k - 1] if k else 0:self.ends[k]].tobytes().decode("utf-8")
