"""What a whole book adds to its pages: fields that entries share, page by page and settled, under several ways a book may arrive.

    python -m bench.books DATA DUMP [--again] [--show N] [--json OUT] [--conditions NAME ...]

DATA: a folder with truth.jsonl and books/<book>/<page> + batch.json; DUMP: its lattices, as `python -m bench.lattice_dump DATA DUMP`
keeps them, so that a run takes seconds. --again: decode the pages anew (after a change of decoders). Conditions:

    named      files by the usual grammar, batch.json declares the book
    plain      files are called scan0001.jpg, batch.json declares the book
    shuffled   as plain, the pages in another order
    bare       as plain, and nobody declares anything
"""
from __future__ import annotations

import argparse
import json
import random
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bench.lattice_dump import read_dump
from bench.scoring import comparable
from bench.scoring import group_of as kind_of
from ocr.book import BookItem, settle_book
from ocr.decoding.record import decode_record
from ocr.extraction import Expectation, context_of
from ocr.lattice import Lattice
from ocr.recogniser import list_models
from records.filenames import parse_page_name
from records.forms import load_forms
from records.record import DraftRecord
from storage.readings import record_from_json, record_to_json

CONDITIONS = ("named", "plain", "shuffled", "bare")
NUMBERED = ("entry_number", "page_number")
EDGES = (0.0, 0.5, 0.8, 0.95, 0.99, 1.0001)


@dataclass(frozen=True)
class KeptPage:
    """A page as it was read: the name it had, its lattices, its records by condition."""

    file: str
    lattices: Mapping[str, Lattice]
    records: Mapping[str, DraftRecord]


def known(folder: Path, file: str, condition: str) -> Expectation:
    """What is known of a page before it is read."""
    if condition == "bare":
        return Expectation()
    said = json.loads((folder / "batch.json").read_text("utf-8")) if (folder / "batch.json").is_file() else {}
    name = parse_page_name(file) if condition == "named" else None
    return Expectation(said.get("loai"), said.get("mau"), said.get("nam"), said.get("quyenSo"), said.get("noiDangKy"),
                       name.number if name else None)


def decode(record: DraftRecord, lattices: Mapping[str, Lattice], expected: Expectation, types: Sequence[str] = ()) -> DraftRecord:
    """The record's fields (of these types, or all) decoded again from kept lattices, by the page alone."""
    form = load_forms().get(record.form or "")
    if form is None:
        return record
    model = next(iter(lattices.values())).model if lattices else ""
    card = next((c for c in list_models() if c.id == model), None)
    context = context_of(form, expected, card.temperatures if card else {})
    kinds = {b.code: b.type for b in form.blanks if b.code and (not types or b.type in types)}
    values = decode_record(kinds, {c: x for c, x in lattices.items() if not types or c in kinds}, context)
    fields = dict(record.fields)
    for code, v in values.items():
        if code in fields:
            fields[code] = replace(fields[code], value=v.value, confidence=round(v.confidence, 4), evidence=v.evidence,
                                   unit_code=v.unit_code)
    return replace(record, fields=fields)


def kept_pages(data: Path, dump: Path, again: bool, conditions: Sequence[str]) -> list[tuple[str, list[KeptPage]]]:
    """Books of the dump with what was read of their pages, as each condition would have it; decoded once, kept beside the dump."""
    books: dict[str, list[KeptPage]] = {}
    for page in read_dump(dump):
        book, file = page.file.split("/")
        place = (dump / page.file).with_suffix(".conditions")
        said = json.loads(place.read_text("utf-8")) if place.is_file() and not again else {}
        fresh = False
        for condition in conditions:
            which = "plain" if condition == "shuffled" else condition
            if which in said:
                continue
            expected, fresh = known(data / "books" / book, file, which), True
            if which == "named" and not again:
                said[which] = record_to_json(page.record)
            else:       # a plain page differs from a named one by what its file's name says of its number
                only = NUMBERED if which == "plain" and not again else ()
                said[which] = record_to_json(decode(page.record, page.lattices, expected, only))
        if fresh:
            place.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
        books.setdefault(book, []).append(KeptPage(file, page.lattices, {c: record_from_json(r) for c, r in said.items()}))
    return sorted(books.items())


def arranged(pages: Sequence[KeptPage], condition: str, seed: str) -> list[tuple[KeptPage, BookItem]]:
    """The pages as the condition brings them, each with what settling is given."""
    order = list(pages)
    if condition == "shuffled":
        random.Random(zlib.crc32(seed.encode())).shuffle(order)
    which = "plain" if condition == "shuffled" else condition
    return [(p, BookItem(p.file if condition == "named" else f"scan{k:04d}.jpg", p.records[which], p.lattices))
            for k, p in enumerate(order, 1)]


def group_of(code: str) -> str:
    if code in ("so", "quyenSo", "ngayDangKy", "nguoiKy", "chucVuNguoiKy", "noiDangKy"):
        return code
    return "place" if kind_of(code) == "place" else "other"


class Tally:
    """Right and all by field group; confidences with whether they were right."""

    def __init__(self) -> None:
        self.hits: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)

    def add(self, group: str, confidence: float, right: bool) -> None:
        self.hits[group].append((confidence, right))

    def share(self, group: str) -> float:
        return 100 * sum(r for _, r in self.hits[group]) / len(self.hits[group])

    def sure(self, group: str, edge: float = 0.99) -> tuple[int, int]:
        """(fields given at least `edge`, wrong among them)."""
        part = [r for c, r in self.hits[group] if c >= edge]
        return len(part), len(part) - sum(part)

    def bands(self, groups: Sequence[str]) -> list[str]:
        hits = [h for g in groups for h in self.hits[g]]
        out = []
        for low, high in pairwise(EDGES):
            part = [(c, r) for c, r in hits if low <= c < high]
            if part:
                said, right = (sum(h[i] for h in part) / len(part) for i in (0, 1))
                out.append(f"{low:.2f}+: {len(part)} said {said:.3f} right {right:.3f}")
        return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("dump", type=Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS))
    options = parser.parse_args(arguments)
    truth = {t["file"]: t["values"] for t in map(json.loads, (options.data / "truth.jsonl").read_text("utf-8").splitlines())}
    books = kept_pages(options.data, options.dump, options.again, options.conditions)
    result: dict[str, dict] = {}
    for condition in options.conditions:
        before, after, seconds, count = Tally(), Tally(), 0.0, 0
        shown = options.show
        for name, pages in books:
            pairs = arranged(pages, condition, name)
            expected = known(options.data / "books" / name, "", condition)
            start = time.process_time()
            settled = settle_book([item for _, item in pairs], expected)
            seconds += time.process_time() - start
            count += len(pairs)
            for (page, item), record in zip(pairs, settled, strict=True):
                for code, written in truth[f"{name}/{page.file}"].items():
                    if written in ("", None) or (code not in item.record.fields and code not in record.fields) or code == "loai":
                        continue
                    for tally, fields in ((before, item.record.fields), (after, record.fields)):
                        f = fields.get(code)
                        right = comparable(code, written) == comparable(code, f.value if f else "")
                        tally.add(group_of(code), f.confidence if f else 0.0, right)
                    f, old = record.fields[code], item.record.fields.get(code)
                    if shown and group_of(code) != "other" and not right:
                        shown -= 1
                        print(f"  {condition} {name}/{page.file} {code}: {written!r} settled {f.value!r} {f.confidence} {f.evidence}"
                              f" page {old.value if old else None!r} {old.confidence if old else None} raw {f.raw!r}")
        result[condition] = {"pages": count, "settle CPU s/page": round(seconds / max(1, count), 3)}
        print(f"{condition}: {count} pages, settling {seconds / max(1, count):.3f} s of CPU a page")
        for group in sorted(after.hits):
            (m, v), (n, w) = before.sure(group), after.sure(group)
            result[condition][group] = {"fields": len(after.hits[group]), "page %": round(before.share(group), 1),
                                        "book %": round(after.share(group), 1), "sure": n, "sure and wrong": w}
            print(f"  {group:14} {len(after.hits[group]):5}  page {before.share(group):5.1f} %  book {after.share(group):5.1f} %"
                  f"   sure {m} wrong {v} -> sure {n} wrong {w}")
        print("  ", "; ".join(after.bands([g for g in after.hits if g != "other"])))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
