"""Tables linked and de-duplicated: the right rows, the same from either side, explained, the same model twice."""
from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from matching.tables import ColumnMissing, ModelMalformed, NothingToCompare, TableUnreadable, deduplicate, link, parse_table_model
from matching.tables.model import Comparison, Key, Level, TableModel, Test, exact
from tests.matching.tables.people import MODEL, Columns, again, rows


@pytest.fixture(scope="module")
def people() -> Columns:
    return rows(1500, 1)


@pytest.fixture(scope="module")
def linked(people: Columns):
    order = np.random.default_rng(2).permutation(1500)[:1000].tolist()
    other = again(people, order, 2)
    strangers = rows(500, 9)
    other = {c: other[c] + strangers[c] for c in other}
    return order, other, link(people, other, MODEL)


def test_the_same_people_are_found_and_strangers_left_alone(linked) -> None:
    order, _, found = linked
    links = found.one_to_one(0.9)
    right = sum(order[r] == l for l, r in zip(found.left[links], found.right[links], strict=True) if r < 1000)
    assert right >= 970 and len(links) - right <= 3
    assert found.model.learnt.match * 1500 * 1500 == pytest.approx(1000, rel=0.05)


def test_a_probability_is_the_share_that_is_right(linked) -> None:
    order, _, found = linked
    right = np.array([r < 1000 and order[r] == l for l, r in zip(found.left, found.right, strict=True)])
    assert found.probability.sum() == pytest.approx(right.sum(), rel=0.03)


def test_the_same_from_either_side(people: Columns, linked) -> None:
    _, other, found = linked
    turned = link(other, people, found.model)
    here = {(l, r): (w, p) for l, r, w, p in zip(found.left, found.right, found.weight, found.probability, strict=True)}
    there = {(l, r): (w, p) for r, l, w, p in zip(turned.left, turned.right, turned.weight, turned.probability, strict=True)}
    assert here.keys() == there.keys()
    for pair, value in here.items():
        assert there[pair] == pytest.approx(value, rel=1e-6, abs=1e-9)


def test_a_nearer_value_never_lowers_the_weight(people: Columns, linked) -> None:
    """From a row to itself, spoilt step by step: each step's weight is at most that of the one before."""
    model = linked[2].model
    for row in range(0, 60):
        whole = {c: [v[row]] for c, v in people.items()}
        number, given = str(people["number"][row]), str(people["given"][row])
        near = number[:-1] + "6778960134"[int(number[-1])]
        steps = [{}, {"number": near}, {"number": near, "given": given[:-1] + "x"}, {"number": near[::-1], "given": given[:-1] + "x"},
                 {"number": near[::-1], "given": "qqqq"}]
        spoilt = {c: [step.get(c, whole[c][0]) for step in steps] for c in whole}
        weights = _weights(whole, spoilt, model)
        assert (np.diff(weights) <= 1e-9).all(), weights


def _weights(a: Columns, b: Columns, model: TableModel) -> np.ndarray:
    found = link(a, b, model)
    return np.array([sum(bar.weight for bar in found.waterfall(0, k)) for k in range(len(b["number"]))])


def test_a_waterfall_adds_up_to_the_weight(linked) -> None:
    found = linked[2]
    for k in range(0, len(found.left), 97):
        bars = found.waterfall(int(found.left[k]), int(found.right[k]))
        assert sum(b.weight for b in bars) == pytest.approx(found.weight[k], abs=1e-6)
    assert [b.name for b in bars if b.level != "frequency"] == ["prior", "surname", "given", "born", "number", "hands"]


def test_rows_of_one_person_come_into_one_group(people: Columns) -> None:
    order = [i for i in range(400) for _ in range(i % 4)]
    table = {c: people[c] + again(people, order, 4)[c] for c in people}
    truth = np.array([*range(1500), *order])
    found = deduplicate(table, MODEL)
    root = found.clusters(0.5)
    together = root[:, None] == root[None, :]
    same = truth[:, None] == truth[None, :]
    right = (together & same).sum() - len(truth)
    assert 2 * right / (together.sum() + same.sum() - 2 * len(truth)) > 0.985
    assert (root[root] == root).all()
    assert (found.clusters(0.5) == root).all()


def test_a_model_read_back_says_the_same(linked, people: Columns) -> None:
    _, other, found = linked
    model = parse_table_model(found.model.as_json())
    assert model == found.model
    repeated = link(people, other, model)
    assert (repeated.left == found.left).all() and (repeated.weight == found.weight).all()


def test_learning_twice_gives_the_same(linked, people: Columns) -> None:
    assert link(people, linked[1], MODEL).model == linked[2].model


def test_files_and_columns_are_one(people: Columns, linked, tmp_path: Path) -> None:
    _, other, found = linked
    paths = []
    for name, table in (("a", people), ("b", other)):
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(table)
            writer.writerows(zip(*([v or "" for v in column] for column in table.values()), strict=True))
        paths.append(path)
    again_ = link(*paths, found.model)
    assert (again_.left == found.left).all() and (again_.right == found.right).all() and (again_.weight == found.weight).all()


def test_what_cannot_be_done_is_said(people: Columns, tmp_path: Path) -> None:
    with pytest.raises(ColumnMissing) as missing:
        deduplicate({c: v for c, v in people.items() if c != "born"}, MODEL)
    assert missing.value.evidence["column"] == "born" and "born" in missing.value.message("vi")
    with pytest.raises(TableUnreadable):
        deduplicate(tmp_path / "none.csv", MODEL)
    with pytest.raises(TableUnreadable):
        deduplicate({"surname": ["a"], "given": []}, MODEL)
    with pytest.raises(NothingToCompare):
        deduplicate({c: [f"{k}{i}" for i in range(5)] for k, c in enumerate(people)}, MODEL)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "learnt": null, "keys": [], "comparisons": []}'])
def test_a_broken_model_is_refused(text: str) -> None:
    with pytest.raises(ModelMalformed):
        parse_table_model(text)


def test_models_that_read_differently_from_either_side_are_refused() -> None:
    with pytest.raises(ModelMalformed):
        TableModel((Key(("a",)),), (Comparison("x", (Level((Test("exact", "a", against="b"),)),)),))
    unknown = TableModel((Key(("a|upside down",)),), (Comparison("x", (exact("a"),)),))
    with pytest.raises(ModelMalformed):
        deduplicate({"a": ["1", "1"]}, unknown)
