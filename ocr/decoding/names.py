"""Names of people: words found between the spaces of the lattice, known ones and what the letters spell, weighed together as names."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations

import numpy as np

from ocr.decoding.folding import fold_names, fold_words, plain
from ocr.decoding.name_prior import PARTS, lexicon, listed, word_log
from ocr.decoding.near import near_texts
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.names import Part

LETTER_BONUS = 0.9          # nats a letter: tempered likelihoods favour short texts, the prior of each word being whole
MISSED = 0.06               # how fast it grows likely that the search missed the name, a nat (tempered) that the best one explains less
STRAY = math.log(0.03) - 4      # ink ahead of the name that is no part of it: the end of a label, a blot
_SPACE_SEEN, _SPACE_SURE = 0.03, 0.9    # probability from which a space may stand, and surely stands
_DOUBTFUL = 4               # doubtful spaces that are tried both ways
_WORDS = 8                  # words tried at a place, known ones and open ones each


@dataclass(frozen=True)
class NameCandidates:
    """Likely texts of one name (lower case) with the field's lattices, for weighing them again together with another field."""

    texts: tuple[str, ...]
    folded: Lattice
    words: Lattice


def search_names(lattice: Lattice, temperature: float, sex: str | None = None, keep: int = 32) -> NameCandidates:
    """The likely texts of a name field."""
    words = fold_words(lattice)
    greedy = " ".join(words.best_text().split())
    windows = _Windows(words, temperature, sex)
    found: dict[str, float] = {}
    for parts, spaces in _divisions(words):
        for text, w in windows.combine(parts):
            found[text] = max(found.get(text, -math.inf), w + temperature * spaces)
    ranked = sorted(found, key=lambda t: (-found[t], t))[:keep]
    texts = [greedy, *ranked, *(s for s in (_split_glued(t, sex) for t in (greedy, *ranked[:4])) if s)]
    return NameCandidates(tuple(dict.fromkeys(t.replace("' ", "'") for t in texts if plain(t))), fold_names(lattice), words)


def _divisions(words: Lattice) -> list[tuple[list[tuple[int, int]], float]]:
    """Ways to divide the line at its spaces: windows of frames and ln P of the spaces between."""
    if " " not in words.alphabet:
        return [([(0, len(words.log_probs))], 0.0)]
    column = words.alphabet.index(" ") + 1
    p = np.exp(words.log_probs[:, [0, column]])
    seen = np.concatenate(([0], (p[:, 1] > _SPACE_SEEN).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(seen))
    gaps = [(int(a), int(b), float(p[a:b, 1].max())) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    doubtful = sorted((g for g in gaps if g[2] < _SPACE_SURE), key=lambda g: (abs(g[2] - 0.5), g[0]))[:_DOUBTFUL]
    firm = [g for g in gaps if g not in doubtful and g[2] > 0.5]
    out = []
    for n in range(len(doubtful) + 1):
        for some in combinations(doubtful, n):
            taken = sorted([*firm, *some])
            starts, stops = [0, *(b for _, b, _ in taken)], [*(a for a, _, _ in taken), len(p)]
            parts = [(a, b) for a, b in zip(starts, stops, strict=True) if _inked(words, a, b)]
            spaces = sum(math.log(g[2]) for g in taken)
            if parts and len(parts) <= 8:
                out.append((parts, spaces))
    return out


def _inked(words: Lattice, a: int, b: int) -> bool:
    """Whether anything but blanks and spaces is likely between two frames."""
    best = words.log_probs[a:b].argmax(axis=1)
    return bool(((best > 0) & (best != words.alphabet.find(" ") + 1)).any())


class _Windows:
    """The words that may stand in windows of one line, each window looked at once."""

    def __init__(self, words: Lattice, temperature: float, sex: str | None):
        self.words, self.temperature, self.sex = words, temperature, sex
        self._kept: dict[tuple[int, int, Part], list[tuple[str, float]]] = {}
        self._scores: dict[tuple[int, int], tuple[np.ndarray, list[tuple[str, float]]]] = {}

    def combine(self, parts: Sequence[tuple[int, int]], width: int = 24) -> list[tuple[str, float]]:
        """The likeliest names of one division, with their weights (tempered ln P and prior of the words)."""
        kinds: list[Part] = ["given"] if len(parts) == 1 else ["surname", *(["middle"] * (len(parts) - 2)), "given"]      # type: ignore[list-item]
        names = [("", 0.0)]
        for (a, b), part in zip(parts, kinds, strict=True):
            grown = [(f"{text} {word}" if text else word, w + v) for text, w in names for word, v in self._likely(a, b, part)]
            names = sorted(grown, key=lambda tw: (-tw[1], tw[0]))[:width]
        return names

    def _likely(self, a: int, b: int, part: Part) -> list[tuple[str, float]]:
        """Words of one window with tempered ln P, prior and the bonus of their letters."""
        key = a, b, part
        if key not in self._kept:
            scores, near = self._look(a, b)
            weights = self.temperature * scores + _priors(part, self.sex)
            best = np.argpartition(-weights, _WORDS)[:_WORDS]
            known = lexicon()
            out = {known[i]: float(weights[i]) for i in best if weights[i] > -math.inf}
            for word, s in near:
                out.setdefault(word, self.temperature * s + word_log(word, part, self.sex) + LETTER_BONUS * len(word))
            self._kept[key] = sorted(out.items(), key=lambda ww: (-ww[1], ww[0]))[:2 * _WORDS]
        return self._kept[key]

    def _look(self, a: int, b: int) -> tuple[np.ndarray, list[tuple[str, float]]]:
        """ln P of every word of the lexicon in a window, and what its letters spell with ln P."""
        if (a, b) not in self._scores:
            part, alphabet = self.words.log_probs[a:b], self.words.alphabet
            near = [t for t in dict.fromkeys(t.replace(" ", "") for t, _ in near_texts(part, alphabet, _WORDS)) if plain(t)]
            own = Trie(near).scores(part, alphabet)
            scores = _lexicon_trie(alphabet).scores(part, alphabet)
            self._scores[a, b] = scores, [(t, float(s)) for t, s in zip(near, own, strict=True) if s > -math.inf]
        return self._scores[a, b]


@lru_cache(maxsize=4)
def _lexicon_trie(alphabet: str) -> Trie:
    speller = Lattice(np.zeros((0, len(alphabet) + 1)), alphabet, "")
    return Trie([speller.spelled(w) for w in lexicon()])


@cache
def _priors(part: Part, sex: str | None) -> np.ndarray:
    """ln prior of every word of the lexicon as this part, the bonus of its letters included."""
    return np.array([word_log(w, part, sex) + LETTER_BONUS * len(w) for w in lexicon()])


@cache
def _all_listed(sex: str | None) -> dict[str, float]:
    out: dict[str, float] = {}
    for part in PARTS:
        for word, w in listed(part, sex).items():
            out[word] = out.get(word, 0.0) + w / 3
    return out


def _split_glued(text: str, sex: str | None) -> str | None:
    """The text with words that stand glued together ("vănlong") taken apart where both halves are known, None if there are none."""
    known = _all_listed(sex)
    out = []
    for word in text.split():
        cuts = [(known[word[:k]] * known[word[k:]], k) for k in range(1, len(word)) if word[:k] in known and word[k:] in known]
        if word not in known and cuts:
            k = max(cuts)[1]
            out += [word[:k], word[k:]]
        else:
            out.append(word)
    return " ".join(out) if len(out) > len(text.split()) else None


def is_stray(text: str) -> bool:
    """Whether the first word may be ink that is no part of the name: the end of a label, a blot."""
    first, _, rest = text.partition(" ")
    return " " in rest and len(first) <= 2 and first not in listed("surname", None)
