"""The temperatures for a model's card: for each type of field the one under which the decoders' confidences are most honest.

    python -m bench.calibrate DUMP [DUMP …] [--json OUT]

DUMP: folders of bench.lattice_dump, read with the model in question; best pages by writers it was not tuned on. Every temperature of a
grid is tried on all types at once, then each type's best ones are refined by themselves, pages alone (no book settled). What is made
best is the mean log score: ln of the confidence of a right value, of a wrong one ln of what was left, shared among other values.
"""
from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.decoding import Judged, judge, temperatures_of
from bench.lattice_dump import DumpedPage, read_dump
from records.forms import load_forms

GRID = (0.2, 0.28, 0.35, 0.42, 0.5, 0.58, 0.66, 0.75, 0.85, 1.0)
NEAR = (0.92, 1.08)             # steps of the second pass
OTHERS = 0.1                    # share of what is left over that the truth gets where the answer is wrong
KINDS = {"name": "name", "sex": "closed", "ethnicity": "closed", "nationality": "closed", "relation": "closed", "date": "date",
         "year": "year", "entry_number": "number", "book_number": "number", "personal_number": "personal_number", "place": "place"}
LEAST = 25                      # fields a type needs before its temperature is measured


def log_score(field: Judged) -> float:
    """ln of the probability that the reading gives to what is written, as far as its confidence tells."""
    p = min(max(field.confidence, 1e-4), 1 - 1e-4)
    return math.log(p) if field.right else math.log(OTHERS * (1 - p))


def scores_by_kind(pages: Sequence[DumpedPage], temperatures: Mapping[str, float]) -> dict[str, tuple[float, int]]:
    """Mean log score and number of fields by temperature kind; `date_words` counts the dates that stand in words too."""
    types = {(p.file, b.code): b.type for p in pages for b in load_forms()[p.record.form or ""].blanks if b.code}
    words = {(p.file, c.removesuffix("BangChu")) for p in pages for c in p.lattices if c.endswith("BangChu")}
    found: defaultdict[str, list[float]] = defaultdict(list)
    for field in judge(pages, temperatures, settle=False).fields:
        kind = KINDS.get(types.get((field.file, field.code), ""))
        for k in (*((kind,) if kind else ()), *(("date_words",) if (field.file, field.code) in words else ())):
            found[k].append(log_score(field))
    return {k: (sum(v) / len(v), len(v)) for k, v in found.items()}


def calibrate(pages: Sequence[DumpedPage]) -> dict[str, float]:
    """Temperatures by kind. Kinds with too few fields keep the card's."""
    card = temperatures_of(pages)
    tried: defaultdict[str, dict[float, float]] = defaultdict(dict)
    for t in GRID:
        _note(tried, pages, dict.fromkeys([*KINDS.values(), "date_words"], t))
    best = {k: _best(by) for k, by in tried.items()}
    for step in NEAR:
        _note(tried, pages, {k: round(t * step, 3) for k, t in best.items()})
    best = {k: _best(by) for k, by in tried.items()}
    return dict(sorted((card | best | {"default": card.get("default", 0.4)}).items()))


def _best(scores: Mapping[float, float]) -> float:
    return max(scores, key=lambda t: (scores[t], -t))


def _note(tried: defaultdict[str, dict[float, float]], pages: Sequence[DumpedPage], temperatures: Mapping[str, float]) -> None:
    for kind, (score, count) in scores_by_kind(pages, temperatures).items():
        if count >= LEAST:
            tried[kind][temperatures[kind]] = score
    shown = "  ".join(f"{k} {by[temperatures[k]]:.4f}" for k, by in sorted(tried.items()) if temperatures.get(k) in by)
    print(f"{sorted(set(temperatures.values()))}: {shown}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", nargs="+", type=Path)
    parser.add_argument("--json", type=Path, help="write them here as well")
    options = parser.parse_args(arguments)
    pages = [p for d in options.dumps for p in read_dump(d) if p.record.form in load_forms()]
    if not pages:
        parser.error("no pages in " + ", ".join(map(str, options.dumps)))
    text = json.dumps({"temperatures": calibrate(pages)}, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
