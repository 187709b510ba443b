"""How well a name as read agrees with each of many names: Same, LookAlike, SoundsAlike, EditsApart, TokenLost, TokenAdded, Else.

P(token read | token written) is the channel of `LinkModel.channel`, mixed with the tokens that sound alike; P(token read | anybody) sums it
over the tokens of the population with their frequencies, so that a Nguyễn, well read or badly, is worth little and a rare name much (term
frequency adjustment). Tokens are aligned in order. Weights are nats, by hand quality.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from matching.compiled import compiled
from matching.model import LinkModel
from matching.population import UNKNOWN, NameColumns, NameTable
from matching.vocabulary import MAX_TOKENS, WIDTH, part_of
from records.text import strip_marks

NAME_LEVELS = ((0.0, "same"), (0.75, "look-alike"), (1.6, "one edit apart"), (3.2, "few edits apart"))
_KEPT = 60_000          # tokens whose P(read | anybody) is kept
_UNSEEN_TOKENS = 0.01   # share of tokens that are not in the vocabulary, their letters any of 30


def name_level(edits: float) -> str:
    """The level's name for people: same, look-alike, one edit apart, few edits apart, else."""
    return next((name for most, name in NAME_LEVELS if edits <= most), "else")


class NamesRead(NamedTuple):
    """Names as read, and what there is to compare their tokens with.

    token: int32 (names read, MAX_TOKENS) rows of `edits`, -1 after the end; length: int8 (names read,); log_u: float64 (names read,
    MAX_TOKENS, hands), ln P(token read | anybody). edits: uint8 (tokens read, V), tenths of an edit to each of the vocabulary; exact:
    float64 (tokens read, hands), ln P(token read | the same written); ear: int32 (tokens read,), the class that sounds alike; alike:
    float64 (tokens read,), ln P(one given token that sounds alike was registered).
    """

    token: np.ndarray
    length: np.ndarray
    log_u: np.ndarray
    edits: np.ndarray
    exact: np.ndarray
    ear: np.ndarray
    alike: np.ndarray


class NameModel(NamedTuple):
    """channel: float64 (hands, letters, tenths of an edit), ln P(read | written); log_lost, log_added: of a token; renamed: the floor;
    word_length: int64 (V,), word_ear: int32 (V,), of the vocabulary."""

    channel: np.ndarray
    log_lost: float
    log_added: float
    renamed: float
    word_length: np.ndarray
    word_ear: np.ndarray


class NameComparison:
    """Names of one population under one model."""

    def __init__(self, names: NameTable, model: LinkModel) -> None:
        self.names, self.model = names, model
        vocabulary = names.vocabulary
        letters = np.arange(WIDTH + 1)[:, None]
        self.kernel = NameModel(model.channel(letters, np.arange(256)[None, :] / 10.0), float(np.log(model.token_lost)),
                                float(np.log(model.token_added)), model.renamed, vocabulary.lengths, vocabulary.ear)
        self._log_u: dict[tuple[str, int, int], np.ndarray] = {}
        self._frequency = vocabulary.frequency.astype(np.float64)

    def read(self, names: Sequence[tuple[Sequence[str], int]]) -> NamesRead:
        """Names as read, each with the sex of whoever bears it, made ready to be compared."""
        hands = len(self.model.hands)
        distinct = sorted({t for tokens, _ in names for t in tokens})
        row = {t: k for k, t in enumerate(distinct)}
        token = np.full((len(names), MAX_TOKENS), -1, dtype=np.int32)
        log_u = np.zeros((len(names), MAX_TOKENS, hands))
        ready = self._tokens(distinct)
        keys = [[(t, part_of(i, len(tokens)), sex) for i, t in enumerate(tokens)] for tokens, sex in names]
        self._prepare_log_u({k for of_name in keys for k in of_name}, row, ready)
        for n, of_name in enumerate(keys):
            for i, key in enumerate(of_name):
                token[n, i] = row[key[0]]
                log_u[n, i] = self._log_u[key]
        length = np.array([len(of_name) for of_name in keys], dtype=np.int8)
        return NamesRead(token, length, log_u, *ready)

    def _tokens(self, tokens: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        vocabulary, model = self.names.vocabulary, self.model
        vocabulary.prepare(tokens)
        edits = np.empty((len(tokens), len(vocabulary)), dtype=np.uint8)
        for k, t in enumerate(tokens):
            edits[k] = vocabulary.distances(t)
        exact = np.ascontiguousarray(model.channel(np.array([float(len(t)) for t in tokens]), np.zeros(len(tokens))).T)
        ear = np.array([vocabulary.ear_class(t) for t in tokens], dtype=np.int32)
        sizes = np.bincount(vocabulary.ear, minlength=1)
        alike = np.log(model.ear / np.where(ear >= 0, sizes[ear], 1))
        return edits, exact, ear, alike

    def _prepare_log_u(self, keys: Iterable[tuple[str, int, int]], row: dict[str, int],
                       ready: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> None:
        missing = sorted(k for k in keys if k not in self._log_u)
        if len(self._log_u) + len(missing) > _KEPT:
            self._log_u.clear()
            missing = sorted(keys)
        edits, exact, ear, alike = ready
        rows, parts, sexes = (np.array(x, dtype=np.int64) for x in zip(*((row[t], part, sex) for t, part, sex in missing), strict=True)
                              ) if missing else (np.empty(0, dtype=np.int64),) * 3
        seen = np.zeros((len(missing), len(self.model.hands)))
        _frequencies_seen(rows, parts, sexes, edits, exact, ear, alike, self._frequency, np.exp(self.kernel.channel), self.kernel, seen)
        for key, k, p in zip(missing, rows, seen, strict=True):
            unseen = np.exp(exact[k]) * _UNSEEN_TOKENS * 30.0 ** -min(len(key[0]), 4)
            self._log_u[key] = np.log((1 - _UNSEEN_TOKENS) * p + unseen)

    def weights(self, tokens: Sequence[str], name_ids: np.ndarray, sex: int = UNKNOWN) -> np.ndarray:
        """Match weights of the names (hands, names) for the tokens read; zeros if nothing was read. The empty name weighs 0.

        The mean of exp(weight) over the population cannot be more than 1; where the tokens of a name go together (Nguyễn Thị …) it comes
        out higher, and every weight is lowered by as much.
        """
        read = self.read([(tokens, sex)])
        starts = np.array([0, len(name_ids)], dtype=np.int64)
        ids = name_ids.astype(np.int32)
        excess = np.zeros((1, len(self.model.hands)))
        return self.compare(starts, ids, read, np.array([sex], dtype=np.int8), excess, True).T

    def compare(self, starts: np.ndarray, ids: np.ndarray, read: NamesRead, sex: np.ndarray, excess: np.ndarray, first: bool) -> np.ndarray:
        """Match weights (len(ids), hands): the n-th name read against ids[starts[n]:starts[n + 1]]; sex: int8 (names read,).

        excess: (names read, hands), ln of the mean of exp(weight) by which weights are lowered; computed if this is the `first` comparison,
        which has all the people, and taken as given after it.
        """
        out = np.zeros((len(ids), len(self.model.hands)))
        seen = np.full(len(self.names.length), -1, dtype=np.int32)
        _compare_names(starts, ids, read, sex, self.names.columns, self.kernel, excess, first, seen, name_cells(self.model), out)
        return out

    def edits(self, tokens: Sequence[str], name_id: int) -> float:
        """Edits between the whole name as read and the name: base letters count 1, marks alone 0.5."""
        name, read = " ".join(self.names.words(name_id)), " ".join(tokens)
        base = Levenshtein.distance(strip_marks(read), strip_marks(name))
        return base + 0.5 * max(0, Levenshtein.distance(read, name) - base)


def name_cells(model: LinkModel) -> np.ndarray:
    """Scratch for aligning names: two rows of cells, and one more row for totals."""
    return np.zeros((3, MAX_TOKENS + 1, len(model.hands)))


@compiled
def log_sum(a: float, b: float) -> float:
    """ln(exp a + exp b)."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -np.inf else high + np.log1p(np.exp(low - high))


@compiled
def token_weight(h: int, t: int, word: int, read: NamesRead, model: NameModel) -> float:
    """ln P(token t read | word of the vocabulary written) in hand h: misread, or registered by ear and then read right."""
    misread = model.channel[h, model.word_length[word], read.edits[t, word]]
    if read.ear[t] >= 0 and read.ear[t] == model.word_ear[word]:
        return log_sum(misread, read.exact[t, h] + read.alike[t])
    return misread


@compiled
def _frequencies_seen(rows: np.ndarray, parts: np.ndarray, sexes: np.ndarray, edits: np.ndarray, exact: np.ndarray, ear: np.ndarray,
                      alike: np.ndarray, frequency: np.ndarray, likely: np.ndarray, model: NameModel, out: np.ndarray) -> None:
    """Sum over the vocabulary of P(token read | word) P(word in this part of a name): out (keys, hands). likely: exp(model.channel)."""
    hands = len(model.channel)
    for k in range(len(rows)):
        t = rows[k]
        for word in range(edits.shape[1]):
            share = frequency[sexes[k], parts[k], word]
            if share > 0.0:
                sounds = ear[t] >= 0 and ear[t] == model.word_ear[word]
                for h in range(hands):
                    p = likely[h, model.word_length[word], edits[t, word]]
                    out[k, h] += share * (p + np.exp(exact[t, h] + alike[t]) if sounds else p)


@compiled
def aligned(n: int, name: int, read: NamesRead, names: NameColumns, model: NameModel, cells: np.ndarray, out: np.ndarray) -> None:
    """The weight of name `name` for the n-th name read, in every hand: out (hands,). Tokens are aligned in order, lost or added at a
    price. cells: `name_cells`."""
    width, hands = names.length[name], len(out)
    before, now = 0, 1
    for j in range(width + 1):
        for h in range(hands):
            cells[before, j, h] = j * model.log_lost
    for i in range(read.length[n]):
        t = read.token[n, i]
        for h in range(hands):
            cells[now, 0, h] = cells[before, 0, h] + model.log_added
        for j in range(1, width + 1):
            word = names.tokens[name, j - 1]
            for h in range(hands):
                same = cells[before, j - 1, h] + token_weight(h, t, word, read, model) - read.log_u[n, i, h]
                cells[now, j, h] = max(same, cells[before, j, h] + model.log_added, cells[now, j - 1, h] + model.log_lost)
        before, now = now, before
    for h in range(hands):
        out[h] = cells[before, width, h]


@compiled
def floored(weight: float, excess: float, renamed: float) -> float:
    """The weight lowered by the excess of its mean, with the floor Else: quite another name."""
    return np.log((1.0 - renamed) * np.exp(weight - excess) + renamed)


@compiled
def _compare_names(starts: np.ndarray, ids: np.ndarray, read: NamesRead, sex: np.ndarray, names: NameColumns, model: NameModel,
                   excess: np.ndarray, first: bool, seen: np.ndarray, cells: np.ndarray, out: np.ndarray) -> None:
    hands = excess.shape[1]
    total = cells[2, 0]
    for n in range(len(starts) - 1):
        if read.length[n] == 0:
            continue
        total[:] = 0.0
        for k in range(starts[n], starts[n + 1]):
            name = ids[k]
            if seen[name] >= starts[n]:
                for h in range(hands):
                    out[k, h] = out[seen[name], h]
                continue
            seen[name] = k
            aligned(n, name, read, names, model, cells, out[k])
            if first:
                share = max(float(names.count[sex[n], name]), 0.5) / names.total[sex[n]]
                for h in range(hands):
                    total[h] += np.exp(min(out[k, h], 60.0)) * share
        if first:
            for h in range(hands):
                excess[n, h] = np.log(max(total[h], 1.0))
        for k in range(starts[n], starts[n + 1]):
            for h in range(hands):
                out[k, h] = floored(out[k, h], excess[n, h], model.renamed) if names.length[ids[k]] else 0.0


@compiled
def one_name(n: int, name: int, read: NamesRead, names: NameColumns, model: NameModel, excess: np.ndarray, cells: np.ndarray,
             out: np.ndarray) -> None:
    """The match weight of one name in every hand: out (hands,); 0 for the empty name, or where none was read."""
    if read.length[n] == 0 or names.length[name] == 0:
        out[:] = 0.0
        return
    aligned(n, name, read, names, model, cells, out)
    for h in range(len(out)):
        out[h] = floored(out[h], excess[n, h], model.renamed)


@compiled
def surname_weight(h: int, n: int, name: int, kept: float, read: NamesRead, names: NameColumns, model: NameModel) -> float:
    """The match weight of the name's first token alone for the first token read; kept: P(the surname is handed on)."""
    if read.length[n] == 0 or names.length[name] == 0:
        return 0.0
    weight = token_weight(h, read.token[n, 0], names.tokens[name, 0], read, model) - read.log_u[n, 0, h]
    return log_sum(weight + np.log(kept), np.log1p(-kept))
