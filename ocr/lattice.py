"""The recogniser's answer for one line: CTC log-probabilities, kept compactly, and what can be asked of them."""
from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ocr.trie import Trie


@cache
def _nearest(letter: str, alphabet: str) -> str:
    """The symbol of the alphabet that stands for this letter, or the letter itself if there is none."""
    plain = unicodedata.normalize("NFD", letter.lower())[0]
    tries = (letter.lower(), "'" if letter in "’‘`ʼ" else letter, plain)
    return next((t for t in tries if t in alphabet), letter)


@dataclass(frozen=True)
class Lattice:
    """CTC log-probabilities of one line.

    log_probs: float16 (frames, symbols); column 0 is the blank, column i is alphabet[i - 1].
    alphabet: the symbols, one character each. model: id of the model that gave them.
    """

    log_probs: np.ndarray
    alphabet: str
    model: str

    @cached_property
    def derived(self) -> dict[str, Lattice]:
        """What decoders made of this lattice, by name, kept as long as it is: each asks more than once."""
        return {}

    def best_text(self) -> str:
        """Greedy CTC decoding: best symbol a frame, repeats merged, blanks dropped."""
        best = self.log_probs.argmax(axis=1)
        keep = (best != 0) & (best != np.concatenate(([0], best[:-1])))
        return "".join(self.alphabet[i - 1] for i in best[keep])

    def best_log_prob(self) -> float:
        """Log-probability of the best path (greedy)."""
        return float(self.log_probs.max(axis=1).astype(np.float64).sum())

    def score(self, text: str) -> float:
        """ln P(text | image): the CTC forward sum over all paths that spell `text`; -inf if it cannot be spelled."""
        return float(self.scores([text])[0])

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """`score` for many texts at once: float64 (len(texts),). A list that is scored often is better kept as an `ocr.trie.Trie`.

        A letter that the model does not know counts as the nearest it knows: small for capital, plain for a mark it lacks.
        """
        return Trie([self.spelled(t) for t in texts]).scores(self.log_probs, self.alphabet)

    def spelled(self, text: str) -> str:
        """The text in the model's own letters, as far as they go."""
        return "".join(c if c in self.alphabet else _nearest(c, self.alphabet) for c in text)


def pack(lattices: Mapping[tuple[int, str], Lattice], top: int = 12) -> bytes:
    """One page's lattices as bytes, deterministic: the `top` best symbols a frame as uint8 costs (units of 1/16 nat), the rest dropped."""
    arrays: dict[str, np.ndarray] = {}
    for (row, code), lattice in sorted(lattices.items()):
        lp = lattice.log_probs.astype(np.float32)
        order = np.argsort(-lp, axis=1, kind="stable")[:, :top]
        cost = np.clip(np.rint(-np.take_along_axis(lp, order, axis=1) * 16), 0, 255).astype(np.uint8)
        name = f"{row}|{code}"
        arrays[name + "|symbols"] = order.astype(np.uint16)
        arrays[name + "|costs"] = cost
        arrays[name + "|meta"] = np.array([lattice.model, lattice.alphabet])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)      # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(data: bytes) -> dict[tuple[int, str], Lattice]:
    """The inverse of `pack`; symbols that were dropped come back at -16 nats."""
    out: dict[tuple[int, str], Lattice] = {}
    with np.load(io.BytesIO(data), allow_pickle=False) as z:
        for name in z.files:
            if not name.endswith("|meta"):
                continue
            row, code, _ = name.split("|")
            model, alphabet = (str(v) for v in z[name])
            symbols, costs = z[f"{row}|{code}|symbols"], z[f"{row}|{code}|costs"]
            lp = np.full((symbols.shape[0], len(alphabet) + 1), -16.0, dtype=np.float16)
            np.put_along_axis(lp, symbols.astype(np.int64), -costs.astype(np.float16) / 16, axis=1)
            out[int(row), code] = Lattice(lp, alphabet, model)
    return out
