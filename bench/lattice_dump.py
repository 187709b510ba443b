"""Pages read once, their lattices kept, so that decoding can be tried again and again without reading pages.

    python -m bench.lattice_dump DATA DUMP [--model ID] [--pages N]

DATA: a folder with truth.jsonl and books/<book>/<page> + batch.json. DUMP gets one file a page: <book>/<page>.npz (ocr.lattice.pack) and
<page>.json (form, record as read, what was known beforehand, truth). A page that is there already is not read again.
"""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.pooled_run import expectation
from ocr.extraction import Expectation, PageReader
from ocr.images import inspect, open_page
from ocr.lattice import Lattice, pack, unpack
from records.record import DraftRecord
from storage.readings import record_from_json, record_to_json


@dataclass(frozen=True)
class DumpedPage:
    """A page of a dump: book/file, what was known beforehand, the record as read then, its lattices and the truth by field code."""

    file: str
    expected: Expectation
    record: DraftRecord
    lattices: Mapping[str, Lattice]
    truth: Mapping[str, object]


def write_dump(data: Path, dump: Path, model: str | None = None, pages: int | None = None) -> int:
    """Read the pages of DATA that have a truth and are not in `dump` yet; returns how many were read. `pages`: at most so many a book."""
    truth = {t["file"]: t for t in map(json.loads, (data / "truth.jsonl").read_text("utf-8").splitlines())}
    reader, done, seen = PageReader(model), 0, dict[str, int]()
    for file in sorted(truth):
        book = file.split("/")[0]
        seen[book] = seen.get(book, 0) + 1
        target = dump / file
        if target.with_suffix(".json").exists() or (pages and seen[book] > pages):
            continue
        path = data / "books" / file
        known = expectation(path.parent, path.name)
        reading = reader.read(open_page(path.read_bytes(), inspect(path).media_type), known)
        if not reading.records:
            print(f"{file}: no form", file=sys.stderr)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_suffix(".npz").write_bytes(pack(reading.lattices))
        kept = {"file": file, "expected": asdict(known), "record": record_to_json(reading.records[0]), "truth": truth[file]["values"]}
        target.with_suffix(".json").write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
        done += 1
        print(f"\r{done} pages", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def read_dump(dump: Path) -> Iterator[DumpedPage]:
    """The pages of a dump by file name. Entries are taken from the first row only."""
    for path in sorted(dump.rglob("*.json")):
        kept = json.loads(path.read_text("utf-8"))
        lattices = {code: x for (row, code), x in unpack(path.with_suffix(".npz").read_bytes()).items() if row == 1}
        yield DumpedPage(kept["file"], Expectation(**kept["expected"]), record_from_json(kept["record"]), lattices, kept["truth"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("dump", type=Path)
    parser.add_argument("--model", help="handwriting model (default: the preferred one)")
    parser.add_argument("--pages", type=int, help="at most so many pages a book")
    options = parser.parse_args(arguments)
    write_dump(options.data, options.dump, options.model, options.pages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
