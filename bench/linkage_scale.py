"""How the linkage fares at the size of a province: `python -m bench.linkage_scale --people 3000000 --entries 100000 --processes 2`.

Composes a population of many districts (nobody in it exists) and births misread in hands of every quality, makes the index, and links in a
process of its own, the loading of the index included. Prints seconds, memory, people compared, what a compared pair costs, and how right it
was. --folder keeps what was composed, so that a second run need not compose it again.
"""
from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from bench.linkage import first, simulated_trial
from bench.process_memory import MemoryWatch
from matching.entry import Entry
from matching.index_build import build_arrays
from matching.index_file import open_index, write_index
from matching.linker import Linker
from matching.pool import link_books
from records.places import default_gazetteer, written
from samples.districts import BOOKS_OF

_A_DISTRICT = 30_000    # people
_PROBED = 500           # entries whose candidates are counted


def districts(count: int) -> list[str]:
    """Names of neighbouring districts with their provinces, those with the most communes of each province first left out of none."""
    names: dict[str, int] = {}
    for unit in default_gazetteer().communes_on(BOOKS_OF):
        district = written(unit).partition(", ")[2]
        if district.count(", ") == 1:
            names[district] = names.get(district, 0) + 1
    large = [d for d, communes in names.items() if communes >= 8]
    if len(large) < count:
        raise ValueError(f"{count} districts wanted, {len(large)} known")
    return large[:count]


def compose(folder: Path, district: str, number: int, people: int, entries: int) -> None:
    """One district's rows, entries and truth, pickled. Entries may be fewer than asked for."""
    trial = simulated_trial(people, entries, 1000 + number, ("KS",), district)
    temporary = folder / f"{number:04d}.part"
    temporary.write_bytes(pickle.dumps(([astuple(p) for p in trial.people], trial.books, trial.truth), protocol=5))
    temporary.rename(folder / f"{number:04d}.pickle")


def compose_all(folder: Path, people: int, entries: int, processes: int) -> None:
    count = max(1, round(people / _A_DISTRICT))
    wanted = [(k, d) for k, d in enumerate(districts(count)) if not (folder / f"{k:04d}.pickle").exists()]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for job in [pool.submit(compose, folder, d, k, people // count, -(-entries // count)) for k, d in wanted]:
            job.result()


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """The people of all districts; a personal number that two districts drew stays with the first."""
    seen: set[str] = set()
    for path in sorted(folder.glob("*.pickle")):
        for row in pickle.loads(path.read_bytes())[0]:
            if row[0] not in seen:
                seen.add(row[0])
                yield row


def books(folder: Path) -> Iterator[tuple[list[Entry], list[Mapping[str, str]]]]:
    for path in sorted(folder.glob("*.pickle")):
        _, entries, truth = pickle.loads(path.read_bytes())
        yield from zip(entries, truth, strict=True)


def ambiguous(folder: Path) -> set[str]:
    """Personal numbers that two districts drew."""
    seen: set[str] = set()
    twice: set[str] = set()
    for path in sorted(folder.glob("*.pickle")):
        for row in pickle.loads(path.read_bytes())[0]:
            (twice if row[0] in seen else seen).add(row[0])
    return twice


def link_all(index: Path, folder: Path, processes: int) -> None:
    """Link every book and print the figures; the process in which this runs is what is measured."""
    held = list(books(folder))
    twice = ambiguous(folder)
    start = time.perf_counter()
    with MemoryWatch() as memory:
        results = []
        opened = open_index(index)
        loaded = time.perf_counter() - start
        decided = link_books(index, (b for b, _ in held), processes) if processes > 1 else map(Linker(opened).link, (b for b, _ in held))
        for book, (_, truths) in zip(decided, held, strict=True):
            for decisions, truth in zip(book, truths, strict=True):
                results += [(d.decision, first(d), d.personal_id, d.probability, truth[r]) for r, d in decisions.items() if r in truth]
        seconds = time.perf_counter() - start
    print(f"linked in {seconds:.1f} s, {loaded:.1f} s of them checking the index; {memory.peak_together / 2**20:.0f} MB resident together,"
          f" pages shared counted once a process")
    report(results, twice)
    linker = Linker(opened)
    compared = [len(r) for book, _ in islice(held, 40) for e in book[:_PROBED // 40] for r in linker.candidates(e).values()]
    pairs = float(np.mean(compared)) * 3 * sum(len(b) for b, _ in held)
    print(f"{3 * np.mean(compared):.0f} people compared an entry, {1e6 * seconds * processes / pairs:.2f} µs of a core a pair")


def report(results: Sequence[tuple[str, str | None, str | None, float, str]], twice: set[str]) -> None:
    """Print how right the results (decision, first, linked, probability, truth) are, numbers that two people have apart."""
    sure = [r for r in results if r[4] not in twice]
    accepted = [r for r in sure if r[0] == "accept"]
    present = [r for r in sure if r[4]]
    absent = [r for r in sure if not r[4]]
    wrong = sum(r[2] != r[4] for r in accepted)
    print(f"{len(sure)} roles: first right {100 * np.mean([r[1] == r[4] for r in present]):.2f} % of {len(present)} present,"
          f" accepted {100 * sum(bool(r[4]) for r in accepted) / max(1, len(present)):.2f} % of them,"
          f" wrong {1000 * wrong / max(1, len(accepted)):.2f} in 1,000 accepted,"
          f" {sum(r[0] == 'accept' for r in absent)} of {len(absent)} absent accepted")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--entries", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep what is composed here, and use what is there")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        compose_all(folder, options.people, options.entries, options.processes)
        print(f"composed in {time.perf_counter() - start:.0f} s", flush=True)
        path = folder / "population.index"
        if not path.exists():
            start, cpu = time.perf_counter(), time.process_time()
            write_index(path, build_arrays(rows(folder)))
            print(f"index of {path.stat().st_size / 2**20:.0f} MB made in {time.perf_counter() - start:.0f} s"
                  f" ({time.process_time() - cpu:.0f} s of a core)", flush=True)
        worker = get_context("spawn").Process(target=link_all, args=(path, folder, options.processes))
        worker.start()
        worker.join()
        return worker.exitcode or 0


if __name__ == "__main__":
    sys.exit(main())
