"""Names of people: beam search with the tokens that names are made of as a prior, never as a fence."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ocr.decoding.beam import beam_search
from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_names, fold_words, plain
from ocr.lattice import Lattice
from records.names import Part, common_tokens, written_case

UNKNOWN_TOKEN = 0.03        # share of tokens that no list has
UNKNOWN_LETTER = 2.4        # nats a letter of such a token
SECOND_SURNAME = 0.06       # share of middle names that are surnames (the mother's)
LETTER_BONUS = 1.5          # nats a letter: tempered likelihoods favour short texts, the prior of each word being whole
MISSED = 0.06               # how fast it grows likely that the search missed the name, a nat (tempered) that the best one explains less
TOKENS_IN_NAME = {1: 0.006, 2: 0.13, 3: 0.56, 4: 0.28, 5: 0.022, 6: 0.002}


@dataclass(frozen=True)
class NameCandidates:
    """Likely texts of one name (lower case) with the field's lattices, for weighing them again together with another field."""

    texts: tuple[str, ...]
    folded: Lattice
    words: Lattice


@cache
def _weights(part: Part, sex: str | None) -> dict[str, float]:
    """Lower-case words of a part with shares. With a sex known, the other sex's tokens keep a tenth: some names do not follow it."""
    out: dict[str, float] = {}
    tables = [(common_tokens(part, sex), 0.9), (common_tokens(part), 0.1)] if sex else [(common_tokens(part), 1.0)]
    for table, share in tables:
        for token, w in table.items():
            words = token.lower().split()
            for word in words:
                out[word] = out.get(word, 0.0) + share * w / len(words)
    return out


@cache
def _later(sex: str | None) -> dict[str, float]:
    """Words after the surname: middle or given name, or a second surname."""
    out: dict[str, float] = {}
    half = 0.5 - SECOND_SURNAME / 2
    shares: tuple[tuple[Part, float], ...] = (("middle", half), ("given", half), ("surname", SECOND_SURNAME))
    for part, share in shares:
        for word, w in _weights(part, sex if part != "surname" else None).items():
            out[word] = out.get(word, 0.0) + share * w
    return out


@cache
def _beginnings(first: bool, sex: str | None) -> dict[str, float]:
    """Total share of the words that begin so; "" is all of them."""
    out: dict[str, float] = {}
    for word, w in (_weights("surname", None) if first else _later(sex)).items():
        for k in range(len(word) + 1):
            out[word[:k]] = out.get(word[:k], 0.0) + w
    return out


def _word_log(word: str, table: dict[str, float]) -> float:
    known = table.get(word, 0.0)
    return math.log((1 - UNKNOWN_TOKEN) * known + UNKNOWN_TOKEN * math.exp(-UNKNOWN_LETTER * len(word)))


def _begin_log(begin: str, table: dict[str, float]) -> float:
    return _word_log(begin, table) if begin else 0.0


def name_log_prior(text: str, sex: str | None = None) -> float:
    """ln of how likely a name (lower case, single spaces) is: number of words, surname, middle names, given name by sex."""
    words = text.split()
    if not words:
        return -math.inf
    out = math.log(TOKENS_IN_NAME.get(len(words), 2e-4))
    if len(words) == 1:
        return out + _word_log(words[0], _weights("given", sex))
    out += _word_log(words[0], _weights("surname", None)) + _word_log(words[-1], _weights("given", sex))
    middle, surnames = _weights("middle", sex), _weights("surname", None)
    for w in words[1:-1]:
        out += max(_word_log(w, middle), math.log(SECOND_SURNAME) + _word_log(w, surnames))
    return out


def search_names(lattice: Lattice, temperature: float, sex: str | None = None, width: int = 24, keep: int = 24) -> NameCandidates:
    """The likely texts of a name field."""
    words = fold_words(lattice)

    def step(prefix: str, c: str) -> float:
        begun = prefix.rpartition(" ")[2]
        first = " " not in prefix
        table = _beginnings(first, sex)
        if c == " ":
            if not begun:
                return -math.inf
            whole = _weights("surname", None) if first else _later(sex)
            return _word_log(begun, whole) - _begin_log(begun, table)
        return LETTER_BONUS + _begin_log(begun + c, table) - _begin_log(begun, table)

    found = beam_search(words, step, temperature, width)
    texts = [t.strip() for t, _ in found[:keep]]
    greedy = " ".join(words.best_text().split())
    texts += [greedy, *(s for s in (_split_glued(t, sex) for t in [greedy, *texts[:6]]) if s)]
    return NameCandidates(tuple(dict.fromkeys(t.replace("' ", "'") for t in texts if plain(t))), fold_names(lattice), words)


def _split_glued(text: str, sex: str | None) -> str | None:
    """The text with words that stand glued together ("vănlong") taken apart where both halves are known, None if there are none."""
    known = _later(sex)
    out = []
    for word in text.split():
        cuts = [(known[word[:k]] * known[word[k:]], k) for k in range(1, len(word)) if word[:k] in known and word[k:] in known]
        if word not in known and cuts:
            k = max(cuts)[1]
            out += [word[:k], word[k:]]
        else:
            out.append(word)
    return " ".join(out) if len(out) > len(text.split()) else None


def weigh_names(fields: Sequence[NameCandidates], temperature: float, sex: str | None = None, extra: Sequence[str] = ()) -> Choice | None:
    """The best name on one field, or on several that hold the same person's name; `extra`: further texts to consider."""
    texts = list(dict.fromkeys([*(t for f in fields for t in f.texts), *extra]))
    total = np.sum([f.folded.scores(texts) for f in fields], axis=0)
    candidates = [
        Scored(written_case(t), t, float(s), name_log_prior(t, sex) + LETTER_BONUS * len(plain(t)))
        for t, s in zip(texts, total, strict=True)
    ]
    best = choose(candidates, temperature)      # free text is among the candidates, at the price of unknown words
    if best is None:
        return None
    gap = temperature * sum(f.folded.best_log_prob() - f.folded.score(best.text) for f in fields) / len(fields)
    found = math.exp(-MISSED * max(0.0, gap))
    return replace(best, probability=best.probability * found, ranking=tuple((v, q * found) for v, q in best.ranking))


def same_person(a: NameCandidates, b: NameCandidates, temperature: float, prior: float) -> float:
    """Probability that two fields hold one name: both read as one against each read by itself. prior: beforehand."""
    def evidence(fields: Sequence[NameCandidates], texts: Sequence[str]) -> float:
        total = np.sum([f.folded.scores(texts) for f in fields], axis=0)
        bonus = LETTER_BONUS * len(fields)
        return max(temperature * float(s) + name_log_prior(t) + bonus * len(plain(t)) for s, t in zip(total, texts, strict=True))

    together = evidence([a, b], list(dict.fromkeys(a.texts + b.texts)))
    apart = evidence([a], a.texts) + evidence([b], b.texts)
    odds = math.exp(min(700.0, together - apart)) * prior / (1 - prior)
    return odds / (1 + odds)
