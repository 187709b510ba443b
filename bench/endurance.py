"""Memory of a long run: so many pages read by the reading processes, then settled as one book.

    python -m bench.endurance [DATA] [--pages 1000] [--workers 2] [--model ID] [--json OUT]

DATA: as bench.reading; its pages come round again and again until the number is reached. Resident memory is printed as the run goes on;
the run fails (exit 1) above 1.5 GB, or where the second half of the pages still makes the reading processes grow.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

if not __package__:             # started by its path: the rooms lie beside bench/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.pooled_run import load, start_processes, tasks_of
from bench.process_memory import MemoryWatch, resident, tree_of
from bench.reading import SAMPLES
from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation
from ocr.lattice import unpack
from pipelines.page_pool import PagePool
from pipelines.page_task import PageResult, PageTask
from pipelines.services import ReadingOptions

MOST = 1_500_000_000        # bytes, everything together
GROWTH = 0.05               # of a reading process' memory, from half way to the end, that is taken for noise


@dataclass(frozen=True)
class Moment:
    """pages read so far, seconds since the start, resident bytes of the reading processes (each) and of everything together."""

    pages: int
    seconds: float
    readers: tuple[int, ...]
    together: int


def read_round(data: Path, number: int, options: ReadingOptions,
               say: Callable[[Moment], None]) -> tuple[list[Moment], list[tuple[PageTask, PageResult]]]:
    """Read `number` pages; (memory as it went, the results without their words)."""
    files = sorted(json.loads(line)["file"] for line in (data / "truth.jsonl").read_text("utf-8").splitlines())
    first = [task for n, file in enumerate(dict.fromkeys(files)) for task in tasks_of(data / "books", file, n, options.dpi)]
    tasks = {n: PageTask(n, t.sha256, t.media_type, t.frame, t.dpi, t.expectation) for n, t in enumerate(islice(cycle(first), number))}
    moments: list[Moment] = []
    kept: list[tuple[PageTask, PageResult]] = []
    with PagePool(options, lambda name: load(data / "books", name)) as pool:
        start_processes(pool, options)
        begun = time.monotonic()
        for done, result in enumerate(pool.read(tasks.values()), 1):
            kept.append((tasks[result.page_id], result))
            if done % max(1, number // 20) == 0 or done == number:
                sizes = {pid: resident(pid)[0] for pid in tree_of(os.getpid())}
                readers = tuple(size for pid, size in sorted(sizes.items()) if pid != os.getpid())
                moments.append(Moment(done, time.monotonic() - begun, readers, sum(sizes.values())))
                say(moments[-1])
    return moments, kept


def settle_all(kept: list[tuple[PageTask, PageResult]]) -> int:
    """All pages settled as one book, as the pipeline does; how many entries."""
    items = []
    for task, result in sorted(kept, key=lambda k: k[0].page_id):
        lattices = unpack(result.lattices) if result.lattices else {}
        for record in result.reading.records if result.reading else ():
            mine = {code: x for (row, code), x in lattices.items() if row == record.row}
            items.append(BookItem(f"{task.page_id + 1:05d}.jpg", record, mine))
    return len(settle_book(items, Expectation()))


def growth(moments: list[Moment]) -> float:
    """By what share the readers' memory grew in the second half: its last quarter's mean over its first quarter's."""
    later = [sum(m.readers) for m in moments[len(moments) // 2:]]
    quarter = max(1, len(later) // 2)
    return sum(later[-quarter:]) / max(1, sum(later[:quarter])) - 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", help="handwriting model (default: the preferred one)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)

    def say(m: Moment) -> None:
        readers = "  ".join(f"{size / 1e6:5.0f} MB" for size in m.readers)
        print(f"{m.pages:6} pages {m.seconds:8.0f} s   readers {readers}   together {m.together / 1e6:5.0f} MB", flush=True)

    with MemoryWatch() as memory:
        moments, kept = read_round(options.data, options.pages, ReadingOptions(model_id=options.model, workers=options.workers), say)
        entries = settle_all(kept)
        alone = resident(os.getpid())[1]
    grown = growth(moments)
    print(f"settled {entries} entries as one book; this process at most {alone / 1e6:.0f} MB")
    print(f"peak: largest reading process {memory.peak / 1e6:.0f} MB, everything together {memory.peak_together / 1e6:.0f} MB (aim ≤ 1500)")
    print(f"readers in the second half: {100 * grown:+.1f} %")
    if options.json:
        options.json.write_text(json.dumps({
            "pages": options.pages, "moments": [m.__dict__ for m in moments], "peak_bytes": memory.peak,
            "peak_together_bytes": memory.peak_together, "parent_peak_bytes": alone, "growth": grown}, indent=1), "utf-8")
    return 0 if memory.peak_together <= MOST and grown <= GROWTH else 1


if __name__ == "__main__":
    raise SystemExit(main())
