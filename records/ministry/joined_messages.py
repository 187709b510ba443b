"""The Ministry's error messages arrive as one string, joined by line ends or by the letter n of a lost backslash: taken apart again."""
from __future__ import annotations

import re
from functools import cache
from unicodedata import normalize

from records.ministry.messages import BS_FIELDS
from records.ministry.template import templates
from records.text import is_vietnamese_syllable

_BREAKS = re.compile(r"\r\n|\r|\n|\\n|<br\s*/?>", re.IGNORECASE)
_JOINED_ENDS = ("hợp lện", "ký tựn", "chữ sốn", "mã sốn", "hồ sơn", "ví dụn")     # what could be syllables, but end no message


@cache
def _codes() -> frozenset[str]:
    return frozenset(c for t in templates() for columns in t.columns.values() for c in columns) | frozenset(BS_FIELDS)


def split_messages(text: str) -> list[str]:
    """Each message on a line of its own, in order, without the joining signs. A letter n that belongs to a word or a field's code stays."""
    lines = []
    for part in _BREAKS.split(normalize("NFC", text)):
        words = part.split()
        line: list[str] = []
        for word in words:
            at = _join_in(word)
            while at is not None:
                line.append(word[:at])
                lines.append(" ".join(line))
                line, word = [], word[at + 1:]
                at = _join_in(word)
            line.append(word)
        lines.append(" ".join(line))
    return [said for said in (_without_last_n(line.strip(" ;")) for line in lines) if said]


def _join_in(word: str) -> int | None:
    """Where in the word a joining n stands: what follows begins a message, with a capital or with a field's code."""
    if word in _codes():
        return None
    for m in re.finditer("n", word):
        left, right = word[: m.start()], word[m.end():]
        if not left or not right:
            continue
        bare = re.match(r"\w*", right)
        begins = right[0].isupper() or (bare is not None and bare[0] in _codes())
        if begins and not any(code.startswith(left + "n") for code in _codes()):
            return m.start()
    return None


def _without_last_n(line: str) -> str:
    if not line.endswith("n") or line == "n":
        return "" if line == "n" else line
    word, rest = line.split()[-1], line[:-1]
    if line.casefold().endswith(_JOINED_ENDS):
        return rest
    if word[:-1] and not word[-2].isalpha():
        return rest.rstrip()
    if word not in _codes() and not is_vietnamese_syllable(word) and is_vietnamese_syllable(word[:-1]):
        return rest
    return line
