"""Entry number, book number, page number."""
from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np

from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits
from ocr.lattice import Lattice
from ocr.trie import Trie, join_scores

GREATEST = 999          # entries a year in one commune's book, rarely more
FILE_NAME_TRUST = 0.97  # how often a file's number is the entry's
PADDED = -0.7           # ln of how much rarer 007 is than 7
LIKELIEST = 60          # numbers weighed against one another


@lru_cache(maxsize=4)
def _heads(greatest: int) -> tuple[Trie, np.ndarray, np.ndarray]:
    """Every number as it may be written (7, 07, 007), which number it is, and ln of how usual that is."""
    forms = [(text, n) for n in range(1, greatest + 1) for text in dict.fromkeys((str(n), f"{n:02d}", f"{n:03d}"))]
    return (Trie([t for t, _ in forms]), np.array([n for _, n in forms]),
            np.array([0.0 if t == str(n) else PADDED for t, n in forms]))


@lru_cache(maxsize=64)
def _tails(year: int) -> Trie:
    return Trie([f"/{year}"[::-1], f"/{year % 100:02d}"[::-1]])


@cache
def _any_year() -> Trie:
    return Trie([f"/{y}"[::-1] for y in range(1950, 2031)])


def read_entry_number(lattice: Lattice, year: int | None, expected: int | None, temperature: float,
                      trust: float = FILE_NAME_TRUST) -> Choice | None:
    """`so`, the bare number, of "1/2013", "01", "1". expected: the number by file name or sequence, `trust` its weight."""
    folded = fold_digits(lattice)
    heads, numbers, padded = _heads(GREATEST if not expected or expected + 200 <= GREATEST else 10 * GREATEST)
    grid = [(heads.scores(folded.log_probs, folded.alphabet), 0.3, "")]
    if year:
        joined = join_scores(folded.log_probs, folded.alphabet, heads, _tails(year))
        grid += [(joined[:, 0], 0.6, f"/{year}"), (joined[:, 1], 0.1, f"/{year % 100:02d}")]
    else:                       # the year is not known: any that a book may have
        joined = join_scores(folded.log_probs, folded.alphabet, heads, _any_year())
        best = joined.max(axis=1)
        grid += [(best, 0.7, "/")]
    count = int(numbers[-1])
    rest = math.log((1 - trust) / count) if expected else -math.log(count)
    prior = padded + np.where(numbers == expected, math.log(trust), rest) if expected else padded + rest
    scored = []
    for scores, weight, tail in grid:
        whole = temperature * scores + prior
        for i in np.argsort(-whole, kind="stable")[:LIKELIEST]:
            scored.append(Scored(str(numbers[i]), heads.texts[i] + tail, float(scores[i]), float(prior[i]) + math.log(weight)))
    return choose(scored, temperature)


@lru_cache(maxsize=32)
def _book_numbers(year: int | None) -> tuple[Trie, np.ndarray]:
    """Numbers of books as written, and their shares."""
    values: dict[str, float] = {}
    for y in range(year - 3, year + 4) if year else range(1950, 2031):
        for n in range(1, 13):
            for text in dict.fromkeys((f"{n:02d}/{y}", f"{n}/{y}", f"{n:02d}", f"{n}")):
                values[text] = (0.6 if "/" in text else 0.1) * (1.0 if y == year or not year else 0.05) / n
    return Trie(list(values)), np.array(list(values.values())) / sum(values.values())


def read_book_number(lattice: Lattice, year: int | None, expected: str | None, temperature: float) -> Choice | None:
    """`quyenSo` as written (01/2017). expected: as declared for the whole book."""
    folded = fold_digits(lattice)
    trie, shares = _book_numbers(year)
    scores = trie.scores(folded.log_probs, folded.alphabet)
    values, found, priors = list(trie.texts), scores.tolist(), (shares / 51 if expected else shares).tolist()
    if expected:
        own = folded.score(expected.replace("-", "/"))
        values, found, priors = [*values, expected], [*found, own], [*priors, 50 / 51]
    return choose([Scored(v, v, s, math.log(p)) for v, s, p in zip(values, found, priors, strict=True)], temperature)


@cache
def _page_numbers() -> Trie:
    return Trie([t for n in range(1, 401) for t in dict.fromkeys((str(n), f"{n:02d}"))])


def read_page_number(lattice: Lattice, expected: int | None, temperature: float) -> Choice | None:
    """`trangSo`; one entry a page makes it likely the entry's own number (`expected`)."""
    folded = fold_digits(lattice)
    trie = _page_numbers()
    candidates = [
        Scored(str(int(t)), t, float(s), math.log(0.7 if int(t) == expected else 0.3 / 400))
        for t, s in zip(trie.texts, trie.scores(folded.log_probs, folded.alphabet), strict=True)
    ]
    return choose(candidates, temperature)
