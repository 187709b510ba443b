"""How well and how fast registers are read: Sổ Gốc beside Tesseract alone and AsterNet alone, on the same pages in the same run.

    python -m bench.reading [DATA] [--pages N] [--model ID] [--lines LABELS.tsv] [--all-writers] [--no-rivals] [--json OUT]

DATA: a folder with truth.jsonl and books/<book>/<page> + batch.json (default: the project's samples); boxes.jsonl tells the rivals
where each value lies (without it they get the blanks that our registration finds); handwriting/labels.tsv in it or beside it gives the
lines of unseen writers. Sổ Gốc reads as in a run: pages by two reading processes, each book settled when it is read.
"""
from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

if not __package__:             # started by its path: the rooms lie beside bench/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench import handwritten_lines, rivals
from bench.pooled_run import Place, PooledRun, expectation, run_pages
from bench.scoring import GROUPS, SURE, Tally, wanted
from ocr.decoding.addresses import read_address
from ocr.model_evaluation import line_of
from ocr.recogniser import load_model
from records.forms import load_forms

__all__ = ["SAMPLES", "expectation", "main"]

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
OURS = "Sổ Gốc"
Reader = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], str]]      # what prepares a line, what reads it
AIMS = {
    "handwritten lines, first guess, CER": "≤ 4.5 %", "handwritten lines, read as addresses, CER": "≤ 4.5 %",
    "names, exact": "≥ 93 %", "names, raw CER": "≤ 6 %", "dates, exact": "≥ 97 %",
    "numbers, exact": "≥ 96 %", "places, exact": "≥ 95 %", "categories and ticks, exact": "≥ 98.5 %",
    f"given ≥ {SURE}, wrong": "≤ 1.5 %", "wall time a page": "≤ 0.8 s", "one line, one core": "≤ 15 ms", "peak memory": "≤ 1.5 GB",
}


def read_truth(data: Path, most: int | None) -> list[dict[str, Any]]:
    """The rows of truth.jsonl, at most `most` pages of each book, in the order of their files."""
    rows = sorted(map(json.loads, (data / "truth.jsonl").read_text("utf-8").splitlines()), key=lambda t: (t["file"], t.get("row", 1)))
    books: defaultdict[str, list[str]] = defaultdict(list)
    for t in rows:
        if t["file"] not in books[t["file"].split("/")[0]]:
            books[t["file"].split("/")[0]].append(t["file"])
    kept = {f for files in books.values() for f in files[:most]}
    return [t for t in rows if t["file"] in kept]


def read_boxes(data: Path) -> dict[Place, dict[str, list[int]]]:
    """(file, row on the page) -> code -> box of boxes.jsonl; empty without one."""
    path = data / "boxes.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {(b["file"], b.get("row", 1)): b["boxes"] for b in map(json.loads, lines)}


def entries_for_rivals(truth: list[dict[str, Any]], boxes: Mapping[Place, dict[str, list[int]]]) -> list[dict[str, Any]]:
    """The entries whose values a reader of lines can be shown: every row of every page; without boxes those of forms of one entry a page
    alone, whose blanks our registration finds."""
    forms = load_forms()
    return [t for t in truth if t["values"] and ((t["file"], t.get("row", 1)) in boxes or (not boxes and forms[t["form"]].table is None))]


def score_ours(truth: list[dict[str, Any]], run: PooledRun) -> tuple[Tally, Tally]:
    """(each page by itself, the book settled); a page that was not read counts as wrong everywhere."""
    alone, settled = Tally(), Tally()
    for t in truth:
        place = t["file"], t.get("row", 1)
        for tally, records in ((alone, run.alone), (settled, run.settled)):
            fields = records[place].fields if place in records else {}
            for code, written in wanted(t["values"]):
                f = fields.get(code)
                tally.add(code, written, f.value if f else "", f.raw if f else "", f.confidence if f else 0.0)
    return alone, settled


def score_rivals(data: Path, truth: list[dict[str, Any]], tell: Tell) -> tuple[dict[str, Tally], dict[str, float]]:
    """Reader -> its tally over all entries, reader -> seconds a page on one core."""
    boxes = read_boxes(data)
    entries = entries_for_rivals(truth, boxes)
    pages = len({t["file"] for t in entries})
    tallies, seconds = {name: Tally() for name in rivals.RIVALS}, dict.fromkeys(rivals.RIVALS, 0.0)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(rivals.read_page, str(data / "books" / t["file"]), t["form"], boxes.get((t["file"], t.get("row", 1))))
                for t in entries]
        for done, (t, future) in enumerate(zip(entries, work, strict=True), 1):
            read = future.result()
            for name in rivals.RIVALS:
                seconds[name] += read.seconds[name] / pages
                for code, written in wanted(t["values"]):
                    text = read.texts[name].get(code, "")
                    tallies[name].add(code, written, rivals.as_value(code, text), text)
            tell("rivals", done, len(entries))
    return tallies, seconds


def measure_lines(labels: Path, model: str | None, every_writer: bool, most: int, with_rivals: bool,
                  tell: Tell) -> tuple[handwritten_lines.LineSet, dict[str, handwritten_lines.LineFigures], handwritten_lines.LineFigures]:
    """The lines, reader -> figures of its first guess on them, and ours read as addresses; one thread."""
    lines = handwritten_lines.load_lines(labels, every_writer, most)
    own = load_model(model)
    readers: dict[str, Reader] = {
        OURS: (lambda pixels: line_of(pixels, own.card), lambda line: own.read([line])[0].best_text())}
    if with_rivals:
        rivals.load_in_process()
        readers |= {"Tesseract": (rivals.as_gray, rivals.tesseract_line), "AsterNet": (rivals.as_gray, rivals.asternet_line)}
    figures = {}
    for name, (prepare, read) in readers.items():
        def done(number: int, name: str = name) -> None:
            tell(f"lines, {name}", number, len(lines.texts))
        figures[name] = handwritten_lines.measure(lines, prepare, read, done)

    def as_address(line: np.ndarray) -> str:
        found = read_address(own.read([line])[0], own.card.temperature("address"))
        return found.text if found else ""
    return lines, figures, handwritten_lines.measure(lines, readers[OURS][0], as_address)


class Tell:
    """Progress on the error channel, one line that is written over; nothing where that is no terminal."""

    def __call__(self, what: str, done: int, all_: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{what}: {done}/{all_}   ", end="\n" if done == all_ else "", file=sys.stderr, flush=True)


def table(settled: Tally, run: PooledRun, others: dict[str, Tally], others_seconds: dict[str, float],
          lines: dict[str, handwritten_lines.LineFigures],
          addresses: handwritten_lines.LineFigures | None) -> list[tuple[str, dict[str, str]]]:
    """(figure, reader -> text) in the order of the aims."""
    readers = {OURS: settled, **others}
    rows: list[tuple[str, dict[str, str]]] = [("handwritten lines, first guess, CER", {n: _percent(f.cer) for n, f in lines.items()})]
    if addresses:
        rows.append(("handwritten lines, read as addresses, CER", {OURS: _percent(addresses.cer)}))
    for title, group in zip(("names", "dates", "numbers", "places", "categories and ticks"), GROUPS, strict=True):
        rows.append((f"{title}, exact", {n: _percent(t.exact(group)) for n, t in readers.items()}))
        if group in ("name", "place"):
            rows.append((f"{title}, raw CER", {n: _percent(t.cer(group)) for n, t in readers.items()}))
    given, wrong = settled.wrong_though_sure()
    rows.append((f"given ≥ {SURE}, wrong", {OURS: f"{_percent(wrong / given)} ({wrong}/{given})" if given else "–"}))
    seconds = {OURS: f"{run.wall / max(1, run.pages):.2f} s", **{n: f"{s:.2f} s*" for n, s in others_seconds.items()}}
    rows.append(("wall time a page", seconds))
    rows.append(("one line, one core", {n: f"{f.median:.0f} / {f.p90:.0f} ms" for n, f in lines.items()}))
    rows.append(("peak memory", {OURS: f"{run.peak_together / 1e9:.2f} GB"}))
    return rows


def print_table(rows: list[tuple[str, dict[str, str]]], names: list[str]) -> None:
    head = ["", *names, "aim"]
    body = [[title, *(texts.get(n, "–") for n in names), AIMS.get(title, "")] for title, texts in rows]
    widths = [max(len(r[i]) for r in [head, *body]) for i in range(len(head))]
    for row in [head, ["-" * w for w in widths], *body]:
        cells = [cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        print("| " + " | ".join(cells) + " |")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, help="at most so many pages a book")
    parser.add_argument("--model", help="handwriting model (default: the preferred one)")
    parser.add_argument("--lines", type=Path, help="labels.tsv of handwritten lines (default: handwriting/ in DATA or beside it)")
    parser.add_argument("--all-writers", action="store_true", help="every writer of the lines, for a set that training never saw")
    parser.add_argument("--most-lines", type=int, default=0, help="at most so many lines, spread over the set")
    parser.add_argument("--no-rivals", action="store_true", help="leave the comparison out")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    tell = Tell()
    truth = read_truth(options.data, options.pages)
    run = run_pages(options.data, sorted({t["file"] for t in truth}), options.model, tell=lambda done, all_: tell("pages", done, all_))
    alone, settled = score_ours(truth, run)
    others, others_seconds = ({}, {}) if options.no_rivals else score_rivals(options.data, truth, tell)
    labels = options.lines or handwritten_lines.find_labels(options.data)
    lines: handwritten_lines.LineSet | None = None
    figures: dict[str, handwritten_lines.LineFigures] = {}
    addresses: handwritten_lines.LineFigures | None = None
    if labels:
        which = options.all_writers, options.most_lines
        lines, figures, addresses = measure_lines(labels, options.model, *which, not options.no_rivals, tell)
    each = 1 / max(1, run.pages)

    print(f"{run.pages} pages of {len({t['file'].split('/')[0] for t in truth})} books, {len(settled.sure)} fields; "
          f"pages without a form: {run.without_form}, set aside: {run.set_aside}; model {load_model(options.model).card.id}")
    print(f"handwritten lines: {len(lines.texts)} by {lines.writers} writers not trained on" if lines else
          "handwritten lines: none with this data")
    print("Tesseract and AsterNet: " + ("left out" if options.no_rivals else "given each value's own box" if read_boxes(options.data)
                                        else "given the blanks our registration finds") + ", one line at a time, nothing corrected\n")
    print_table(table(settled, run, others, others_seconds, figures, addresses), [OURS, *others])
    print(f"\nwall time: two processes on {multiprocessing.cpu_count()} cores, all stages and the settling of books, without starting up "
          f"({run.start_up:.1f} s);\n  processor time of reading {run.processor * each:.2f} s a page; * one core, the given boxes alone")
    print("seconds a page in a process: " + ", ".join(f"{k} {v * each:.2f}" for k, v in run.stages.items())
          + f"; settling {run.settle * each:.2f}")
    print(f"memory: largest reading process {run.peak / 1e6:.0f} MB, everything together {run.peak_together / 1e6:.0f} MB")
    if figures:
        ours = figures[OURS]
        print(f"a line, one thread: median {ours.median:.1f} ms, 90 of 100 within {ours.p90:.1f} ms; width at a height of 32 px: median "
              f"{sorted(ours.widths)[len(ours.widths) // 2]} px, whole lines right {100 * ours.exact:.1f} %")
    print("\npage by page, before its book is settled: " + ", ".join(f"{k} {100 * v:.1f} %" for k, v in alone.report().items()))
    print("\nconfidence   fields  mean   right")
    for band, count, mean, right in settled.calibration():
        print(f"{band:11} {count:7} {mean:.3f}  {right:.3f}")
    if options.json:
        options.json.write_text(json.dumps({
            "pages": run.pages, "without_form": run.without_form, "set_aside": run.set_aside, "model": load_model(options.model).card.id,
            "readers": {OURS: settled.report(), **{n: t.report() for n, t in others.items()}}, "page_by_page": alone.report(),
            "sure": dict(zip(("given", "wrong"), settled.wrong_though_sure(), strict=True)), "calibration": settled.calibration(),
            "seconds_a_page": run.wall * each, "processor_seconds_a_page": run.processor * each, "settle": run.settle * each,
            "stages": {k: v * each for k, v in run.stages.items()}, "peak_bytes": run.peak, "peak_together_bytes": run.peak_together,
            "addresses": {"cer": addresses.cer, "exact": addresses.exact, "median_ms": addresses.median} if addresses else None,
            "lines": {n: {"cer": f.cer, "exact": f.exact, "median_ms": f.median, "p90_ms": f.p90} for n, f in figures.items()},
        }, indent=1, ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
