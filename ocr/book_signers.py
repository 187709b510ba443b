"""Who signs a book's entries: few officers, one for long runs, each with an office; and which volume the pages say they are of."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocr.book_recurring import Recurrence, Spelling, recur
from ocr.decoding.closed import TITLES
from ocr.decoding.folding import fold_digits, fold_text, plain
from ocr.decoding.name_prior import name_log_prior
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.filenames import parse_book_number
from records.names import common_tokens, written_case
from records.text import strip_marks

_NEAR = 0.34            # share of a name's letters (marks aside) in which two readings of one person's name may differ
_MOST_NAMES = 40        # distinct readings of names that are taken up
_RARE_TITLE = math.log(0.002)
_UNDECLARED = 0.05          # that a book declared with one number bears another
_PAGES_OF_A_HAND = 3.0      # so many pages at most count as witnesses of a number: one hand's 1 looks like a 4 on every page
_VOLUME_SURE = 0.998    # of a volume's number


@dataclass(frozen=True)
class Written:
    """One page's field. image: its lattice; value: as read from the page alone; known: as a person has settled it."""

    image: Lattice
    value: str
    known: str | None = None


def settle_signers(pages: Sequence[Written], temperature: float) -> Recurrence | None:
    """Who signed each page ("name, office", or whichever of the two the form asks for). None where nothing can be said."""
    texts = _distinct(pages)
    if not texts or len(pages) < 2:
        return None
    folded = [fold_text(p.image) for p in pages]
    known = [p.known for p in pages]
    groups = _people([t.partition(", ")[0] for t in texts])
    first = _weigh(pages, folded, [Spelling(t, 0, _log_prior(t)) for t in texts], groups, temperature, known)
    titles = sorted({t.partition(", ")[2] for t in texts})
    wider = list(texts)
    for text in first.weights:
        name = text.partition(", ")[0]
        for variant in (name, *_other_marks(name)):
            wider += [f"{variant}, {title}" if title else variant for title in titles]
    wider = list(dict.fromkeys(wider))
    groups = _people([t.partition(", ")[0] for t in wider])
    return _weigh(pages, folded, [Spelling(t, 0, _log_prior(t)) for t in wider], groups, temperature, known)


def settle_titles(pages: Sequence[Written], temperature: float) -> Recurrence | None:
    """The office of who signed, where it stands in a field of its own."""
    texts = list(dict.fromkeys([*_distinct(pages), *TITLES]))
    if len(pages) < 2:
        return None
    spellings = [Spelling(t, k, math.log(TITLES.get(t, 0.0) + 0.002)) for k, t in enumerate(texts)]
    return _weigh(pages, [fold_text(p.image) for p in pages], spellings, list(range(len(texts))), temperature, [p.known for p in pages])


def settle_volumes(pages: Sequence[Written], years: Mapping[int, float], declared: str | None, temperature: float) -> Recurrence | None:
    """quyenSo of each page; years: of registration, with weights; declared: as it was said for the whole batch."""
    if len(pages) < 2:
        return None
    values = {declared: 1.0} if declared else {}
    total = sum(years.values()) / (_UNDECLARED if declared else 1.0)
    for year in range(min(years) - 1, max(years) + 2):
        share = 0.5 * years.get(year, 0.0) / total + 0.02 * (_UNDECLARED if declared else 1.0)
        for n in range(1, 10):
            for text, usual in ((f"{n:02d}/{year}", 0.7), (f"{n}/{year}", 0.3), (f"{n:02d}", 0.05), (f"{n}", 0.05)):
                values.setdefault(text, share * usual / n ** 2)
    for page in pages:
        for said in (page.value, page.known):
            if said:
                values.setdefault(said, 1e-3 * (_UNDECLARED if declared else 1.0))
    groups: dict[object, int] = {}
    spellings = []
    for text, weight in values.items():
        number = parse_book_number(text)
        key = (number.number, number.year, number.suffix) if number else text
        spellings.append(Spelling(text, groups.setdefault(key, len(groups)), math.log(weight)))
    trie = Trie([s.text.replace("-", "/") for s in spellings])
    scores = np.stack([temperature * trie.scores(x.log_probs, x.alphabet) for x in map(fold_digits, (p.image for p in pages))])
    scores *= min(1.0, _PAGES_OF_A_HAND / len(pages))
    return recur(scores, spellings, [p.value for p in pages], [p.known or None for p in pages], _VOLUME_SURE, spelling_matters=False)


def _distinct(pages: Sequence[Written]) -> list[str]:
    counts: dict[str, float] = {}
    for p in pages:
        if p.known:
            counts[p.known] = counts.get(p.known, 0.0) + 100
        elif p.value:
            counts[p.value] = counts.get(p.value, 0.0) + 1
    return sorted(counts, key=lambda t: (-counts[t], t))[:_MOST_NAMES]


def _people(names: Sequence[str]) -> list[int]:
    """Readings of names put together that may be one person's: the first, most frequent ones lead."""
    leaders: list[str] = []
    out = []
    for name in names:
        bare = strip_marks(plain(name))
        near = [(Levenshtein.distance(bare, x), k) for k, x in enumerate(leaders)]
        if near and min(near)[0] <= _NEAR * max(3, len(bare)):
            out.append(min(near)[1])
        else:
            out.append(len(leaders))
            leaders.append(bare)
    return out


def _weigh(pages: Sequence[Written], folded: Sequence[Lattice], spellings: Sequence[Spelling], people: Sequence[int], temperature: float,
           known: Sequence[str | None]) -> Recurrence:
    groups: dict[tuple[int, str], int] = {}
    marked = []
    for s, person in zip(spellings, people, strict=True):
        title = s.text.partition(", ")[2]
        marked.append(Spelling(s.text, groups.setdefault((person, title), len(groups)), s.log_prior))
    trie = Trie([plain(s.text) for s in marked])
    scores = np.stack([temperature * trie.scores(x.log_probs, x.alphabet) for x in folded])
    there = {s.text for s in marked}
    return recur(scores, marked, [p.value for p in pages], [k if k in there else None for k in known])


def _log_prior(text: str) -> float:
    name, comma, title = text.partition(", ")
    return name_log_prior(name.lower()) + (math.log(TITLES[title]) if title in TITLES else _RARE_TITLE if comma else 0.0)


@cache
def _siblings() -> dict[str, tuple[str, ...]]:
    """Words of names that differ in their marks only."""
    out: dict[str, set[str]] = {}
    for part in ("surname", "middle", "given"):
        for token in common_tokens(part):       # type: ignore[arg-type]
            for word in token.lower().split():
                out.setdefault(strip_marks(word), set()).add(word)
    return {bare: tuple(sorted(words)) for bare, words in out.items()}


def _other_marks(name: str) -> list[str]:
    """The name with other marks on one of its words, where such a word is known."""
    words = name.lower().split()
    out = []
    for k, word in enumerate(words):
        out += [written_case(" ".join([*words[:k], other, *words[k + 1:]])) for other in _siblings().get(strip_marks(word), ())
                if other != word]
    return out
