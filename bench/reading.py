"""How well pages are read: field by field against the truth, beside Tesseract alone on the same blanks.

    python bench/reading.py [DATA] [--pages N] [--model ID] [--no-tesseract] [--json OUT]

DATA: a folder with truth.jsonl and books/<book>/<page> + batch.json (default: the project's samples).
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation, PageReader
from ocr.images import inspect, open_page
from ocr.reading import PageImage, PageReading
from ocr.registration import fit_form, read_labels
from ocr.straighten import straighten
from ocr.tesseract import read_words
from records.dates import parse_figures
from records.filenames import parse_page_name
from records.forms import load_forms
from records.text import fold

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
CALIBRATION_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0001)


def kind_of(code: str) -> str:
    """The group a field is counted in."""
    if code.endswith("HoTen"):
        return "name"
    if code.endswith("NgaySinh") or code.startswith("ngay") or code == "nktNgayChet":
        return "date"
    if code in ("so", "quyenSo") or "SoDinhDanh" in code or "SoGiayTo" in code:
        return "number"
    return "place" if code.endswith(("NoiSinh", "QueQuan", "NoiCuTru", "NoiChet")) else "category"


def same(code: str, written: str, read: str) -> bool:
    """Dates and numbers must be equal, texts but for case, punctuation and the place of the tone mark."""
    kind = kind_of(code)
    if kind == "date":
        as_date = parse_figures(written)      # some truths keep a date as it was written
        return read in (written, str(as_date) if as_date else written)
    return read.replace(" ", "").lstrip("0") == written.replace(" ", "").lstrip("0") if kind == "number" else fold(read) == fold(written)


def expectation(folder: Path, file: str) -> Expectation:
    said = json.loads((folder / "batch.json").read_text("utf-8")) if (folder / "batch.json").is_file() else {}
    name = parse_page_name(file)
    return Expectation(said.get("loai"), said.get("mau"), said.get("nam"), said.get("quyenSo"), said.get("noiDangKy"),
                       name.number if name else None)


def tesseract_alone(page: PageImage, form_id: str) -> dict[str, str]:
    """What Tesseract reads in each blank (psm 7), the blanks located as ours are: the nearest there is to reading a register without us."""
    straight = straighten(page)
    fit = fit_form(straight, read_labels(straight), [load_forms()[form_id]], form_id)
    out: dict[str, str] = {}
    for blank, (x0, y0, x1, y1) in fit.blanks if fit else []:
        if blank.code and blank.code not in out:
            out[blank.code] = " ".join(w.text for w in read_words(np.ascontiguousarray(straight.gray[y0:y1, x0:x1]), psm=7))
    return out


class Tally:
    """Right and all by group, edits and letters of raw text, confidences with whether they were right."""

    def __init__(self) -> None:
        self.right: defaultdict[str, int] = defaultdict(int)
        self.all: defaultdict[str, int] = defaultdict(int)
        self.edits: defaultdict[str, int] = defaultdict(int)
        self.letters: defaultdict[str, int] = defaultdict(int)
        self.sure: list[tuple[float, bool]] = []

    def add(self, code: str, written: str, value: str, raw: str, confidence: float | None = None) -> None:
        kind = kind_of(code)
        right = same(code, written, value)
        self.right[kind] += right
        self.all[kind] += 1
        if kind in ("name", "place"):
            self.edits[kind] += Levenshtein.distance(fold(written), fold(raw))
            self.letters[kind] += len(fold(written))
        if confidence is not None:
            self.sure.append((confidence, right))

    def report(self) -> dict[str, float]:
        out = {f"{k} exact %": round(100 * self.right[k] / self.all[k], 1) for k in sorted(self.all)}
        return out | {f"{k} CER": round(self.edits[k] / self.letters[k], 3) for k in sorted(self.letters)}

    def calibration(self) -> list[tuple[str, int, float, float]]:
        """(range, fields, mean confidence, share right) by range of confidence."""
        out = []
        for low, high in pairwise(CALIBRATION_EDGES):
            part = [(c, r) for c, r in self.sure if low <= c < high]
            if part:
                out.append((f"{low:.2f}–{min(high, 1):.2f}", len(part), sum(c for c, _ in part) / len(part), sum(r for _,
                    r in part) / len(part)))
        return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, help="at most so many pages a book")
    parser.add_argument("--model", help="handwriting model (default: the preferred one)")
    parser.add_argument("--no-tesseract", action="store_true", help="leave the comparison out")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    truth = {t["file"]: t for t in map(json.loads, (options.data / "truth.jsonl").read_text("utf-8").splitlines())}
    reader = PageReader(options.model)
    ours, settled, plain = Tally(), Tally(), Tally()
    seconds: defaultdict[str, float] = defaultdict(float)
    pages = without_form = 0
    for folder in sorted({(options.data / "books" / file).parent for file in truth}):
        readings: list[tuple[str, PageReading]] = []
        for path in sorted(folder.iterdir()):
            file = f"{folder.name}/{path.name}"
            if file not in truth or (options.pages and len(readings) >= options.pages):
                continue
            page = open_page(path.read_bytes(), inspect(path).media_type)
            start = time.perf_counter()
            reading = reader.read(page, expectation(folder, path.name))
            seconds["page"] += time.perf_counter() - start
            for stage, s in reading.seconds.items():
                seconds[stage] += s
            pages += 1
            without_form += reading.form is None
            readings.append((file, reading))
            if not options.no_tesseract:
                alone = tesseract_alone(page, truth[file]["form"])
                for code, written in wanted(truth[file]):
                    plain.add(code, written, alone.get(code, ""), alone.get(code, ""))
            print(f"\r{pages} pages", end="", file=sys.stderr, flush=True)
        items = [(f, BookItem(f.split("/")[1], r.records[0], {c: x for (_, c), x in r.lattices.items()})) for f, r in readings if r.records]
        start = time.perf_counter()
        book = settle_book([i for _, i in items], expectation(folder, ""))
        seconds["settle"] += time.perf_counter() - start
        for (file, item), record in zip(items, book, strict=True):
            for tally, fields in ((ours, item.record.fields), (settled, record.fields)):
                for code, written in wanted(truth[file]):
                    f = fields.get(code)
                    tally.add(code, written, f.value if f else "", f.raw if f else "", f.confidence if f else 0.0)
    print(file=sys.stderr)
    result = {"pages": pages, "pages without form": without_form, "model": reader.recogniser.card.id,
              "Tesseract alone": plain.report() if plain.all else None, "page by page": ours.report(), "book settled": settled.report(),
              "seconds a page": {k: round(v / max(1, pages), 2) for k, v in seconds.items()}}
    for name, value in result.items():
        print(f"{name:20} {value}")
    print("confidence: range, fields, mean confidence, share right")
    for band in settled.calibration():
        print("  {:10} {:5} {:.3f} {:.3f}".format(*band))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False), "utf-8")
    return 0


def wanted(truth: dict) -> list[tuple[str, str]]:
    """The fields of a page that are scored: those with a value, free notes aside."""
    skip = ("nksNgaySinhBangChu", "nguoiKy", "trangSo", "ghiChu", "gbtSo", "ngayXacNhan", "nktNguyenNhanChet", "loai")
    return [(c, str(v)) for c, v in truth["values"].items() if c not in skip and v not in ("", None)]


if __name__ == "__main__":
    sys.exit(main())
