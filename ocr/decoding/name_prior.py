"""How likely a name is before it is seen: the words names are made of, by place and sex, with room for words no list has."""
from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, lru_cache

from records.names import Part, common_tokens
from records.places import default_gazetteer

PLACE_WORD, OPEN = 0.01, 0.02       # shares of words known from place names only, and of any letters
# shares of words that stand on another part's list: a mother's surname as a middle name is usual, a surname as a given name is not
ELSEWHERE: Mapping[tuple[Part, Part], float] = {
    ("middle", "surname"): 0.05, ("middle", "given"): 0.03, ("given", "middle"): 0.015, ("given", "surname"): 0.002,
    ("surname", "middle"): 0.002, ("surname", "given"): 0.004,
}
OPEN_LETTER = 2.4           # nats a letter of a word that no list has
OTHER_SEX = 0.08            # share of middle and given names that do not follow the bearer's sex
TWICE = math.log(0.03)      # a word that stands twice in a name
LATE_MARKER = math.log(0.05)        # Thị or Văn that does not follow the surname
LENGTHS = {1: 0.006, 2: 0.13, 3: 0.56, 4: 0.28, 5: 0.022, 6: 0.002}
_WORDS_KEPT = 1 << 15       # words as parts of names whose prior is kept: readings bring ever new ones
_MARKERS = frozenset(("thị", "văn"))
PARTS: tuple[Part, ...] = ("surname", "middle", "given")


@cache
def listed(part: Part, sex: str | None) -> Mapping[str, float]:
    """Lower-case words of a part with shares; with a sex as that sex bears them, the other's tokens rare."""
    out: dict[str, float] = {}
    tables = [(common_tokens(part), 1.0)] if sex is None or part == "surname" else [
        (common_tokens(part, sex), 1 - OTHER_SEX), (common_tokens(part), OTHER_SEX)]
    for table, share in tables:
        for token, w in table.items():
            words = token.lower().split()
            for word in words:
                out[word] = out.get(word, 0.0) + share * w / len(words)
    return out


@cache
def place_words() -> Mapping[str, float]:
    """Lower-case words of communes' names with shares: the syllables of the language, and those of its minorities."""
    counts: dict[str, int] = {}
    for unit in default_gazetteer().communes:
        for word in unit.bare_name.lower().split():
            if word.isalpha():
                counts[word] = counts.get(word, 0) + 1
    total = sum(counts.values())
    return {w: n / total for w, n in counts.items()}


@cache
def lexicon() -> tuple[str, ...]:
    """Every word that a list has."""
    return tuple(sorted({*place_words(), *(w for p in PARTS for w in listed(p, None))}))


@lru_cache(maxsize=_WORDS_KEPT)
def word_log(word: str, part: Part, sex: str | None = None) -> float:
    """ln of the share of names that have this word (lower case) in this part."""
    others = {p: ELSEWHERE[part, p] for p in PARTS if p != part}
    share = (1 - sum(others.values()) - PLACE_WORD - OPEN) * listed(part, sex).get(word, 0.0)
    if part == "middle" or word not in _MARKERS:
        share += sum(w * listed(p, sex).get(word, 0.0) for p, w in others.items())
    return math.log(share + PLACE_WORD * place_words().get(word, 0.0) + OPEN * math.exp(-OPEN_LETTER * len(word)))


def name_log_prior(text: str, sex: str | None = None) -> float:
    """ln of how likely a name (lower case, single spaces) is: number of words, surname, middle names, given name by sex."""
    words = text.split()
    if not words:
        return -math.inf
    if len(words) == 1:
        return math.log(LENGTHS[1]) + word_log(words[0], "given", sex)
    out = word_log(words[0], "surname") + _later(words[1:], sex) + math.log(LENGTHS.get(len(words), 2e-4))
    for n in (2, 3):
        share = double_surnames().get(" ".join(words[:n]), 0.0) if len(words) > n else 0.0
        if share:
            whole = math.log(share) + _later(words[n:], sex) + math.log(LENGTHS.get(len(words) - n + 1, 2e-4))
            out = max(out, whole)
    return out + TWICE * (len(words) - len(set(words)))


def _later(words: list[str], sex: str | None) -> float:
    """ln prior of what follows the surname."""
    late = LATE_MARKER * sum(w in _MARKERS for w in words[1:-1])
    return late + word_log(words[-1], "given", sex) + sum(word_log(w, "middle", sex) for w in words[:-1])


@cache
def double_surnames() -> Mapping[str, float]:
    """Surnames of several words (Âu Dương, Rơ Châm), lower case, with shares."""
    return {t.lower(): w for t, w in common_tokens("surname").items() if " " in t}
