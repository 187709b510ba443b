"""Pages read as in a run: by the pool's reading processes, then each book settled; with the time and memory it took."""
from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.process_memory import MemoryWatch, processor_seconds
from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation
from ocr.images import inspect, read_file
from ocr.lattice import unpack
from pipelines.page_pool import PagePool
from pipelines.page_task import PageResult, PageTask
from pipelines.services import ReadingOptions
from records.filenames import parse_page_name
from records.record import DraftRecord

Place = tuple[str, int]     # book/file, row on the page


@dataclass
class PooledRun:
    """alone, settled: the records by place, before and after their book was settled. Seconds: wall of reading and settling, settle and
    start_up apart (start_up is not in wall), processor of the reading processes, stages of all pages together. peak, peak_together:
    bytes, as MemoryWatch."""

    pages: int = 0
    without_form: int = 0
    set_aside: int = 0
    alone: dict[Place, DraftRecord] = field(default_factory=dict)
    settled: dict[Place, DraftRecord] = field(default_factory=dict)
    wall: float = 0.0
    settle: float = 0.0
    start_up: float = 0.0
    processor: float = 0.0
    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    peak: int = 0
    peak_together: int = 0


def run_pages(data: Path, files: Sequence[str], model: str | None = None, workers: int = 2,
              tell: Callable[[int, int], None] | None = None) -> PooledRun:
    """Read `files` (book/page under data/books) and settle their books. Raises pipelines.page_pool.ReaderBroken."""
    options, run = ReadingOptions(model_id=model, workers=workers), PooledRun()
    tasks = [task for number, file in enumerate(files) for task in tasks_of(data / "books", file, 1000 * number, options.dpi)]
    owner = {t.page_id: t.sha256 for t in tasks}
    results: defaultdict[str, list[PageResult]] = defaultdict(list)
    with MemoryWatch() as memory, PagePool(options, lambda name: load(data / "books", name)) as pool:
        begun = time.perf_counter()
        start_processes(pool, options)
        run.start_up = time.perf_counter() - begun
        begun, spent = time.perf_counter(), processor_seconds(os.getpid())
        for result in pool.read(tasks):
            results[owner[result.page_id]].append(result)
            run.pages += 1
            if tell:
                tell(run.pages, len(tasks))
        read, run.processor = time.perf_counter(), processor_seconds(os.getpid()) - spent
        for name in sorted({f.split("/")[0] for f in files}):
            _settle(data / "books" / name, {f: results[f] for f in files if f.split("/")[0] == name}, run)
        run.settle, run.wall = time.perf_counter() - read, time.perf_counter() - begun
    run.peak, run.peak_together = memory.peak, memory.peak_together
    return run


def start_processes(pool: PagePool, options: ReadingOptions) -> None:
    """Have all processes loaded: with pages that are no images, which are set aside at once."""
    number = options.workers * options.chunk_pages
    for _ in pool.read([PageTask(-1 - n, "", "image/jpeg", 0, options.dpi, Expectation()) for n in range(number)]):
        pass


def tasks_of(books: Path, file: str, first: int, dpi: int) -> list[PageTask]:
    """One task a page of the file, numbered from `first`; the file's own name stands for its hash."""
    facts = inspect(books / file)
    expected = expectation(books / file.split("/")[0], file.split("/")[-1])
    return [PageTask(first + n, file, facts.media_type, n, dpi, expected) for n in range(facts.frames)]


def load(books: Path, name: str) -> bytes:
    return read_file(books / name) if name else b""


def expectation(folder: Path, file: str = "") -> Expectation:
    """What is known before reading: what batch.json declares and the file's name says; of a whole book without a file."""
    path = folder / "batch.json"
    said: Mapping = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    name = parse_page_name(file) if file else None
    year = (name.registered_year if name else None) or said.get("nam") or (name.year if name else None)
    return Expectation(said.get("loai") or (name.kind if name else None), said.get("mau"), year,
                       said.get("quyenSo") or (name.book_number if name else None), said.get("noiDangKy"), name.number if name else None)


def _settle(folder: Path, results: Mapping[str, Sequence[PageResult]], run: PooledRun) -> None:
    places: list[Place] = []
    items: list[BookItem] = []
    for file, sheets in results.items():
        for result in sorted(sheets, key=lambda r: r.page_id):
            for stage, seconds in result.seconds.items():
                run.stages[stage] += seconds
            if result.reading is None:
                run.set_aside += 1
                continue
            run.without_form += result.reading.form is None
            lattices = unpack(result.lattices) if result.lattices else {}
            for record in result.reading.records:
                places.append((file, record.row))
                items.append(BookItem(file.split("/")[-1], record, {c: x for (row, c), x in lattices.items() if row == record.row}))
    run.alone |= {place: item.record for place, item in zip(places, items, strict=True)}
    run.settled |= dict(zip(places, settle_book(items, expectation(folder)), strict=True))
