"""How well people are linked from handwriting: lattices of a dump, settled as books and linked to a population, scored against the truth.

    python -m bench.image_links DUMP TRUTH.jsonl POPULATION.csv [--text] [--errors] [--strangers]

DUMP: a folder of bench.lattice_dump, so that no page is read; TRUTH.jsonl: its pages' truth with links; POPULATION: a CSV, or a folder with
one <book>.csv a book. --text: without the images. --errors: every role that is not right.
--strangers: the hard case. Every person of the truth gets four likely strangers, nobody has a family, no entry a number: what is left is
how well a name and a birthday are told from others like them.
"""
from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.decoding import decode_page, temperatures_of
from bench.lattice_dump import DumpedPage, read_dump
from bench.linkage import read_population
from matching.decision import LinkDecision
from matching.linker import Linker
from matching.population import PersonRecord, PopulationIndex
from ocr.book import BookItem, settle_book
from ocr.lattice import Lattice
from records.forms import load_forms
from records.record import DraftRecord
from samples.naming import misspell

BANDS = (0.0, 0.02, 0.5, 0.9, 0.99, 0.997, 0.9995, 1.0001)


@dataclass(frozen=True)
class Book:
    """The entries of one book as settled from their lattices, and by file who the people are ("" for somebody not in the population)."""

    name: str
    files: list[str]
    records: list[DraftRecord]
    lattices: list[Mapping[str, Lattice]]
    truth: list[Mapping[str, str]]


def settled_books(dump: Path, truth: Path) -> Iterator[Book]:
    """The books of a dump, decoded and settled anew."""
    links = {t["file"]: {r: p or "" for r, p in t["link"].items()} for t in map(json.loads, truth.read_text("utf-8").splitlines())}
    pages = [p for p in read_dump(dump) if p.record.form in load_forms() and p.lattices and p.file in links]
    temperatures = temperatures_of(pages)
    books: defaultdict[str, list[DumpedPage]] = defaultdict(list)
    for page in pages:
        books[page.file.split("/")[0]].append(page)
    for name, members in sorted(books.items()):
        items = [BookItem(p.file.split("/")[1], decode_page(p, temperatures), p.lattices) for p in members]
        records = settle_book(items, replace(members[0].expected, file_number=None))
        yield Book(name, [p.file for p in members], records, [p.lattices for p in members], [links[p.file] for p in members])


@dataclass
class Score:
    """Counts over roles; `bands`: by probability of the best candidate, (links, right)."""

    roles: int = 0
    present: int = 0
    right: int = 0
    accepted: int = 0
    wrong: int = 0
    absent_accepted: int = 0
    loss: float = 0.0
    bands: defaultdict[float, list[int]] | None = None

    def add(self, decision: LinkDecision, truth: str) -> bool:
        """Whether the best candidate is right (or nobody was accepted who is not there)."""
        best = decision.candidates[0].personal_id if decision.candidates else ""
        accepted = decision.decision == "accept"
        self.roles += 1
        self.present += bool(truth)
        self.right += bool(truth) and best == truth
        self.accepted += accepted
        self.wrong += accepted and best != truth
        self.absent_accepted += accepted and not truth
        of_truth = {c.personal_id: c.probability for c in decision.candidates}
        p = of_truth.get(truth, 0.0) if truth else 1 - sum(of_truth.values())
        self.loss -= math.log(max(p, 1e-6))
        self.bands = self.bands if self.bands is not None else defaultdict(lambda: [0, 0])
        band = max(b for b in BANDS if b <= max(decision.probability, 0.0))
        self.bands[band][0] += 1
        self.bands[band][1] += bool(truth) and best == truth
        return best == truth if truth else not accepted

    def __str__(self) -> str:
        lines = [f"roles {self.roles}  top-1 {self.right}/{self.present} = {self.right / max(1, self.present):.1%}  "
                 f"accepted {self.accepted} = {self.accepted / max(1, self.roles):.1%}  wrong {self.wrong} "
                 f"(absent {self.absent_accepted} of {self.roles - self.present})  ln loss {self.loss / max(1, self.roles):.4f}"]
        lines += [f"    p >= {b:<6} {n:5} links, {r / n:.3f} right" for b, (n, r) in sorted((self.bands or {}).items())]
        return "\n".join(lines)


def with_strangers(people: Sequence[PersonRecord], meant: set[str]) -> list[PersonRecord]:
    """The people without families; beside each that is meant strangers of another birthday, spelling, both, and given name."""
    rng, out, taken = np.random.default_rng(5), [], {p.personal_id for p in people}

    def stranger(p: PersonRecord, name: str, born: str) -> PersonRecord:
        number = next(n for n in (f"{p.personal_id[:6]}{rng.integers(10**6):06d}" for _ in range(10**6)) if n not in taken)
        taken.add(number)
        return replace(p, personal_id=number, name=name, birth_date=born)

    for person in people:
        p = replace(person, father_id="", mother_id="", spouse_id="", father_name="", mother_name="", spouse_name="")
        out.append(p)
        if p.personal_id in meant:
            given = people[int(rng.integers(len(people)))].name.split()[-1]
            out += [stranger(p, misspell(p.name.title(), rng).upper(), _other_birthday(p.birth_date, rng)),
                    stranger(p, p.name, _other_birthday(p.birth_date, rng)),
                    stranger(p, misspell(p.name.title(), rng).upper(), p.birth_date),
                    stranger(p, " ".join([*p.name.split()[:-1], given]), p.birth_date)]
    return out


def _other_birthday(born: str, rng: np.random.Generator) -> str:
    """The day, the month or the year another; a year alone the one beside."""
    year, *rest = born.split("-")
    beside = str(int(year) + int(rng.choice((-1, 1))))
    if len(rest) < 2:
        return "-".join([beside, *rest])
    changed = ([year, rest[0], f"{rng.integers(1, 29):02d}"], [year, f"{rng.integers(1, 13):02d}", rest[1]], [beside, *rest])
    return "-".join(changed[int(rng.integers(3))])


def without_numbers(book: Book) -> Book:
    """The book's entries as if no personal number had been written."""
    numbers = ("SoGiayToTuyThan", "SoDinhDanh")
    return replace(book, records=[replace(r, fields={c: f for c, f in r.fields.items() if not c.endswith(numbers)}) for r in book.records])


def measure(books: Sequence[Book], population: Path, text_only: bool, errors: bool, strangers: bool = False) -> Score:
    """Link every book and count."""
    meant = {pid for b in books for links in b.truth for pid in links.values() if pid}
    books = [without_numbers(b) for b in books] if strangers else books
    score, seconds, linkers = Score(), 0.0, dict[Path, Linker]()
    for book in books:
        path = population / f"{book.name}.csv" if population.is_dir() else population
        if path not in linkers:
            people = read_population(path)
            linkers[path] = Linker(PopulationIndex.build(with_strangers(people, meant) if strangers else people))
        index = linkers[path].index
        start = time.perf_counter()
        decisions = linkers[path].link_book(book.records, None if text_only else book.lattices)
        seconds += time.perf_counter() - start
        for file, record, by_role, truth in zip(book.files, book.records, decisions, book.truth, strict=True):
            for role, pid in truth.items():
                known = pid if pid in index.row_of else ""
                if role in by_role and not score.add(by_role[role], known) and errors:
                    print(_error(file, record, by_role[role], known, index))
    print(f"{seconds * 1000 / max(1, sum(len(b.files) for b in books)):.1f} ms an entry")
    return score


def _error(file: str, record: DraftRecord, decision: LinkDecision, truth: str, index: PopulationIndex) -> str:
    def person(pid: str) -> str:
        row = index.row_of.get(pid)
        return "-" if row is None else f"{index.names.names[index.name[row]]} {index.year[row]}-{index.month[row]}-{index.day[row]} {pid}"

    role = decision.role
    read = {c.removeprefix(role): f.value for c, f in record.fields.items() if c.startswith(role) and c.removeprefix(role)[:1].isupper()}
    shown = "\n".join(f"      {c.probability:.4f} {person(c.personal_id)} {c.evidence}" for c in decision.candidates[:3])
    return (f"  {file} {role} {decision.decision} truth {person(truth)}\n      read {read.get('HoTen')} {read.get('NgaySinh')} "
            f"{read.get('SoDinhDanh') or read.get('SoGiayToTuyThan')}\n{shown}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("population", type=Path)
    parser.add_argument("--text", action="store_true", help="without the images")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--strangers", action="store_true", help="the hard case: four likely strangers a person, no families, no numbers")
    options = parser.parse_args(arguments)
    books = list(settled_books(options.dump, options.truth))
    print(measure(books, options.population, options.text, options.errors, options.strangers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
