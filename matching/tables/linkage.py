"""Link the rows of two tables, or find the rows of one that are the same."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matching.tables.blocking import Oversize, Pairs, pairs_of
from matching.tables.errors import NothingToCompare
from matching.tables.estimation import Patterns, learn, levels_of, log_ratios, patterns_of
from matching.tables.grouping import clusters, exclusive, one_to_one
from matching.tables.levels import UNKNOWN, Levels
from matching.tables.model import TableModel
from matching.tables.table import MISSING, Encoded, Source, read

KEPT = 0.01         # pairs less likely than this are forgotten


@dataclass(frozen=True)
class Bar:
    """One bar of a waterfall: the comparison, the level and the weight in nats; the bars add up to the log odds."""

    name: str
    level: str
    weight: float


@dataclass(frozen=True)
class Linkage:
    """Pairs of rows with P(the same) of at least `KEPT`, the likeliest first.

    left, right: int32 (pairs,), rows as they stand in the tables (of one table: left < right); weight: log odds; probability: 0 … 1,
    for two tables that of the pair against every other pair of its rows. model: with what was learnt. compared: how many pairs were.
    oversize: blocks left out because too many rows share their key.
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    probability: np.ndarray
    model: TableModel
    compared: int
    oversize: tuple[Oversize, ...]
    _scorer: Scorer

    def one_to_one(self, threshold: float) -> np.ndarray:
        """int (links,): pairs accepted, each row in one at most, of a probability of at least `threshold`."""
        likely = np.flatnonzero(self.probability >= threshold)
        return likely[one_to_one(self.left[likely], self.right[likely], self.weight[likely])]

    def clusters(self, threshold: float) -> np.ndarray:
        """int64 (rows,) for one table: the first row of the group each row is of. Two groups are joined while the mean of their pairs' log
        odds is above that of `threshold`."""
        bound = np.log(threshold / (1 - threshold))
        return clusters(self._scorer.rows[0], self.left, self.right, self.weight - bound,
                        lambda l, r: self._scorer.weights(Pairs(l.astype(np.int32), r.astype(np.int32))) - bound)

    def waterfall(self, left: int, right: int) -> list[Bar]:
        """Why two rows are taken for the same or not."""
        return self._scorer.waterfall(left, right)


def link(left: Source, right: Source, model: TableModel) -> Linkage:
    """Rows of two tables, neither of which holds anybody twice. The model is learnt from the tables unless it has `learnt`.

    Raises TableUnreadable, ColumnMissing, ModelMalformed; NothingToCompare if no key brings a pair.
    """
    return _run(read((left, right), model), model)


def deduplicate(table: Source, model: TableModel) -> Linkage:
    """Rows of one table that are the same; raises as `link`."""
    return _run(read((table,), model), model)


def _run(encoded: Encoded, model: TableModel) -> Linkage:
    levels, sizes = Levels(encoded, model), [len(c.levels) + 1 for c in model.comparisons]
    oversize: list[Oversize] = []
    lefts, rights, numbers = [], [], []
    for pairs in pairs_of(encoded.tables, model.largest_block, oversize):
        lefts.append(pairs.left)
        rights.append(pairs.right)
        numbers.append(patterns_of(levels.of(pairs), sizes))
    pairs = Pairs(np.concatenate(lefts), np.concatenate(rights)) if lefts else Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32))
    if not len(pairs.left):
        raise NothingToCompare(keys="; ".join(k.name for k in model.keys))
    distinct, place, counts = np.unique(np.concatenate(numbers), return_inverse=True, return_counts=True)
    found = Patterns(levels_of(distinct, sizes), counts.astype(np.float64))
    if model.learnt is None:
        rows = [t.rows for t in encoded.tables]
        of_all = rows[0] * rows[-1] if len(rows) == 2 else rows[0] * (rows[0] - 1) / 2
        model = model.with_learnt(learn(model, found, _random(encoded, levels, model, sizes), of_all, min(rows)))
    scorer = Scorer(encoded, levels, model)
    weight = scorer.of_patterns(found.levels)[place]
    adjusted = np.concatenate([
        scorer.rarity(found.levels[place[s]], Pairs(pairs.left[s], pairs.right[s])) for s in _slices(len(place))])
    weight = weight + adjusted
    kept = np.flatnonzero(weight >= np.log(KEPT / (1 - KEPT)))
    kept = kept[np.lexsort((pairs.right[kept], pairs.left[kept], -weight[kept]))]
    l, r, w = pairs.left[kept], pairs.right[kept], weight[kept]
    odds = np.exp(np.minimum(w, 500))
    probability = exclusive(l, r, odds) if len(encoded.tables) == 2 else odds / (1 + odds)
    return Linkage(l, r, w, probability, model, len(place), tuple(oversize), scorer)


def _slices(n: int, size: int = 1_000_000) -> Iterator[slice]:
    yield from (slice(k, k + size) for k in range(0, n, size))


def _random(encoded: Encoded, levels: Levels, model: TableModel, sizes: Sequence[int]) -> Patterns:
    """Random pairs, of one table those of a row with itself left out."""
    rng = np.random.default_rng(model.seed)
    left = rng.integers(0, encoded.tables[0].rows, model.sample, dtype=np.int32)
    right = rng.integers(0, encoded.tables[-1].rows, model.sample, dtype=np.int32)
    apart = slice(None) if len(encoded.tables) == 2 else left != right
    numbers, counts = np.unique(patterns_of(levels.of(Pairs(left[apart], right[apart])), sizes), return_counts=True)
    return Patterns(levels_of(numbers, sizes), counts.astype(np.float64))


class Scorer:
    """Log odds of pairs under a model with what was learnt."""

    def __init__(self, encoded: Encoded, levels: Levels, model: TableModel) -> None:
        assert model.learnt is not None
        self.rows = tuple(t.rows for t in encoded.tables)
        self._levels, self._model, self._learnt = levels, model, model.learnt
        self._codes = encoded.tables[0].codes, encoded.tables[-1].codes
        count = len(model.comparisons)
        self._m = [np.array([hand[k] for hand in model.learnt.m]) for k in range(count)]
        self._u = [np.array(model.learnt.u[k]) for k in range(count)]
        self._rarity = {e: _rarity([t.codes[e] for t in encoded.tables], len(encoded.values))
                        for e in dict.fromkeys(e for c in model.comparisons for e in c.frequency)}
        self._prior = float(np.log(model.learnt.match / (1 - model.learnt.match)))

    def of_patterns(self, levels: np.ndarray) -> np.ndarray:
        """float64 (patterns,): log odds before the frequency of values."""
        by_hand = np.log(np.array(self._learnt.hands))[:, None] + log_ratios(levels, self._m, self._u).sum(0)
        top = by_hand.max(0)
        return self._prior + top + np.log(np.exp(by_hand - top).sum(0))

    def rarity(self, levels: np.ndarray, pairs: Pairs) -> np.ndarray:
        """float64 (pairs,): what the frequency of the values adds. levels: int8 (pairs, comparisons)."""
        return self._rarities(levels, pairs).sum(0)

    def weights(self, pairs: Pairs) -> np.ndarray:
        """float64 (pairs,): log odds of any pairs of rows."""
        levels = self._levels.of(pairs).T
        return self.of_patterns(levels) + self.rarity(levels, pairs)

    def waterfall(self, left: int, right: int) -> list[Bar]:
        """The prior, each comparison by the hands that explain this pair best, and what is left because hands are mixed."""
        pairs = Pairs(np.array([left], dtype=np.int32), np.array([right], dtype=np.int32))
        levels = self._levels.of(pairs).T
        ratios = log_ratios(levels, self._m, self._u)[:, :, 0]                       # (comparisons, hands)
        by_hand = np.log(np.array(self._learnt.hands)) + ratios.sum(0)
        share = np.exp(by_hand - by_hand.max())
        each = ratios @ (share / share.sum())
        rarity = self._rarities(levels, pairs)[:, 0]
        bars = [Bar("prior", "", self._prior)]
        for k, c in enumerate(self._model.comparisons):
            level = int(levels[0, k])
            bars.append(Bar(c.name, "missing" if level == UNKNOWN else c.level_names[level], float(each[k])))
            if rarity[k]:
                bars.append(Bar(c.name, "frequency", float(rarity[k])))
        rest = float(self.of_patterns(levels)[0]) - self._prior - float(each.sum())
        return [*bars, Bar("hands", "", rest)] if len(share) > 1 else bars

    def _rarities(self, levels: np.ndarray, pairs: Pairs) -> np.ndarray:
        """float64 (comparisons, pairs). A value as common as two random rows share one changes nothing; a rarer one adds. A nearer level
        is never worth less than the first level to which frequency does not apply."""
        out = np.zeros((len(self._model.comparisons), len(levels)))
        for k, c in enumerate(self._model.comparisons):
            frequent = c.frequent_levels or len(c.levels)
            here = np.flatnonzero((levels[:, k] >= 0) & (levels[:, k] < frequent)) if c.frequency else np.zeros(0, dtype=np.int64)
            if not len(here):
                continue
            added = np.zeros(len(here))
            for e in c.frequency:
                a, b = (codes[e][rows[here]] for codes, rows in zip(self._codes, (pairs.left, pairs.right), strict=True))
                both = (a != MISSING) & (b != MISSING)
                added += np.where(both, np.minimum(self._rarity[e][a], self._rarity[e][b]), 0.0)
            lowest = (np.log(self._m[k] / self._u[k])).min(0)
            out[k, here] = np.maximum(added, (lowest[frequent] - lowest[levels[here, k]]))
        return out


def _rarity(codes: Sequence[np.ndarray], values: int) -> np.ndarray:
    """float32 (values,): ln of P(two random rows share a value) over the share of rows with this one."""
    counts = np.sum([np.bincount(c[c != MISSING], minlength=values) for c in codes], axis=0)
    share = counts / max(1, counts.sum())
    with np.errstate(divide="ignore"):
        return (np.log(max((share ** 2).sum(), 1e-12)) - np.log(share)).astype(np.float32)
