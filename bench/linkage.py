"""How good and how fast the linkage is: `python -m bench.linkage [FOLDER]`.

FOLDER holds entries.csv, population.csv and truth.csv (each also .gz; truth: entry, then a column a role), or a composed set of registers
(truth.jsonl and population.csv; its true values stand for a perfect reader). Without FOLDER a district is simulated and its registers
misread.
`--every K --from J` takes entries J, J+K, J+2K …, so that one part can be kept unseen.
"""
from __future__ import annotations

import argparse
import csv
import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.misreading import HAND_SHARES, HANDS, misread
from matching.decision import LinkDecision
from matching.entry import ROLES, Entry, entry_of
from matching.linker import Linker
from matching.population import PersonRecord, PopulationIndex
from matching.training import estimate_hands, observed_edits
from storage.population_file import Refused, inspect_file, read_people

_BINS = (0.0, 0.02, 0.5, 0.9, 0.99, 0.997, 0.999, 0.9999, 1.0 + 1e-9)


@dataclass(frozen=True)
class Trial:
    """Entries book by book, the person of each role ("" if not in the population), and the values as read by field code."""

    people: list[PersonRecord]
    books: list[list[Entry]]
    truth: list[list[Mapping[str, str]]]
    values: list[list[Mapping[str, str]]]


def read_population(path: Path) -> list[PersonRecord]:
    if path.suffix == ".gz":
        with tempfile.NamedTemporaryFile(suffix=".csv") as plain:
            plain.write(gzip.decompress(path.read_bytes()))
            plain.flush()
            return read_population(Path(plain.name))
    return [PersonRecord(*row) for row in read_people(path, inspect_file(path), {}) if not isinstance(row, Refused)]


def _table(folder: Path, name: str) -> Iterator[dict[str, str]]:
    path = next(p for p in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if p.exists())
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def typed_trial(folder: Path, first: int, step: int, limit: int | None) -> Trial:
    people = read_population(next(p for p in (folder / "population.csv", folder / "population.csv.gz") if p.exists()))
    truth = {t.pop("entry"): t for t in _table(folder, "truth")}
    rows = list(_table(folder, "entries"))[first::step][:limit]
    kind = next(k for k, roles in ROLES.items() if roles[0] + "HoTen" in rows[0])
    values = [{k: v for k, v in r.items() if v} for r in rows]
    return Trial(people, [[entry_of(kind, v) for v in values]], [[truth[r["entry"]] for r in rows]], [list(values)])


def register_trial(folder: Path) -> Trial:
    books: dict[str, tuple[list[Entry], list[Mapping[str, str]], list[Mapping[str, str]]]] = {}
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        page = json.loads(line)
        entries, truth, values = books.setdefault(page["file"].split("/")[0], ([], [], []))
        values.append({k: str(v) for k, v in page["values"].items()})
        entries.append(entry_of(page["values"].get("loai") or page["form"][:2], values[-1]))
        truth.append({role: pid or "" for role, pid in page["link"].items()})
    entries_of, truth_of, values_of = ([b[k] for b in books.values()] for k in range(3))
    return Trial(read_population(folder / "population.csv"), entries_of, truth_of, values_of)       # type: ignore[arg-type]


def simulated_trial(people: int, entries: int, seed: int, kinds: Sequence[str] = ("KS", "KH", "KT"), district: str = "") -> Trial:
    """Births, marriages and deaths (or what `kinds` says) of a simulated district, misread by hands of every quality; the population file
    differs as files do. district: with its province, "Huyện Tư Nghĩa, Quảng Ngãi"; else the default one."""
    from samples.districts import LE_THUY, find_district
    from samples.people import simulate
    from samples.population_file import write_population

    world = simulate(find_district(district) if district else LE_THUY, people, seed)
    with tempfile.TemporaryDirectory() as folder:
        listed = write_population(world, Path(folder) / "population.csv", seed)
        index = read_population(Path(folder) / "population.csv")
    rng = np.random.default_rng([seed, 7])
    books: dict[tuple[str, int, str], tuple[list[Entry], list[Mapping[str, str]], list[Mapping[str, str]]]] = {}
    wanted = [e for e in world.events if e.kind in kinds]
    events = [wanted[k] for k in sorted(rng.permutation(len(wanted))[:entries])]
    for event in events:
        error = float(rng.choice(HANDS, p=HAND_SHARES))
        values = {"ngayDangKy": event.registered.isoformat(), "noiDangKy": "UBND " + event.commune}
        links = {}
        for role in ROLES[event.kind]:
            if role not in event.roles:
                continue
            p = world.people[event.roles[role]]
            links[role] = p.number if p.number in listed else ""
            born = str(p.born.year) if role in ("me", "cha") else p.born.isoformat()
            own = {"HoTen": p.name, "NgaySinh": born, "NoiCuTru": p.residence}
            if role == "nks":
                own = {"HoTen": p.name, "NgaySinh": born, "GioiTinh": p.sex, "NoiSinh": p.birthplace, "QueQuan": p.hometown}
            elif event.kind != "KS" and rng.random() < 0.5:
                own["SoGiayToTuyThan"] = p.number
            for field, value in own.items():
                if rng.random() > 0.03:
                    values[role + field] = value if field == "GioiTinh" else misread(value, error, rng)
        book = books.setdefault((event.kind, event.registered.year, event.commune), ([], [], []))
        book[0].append(entry_of(event.kind, values))
        book[1].append(links)
        book[2].append(values)
    entries_of, truth_of, values_of = ([b[k] for b in books.values()] for k in range(3))
    return Trial(index, entries_of, truth_of, values_of)        # type: ignore[arg-type]


def blocking_recall(linker: Linker, trial: Trial) -> dict[str, tuple[float, float]]:
    """By role: the share of present people that blocking brings, and how many people it brings on average."""
    hit: dict[str, list[float]] = {}
    size: dict[str, list[int]] = {}
    for entries, truths in zip(trial.books, trial.truth, strict=True):
        for entry, truth in zip(entries, truths, strict=True):
            for role, rows in linker.candidates(entry).items():
                size.setdefault(role, []).append(len(rows))
                if truth.get(role):
                    hit.setdefault(role, []).append(float(linker.index.row_of[truth[role]] in rows))
    return {role: (float(np.mean(hit.get(role, [1.0]))), float(np.mean(size[role]))) for role in size}


def first(decision: LinkDecision) -> str | None:
    """The likeliest person, linked or not."""
    return decision.candidates[0].personal_id if decision.candidates else None


def measure(results: Sequence[tuple[LinkDecision, str]]) -> dict[str, float]:
    """Figures over decisions and the true number of each ("" if the person is not in the population)."""
    accepted = [(d, t) for d, t in results if d.decision == "accept"]
    wrong = sum(d.personal_id != t for d, t in accepted)
    present = [(d, t) for d, t in results if t]
    absent = [d for d, t in results if not t]
    return {
        "roles": len(results), "top1_pct": 100 * float(np.mean([first(d) == t for d, t in present] or [1])),
        "accept_pct": 100 * len(accepted) / max(1, len(results)), "accept_of_present_pct": 100 * sum(bool(t) for _,
            t in accepted) / max(1, len(present)),
        "wrong": wrong, "wrong_per_1000_accepted": 1000 * wrong / max(1, len(accepted)), "absent": len(absent),
        "absent_accepted": sum(d.decision == "accept" for d in absent),
        "review_pct": 100 * sum(d.decision == "review" for d, _ in results) / max(1, len(results)),
        "present_called_none": sum(d.decision == "none" for d, _ in present),
    }


def calibration(results: Sequence[tuple[LinkDecision, str]]) -> Iterator[tuple[float, float, int, float, float]]:
    """(from, to, links, mean probability, share right) by probability."""
    p = np.array([d.probability for d, _ in results])
    right = np.array([first(d) == t and bool(t) for d, t in results])
    for low, high in pairwise(_BINS):
        here = (p >= low) & (p < high)
        if here.any():
            yield low, min(high, 1.0), int(here.sum()), float(p[here].mean()), float(right[here].mean())


def run(trial: Trial, blocking: bool = True) -> dict[str, dict[str, float]]:
    """Link the trial and print its figures; they come back by role, "all" for all."""
    start = time.perf_counter()
    linker = Linker(PopulationIndex.build(trial.people))
    built = time.perf_counter() - start
    if blocking:
        for role, (recall, size) in blocking_recall(linker, trial).items():
            print(f"blocking {role:6} recall {100 * recall:7.3f} %   {size:7.1f} people compared")
    start = time.perf_counter()
    results: dict[str, list[tuple[LinkDecision, str]]] = {"all": []}
    decided = [linker.link(entries) for entries in trial.books]
    for book, truths in zip(decided, trial.truth, strict=True):
        for decisions, truth in zip(book, truths, strict=True):
            for role, decision in decisions.items():
                if role in truth:
                    for name in (role, "all"):
                        results.setdefault(name, []).append((decision, truth[role]))
    seconds = time.perf_counter() - start
    edits = [observed_edits(linker, e, d) for e, d in zip(trial.books, decided, strict=True)]
    hands = estimate_hands(*(np.concatenate(x) for x in zip(*edits, strict=True)), linker.model).hands
    print("hands in these entries, estimated without the truth:", ", ".join(f"{h.name} {h.share:.2f} (error {h.error:.3f})" for h in hands))
    count = sum(len(b) for b in trial.books)
    figures = {role: measure(found) for role, found in results.items()}
    for role, f in figures.items():
        print(f"{role:6}" + "".join(f"  {k} {v:.2f}" if isinstance(v, float) else f"  {k} {v}" for k, v in f.items()))
    for low, high, n, mean, right in calibration(results["all"]):
        print(f"probability {low:.4f} … {high:.4f}: {n:7} links, mean {mean:.5f}, right {right:.5f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = 1000 * seconds / max(1, count)
    print(f"{len(trial.people)} people, {count} entries: index {built:.1f} s, linking {seconds:.1f} s ({each:.1f} ms an entry),",
          f"{memory:.0f} MB at most")
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=20_000, help="simulated people")
    parser.add_argument("--entries", type=int, default=None, help="at most so many entries (2,000 simulated)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    options = parser.parse_args(arguments)
    if options.folder is None:
        trial = simulated_trial(options.people, options.entries or 2000, options.seed)
    elif (options.folder / "truth.jsonl").exists():
        trial = register_trial(options.folder)
    else:
        trial = typed_trial(options.folder, options.first, options.every, options.entries)
    run(trial)
    return 0


if __name__ == "__main__":
    sys.exit(main())
