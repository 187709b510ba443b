"""A cell that holds several values (name, age, people, trade, dwelling) is parted into them: by line breaks, commas, the look of words."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rapidfuzz import fuzz

from ocr.lattice import Lattice
from ocr.table_ditto import says_ditto
from records.codes import ETHNICITY
from records.forms import CellField
from records.names import common_tokens
from records.text import strip_marks

_DIGIT = "[0-9boilszgq]"     # what a reader of words makes of digits as well
_AGE = re.compile(rf"(?:sn|sinh)?\s*(?:{_DIGIT}{{1,2}}\s*(?:t|tuoi|tudi|1|7)?|1[89]{_DIGIT}{{2}})\W*", re.IGNORECASE)
_TRADES = ("lr", "lam ruong", "cn", "cong nhan", "nn", "nong nghiep", "bd", "bo doi", "giao vien", "buon ban", "noi tro", "can bo",
           "hoc sinh", "tho may", "tho moc", "lai xe", "y ta", "y si", "ngu nghiep", "lam nghiep", "lam bien", "nghi huu", "huu tri")
_PLACE = ("xa", "x", "thon", "ap", "a", "khom", "khu", "to", "doi", "xom", "ban", "buon", "lang", "phuong", "p", "tt", "tx", "tp", "thi",
          "huyen", "h", "quan", "q", "tinh", "t", "tru", "noi", "cho")
_EMPTY = {"name": -3.0, "age": -1.2, "ethnicity": -0.8, "text": -0.4, "place": -1.2}
_BREAK, _COMMA, _NONE = 1.0, 0.8, -1.0      # for a value that begins on a new line, after a comma, in the middle of nothing
_MOST_WORDS = 14


@dataclass(frozen=True)
class Word:
    """A word of a cell's line. first, last: its frames in the line's lattice; after: what stands before it ("\\n", "," or " ")."""

    text: str
    line: int
    first: int
    last: int
    after: str


def words_of(lattices: Sequence[Lattice]) -> list[Word]:
    """The words of a cell's lines in order, separators dropped."""
    out: list[Word] = []
    for n, lattice in enumerate(lattices):
        after, text, first, last = "\n", "", 0, 0
        for symbol, frame in [*_symbols(lattice), (" ", len(lattice.log_probs))]:
            if symbol in " ,;/-–" or (symbol == "." and len(text) > 2):
                if text:
                    out.append(Word(text, n, first, last, after))
                    after = " "
                if symbol != " ":
                    after = "," if after != "\n" or out else after
                text = ""
                continue
            first = first if text else frame
            text, last = text + symbol, frame
    return out


def _symbols(lattice: Lattice) -> list[tuple[str, int]]:
    """Symbols of the best path with the frame in which each is first seen."""
    best = lattice.log_probs.argmax(axis=1)
    keep = (best != 0) & (best != np.concatenate(([0], best[:-1])))
    return [(lattice.alphabet[best[f] - 1], int(f)) for f in np.flatnonzero(keep)]


def part_cell(fields: Sequence[CellField], lattices: Sequence[Lattice]) -> list[list[tuple[int, int, int]]]:
    """For every field its pieces (line, first frame, end frame) of the cell's lines; none for a field that is not there."""
    if len(fields) == 1:
        return [[(n, 0, len(x.log_probs)) for n, x in enumerate(lattices)]]
    words = words_of(lattices)
    cuts = _best_cuts(fields, words, lattices)
    return [_pieces(words[a:b], words, lattices) for a, b in cuts]


def _best_cuts(fields: Sequence[CellField], words: Sequence[Word], lattices: Sequence[Lattice]) -> list[tuple[int, int]]:
    """Word ranges of the fields, in order, by dynamic programming."""
    n, m = len(words), len(fields)
    value = np.full((m + 1, n + 1), -np.inf)
    back = np.zeros((m + 1, n + 1), np.int64)
    value[0, 0] = 0.0
    known: dict[tuple[str, int, int], float] = {}
    dittos = {(a, b): says_ditto(slice_lattice(lattices, words[a:b])) > 0.5 for a in range(n) for b in range(a + 1, min(n, a + 2) + 1)}
    for f, field in enumerate(fields):
        for a in range(n + 1):
            if value[f, a] == -np.inf:
                continue
            for b in range(a, min(n, a + _MOST_WORDS) + 1):
                key = field.type, a, b
                if key not in known:
                    known[key] = _fitness(field, words[a:b], dittos.get((a, b), False))
                if value[f, a] + known[key] > value[f + 1, b]:
                    value[f + 1, b], back[f + 1, b] = value[f, a] + known[key], a
    end = n if value[m, n] > -np.inf else int(np.argmax(value[m]))
    cuts = []
    for f in range(m, 0, -1):
        cuts.append((int(back[f, end]), end))
        end = int(back[f, end])
    return cuts[::-1]


def _fitness(field: CellField, words: Sequence[Word], ditto: bool) -> float:
    """How well words (ditto: they say "as above") are a value of the field."""
    if not words:
        return _EMPTY.get(field.type, -1.0)
    edge = {"\n": _BREAK, ",": _COMMA}.get(words[0].after, _NONE)
    inner = sum(w.after == "\n" for w in words[1:])
    plain = strip_marks(" ".join(w.text for w in words)).lower()
    tokens = plain.split()
    digits = sum(c.isdigit() for c in plain)
    if field.type != "name" and ditto:
        return edge + 2.0
    if field.type == "name":
        first = max((fuzz.ratio(tokens[0], s) / 100 for s in _surnames()), default=0.0)
        fit = {1: -1.5, 2: 0.6, 3: 1.2, 4: 1.0, 5: 0.4}.get(len(tokens), -1.0 * (len(tokens) - 5))
        return edge + fit + 2.0 * (first - 0.6) - 2.0 * (digits > 0) - 2.5 * (tokens[0] in _PLACE) - 1.5 * inner
    if field.type == "age":
        return edge + (2.5 if digits and _AGE.fullmatch(plain) else 0.6 if digits >= 2 and len(tokens) <= 2 else -2.5)
    if field.type == "ethnicity":
        near = ETHNICITY.nearest(" ".join(w.text for w in words), 0.55) if len(words) <= 3 else None
        return edge + (3.0 * (near[1] - 0.45) if near else -2.5) - 1.5 * inner
    if field.type == "place":
        known = 1.5 if tokens[0] in _PLACE and len(tokens) > 1 else 0.0
        return edge + 0.25 * min(len(tokens), 8) + known - (digits > 0 and _AGE.fullmatch(plain) is not None)
    trade = max(fuzz.ratio(plain, t) / 100 for t in _TRADES)
    return edge + (1.6 * (trade - 0.4) if len(tokens) <= 4 else -1.0 * (len(tokens) - 4)) - 1.0 * (digits > 0) - 1.0 * inner


@cache
def _surnames() -> tuple[str, ...]:
    return tuple(dict.fromkeys(strip_marks(s).lower().split()[0] for s in list(common_tokens("surname"))[:120]))


def _pieces(own: Sequence[Word], words: Sequence[Word], lattices: Sequence[Lattice]) -> list[tuple[int, int, int]]:
    """The frames of consecutive words, line by line; a piece ends half-way to the words beside it."""
    out = []
    for line in dict.fromkeys(w.line for w in own):
        mine = [w for w in own if w.line == line]
        before = [w.last for w in words if w.line == line and w.last < mine[0].first]
        after = [w.first for w in words if w.line == line and w.first > mine[-1].last]
        start = (max(before) + mine[0].first + 1) // 2 if before else 0
        end = (mine[-1].last + min(after) + 1) // 2 if after else len(lattices[line].log_probs)
        out.append((line, start, max(end, mine[-1].last + 1)))
    return out


def slice_lattice(lattices: Sequence[Lattice], words: Sequence[Word]) -> Lattice:
    """The lattice of words that stand on one line, or of the first line's among them."""
    line = words[0].line
    mine = [w for w in words if w.line == line]
    part = lattices[line].log_probs[max(0, mine[0].first - 1):mine[-1].last + 2]
    return Lattice(part, lattices[line].alphabet, lattices[line].model)
