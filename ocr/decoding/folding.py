"""Lattices with distinctions taken away that a kind of field does not make: case, spaces, which stroke separates numbers."""
from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ocr.lattice import Lattice

FLOOR = 1e-5      # least probability of a symbol in a frame: one misread letter must not outweigh a whole line
SEPARATORS = "/.-,\\|:;'()!_"
# What a reader of words makes of digits, and how freely it is believed (share of the letter's probability that counts for the digit).
LOOKALIKES: Mapping[str, tuple[tuple[str, float], ...]] = {
    "o": (("0", 0.5),), "ô": (("0", 0.3),), "ơ": (("0", 0.3),), "q": (("9", 0.4),), "d": (("0", 0.1),), "l": (("1", 0.4), ("/", 0.3)), "i": (("1", 0.4),),
    "í": (("1", 0.3),), "ì": (("1", 0.3),), "j": (("1", 0.2),), "!": (("1", 0.2), ("/", 0.5)), "|": (("1", 0.3), ("/", 0.5)), "z": (("2", 0.5),),
    "s": (("5", 0.5),), "b": (("6", 0.5), ("8", 0.2)), "g": (("9", 0.5), ("8", 0.2)), "t": (("7", 0.2), ("1", 0.2)), "a": (("0", 0.2), ("2", 0.1)),
    "á": (("2", 0.1),), "e": (("2", 0.2),), "è": (("2", 0.2),), "é": (("2", 0.2),), "f": (("7", 0.2),), "y": (("4", 0.3),), "u": (("4", 0.1), ("0", 0.1)),
    "n": (("1", 0.1),), "c": (("0", 0.2), ("6", 0.1)), "h": (("4", 0.2),), "?": (("7", 0.3),), "x": (("8", 0.2), ("4", 0.1)), "[": (("1", 0.2), ("/", 0.3)),
    "]": (("1", 0.2), ("/", 0.3)), "(": (("/", 0.6), ("1", 0.2)), ")": (("/", 0.5), ("1", 0.2)), "<": (("1", 0.1),), "r": (("1", 0.1),),
}


def fold_text(lattice: Lattice) -> Lattice:
    """Lower case without spaces or punctuation: probabilities of a letter's two cases added, everything else added to the blank.

    Score texts on it that went through `plain`.
    """
    return _fold(lattice, *_text_matrix(lattice.alphabet))


def fold_words(lattice: Lattice) -> Lattice:
    """Lower case with spaces, apostrophes and hyphens kept, all other punctuation added to the blank: for names."""
    return _fold(lattice, *_words_matrix(lattice.alphabet))


def fold_digits(lattice: Lattice) -> Lattice:
    """Digits and one separator `/`: separators of every kind together, letters lent to the digits they are mistaken for, spaces to the blank."""
    return _fold(lattice, *_digits_matrix(lattice.alphabet))


@lru_cache(maxsize=8)
def _text_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    return _matrix({c: [(c.lower(), 1.0)] if c.isalnum() else [("", 1.0)] for c in alphabet})


@lru_cache(maxsize=8)
def _words_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    return _matrix({c: [(c.lower(), 1.0)] if c.isalpha() or c in " '-" else [("", 1.0)] for c in alphabet})


@lru_cache(maxsize=8)
def _digits_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    groups: dict[str, list[tuple[str, float]]] = {}
    for c in alphabet:
        if c.isdigit():
            groups[c] = [(c, 1.0)]
        elif c == " ":
            groups[c] = [("", 1.0)]
        else:
            groups[c] = list(LOOKALIKES.get(c.lower(), ()))
            if c in SEPARATORS:
                groups[c] += [("/", 1.0)] if c not in LOOKALIKES else []
                groups[c] += [("", 0.3)]
    return _matrix(groups)


def plain(text: str) -> str:
    """The text as `fold_text` lattices spell it."""
    return "".join(c for c in text.lower() if c.isalnum())


def _matrix(groups: Mapping[str, list[tuple[str, float]]]) -> tuple[np.ndarray, str]:
    """(symbols + 1, targets + 1) shares of each symbol's probability by target, "" being the blank; and the targets."""
    targets = sorted({t for g in groups.values() for t, _ in g if t})
    place = {"": 0} | {t: i + 1 for i, t in enumerate(targets)}
    matrix = np.zeros((len(groups) + 1, len(targets) + 1))
    matrix[0, 0] = 1.0
    for i, shares in enumerate(groups.values()):
        for target, share in shares:
            matrix[i + 1, place[target]] += share
    return matrix, "".join(targets)


def _fold(lattice: Lattice, matrix: np.ndarray, targets: str) -> Lattice:
    p = np.exp(lattice.log_probs.astype(np.float64)) @ matrix
    return Lattice(np.log(np.maximum(p, FLOOR)), targets, lattice.model)
