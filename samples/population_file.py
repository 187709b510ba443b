"""The population database's extract of the simulated people, in the agreed header, with the differences from the registers declared."""
from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from samples.naming import misspell
from samples.people import Person, World

HEADER = (
    "so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "dan_toc", "quoc_tich", "noi_sinh", "que_quan", "noi_thuong_tru",
    "ho_ten_cha", "so_dinh_danh_cha", "ho_ten_me", "so_dinh_danh_me", "ho_ten_vo_chong", "so_dinh_danh_vo_chong", "tinh_trang",
)


@dataclass(frozen=True)
class Differences:
    """Shares (0…1) of people whose record differs from what the registers say, and how."""

    missing: float = 0.07            # not in the file at all
    spelled_otherwise: float = 0.045 # the name
    first_of_january: float = 0.02   # born YYYY-01-01, ten times as often before 1965
    year_only: float = 0.015
    other_day: float = 0.008         # day and month exchanged, or a day beside
    moved: float = 0.04              # lives in another commune than the registers know
    parents_unknown: float = 0.05    # no names of parents; the parents' numbers stand only in records of people born from 1990
    death_not_entered: float = 0.12  # of the dead: still "Sống"

    def describe(self) -> str:
        """One line a share, for the people who read the file."""
        return "\n".join(f"{name}: {share:.1%}" for name, share in asdict(self).items())


def _birthday(p: Person, d: Differences, rng: np.random.Generator) -> str:
    roll = rng.random()
    january = d.first_of_january * (10 if p.born.year < 1965 else 1)
    if roll < january: return f"{p.born.year}-01-01"
    if roll < january + d.year_only: return str(p.born.year)
    if roll < january + d.year_only + d.other_day:
        if p.born.day <= 12 and p.born.day != p.born.month: return f"{p.born.year}-{p.born.day:02d}-{p.born.month:02d}"
        return p.born.replace(day=p.born.day - 1 or 2).isoformat()
    return p.born.isoformat()


def _name_of(names: list[str], index: int | None, fallback: str) -> str:
    return names[index] if index is not None else fallback.upper()


def write_population(world: World, path: Path, seed: int, differences: Differences | None = None) -> set[str]:
    """Write the extract (UTF-8 CSV, ordered by number, names in capitals); returns the personal numbers that are in it.

    A name spelled otherwise is spelled so wherever the file names that person. Nobody who died before 1996 is in it.
    """
    d = differences or Differences()
    rng = np.random.default_rng([seed, 2])
    names = [(misspell(p.name, rng) if rng.random() < d.spelled_otherwise else p.name).upper() for p in world.people]
    rows, listed = [], set()
    for p in world.people:
        gone, apart, orphan, stale = rng.random(4) < (d.missing, d.moved, d.parents_unknown, d.death_not_entered)
        birthday, elsewhere = _birthday(p, d, rng), str(rng.choice(world.district.communes))
        if gone or (p.died is not None and p.died.year < 1996): continue
        listed.add(p.number)
        parent = [world.people[i] if i is not None else None for i in (p.father, p.mother)]
        known = [q.number if q is not None and p.born.year >= 1990 else "" for q in parent]
        fallback = p.parents_written if p.mother is None else ("", "")
        father, mother = ("" if orphan else _name_of(names, i, f) for i, f in zip((p.father, p.mother), fallback, strict=True))
        spouse = world.people[p.spouse] if p.spouse is not None else None
        rows.append((
            p.number, names[p.index], birthday, p.sex, p.ethnicity, "Việt Nam", p.birthplace, p.hometown,
            elsewhere if apart else p.residence,
            father, known[0] if father else "", mother, known[1] if mother else "",
            names[spouse.index] if spouse else "", spouse.number if spouse else "",
            "Đã chết" if p.died is not None and not stale else "Sống",
        ))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(sorted(rows))
    return listed
