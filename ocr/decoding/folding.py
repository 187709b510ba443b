"""Lattices with distinctions taken away that a kind of field does not make: case, spaces, which stroke separates numbers."""
from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ocr.lattice import Lattice

SKIPPED_SPACE, UNSEEN_SPACE = 0.02, 0.02     # shares of a space taken for none, of none taken for a space
FLOOR = 1e-5      # least probability of a symbol in a frame: one misread letter must not outweigh a whole line
UNSEEN = 2e-7     # a symbol that stays below this everywhere was not seen: kept lattices give such a share to all they dropped
PAUSE = 2e-3      # a frame is a pause where everything but the blank has no more than this
SEPARATORS = "/.-,\\|:;'()!_"
# What a reader of words makes of digits, and how freely it is believed (share of the letter's probability that counts for the digit).
_LOOKALIKES = """
o 0.5:0    ô 0.3:0    ơ 0.3:0    q 0.4:9    d 0.1:0    z 0.5:2    s 0.5:5    f 0.2:7    y 0.3:4    h 0.2:4    ? 0.3:7    r 0.1:1    n 0.1:1
l 0.4:1 0.3:/    i 0.4:1    í 0.3:1    ì 0.3:1    j 0.2:1    < 0.1:1    ! 0.2:1 0.5:/    | 0.3:1 0.5:/
[ 0.2:1 0.3:/    ] 0.2:1 0.3:/    ( 0.6:/ 0.2:1    ) 0.5:/ 0.2:1
b 0.5:6 0.2:8    g 0.5:9 0.2:8    t 0.2:7 0.2:1    a 0.2:0 0.1:2    á 0.1:2    e 0.2:2    è 0.2:2    é 0.2:2    u 0.1:4 0.1:0
c 0.2:0 0.1:6    x 0.2:8 0.1:4
"""
LOOKALIKES: Mapping[str, tuple[tuple[str, float], ...]] = {
    entry.split()[0]: tuple((digit, float(share)) for share, _, digit in (x.partition(":") for x in entry.split()[1:]))
    for line in _LOOKALIKES.strip().splitlines() for entry in re.split(r"\s{2,}", line.strip())
}


def fold_text(lattice: Lattice) -> Lattice:
    """Lower case without spaces or punctuation: probabilities of a letter's two cases added, everything else added to the blank.

    Score texts on it that went through `plain`.
    """
    return _fold(lattice, "text")


def fold_words(lattice: Lattice) -> Lattice:
    """Lower case with spaces, apostrophes and hyphens kept, all other punctuation added to the blank: for names."""
    return _fold(lattice, "words")


def fold_names(lattice: Lattice) -> Lattice:
    """As `fold_words`, but a space is soft: words that stand glued or torn apart still score, a little lower."""
    return _soft_spaces(fold_words(lattice))


def _soft_spaces(words: Lattice) -> Lattice:
    if " " not in words.alphabet:
        return words
    space = words.alphabet.index(" ") + 1
    p = np.exp(words.log_probs)
    blank, gap = p[:, 0].copy(), p[:, space].copy()
    p[:, 0] = blank + SKIPPED_SPACE * gap
    p[:, space] = gap + UNSEEN_SPACE * blank
    return Lattice(np.log(p), words.alphabet, words.model)


def fold_address(lattice: Lattice) -> Lattice:
    """Lower case with digits, slashes and soft spaces, all other punctuation added to the blank."""
    return _soft_spaces(_fold(lattice, "address"))


def fold_digits(lattice: Lattice) -> Lattice:
    """Digits and one separator `/`: separators of every kind together, letters lent to the digits they are mistaken for, spaces to the
    blank."""
    return _fold(lattice, "digits")


@lru_cache(maxsize=8)
def _text_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    return _matrix({c: [(c.lower(), 1.0)] if c.isalnum() else [("", 1.0)] for c in alphabet})


@lru_cache(maxsize=8)
def _words_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    return _matrix({c: [(c.lower(), 1.0)] if c.isalpha() or c in " '-" else [("", 1.0)] for c in alphabet})


@lru_cache(maxsize=8)
def _address_matrix(alphabet: str) -> tuple[np.ndarray, str]:
    return _matrix({c: [(c.lower(), 1.0)] if c.isalnum() or c in " /" else [("", 1.0)] for c in alphabet})


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


def _fold(lattice: Lattice, name: str) -> Lattice:
    """The lattice folded by one of the matrices; kept with it, since every decoder asks again."""
    kept = lattice.derived
    if name not in kept:
        matrix, targets = _MATRICES[name](lattice.alphabet)
        p = np.exp(lattice.log_probs.astype(np.float64))
        out = np.zeros((len(p), len(targets) + 1))
        for i in np.flatnonzero(p.max(axis=0, initial=0.0) > UNSEEN):       # a dozen or two of some hundred symbols
            for j in np.flatnonzero(matrix[i]):
                out[:, j] += matrix[i, j] * p[:, i]
        kept[name] = Lattice(np.log(np.maximum(_without_pauses(out), FLOOR)), targets, lattice.model)
    return kept[name]


def _without_pauses(p: np.ndarray) -> np.ndarray:
    """Of frames that show nothing but blank, one after another, only two: texts score alike in less time, and there is room left for a
    letter that the reader missed."""
    pause = p[:, 0] > 1 - PAUSE
    drop = np.flatnonzero(pause[2:] & pause[1:-1] & pause[:-2]) + 2
    if not len(drop):
        return p
    first = np.arange(len(p))
    for t in drop:
        first[t] = first[t - 1]
    out = p.copy()
    np.maximum.at(out[:, 1:], first[drop], p[drop, 1:])
    return out[np.setdiff1d(np.arange(len(p)), drop)]


_MATRICES = {"text": _text_matrix, "words": _words_matrix, "address": _address_matrix, "digits": _digits_matrix}
