"""How two rows of a table are compared, as data: keys, comparisons with their levels, and what was learnt of them; versioned JSON.

    TableModel(
        keys=(Key("surname", "born|year"), Key("given|first 4", "surname|first 4", any_order=True)),
        comparisons=(
            Comparison("name", levels=(exact("name"), jaro_winkler("name", 0.92)), frequency=("name",)),
            Comparison("born", levels=(exact("born"), date_swapped("born"), edits("born", 1))),
        ))

An *expression* names a column and what to take of it: `surname`, `surname|first 4`, `born|year`, `name|unmarked|last word` (`TAKES`).
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from matching.tables.errors import ModelMalformed

VERSION = 1
TAKES = ("first N", "last N", "year", "unmarked", "first word", "last word", "sorted words", "digits", "letters")
TestKind = Literal["exact", "jaro_winkler", "edits", "date_swapped", "date_partial", "date_parts", "look_alike"]


@dataclass(frozen=True)
class Test:
    """One condition on a pair. `against`: the right row's expression, if another (names in each other's column).

    exact: the same value. jaro_winkler: similarity >= threshold (0 … 1). edits: letters changed, lost, added or swapped with the next
    <= threshold. date_swapped: day and month exchanged. date_partial: what both dates say is the same, one of them says less (a year).
    date_parts: at least `threshold` of year, month and day are the same. look_alike: numbers of one length of which the digits differ
    by <= threshold, a look-alike digit (1 and 7) counting 0.6 and another 1.
    """

    __test__ = False

    kind: TestKind
    value: str
    threshold: float = 0.0
    against: str = ""

    def words(self) -> str:
        other = f" / {self.against}" if self.against else ""
        bound = f" {self.threshold:g}" if self.threshold else ""
        return f"{self.kind}{bound} {self.value}{other}"


@dataclass(frozen=True)
class Level:
    """A level of agreement: all its tests hold."""

    tests: tuple[Test, ...]

    @property
    def name(self) -> str:
        return " and ".join(t.words() for t in self.tests)


@dataclass(frozen=True)
class Comparison:
    """Levels from the nearest to the farthest; a pair is at the first that holds, else at one more, "else". Where a value that the first
    level looks at is missing in either row the comparison says nothing.

    frequency: expressions whose values weigh by how rare they are; applies to the first `frequent_levels` levels (0: to all).
    """

    name: str
    levels: tuple[Level, ...]
    frequency: tuple[str, ...] = ()
    frequent_levels: int = 0

    @property
    def needs(self) -> tuple[str, ...]:
        """Expressions that must have a value in both rows."""
        return tuple(dict.fromkeys(t.value for t in self.levels[0].tests))

    @property
    def level_names(self) -> tuple[str, ...]:
        return (*(level.name for level in self.levels), "else")


@dataclass(frozen=True)
class Key:
    """Rows that agree in all these expressions are compared. any_order: whichever column each value stands in (two expressions)."""

    parts: tuple[str, ...]
    any_order: bool = False

    @property
    def name(self) -> str:
        return (" ~ " if self.any_order else " + ").join(self.parts)


@dataclass(frozen=True)
class Learnt:
    """What was estimated. match: P(two rows, one of each table, are the same). hands: shares of the latent qualities of rows.
    m[hand][comparison][level], u[comparison][level]: P(level | same), P(level | different), "else" last."""

    match: float
    hands: tuple[float, ...]
    m: tuple[tuple[tuple[float, ...], ...], ...]
    u: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TableModel:
    """hands: how many qualities of rows there are among those of the same person (1: a plain Fellegi-Sunter model).
    largest_block: keys that more rows share bring nothing (they are reported). sample: random pairs drawn for u. seed: for drawing."""

    keys: tuple[Key, ...]
    comparisons: tuple[Comparison, ...]
    hands: int = 2
    largest_block: int = 2000
    sample: int = 300_000
    seed: int = 1
    learnt: Learnt | None = None

    def __post_init__(self) -> None:
        if not self.keys or not self.comparisons:
            raise ModelMalformed(cause="it has no key or no comparison")
        if len({c.name for c in self.comparisons}) < len(self.comparisons):
            raise ModelMalformed(cause="two comparisons have one name")
        for c in self.comparisons:
            if not c.levels or any(not level.tests for level in c.levels):
                raise ModelMalformed(cause=f"the comparison {c.name} has no level, or a level without a test")
            for level in c.levels:
                sides = {(t.value, t.against or t.value, t.kind, t.threshold) for t in level.tests}
                if any((r, l, k, x) not in sides for l, r, k, x in sides):
                    raise ModelMalformed(cause=f"the level {level.name} of {c.name} reads differently from the other side")
        if any(k.any_order and len(k.parts) != 2 for k in self.keys):
            raise ModelMalformed(cause="a key in any order has two parts")

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every expression whose values are compared."""
        found: dict[str, None] = {}
        for c in self.comparisons:
            for test in (t for level in c.levels for t in level.tests):
                found.update(dict.fromkeys((test.value, test.against or test.value)))
            found.update(dict.fromkeys(c.frequency))
        return tuple(found)

    def with_learnt(self, learnt: Learnt) -> TableModel:
        return replace(self, learnt=learnt)

    def as_json(self) -> str:
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def parse_table_model(text: str) -> TableModel:
    """A model from its JSON; ModelMalformed names what is wrong with it."""
    try:
        data = json.loads(text)
        version = data.pop("version")
        if version != VERSION:
            raise ModelMalformed(cause=f"version {version}, this program reads {VERSION}")
        learnt = data.pop("learnt")
        return TableModel(
            keys=tuple(Key(tuple(k["parts"]), k["any_order"]) for k in data.pop("keys")),
            comparisons=tuple(_comparison(c) for c in data.pop("comparisons")),
            learnt=_learnt(learnt) if learnt else None, **data)
    except ModelMalformed:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelMalformed(cause=f"{type(error).__name__}: {error}") from error


def load_table_model(path: Path) -> TableModel:
    return parse_table_model(path.read_text("utf-8"))


def _comparison(c: Mapping[str, Any]) -> Comparison:
    levels = tuple(Level(tuple(Test(**t) for t in level["tests"])) for level in c["levels"])
    return Comparison(c["name"], levels, tuple(c["frequency"]), c["frequent_levels"])


def _learnt(x: Mapping[str, Any]) -> Learnt:
    m = tuple(tuple(tuple(levels) for levels in hand) for hand in x["m"])
    return Learnt(x["match"], tuple(x["hands"]), m, tuple(tuple(levels) for levels in x["u"]))


def exact(*values: str) -> Level:
    return Level(tuple(Test("exact", v) for v in values))


def jaro_winkler(value: str, at_least: float) -> Level:
    return Level((Test("jaro_winkler", value, at_least),))


def edits(value: str, at_most: int) -> Level:
    return Level((Test("edits", value, at_most),))


def date_swapped(value: str) -> Level:
    return Level((Test("date_swapped", value),))


def date_partial(value: str) -> Level:
    return Level((Test("date_partial", value),))


def date_parts(value: str, at_least: int) -> Level:
    return Level((Test("date_parts", value, at_least),))


def look_alike(value: str, at_most: float) -> Level:
    return Level((Test("look_alike", value, at_most),))


def crossed(a: str, b: str, at_least: float = 1.0) -> Level:
    """a and b stand in each other's column, exactly or by Jaro-Winkler similarity."""
    kind: TestKind = "exact" if at_least >= 1 else "jaro_winkler"
    bound = 0.0 if at_least >= 1 else at_least
    return Level((Test(kind, a, bound, b), Test(kind, b, bound, a)))


def every(levels: Iterable[Level]) -> Level:
    """All the tests of all these levels hold."""
    return Level(tuple(t for level in levels for t in level.tests))
