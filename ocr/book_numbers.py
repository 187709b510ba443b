"""Entry numbers on their images: how well every number explains what is written, with the year behind it or without, and 12a or 12 bis."""
from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ocr.book_sequence import MARKS
from ocr.decoding.folding import FLOOR, LOOKALIKES, SEPARATORS, fold_digits
from ocr.lattice import Lattice
from ocr.trie import Trie
from records.filenames import parse_entry_number

GREATEST = 999              # entries a year in one commune's book, rarely more
_TAILS = (("", 0.3), ("/{year}", 0.6), ("/{short:02d}", 0.1))
_PADDED = -0.7              # ln of how much rarer 007 is than 7
_SEEN = 0.04                # least probability a letter has in some frame for a mark to be looked for
_FILE_TRUST = (29.0, 1.0)        # prior counts of files whose number is the entry's, and of others
_CLOSER = 25                # numbers that are tried with marks


def number_weights(lattice: Lattice, years: Sequence[int], temperature: float, greatest: int = GREATEST) -> np.ndarray:
    """Tempered ln P(image | number, mark), float64 (greatest, len(MARKS)); number k at index k - 1. years: that may stand behind it."""
    folded = fold_digits(lattice)
    trie, owner, form = _plain_forms(tuple(years), greatest)
    out = np.full((greatest, len(MARKS)), -np.inf)
    bare = np.full(greatest, -np.inf)
    np.logaddexp.at(bare, owner, temperature * trie.scores(folded.log_probs, folded.alphabet) + form)
    out[:, 0] = bare
    seen = _letters_seen(lattice)
    marks = [m for m in MARKS[1:] if all(seen.get(c, 0.0) > _SEEN for c in m)]
    if marks:
        lettered = _with_letters(lattice)
        best = np.argsort(-bare, kind="stable")[:_CLOSER]
        heads = sorted({int(k) + 1 for k in best} | {int(str(int(k) + 1)[:-1]) for k in best if k >= 9})
        texts, where, forms = _marked_forms(heads, marks, years)
        scores = temperature * Trie(texts).scores(lettered.log_probs, lettered.alphabet) + np.array(forms)
        for (number, mark), s in zip(where, scores, strict=True):
            k = MARKS.index(mark)
            if number <= greatest:
                out[number - 1, k] = np.logaddexp(out[number - 1, k], s)
    return out


def index_of(text: str, greatest: int) -> tuple[int, int] | None:
    """Where a written number ("12a") stands in `number_weights`, None for one that cannot."""
    number = parse_entry_number(text)
    if number is None or number.suffix not in MARKS or not 1 <= number.number <= greatest:
        return None
    return number.number - 1, MARKS.index(number.suffix)


def written_number(place: int, mark: int) -> str:
    """The value of a place in `number_weights`, as records.filenames.EntryNumber writes it."""
    return f"{place + 1}{' ' if MARKS[mark] == 'bis' else ''}{MARKS[mark]}"


def _tails(years: Sequence[int]) -> list[tuple[str, float]]:
    out = {"": _TAILS[0][1]}
    for year in years:
        for pattern, weight in _TAILS[1:]:
            tail = pattern.format(year=year, short=year % 100)
            out[tail] = out.get(tail, 0.0) + weight / len(years)
    return [(tail, math.log(w)) for tail, w in out.items()]


@lru_cache(maxsize=8)
def _plain_forms(years: tuple[int, ...], greatest: int) -> tuple[Trie, np.ndarray, np.ndarray]:
    texts, owner, form = [], [], []
    tails = _tails(years)
    for n in range(1, greatest + 1):
        for head in dict.fromkeys((str(n), f"{n:02d}", f"{n:03d}")):
            for tail, weight in tails:
                texts.append(head + tail)
                owner.append(n - 1)
                form.append(weight + (_PADDED if head != str(n) else 0.0))
    return Trie(texts), np.array(owner), np.array(form)


def _marked_forms(heads: Sequence[int], marks: Sequence[str], years: Sequence[int]) -> tuple[list[str], list[tuple[int, str]], list[float]]:
    texts, where, form = [], [], []
    for n in heads:
        for head in dict.fromkeys((str(n), f"{n:02d}", f"{n:03d}")):
            for mark in marks:
                for tail, weight in _tails(years):
                    texts.append(head + mark + tail)
                    where.append((n, mark))
                    form.append(weight + (_PADDED if head != str(n) else 0.0))
    return texts, where, form


@lru_cache(maxsize=8)
def _columns(alphabet: str) -> dict[str, list[int]]:
    """Columns of a lattice that stand for the letters marks are made of, large or small."""
    letters = sorted({c for m in MARKS for c in m})
    return {c: [i + 1 for i, x in enumerate(alphabet) if x.lower() == c] for c in letters}


def _letters_seen(lattice: Lattice) -> dict[str, float]:
    p = np.exp(lattice.log_probs.astype(np.float64))
    return {c: float(p[:, k].sum(axis=1).max()) for c, k in _columns(lattice.alphabet).items() if k and len(p)}


def _with_letters(lattice: Lattice) -> Lattice:
    """The field folded to digits as `fold_digits` does, with the letters of the marks beside them."""
    letters = [c for c, k in _columns(lattice.alphabet).items() if k]
    targets = "0123456789/" + "".join(letters)
    p = np.exp(lattice.log_probs.astype(np.float64))
    out = np.zeros((len(p), len(targets) + 1))
    out[:, 0] = p[:, 0]
    for i, c in enumerate(lattice.alphabet, 1):
        for target, share in _stands_for(c, letters):
            out[:, targets.index(target) + 1 if target else 0] += share * p[:, i]
    return Lattice(np.log(np.maximum(out, FLOOR)), targets, lattice.model)


def _stands_for(c: str, letters: Sequence[str]) -> list[tuple[str, float]]:
    if c.isdigit():
        return [(c, 1.0)]
    out = [(c.lower(), 1.0)] if c.lower() in letters else []
    if c == " ":
        return [("", 1.0)]
    return [*out, *LOOKALIKES.get(c.lower(), ()), *([("/", 1.0)] if c in SEPARATORS and c not in LOOKALIKES else [])]


def file_trust(images: Sequence[np.ndarray | None], files: Sequence[tuple[int, int] | None]) -> float:
    """How often the number in a file's name is the entry's, as far as the images (`number_weights`) tell."""
    agree, against = _FILE_TRUST
    for image, file in zip(images, files, strict=True):
        if image is not None and file is not None:
            p = np.exp(image - image.max())
            p /= p.sum()
            agree, against = agree + float(p[file]), against + (1 - float(p[file])) * (float(p.max()) > 0.7)
    return agree / (agree + against)
