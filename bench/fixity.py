"""How fast the archive is proven whole: `python -m bench.fixity [--entries 10000] [--kilobytes 700] [--kills 10]`.

Archived entries are made up and written straight to the embedded store, three objects each (original, copy, package of 12 kB), so that
10,000 take minutes. A colour scan of 200 dpi has 700 kB and more, one of 300 dpi 1,500 to 4,000; what is to be read warm must fit into
memory. Beside the pass, in the same run: `cat` and `sha256sum` of as many bytes on the same disk, Python's hashlib in two threads, and with
nothing hashed the store's GET alone through S3, and its files read straight. Then the pass is killed again and again, and at the end four
objects are damaged.
"""
from __future__ import annotations

import argparse
import hashlib
import mmap
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage.database import Database
from storage.embedded_store import EmbeddedStore
from storage.fixity import FixityOptions, last_pass, run_pass
from storage.fixity_share import Rate
from storage.models import StoredObject
from storage.objects import ObjectStore
from storage.weed_reader import Key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=700, help="of one scan; the copy is 20 %% larger")
    parser.add_argument("--threads", type=int, default=FixityOptions().threads)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", type=Path, default=None, help="where (default: a temporary folder)")
    a = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="sogoc-bench-", dir=a.folder))
    server = EmbeddedStore(place / "home")
    try:
        store = ObjectStore(server.ensure())
        store.ensure_buckets()
        database = Database(place / "bench.db")
        database.upgrade()
        size = fill(database, store, a.entries, a.kilobytes * 1000)
        print(f"{a.entries} entries with scans of {a.kilobytes} kB: {3 * a.entries} objects, {size / 3000 / a.entries:.0f} kB on average, "
              f"{size / 1e9:.2f} GB; {os.cpu_count()} cores", flush=True)
        beside(place, min(size, 1_500_000_000))
        gets(database, store)
        for name, asked, threads in (("fixity pass", store, a.threads), ("the same again", store, a.threads),
                                     ("with twice the threads", store, 2 * a.threads),
                                     ("through S3, 4 threads", ObjectStore(replace(store.config, doors=None)), 4)):
            report = run_pass(database, asked, FixityOptions(threads), anew=True)
            say(name, report.bytes, report.seconds, f"{report.objects} objects, {len(report.differences)} differences")
        resumed(database, store, a.kills, a.threads)
        damaged(database, store, place / "home" / "objects" / "data", a.threads)
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


def say(name: str, size: int, seconds: float, more: str = "") -> None:
    print(f"{name:<28} {size / 1e9 / seconds:6.3f} GB/s   {seconds:7.1f} s   load {os.getloadavg()[0]:4.1f}   {more}", flush=True)


def fill(database: Database, store: ObjectStore, entries: int, scan: int) -> int:
    """Objects of random bytes, rows as the ledger would have them; the bytes in all."""
    noise = os.urandom(scan * 2)

    def one(n: int) -> list[StoredObject]:
        rows = []
        for name, length in (("original", scan), ("copy.pdf", scan * 6 // 5), ("package.zip", 12_000)):
            start = (n * 7919 + length) % (len(noise) - length)
            data = n.to_bytes(8, "big") + name.encode() + noise[start:start + length - 8 - len(name)]
            key = f"bench/{n:06d}/{name}"
            version = store.put("archive", key, data, "application/octet-stream")
            rows.append(StoredObject(key=key, bucket="archive", sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="x",
                                     state="stored", version_id=version))
        return rows

    total = 0
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, entries, 500):
            made = [r for rows in pool.map(one, range(start, min(start + 500, entries))) for r in rows]
            total += sum(r.size for r in made)
            with database.session() as session:
                session.add_all(made)
    return total


def beside(place: Path, size: int) -> None:
    """The same machine, the same minute, without us."""
    path = place / "bytes"
    with open(path, "wb") as f:
        block = os.urandom(1 << 20)
        for _ in range(size >> 20):
            f.write(block)
    size = path.stat().st_size
    for name, command in (("cat", ["cat"]), ("sha256sum", ["sha256sum"])):
        start = time.perf_counter()
        subprocess.run([*command, str(path)], stdout=subprocess.DEVNULL, check=True)
        say(name, size, time.perf_counter() - start)

    def part(n: int) -> str:
        digest = hashlib.sha256()
        with open(path, "rb", buffering=0) as f:
            f.seek(n * size // 2)
            left = size // 2
            while left > 0 and (piece := f.read(min(1 << 20, left))):
                digest.update(piece)
                left -= len(piece)
        return digest.hexdigest()

    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(part, range(2)))
    say("hashlib, 2 threads", size, time.perf_counter() - start)
    path.unlink()


def gets(database: Database, store: ObjectStore) -> None:
    with database.reading() as session:
        names = session.scalars(sa.select(StoredObject.key).limit(3000)).all()
    start = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        size = sum(f.size for f in pool.map(lambda k: store.read_newest("archive", k, lambda _: None), names))
    say("S3 GET alone, 4 threads", size, time.perf_counter() - start, f"{len(names)} objects")
    reader = store.straight()
    assert reader is not None
    start = time.perf_counter()
    places = reader.places([Key(store.bucket("archive"), name, versioned=True) for name in names]).result()
    assert all(p is not None and reader.read(p, lambda _: None) for p in places)
    say("disk alone, 1 thread", size, time.perf_counter() - start, f"{len(names)} objects")
    reader.close()


def resumed(database: Database, store: ObjectStore, kills: int, threads: int) -> None:
    """A pass killed from outside at any moment, again and again: bytes that were taken from the store, also of objects read in part, and
    are not proven, which is what the next part reads again."""
    run_pass(database, store, FixityOptions(threads), anew=True, stop=lambda: True)
    started = datetime.fromisoformat(last_pass(database)["started"])
    read = multiprocessing.get_context("fork").RawValue("q", 0)      # a lock between processes would die locked with the child
    with database.reading() as session:
        size, largest = session.execute(sa.select(sa.func.sum(StoredObject.size), sa.func.max(StoredObject.size))).one()
    lost: list[int] = []
    for k in range(kills):
        database.dispose()
        child = os.fork()
        if child == 0:
            Rate.spend = counted(read)  # type: ignore[method-assign]
            run_pass(Database(str(database.url)), ObjectStore(store.config), FixityOptions(threads))
            os._exit(0)
        while read.value < size * (k + 1) / (kills + 2):
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with database.reading() as session:
            proven = session.scalar(sa.select(sa.func.sum(StoredObject.size)).where(StoredObject.proven_at >= started)) or 0
        lost.append(read.value - proven - sum(lost))
    report = run_pass(database, store, FixityOptions(threads))
    again = read.value + report.bytes - size
    print(f"killed {kills} times and resumed: read again {again} bytes ({again / size:.6%}); after each kill {lost}; the largest object "
          f"has {largest}; {len(report.differences)} differences", flush=True)


def counted(read: Any) -> Callable[[Rate, int], None]:
    """Stands in for the agreed speed, which is asked for every piece that came, whoever reads it."""
    lock = threading.Lock()

    def count(_: Rate, taken: int) -> None:
        with lock:
            read.value += taken

    return count


def damaged(database: Database, store: ObjectStore, data: Path, threads: int) -> None:
    """One bit flipped on the disk, one object deleted, two swapped, one added: a pass must name these and nothing else."""
    flipped, deleted, one, other = (f"bench/{n:06d}/original" for n in (1, 2, 3, 4))
    bucket, needle = store.bucket("archive"), store.get("archive", flipped)[:4096]
    for path in sorted(data.glob(f"{bucket}_*.dat")):
        with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as there:
            if (found := there.find(needle)) >= 0:
                there[found + 100] ^= 1
    store.remove("archive", deleted)                # leaves a marker over the archived version
    x, y = store.get("archive", one), store.get("archive", other)
    store.put("archive", one, y, "x")
    store.put("archive", other, x, "x")
    store.put("archive", "bench/added", b"x", "x")
    report = run_pass(database, store, FixityOptions(threads), anew=True)
    say("pass over damage", report.bytes, report.seconds, "; ".join(f"{d.code} {d.where}" for d in report.differences))
    expected = {("object_unreadable", flipped), ("object_missing", deleted), ("object_replaced", one), ("object_replaced", other),
                ("object_without_row", "archive:bench/added")}
    print("named: all and nothing else" if {(d.code, d.where) for d in report.differences} == expected else f"EXPECTED {expected}")


if __name__ == "__main__":
    main()
