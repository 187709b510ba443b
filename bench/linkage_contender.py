"""One contender on one set, in a process of its own: `python -m bench.linkage_contender WHO SET FOLDER` (bench.linkage_peers starts it).

FOLDER holds left.csv and, for a linkage, right.csv, with `unique_id` 0, 1, 2 …; for `linker` entries.pickle. Writes WHO.npz (left, right,
probability; accepted or group where the contender decides itself) and prints seconds and the most memory as JSON.
"""
from __future__ import annotations

import json
import os
import pickle
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.process_memory import resident

ACCEPT = 0.5        # of a table's pair: as likely right as not, which is where F1 is sought


def linker(folder: Path) -> tuple[dict[str, np.ndarray], float]:
    """The product's own linkage of register entries."""
    from matching.linker import Linker
    from matching.population import PopulationIndex

    people, books, role = pickle.loads((folder / "entries.pickle").read_bytes())
    start = time.perf_counter()
    index = PopulationIndex.build(people)
    engine = Linker(index)
    decided = [d for book in books for d in engine.link(book)]
    seconds = time.perf_counter() - start
    rows = {p.personal_id: k for k, p in enumerate(people)}
    found = [(k, rows[c.personal_id], c.probability, n == 0 and d[role].decision == "accept")
             for k, d in enumerate(decided) if role in d for n, c in enumerate(d[role].candidates)]
    left, right, probability, accepted = (np.array(x) for x in zip(*found, strict=True))
    return {"left": left, "right": right, "probability": probability, "accepted": accepted}, seconds


def tables(task: str, paths: Sequence[Path]) -> tuple[dict[str, np.ndarray], float]:
    from bench.linkage_declared import MODELS
    from matching.tables import deduplicate, link

    start = time.perf_counter()
    found = link(paths[0], paths[1], MODELS[task]) if len(paths) == 2 else deduplicate(paths[0], MODELS[task])
    out = {"left": found.left, "right": found.right, "probability": found.probability}
    if len(paths) == 2:
        out["accepted"] = np.isin(np.arange(len(found.left)), found.one_to_one(ACCEPT))
    else:
        out["group"] = found.clusters(ACCEPT)
    return out, time.perf_counter() - start


def main(arguments: Sequence[str]) -> int:
    who, task, folder = arguments[0], arguments[1], Path(arguments[2])
    warnings.simplefilter("ignore")
    paths = [p for p in (folder / "left.csv", folder / "right.csv") if p.exists()]
    version = ""
    if who == "linker":
        out, seconds = linker(folder)
    elif who == "tables":
        out, seconds = tables(task, paths)
    else:
        if who == "splink":
            from bench import linkage_splink as peer

            version = peer.VERSION
            start = time.perf_counter()
            found = peer.pairs(task, paths, len(os.sched_getaffinity(0)))
        else:
            from bench import linkage_recordlinkage as other

            version = other.VERSION
            start = time.perf_counter()
            found = other.pairs(task, paths)
        seconds = time.perf_counter() - start
        out = dict(zip(("left", "right", "probability"), found, strict=True))
    megabytes = resident(os.getpid())[1] / 2**20
    np.savez(folder / f"{who}.npz", **out)      # type: ignore[arg-type]
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "version": version}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
