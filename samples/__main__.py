"""The composer on the command line: `python -m samples --out DIR`."""
from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from records.forms import load_forms
from samples.compose import compose_book, draw_clerk
from samples.districts import LE_THUY, find_district
from samples.entries import entry_of
from samples.hands import draw_hand, font_names
from samples.lines import write_lines
from samples.people import World, simulate
from samples.population_file import Differences, write_population
from samples.registrations import SIMULATED, draw_events
from samples.wear import LEVELS

DEFAULT_BOOKS = ("KS2006:2009", "KS2016:2017", "KH2016:2018", "KT2016:2019")
_FORMS = {form.id: form for form in load_forms().values() if form.table is None}
_EXAMPLE = """examples:
  python -m samples --out var/samples                                 four books of four pages, 2,000 people
  python -m samples --out books --seed 11 --people 26000 --district "Huyện Tư Nghĩa, Quảng Ngãi" \\
                    --book KS2016:2019 --book KH2016:2018 --pages 15 --wear 3
  python -m samples --out lines --lines 20000                         single lines for training: images/*.png and labels.tsv
"""


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m samples", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EXAMPLE,
        description="Compose register books of people who do not exist, with their truth and a population file. "
                    "The same seed gives the same bytes.")
    forms = ", ".join(_FORMS)
    p.add_argument("--out", type=Path, required=True,
                   help="folder to write: books/, truth.jsonl, boxes.jsonl, population.csv (with --lines: images/, labels.tsv)")
    p.add_argument("--seed", type=int, default=34, help="all that is drawn depends on it (default 34)")
    p.add_argument("--people", type=int, default=2000, help="about how many people the district has seen since 1962 (default 2000)")
    p.add_argument("--district", default=LE_THUY.name, metavar="NAME",
                   help=f"where they live, with the province (default {LE_THUY.name!r})")
    p.add_argument("--book", action="append", metavar="FORM:YEAR",
                   help=f"a book to compose, repeatable; forms: {forms} (default {' '.join(DEFAULT_BOOKS)})")
    p.add_argument("--pages", type=int, default=4, help="pages a book, or as many as were registered that year (default 4)")
    p.add_argument("--wear", type=int, choices=LEVELS, default=2,
                   help="0 clean print-out, 1 careful scan, 2 ordinary scan, 3 phone photograph (default 2)")
    p.add_argument("--dpi", type=int, default=200, help="resolution of the scan, 100 to 400 (default 200)")
    p.add_argument("--lines", type=int, default=0, metavar="N", help="write N single handwritten lines instead of books")
    return p


def _books(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[tuple[str, int]]:
    out = []
    for text in options.book or DEFAULT_BOOKS:
        form, _, year = text.partition(":")
        if form not in _FORMS or not year.isdigit():
            parser.error(f"--book {text}: wanted FORM:YEAR with a form of {', '.join(_FORMS)}")
        shape = _FORMS[form]
        last = (shape.valid_to.year if shape.valid_to else 9999) - (shape.valid_to is not None and shape.valid_to.month == 1)
        if not shape.valid_from.year <= int(year) <= last:
            parser.error(f"--book {text}: {form} was in use from {shape.valid_from} to {shape.valid_to}")
        out.append((form, int(year)))
    return out


def _compose(world: World, form: str, year: int, folder: str, listed: set[str], options: argparse.Namespace) -> int:
    """Write one book of the commune that registered most that year; returns how many pages it got."""
    shape = _FORMS[form]
    rng = np.random.default_rng([options.seed, 3, year, sum(map(ord, form + folder))])
    communes = world.district.communes[:world.district.settled]
    commune = max(communes, key=lambda c: len(world.of_book(shape.kind, year, c)))
    events = world.of_book(shape.kind, year, commune)[:options.pages]
    if shape.kind not in SIMULATED: events = draw_events(world, shape, year, commune, options.pages, rng)
    if not events: return 0
    living = [p for p in world.people if p.died is None or p.died.year > year]
    adults = [p for p in living if p.residence == commune and 28 <= year - p.born.year <= 58]
    officials = [adults[i].name for i in rng.choice(len(adults), 2, replace=False)]
    hand = draw_hand(rng, font=str(rng.choice(font_names())))
    clerk = draw_clerk(rng, officials, hand)
    entries = [entry_of(e, i + 1, world, shape, clerk, f"01/{year}", rng) for i, e in enumerate(events)]
    compose_book(form, year, entries, options.seed, options.out / "books", office=f"UBND {commune}", wear=options.wear, dpi=options.dpi,
                 folder=folder, hand=hand, listed=listed, truth_dir=options.out)
    return len(entries)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code (0 done, 1 nothing could be composed; wrong use ends with 2)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not 100 <= options.dpi <= 400: parser.error("--dpi: wanted 100 to 400")
    if options.pages < 1 or options.people < 200: parser.error("--pages at least 1, --people at least 200")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.lines:
        print(f"{write_lines(options.out, options.lines, options.seed, options.dpi)} lines in {options.out}")
        return 0
    books = _books(options, parser)
    try: home = find_district(options.district)
    except ValueError as error: parser.error(f"--district: {error}")
    district = replace(home, settled=max(2, min(len(home.communes), options.people // 900)))
    world = simulate(district, options.people, options.seed)
    listed = write_population(world, options.out / "population.csv", options.seed)
    print(f"{district.name}: {len(world.people)} people, {len(listed)} of them in population.csv; declared differences:")
    print(Differences().describe())
    total, seen = 0, set()
    for form, year in books:
        folder = f"{_FORMS[form].kind}.{year}.01"
        while folder in seen: folder += "~2"
        seen.add(folder)
        pages = _compose(world, form, year, folder, listed, options)
        if pages: print(f"{folder}: {pages} pages ({form})")
        else: print(f"{folder}: nothing was registered in {year}; try more --people", file=sys.stderr)
        total += pages
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
