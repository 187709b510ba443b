"""Blocks, levels and groups, each against what a plain loop says."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.tables import Comparison, Key, TableModel, crossed, date_partial, date_parts, date_swapped, exact, jaro_winkler, look_alike
from matching.tables.blocking import Oversize, Pairs, pairs_of
from matching.tables.grouping import clusters, components, exclusive, one_to_one
from matching.tables.levels import Levels
from matching.tables.table import Table, read

_KEYS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


def _table(rows: list[tuple[int, int, int]]) -> Table:
    return Table(len(rows), {}, tuple(np.array(c, dtype=np.uint64) for c in zip(*rows, strict=True)))


def _shared(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return any(x == y != 0 for x, y in zip(a, b, strict=True))


@settings(max_examples=60, deadline=None)
@given(_KEYS)
def test_each_pair_of_a_table_once(rows: list[tuple[int, int, int]]) -> None:
    found = [(int(l), int(r)) for p in pairs_of([_table(rows)], 1000) for l, r in zip(p.left, p.right, strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == {(i, j) for i in range(len(rows)) for j in range(i + 1, len(rows)) if _shared(rows[i], rows[j])}


@settings(max_examples=60, deadline=None)
@given(_KEYS, _KEYS)
def test_each_pair_of_two_tables_once(a: list[tuple[int, int, int]], b: list[tuple[int, int, int]]) -> None:
    found = [(int(l), int(r)) for p in pairs_of([_table(a), _table(b)], 1000) for l, r in zip(p.left, p.right, strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == {(i, j) for i in range(len(a)) for j in range(len(b)) if _shared(a[i], b[j])}


def test_a_block_too_large_is_left_out_and_said() -> None:
    rows = [(1, k // 2 + 1, 0) for k in range(10)] + [(2, 0, 0), (2, 0, 0)]
    said: list[Oversize] = []
    found = {(int(l), int(r)) for p in pairs_of([_table(rows)], 5, said) for l, r in zip(p.left, p.right, strict=True)}
    assert found == {(2 * k, 2 * k + 1) for k in range(6)}          # a later key brings what the large block did not
    assert said == [Oversize(0, 1, 10)]


@pytest.mark.parametrize(("level", "a", "b", "holds"), [
    (date_swapped("v"), "2001-03-07", "2001-07-03", True),
    (date_swapped("v"), "2001-03-07", "2002-07-03", False),
    (date_swapped("v"), "7/3/2001", "20010703", True),
    (date_partial("v"), "2001-03-07", "2001", True),
    (date_partial("v"), "2001-03-07", "2001-03", True),
    (date_partial("v"), "2001-03-07", "2001-04", False),
    (date_partial("v"), "2001-03-07", "2001-03-07", False),
    (date_partial("v"), "2001-03-07", "rõ", False),
    (date_parts("v", 2), "2001-03-07", "2001-03-17", True),
    (date_parts("v", 2), "2001-03-07", "2001-04-17", False),
    (look_alike("v", 0.6), "051201703233", "051207703233", True),
    (look_alike("v", 0.6), "051201703233", "051202703233", False),
    (look_alike("v", 1.2), "151201703233", "751207703233", True),
    (look_alike("v", 0.6), "0512", "05122", False),
    (look_alike("v", 9), "0512", "05a2", False),
    (jaro_winkler("v", 0.9), "Nguyễn Văn An", "nguyễn văn ân", True),
    (jaro_winkler("v|unmarked", 1), "Nguyễn Đức", "Nguyên Dưc", True),
    (exact("v"), "  LÊ Thị ", "lê thị", True),
    (exact("v|last word"), "Lê An", "Trần An", True),
    (exact("v|sorted words"), "an lê", "Lê An", True),
    (exact("v|letters"), "12, an-lê", "12anlê", True),
    (exact("v|year"), "1999-01-01", "3/4/1999", True),
])
def test_levels(level, a: str, b: str, holds: bool) -> None:
    model = TableModel((Key(("v",)),), (Comparison("c", (level,)),))
    for x, y in ((a, b), (b, a)):
        encoded = read(({"v": [x]}, {"v": [y]}), model)
        one = np.zeros(1, dtype=np.int32)
        assert (Levels(encoded, model).of(Pairs(one, one))[0, 0] == 0) == holds


def test_names_in_each_others_column_and_missing_ones() -> None:
    model = TableModel((Key(("a", "b"), any_order=True),), (Comparison("c", (exact("a", "b"), crossed("a", "b"), crossed("a", "b", 0.8))),))
    left, right = {"a": ["Lan", "Lan", None], "b": ["Trần", "Trần", "Lê"]}, {"a": ["Trần", "Trân", "Lê"], "b": ["Lan", "Lam", "x"]}
    encoded = read((left, right), model)
    same = np.arange(3, dtype=np.int32)
    assert Levels(encoded, model).of(Pairs(same, same)).tolist() == [[1, 2, -1]]
    assert encoded.tables[0].keys[0][0] == encoded.tables[1].keys[0][0] != 0 and encoded.tables[0].keys[0][2] == 0


_LINKS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(-5, 5)), max_size=40)


@given(_LINKS)
def test_one_to_one_takes_the_best_first(links: list[tuple[int, int, int]]) -> None:
    links = list({(l, r): (l, r, w) for l, r, w in links}.values())
    l, r, w = (np.array([x[k] for x in links], dtype=np.int64) for k in range(3))
    free_l, free_r, taken = set(range(12)), set(range(12)), set()
    for weight, a, b in sorted((-x[2], x[0], x[1]) for x in links):
        if a in free_l and b in free_r:
            free_l.discard(a)
            free_r.discard(b)
            taken.add((a, b, -weight))
    assert {x for x, k in zip(links, one_to_one(l, r, w), strict=True) if k} == taken


def test_rivals_share_a_probability() -> None:
    p = exclusive(np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([9.0, 9.0, 9.0]))
    assert p == pytest.approx([9 / 19, 9 / 19, 0.9])


@settings(deadline=None)
@given(_LINKS)
def test_groups_do_not_depend_on_order_and_settle(links: list[tuple[int, int, int]]) -> None:
    table = np.full((12, 12), -6.0)
    for a, b, w in links:
        table[a, b] = table[b, a] = w + 0.5
    i, j = np.triu_indices(12, 1)
    shown = table[i, j] > -6

    def grouped(order: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return clusters(12, i[order], j[order], weights[i[order], j[order]], lambda a, b: weights[a, b])

    everything = np.flatnonzero(shown)
    root = grouped(everything, table)
    assert (root[root] == root).all() and (root <= np.arange(12)).all()
    assert (grouped(everything[::-1], table) == root).all()
    assert (components(12, i[root[i] == root[j]], j[root[i] == root[j]]) == root).all()
    settled = np.where(root[:, None] == root[None, :], 1.0, -6.0)
    assert (grouped(np.arange(len(i)), settled) == root).all()


def test_one_wrong_link_does_not_join_two_people() -> None:
    table = np.full((8, 8), -9.0)
    table[:4, :4] = table[4:, 4:] = 8.0
    table[3, 4] = table[4, 3] = 2.0
    i, j = np.triu_indices(8, 1)
    assert clusters(8, i, j, table[i, j], lambda a, b: table[a, b]).tolist() == [0] * 4 + [4] * 4


def test_a_very_large_group_is_taken_apart_not_compared_whole() -> None:
    n, asked = 1200, []
    left = np.arange(n - 1)
    weight = np.where(left % 3 == 2, 0.5, 5.0)          # threes, held together by weak links

    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        asked.append(len(a))
        return np.where(a // 3 == b // 3, 5.0, -5.0)

    root = clusters(n, left, left + 1, weight, compare)
    assert (root == np.arange(n) // 3 * 3).all()
    assert max(asked) <= 400 * 399 // 2


def test_letters_written_in_two_ways_are_one() -> None:
    model = TableModel((Key(("v",)),), (Comparison("c", (exact("v"),)),))
    encoded = read(({"v": ["Nguyễn"]}, {"v": ["Nguye\u0302\u0303n"]}), model)
    assert encoded.tables[0].codes["v"] == encoded.tables[1].codes["v"] and len(encoded.values) == 1
