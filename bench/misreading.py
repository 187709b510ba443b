"""What a reader makes of handwriting, for measuring: letters taken for others, marks lost, letters lost or added; worse in some hands
than in others."""
from __future__ import annotations

import unicodedata

import numpy as np

_LIKE = {
    "a": "ou", "o": "ae", "u": "nva", "n": "umr", "e": "c", "c": "e", "h": "kb", "k": "h", "l": "tb", "t": "lf", "r": "v", "v": "ru",
    "g": "yq", "y": "gj", "i": "jl", "m": "wn", "s": "r", "b": "hl",
    "1": "74", "7": "19", "4": "91", "9": "47", "3": "8", "8": "36", "0": "68", "6": "05", "5": "63", "2": "7",
}
_MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
HANDS = (0.0, 0.02, 0.08, 0.25)          # misread letters per letter, from a clear hand to a bad one
HAND_SHARES = (0.45, 0.25, 0.2, 0.1)


def misread(text: str, error: float, rng: np.random.Generator) -> str:
    """The text as it would be read with `error` misread letters per letter; spaces are lost more rarely."""
    out = []
    for letter in text:
        roll = rng.random()
        if letter == " " or letter in ",-":
            out.append("" if letter == " " and roll < error / 12 else letter)
        elif roll >= error:
            out.append(letter)
        elif roll < 0.40 * error and letter.lower() in _LIKE:
            new = str(rng.choice(list(_LIKE[letter.lower()])))
            out.append(new.upper() if letter.isupper() else new)
        elif roll < 0.75 * error and letter.isalpha():
            out.append(_other_mark(letter, rng))
        elif roll < 0.85 * error:
            continue
        elif roll < 0.93 * error and letter.isalpha():
            out.append(letter + str(rng.choice(list("aeinhu"))))
        else:
            out.append(str(rng.choice(list("0123456789" if letter.isdecimal() else "aeghiklmnoprstuvxy"))))
    return "".join(out)


def _other_mark(letter: str, rng: np.random.Generator) -> str:
    base = unicodedata.normalize("NFD", letter)
    if base[0].lower() not in "aeiouy":
        return {"đ": "d", "Đ": "D"}.get(letter, letter)
    return unicodedata.normalize("NFC", base[0] + str(rng.choice(_MARKS)))
