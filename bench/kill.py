"""Kills `sogoc run` with SIGKILL at random moments, runs it again each time, and compares the export with an undisturbed run's.

    .venv/bin/python bench/kill.py FOLDER [FOLDER …] [--population FILE] [--kills 10] [--seed 1] [--keep]

Ends with 0 when the exports are the same byte for byte, no page is lost or doubled, and database and object store name the same objects.
"""
from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """kills: how many of the runs were really killed; same: the exports are equal; lines: of the export; orphans: of both kinds."""

    kills: int
    same: bool
    lines: int
    orphans: int
    seconds: float

    @property
    def good(self) -> bool:
        return self.same and self.orphans == 0 and self.lines > 0


def sogoc(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([sys.executable, "-m", "sogoc", *arguments], env=environment(home), capture_output=True, text=True, check=False)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "SOGOC_HOME": str(home), "SOGOC_LANG": "en", "OMP_THREAD_LIMIT": "1"}


def prepare(home: Path, folders: list[Path], population: Path | None) -> None:
    for arguments in (["init"], *([["population", "import", str(population)]] if population else []), ["batch", "add", *map(str, folders)]):
        done = sogoc(home, *arguments)
        if done.returncode:
            raise SystemExit(f"sogoc {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")


def run_whole(home: Path) -> float:
    """An undisturbed run; its seconds."""
    start = time.monotonic()
    done = sogoc(home, "run", "--all")
    if done.returncode:
        raise SystemExit(f"sogoc run: {done.returncode}\n{done.stdout}{done.stderr}")
    return time.monotonic() - start


def run_killed(home: Path, kills: int, usual: float, chance: random.Random) -> int:
    """Run and kill the process (and only it: what it started must end by itself) `kills` times, then let it finish; kills that hit."""
    hit = 0
    for _ in range(kills):
        process = subprocess.Popen([sys.executable, "-m", "sogoc", "run", "--all"], env=environment(home), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.3, max(1.5, usual / 2)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            hit += 1
    done = sogoc(home, "run", "--all")
    if done.returncode:
        raise SystemExit(f"sogoc run after the kills: {done.returncode}\n{done.stdout}{done.stderr}")
    return hit


def export(home: Path) -> bytes:
    out = home / "export.jsonl"
    done = sogoc(home, "records", "export", "--format", "jsonl", str(out))
    if done.returncode:
        raise SystemExit(f"sogoc records export: {done.stderr}")
    return out.read_bytes()


def orphans(home: Path) -> int:
    """Rows without objects, objects without rows, rows still pending, as `sogoc archive verify` finds them."""
    done = sogoc(home, "archive", "verify")
    return sum(line.startswith("!") for line in done.stdout.splitlines()) + (done.returncode not in (0, 1))


def compare(folders: list[Path], population: Path | None, kills: int, seed: int, place: Path) -> Result:
    """The whole experiment under `place`."""
    calm, rough = place / "calm", place / "rough"
    for home in (calm, rough):
        prepare(home, folders, population)
    seconds = run_whole(calm)
    hit = run_killed(rough, kills, seconds, random.Random(seed))
    one, other = export(calm), export(rough)
    return Result(hit, one == other, len(one.splitlines()), orphans(calm) + orphans(rough), seconds)


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folders", nargs="+", type=Path)
    p.add_argument("--population", type=Path)
    p.add_argument("--kills", type=int, default=10)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--keep", action="store_true", help="leave both homes for a look")
    o = p.parse_args()
    place = Path(tempfile.mkdtemp(prefix="sogoc-kill-"))
    try:
        result = compare([f.resolve() for f in o.folders], o.population and o.population.resolve(), o.kills, o.seed, place)
        for home in ("calm", "rough"):
            print(home, hashlib.sha256((place / home / "export.jsonl").read_bytes()).hexdigest())
    finally:
        if o.keep:
            print(place)
        else:
            shutil.rmtree(place, ignore_errors=True)
    print(f"killed {result.kills} of {o.kills}; undisturbed run {result.seconds:.0f} s; {result.lines} lines; "
          f"{'the same' if result.same else 'DIFFERENT'}; {result.orphans} orphans")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
