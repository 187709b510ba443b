"""What scanning does to registration and reading: each distortion of a page against the page as it is.

    python bench/robustness.py [DATA] [--pages N] [--fields] [--only TEXT] [--seed N] [--json OUT]

DATA: a folder with truth.jsonl, boxes.jsonl and books/<book>/<page> (default: the project's samples). A line a distortion: pages
whose form was found, value boxes that the blank found for them holds (to within 2 mm), and with --fields the share of fields
that read as on the undistorted page. Expected form and book are told to the reader as batch.json has them.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from bench.reading import SAMPLES, expectation
from ocr.extraction import Expectation, PageReader
from ocr.form_search import FoundPage, find_pages
from ocr.images import open_page
from ocr.reading import PageImage, PageReading
from records.forms import load_forms, page_forms
from records.record import DraftRecord
from samples.distort import SINGLE, SPREADS, Distorted

REACH = 2.0                 # mm that a value may lie outside its blank


@dataclass(frozen=True)
class Sample:
    """A flat page: file, form, boxes of its values by code, what is known of it."""

    file: str
    form: str
    page: PageImage
    boxes: dict[str, list[float]]
    expected: Expectation


@dataclass
class Row:
    """Counts of one distortion; lost: codes of values whose box was missed."""

    pages: int = 0
    found: int = 0
    boxes: int = 0
    held: int = 0
    fields: int = 0
    unchanged: int = 0
    seconds: float = 0.0
    lost: Counter[str] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        text = f"{name:24} {self.pages:4} {share(self.found, self.pages)} {share(self.held, self.boxes)}"
        if self.fields:
            text += f" {share(self.unchanged, self.fields)}"
        return f"{text}  {self.seconds / max(1, self.pages):5.2f} s  " + " ".join(f"{c}:{n}" for c, n in self.lost.most_common(4))


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:6.1f}%" if whole else "     –"


def load(data: Path, pages: int | None) -> list[list[Sample]]:
    """The samples by book, in order."""
    truth = [json.loads(t) for t in (data / "truth.jsonl").read_text("utf-8").splitlines()]
    boxes = {t["file"]: t["boxes"] for t in map(json.loads, (data / "boxes.jsonl").read_text("utf-8").splitlines())}
    books: dict[Path, list[Sample]] = {}
    for t in sorted(truth, key=lambda t: t["file"]):
        path = data / "books" / t["file"]
        book = books.setdefault(path.parent, [])
        if not pages or len(book) < pages:
            page = open_page(path.read_bytes(), "image/jpeg")
            book.append(Sample(t["file"], t["form"], page, boxes[t["file"]], expectation(path.parent, path.name)))
    return list(books.values())


def held(found: FoundPage, distorted: Distorted, number: int, sample: Sample, row: Row) -> None:
    """Count the value boxes that the found blanks hold; values that left the image do not count."""
    height, width = distorted.pixels.shape[:2]
    blanks: dict[str, list[float]] = {}
    for blank, (x0, y0, x1, y1) in found.fit.blanks if found.fit and found.fit.form.id == sample.form else []:
        if blank.code:
            a = blanks.get(blank.code, [x0, y0, x1, y1])
            blanks[blank.code] = [min(a[0], x0), min(a[1], y0), max(a[2], x1), max(a[3], y1)]
    for code, box in sample.boxes.items():
        around = distorted.box((box[0], box[1], box[2], box[3]), number)
        if (around < 0).any() or (around > (width, height)).any() or code not in {b.code for b in load_forms()[sample.form].blanks}:
            continue
        row.boxes += 1
        if code in blanks and found.fit:
            inside = cv2.perspectiveTransform(around[:, None], np.linalg.inv(found.fit.to_original))[:, 0]
            least, most = inside.min(axis=0), inside.max(axis=0)
            slack, b = REACH * found.fit.scale, blanks[code]
            if least[0] >= b[0] - slack and least[1] >= b[1] - slack and most[0] <= b[2] + slack and most[1] <= b[3] + slack:
                row.held += 1
                continue
        row.lost[code] += 1


def compare(flat: DraftRecord | None, record: DraftRecord | None, row: Row) -> None:
    """Count the fields with a value on the flat page that have the same now."""
    for code, value in flat.fields.items() if flat else []:
        if value.value:
            row.fields += 1
            row.unchanged += record is not None and code in record.fields and record.fields[code].value == value.value


def first(reading: PageReading, row: int = 1) -> DraftRecord | None:
    return next((r for r in reading.records if r.row == row), None)


def measure(distorted: Distorted, samples: list[Sample], flat: list[DraftRecord | None], reader: PageReader | None, row: Row) -> None:
    """One distorted image, of one or two samples, counted into `row`."""
    image = PageImage(np.ascontiguousarray(distorted.pixels), distorted.dpi)
    forms = [f for f in page_forms() if f.kind == samples[0].expected.kind] or page_forms()
    start = time.perf_counter()
    found = find_pages(image, forms, samples[0].expected.form)
    row.seconds += time.perf_counter() - start
    for number, sample in enumerate(samples):
        row.pages += 1
        if len(found) != len(samples):
            row.boxes += len(sample.boxes)
            row.lost[f"{len(found)} page(s)"] += 1
            continue
        fit = found[number].fit
        row.found += fit is not None and fit.form.id == sample.form
        held(found[number], distorted, number, sample, row)
    if reader:
        said = samples[0].expected if len(samples) == 1 else replace(samples[0].expected, file_number=None)
        reading = reader.read(image, said)
        for number, record in enumerate(flat, 1):
            compare(record, first(reading, number), row)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, help="at most so many pages a book")
    parser.add_argument("--fields", action="store_true", help="read the handwriting as well (a second or more a page)")
    parser.add_argument("--only", help="distortions whose name holds this")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    books = load(options.data, options.pages)
    reader = PageReader() if options.fields else None
    flat = {s.file: first(reader.read(s.page, s.expected)) if reader else None for book in books for s in book}
    print(f"{'distortion':24} {'pages':>4} {'form':>6}  {'boxes':>6} {' fields' if reader else ''}  registration; values missed")
    rows: dict[str, Row] = {}
    for name, single in SINGLE.items():
        if not options.only or options.only in name:
            row = rows[name] = Row()
            for sample in (s for book in books for s in book):
                rng = np.random.default_rng([options.seed, *sample.file.encode()])
                measure(single(sample.page.pixels, sample.page.dpi or 200, rng), [sample], [flat[sample.file]], reader, row)
            print(row.line(name), flush=True)
    for name, double in SPREADS.items():
        if not options.only or options.only in name:
            row = rows[name] = Row()
            for a, b in (pair for book in books for pair in zip(book[::2], book[1::2], strict=False)):
                rng = np.random.default_rng([options.seed, *a.file.encode()])
                distorted = double(a.page.pixels, b.page.pixels, a.page.dpi or 200, rng)
                measure(distorted, [a, b], [flat[a.file], flat[b.file]], reader, row)
            print(row.line(name), flush=True)
    if options.json:
        options.json.write_text(json.dumps({n: vars(r) | {"lost": dict(r.lost)} for n, r in rows.items()}, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
