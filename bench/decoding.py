"""How well the decoders turn lattices into values, from dumps of bench.lattice_dump: no page is read.

    python -m bench.decoding DUMP [DUMP …] [--alone] [--errors GROUP] [--set NAME=T …] [--json OUT]

Prints by group of fields: exact, the greedy reading exact, truth likelier on the lattice than the answer, how much of the wrong answers
stands at 0.99 and above, seconds a page. --alone: pages by themselves, the book not settled. --errors: the wrong fields of a group (name,
date, number, place, category), with ln P of truth and answer. --set: try another temperature for a field type.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.lattice_dump import DumpedPage, read_dump
from bench.scoring import comparable, group_of, wanted
from ocr.book import BookItem, settle_book
from ocr.decoding.closed import score_texts
from ocr.decoding.context import Decoded
from ocr.decoding.record import decode_record
from ocr.extraction import context_of
from ocr.recogniser import list_models
from records.dates import PartialDate
from records.forms import load_forms
from records.record import DraftRecord, FieldValue

BANDS = ((0.0, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 0.999), (0.999, 1.001))


@dataclass
class Judged:
    """One field: what was written, what was read, and what the lattice says of both."""

    file: str
    code: str
    truth: str
    value: str
    raw: str
    confidence: float
    right: bool
    raw_right: bool
    truth_log: float = 0.0
    value_log: float = 0.0


@dataclass
class Figures:
    fields: list[Judged] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    pages: int = 0

    def groups(self) -> dict[str, list[Judged]]:
        out: dict[str, list[Judged]] = defaultdict(list)
        for f in self.fields:
            out[group_of(f.code)].append(f)
        return dict(sorted(out.items()))


def decode_page(page: DumpedPage, temperatures: Mapping[str, float]) -> DraftRecord:
    """The page's record decoded anew from its lattices, by itself."""
    form = load_forms()[page.record.form or ""]
    values = decode_record({b.code: b.type for b in form.blanks if b.code}, page.lattices, context_of(form, page.expected, temperatures))
    return replace(page.record, fields={**page.record.fields, **{c: _field(page.record.fields.get(c), d) for c, d in values.items()}})


def _field(old: FieldValue | None, new: Decoded) -> FieldValue:
    return replace(old or FieldValue(""), value=new.value, confidence=new.confidence, evidence=new.evidence, unit_code=new.unit_code)


def judge(pages: Sequence[DumpedPage], temperatures: Mapping[str, float], settle: bool = True) -> Figures:
    """Decode everything and compare with the truth. temperatures override the model card's."""
    out = Figures()
    books: dict[str, list[DumpedPage]] = defaultdict(list)
    for page in pages:
        if page.record.form in load_forms() and page.lattices:
            books[page.file.split("/")[0]].append(page)
    for members in books.values():
        start = time.process_time()
        records = [decode_page(p, temperatures) for p in members]
        out.seconds["page"] += time.process_time() - start
        if settle:
            start = time.process_time()
            items = [BookItem(p.file.split("/")[1], r, p.lattices) for p, r in zip(members, records, strict=True)]
            records = settle_book(items, replace(members[0].expected, file_number=None))
            out.seconds["book"] += time.process_time() - start
        out.pages += len(members)
        for page, record in zip(members, records, strict=True):
            for code, truth in wanted(page.truth):
                out.fields.append(_judge(page, code, truth, record.fields.get(code) or FieldValue("")))
    return out


def _judge(page: DumpedPage, code: str, truth: str, got: FieldValue) -> Judged:
    raw = page.lattices[code].best_text() if code in page.lattices else got.raw or got.value
    there = comparable(code, truth)
    j = Judged(page.file, code, truth, got.value, raw, got.confidence, comparable(code, got.value) == there, _as_read(code, raw, truth))
    if code in page.lattices and not j.right:
        j.truth_log, j.value_log = (float(x) for x in score_texts(page.lattices[code], [_spelled(code, truth), _spelled(code, got.value)]))
    return j


def _spelled(code: str, value: str) -> str:
    return "".join(f"{p:02d}" if p < 100 else str(p) for p in _parts(value)) if group_of(code) == "date" else value


def _parts(value: str) -> list[int]:
    try:
        d = PartialDate.parse(value)
    except ValueError:
        return []
    return [p for p in (d.day, d.month, d.year) if p]


def _as_read(code: str, raw: str, truth: str) -> bool:
    """Whether the greedy reading has the truth's letters and digits."""
    letters = ["".join(c for c in t.lower() if c.isalnum()) for t in (raw, _spelled(code, truth))]
    if group_of(code) in ("date", "number"):
        letters = [t.lstrip("0") for t in letters]
    return letters[0] == letters[1] or comparable(code, raw) == comparable(code, truth)


def report(figures: Figures) -> dict[str, dict[str, float]]:
    """By group: share exact, greedy exact, of the wrong ones those whose truth the lattice prefers, shares and errors from 0.99 up."""
    out = {}
    for group, fields in figures.groups().items():
        wrong = [f for f in fields if not f.right]
        sure = [f for f in fields if f.confidence >= 0.99]
        out[group] = {
            "fields": len(fields), "exact %": _percent(len(fields) - len(wrong), len(fields)),
            "greedy exact %": _percent(sum(f.raw_right for f in fields), len(fields)),
            "greedy right, answer wrong": sum(f.raw_right for f in wrong),
            "truth likelier than the answer": sum(f.truth_log > f.value_log for f in wrong),
            "at 0.99 %": _percent(len(sure), len(fields)), "of those wrong %": _percent(sum(not f.right for f in sure), len(sure)),
        }
    return out


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", nargs="+", type=Path)
    parser.add_argument("--alone", action="store_true", help="pages by themselves, the book not settled")
    parser.add_argument("--errors", metavar="GROUP", help="print the wrong fields of this group")
    parser.add_argument("--set", action="append", default=[], metavar="TYPE=T", help="another temperature for a field type")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    result = {}
    for dump in options.dumps:
        pages = list(read_dump(dump))
        figures = judge(pages, temperatures_of(pages) | {k: float(v) for k, v in (x.split("=") for x in options.set)}, not options.alone)
        result[dump.name] = groups = report(figures)
        timing = ", ".join(f"{k} {v / max(1, figures.pages):.3f} s a page" for k, v in figures.seconds.items())
        print(f"{dump}: {figures.pages} pages; {timing}")
        for group, row in groups.items():
            print(f"  {group:9}", "  ".join(f"{k} {v}" for k, v in row.items()))
        for low, high in BANDS:
            band = [f for f in figures.fields if low <= f.confidence < high]
            if band:
                mean = sum(f.confidence for f in band) / len(band)
                right = sum(f.right for f in band) / len(band)
                print(f"  {low:.3f}–{min(high, 1):.3f} {len(band):5} fields, said {mean:.3f}, right {right:.3f}")
        for f in figures.fields:
            if not f.right and options.errors and group_of(f.code) == options.errors:
                print(f"  {f.file} {f.code}: {f.truth!r} ({f.truth_log:.1f}) read {f.value!r} ({f.value_log:.1f}) "
                      f"{f.confidence:.3f} raw {f.raw!r}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False), "utf-8")
    return 0


def temperatures_of(pages: Sequence[DumpedPage]) -> dict[str, float]:
    """The temperatures on the card of the model that gave the lattices."""
    model = next((x.model for p in pages for x in p.lattices.values()), "")
    return dict(next((c.temperatures for c in list_models() if c.id == model), {}))


if __name__ == "__main__":
    sys.exit(main())
