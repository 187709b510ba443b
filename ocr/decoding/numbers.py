"""Entry number, book number, page number."""
from __future__ import annotations

import math

from ocr.decoding.choice import Choice, Scored, choose
from ocr.decoding.folding import fold_digits
from ocr.lattice import Lattice
from ocr.trie import Trie

GREATEST = 999          # entries a year in one commune's book, rarely more
FILE_NAME_TRUST = 0.97  # how often a file's number is the entry's


def read_entry_number(lattice: Lattice, year: int | None, expected: int | None, temperature: float,
                      trust: float = FILE_NAME_TRUST) -> Choice | None:
    """`so`, the bare number, of "1/2013", "01", "1". expected: the number by file name or sequence, `trust` its weight."""
    folded = fold_digits(lattice)
    years = [year] if year else []
    numbers = range(1, max(GREATEST, (expected or 0) + 200) + 1)
    texts, owners, forms = [], [], []
    for n in numbers:
        for head in dict.fromkeys((str(n), f"{n:02d}", f"{n:03d}")):
            for tail, weight in [("", 0.3)] + [(f"/{y}", 0.6) for y in years] + [(f"/{y % 100:02d}", 0.1) for y in years]:
                texts.append(head + tail)
                owners.append(n)
                forms.append(math.log(weight) - (0.7 if head != str(n) else 0.0))
    scores = Trie(texts).scores(folded.log_probs, folded.alphabet)
    rest = math.log((1 - trust) / len(numbers)) if expected else -math.log(len(numbers))
    candidates = [
        Scored(str(n), t, float(s), f + (math.log(trust) if n == expected else rest))
        for n, t, s, f in zip(owners, texts, scores, forms, strict=True)
    ]
    return choose(candidates, temperature)


def read_book_number(lattice: Lattice, year: int | None, expected: str | None, temperature: float) -> Choice | None:
    """`quyenSo` as written (01/2017). expected: as declared for the whole book."""
    folded = fold_digits(lattice)
    values: dict[str, float] = {}
    for y in range(year - 3, year + 4) if year else range(1950, 2031):
        for n in range(1, 13):
            for text in dict.fromkeys((f"{n:02d}/{y}", f"{n}/{y}", f"{n:02d}", f"{n}")):
                values[text] = (0.6 if "/" in text else 0.1) * (1.0 if y == year or not year else 0.05) / n
    if expected:
        values[expected] = values.get(expected, 0.0) + 50 * sum(values.values())
    texts = list(values)
    scores = Trie([t.replace("-", "/") for t in texts]).scores(folded.log_probs, folded.alphabet)
    total = sum(values.values())
    return choose([Scored(t, t, float(s), math.log(values[t] / total)) for t, s in zip(texts, scores, strict=True)], temperature)


def read_page_number(lattice: Lattice, expected: int | None, temperature: float) -> Choice | None:
    """`trangSo`; one entry a page makes it likely the entry's own number (`expected`)."""
    folded = fold_digits(lattice)
    numbers = range(1, 401)
    texts = [t for n in numbers for t in dict.fromkeys((str(n), f"{n:02d}"))]
    scores = Trie(texts).scores(folded.log_probs, folded.alphabet)
    candidates = [
        Scored(str(int(t)), t, float(s), math.log(0.7 if int(t) == expected else 0.3 / 400)) for t, s in zip(texts, scores, strict=True)
    ]
    return choose(candidates, temperature)
