"""The tokens that names of a population are made of: how common each is in its place in the name, which tokens lie near one that was
read."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from matching.letters import LetterCodes, edit_distances
from records.text import fold, strip_marks

WIDTH = 8               # letters of a token that are compared; Nguyễn has 6, Nghiêng 7
MAX_TOKENS = 7          # tokens of a name that are compared
SURNAME, MIDDLE, GIVEN = 0, 1, 2
_CACHE_BYTES = 192 << 20

# Spellings that one ear writes either way, on letters without tone: longest first.
_ONSETS = (("tr", "ch"), ("s", "x"), ("gi", "d"), ("r", "d"), ("l", "n"), ("qu", "w"), ("hu", "w"))
_REGIONAL = {"huynh": "hoang", "vo": "vu", "nhon": "nhan", "sanh": "sinh", "phuoc": "phuc", "tanh": "tinh", "chanh": "chinh",
             "tho": "thu", "dang": "duong", "kieng": "canh"}


def tokens_of(name: str) -> list[str]:
    """The comparison tokens of a name: folded, in order, at most MAX_TOKENS (the last one, the given name, always kept)."""
    tokens = [t for piece in name.split() for t in fold(piece).split()]      # pieces recur, whole names rarely
    return tokens if len(tokens) <= MAX_TOKENS else [*tokens[: MAX_TOKENS - 1], tokens[-1]]


@lru_cache(maxsize=65536)
def ear_key(token: str) -> str:
    """A key that tokens share when one ear may write either: tones dropped, ch/tr, s/x, d/gi/r, l/n, i/y, final n/ng and t/c;
    Hoàng/Huỳnh, Vũ/Võ …"""
    bare = strip_marks(token)
    bare = _REGIONAL.get(bare, bare)
    for a, b in _ONSETS:
        if bare.startswith(a) and len(bare) > len(a):
            bare = b + bare[len(a):]
            break
    bare = bare.replace("y", "i")
    if bare.endswith("ng"):
        bare = bare[:-1]
    elif bare.endswith("c") and len(bare) > 2:
        bare = bare[:-1] + "t"
    return bare


class Vocabulary:
    """Tokens with frequencies by sex and place in the name; distances from a token as read to all of them, cached.

    tokens: list of str; lengths: int64 (V,), letters compared; ear: int32 (V,), the class of tokens that sound alike; frequency: float32
    (3 sexes: any, male, female; 3 parts; V), each row summing to at most 1.
    """

    def __init__(self, tokens: Sequence[str], counts: np.ndarray) -> None:
        self.tokens = list(tokens)
        self.lengths = np.array([min(len(t), WIDTH) for t in self.tokens], dtype=np.int64)
        totals = counts.sum(axis=2, keepdims=True)
        self.frequency = (counts / np.maximum(totals, 1)).astype(np.float32)
        self.codes = LetterCodes()
        self._matrix = self.codes.encode(self.tokens, WIDTH)
        self._ears: dict[str, int] = {}
        self.ear = np.array([self._ears.setdefault(ear_key(t), len(self._ears)) for t in self.tokens], dtype=np.int32)
        self._common = self.frequency[0].sum(axis=0)
        self._distances: dict[str, np.ndarray] = {}
        self._near: dict[tuple[str, int, float], list[int]] = {}

    def __len__(self) -> int:
        return len(self.tokens)

    def prepare(self, observed: Iterable[str]) -> None:
        """Compute the distances of many tokens at once; a chunk of entries asks for its own before it is compared."""
        wanted = {t for t in observed if t}
        missing = sorted(wanted - self._distances.keys())
        if (len(self._distances) + len(missing)) * max(1, len(self)) > _CACHE_BYTES:
            self._distances.clear()
            missing = sorted(wanted)
        for token, row in zip(missing, edit_distances(self.codes, missing, self._matrix, self.lengths), strict=True):
            self._distances[token] = row

    def distances(self, token: str) -> np.ndarray:
        """uint8 (V,): tenths of an edit from `token` to each of the vocabulary."""
        found = self._distances.get(token)
        if found is None:
            self.prepare([token])
            found = self._distances[token]
        return found

    def ear_class(self, token: str) -> int:
        """The class of tokens that sound like this one, -1 if none does."""
        return self._ears.get(ear_key(token), -1)

    def ear_alike(self, token: str) -> np.ndarray:
        """Ids of the tokens that sound alike."""
        return np.flatnonzero(self.ear == self.ear_class(token))

    def nearest(self, token: str, limit: int, within: float) -> list[int]:
        """Ids of at most `limit` tokens within `within` edits of the nearest one, nearest and then commonest first, and then of those
        that sound alike."""
        found = self._near.get((token, limit, within))
        if found is not None:
            return found
        d = self.distances(token)
        near = np.flatnonzero(d <= int(d.min(initial=255)) + round(within * 10))
        near = near[np.lexsort((near, -self._common[near], d[near]))][:limit]
        if len(self._near) > 60_000:
            self._near.clear()
        found = self._near[token, limit, within] = list(dict.fromkeys([*near.tolist(), *self.ear_alike(token).tolist()]))
        return found


def part_of(position: int, length: int) -> int:
    """Which part of the name the token at `position` of `length` is."""
    if position == length - 1:
        return GIVEN
    return SURNAME if position == 0 else MIDDLE
