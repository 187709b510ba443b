"""How fast the archive is proven whole: `python -m bench.fixity [--entries 10000] [--kilobytes 300] [--kills 10]`.

Archived entries are made up and written straight to the embedded store, three objects each (original, copy, package of 12 kB), so that
10,000 take minutes. Beside the pass, in the same run: `cat` and `sha256sum` of as many bytes on the same disk, Python's hashlib in two
threads, and the store's GET alone with nothing hashed, which is the ceiling for anything that reads through S3.
"""
from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from storage.database import Database
from storage.embedded_store import EmbeddedStore
from storage.fixity import FixityOptions, run_pass
from storage.models import StoredObject
from storage.objects import ObjectStore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=300, help="of one scan; the copy is 20 %% larger")
    parser.add_argument("--threads", type=int, default=4)
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
        print(f"{a.entries} entries, {3 * a.entries} objects, {size / 1e9:.2f} GB; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        beside(place, min(size, 1_500_000_000))
        gets(database, store, a.threads)
        report = run_pass(database, store, FixityOptions(a.threads))
        say("fixity pass", report.bytes, report.seconds, f"{report.objects} objects, {len(report.differences)} differences")
        resumed(database, store, a.kills, a.threads, size)
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


def say(name: str, size: int, seconds: float, more: str = "") -> None:
    print(f"{name:<28} {size / 1e9 / seconds:6.3f} GB/s   {seconds:7.1f} s   {more}", flush=True)


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


def gets(database: Database, store: ObjectStore, threads: int) -> None:
    with database.reading() as session:
        keys = session.scalars(sa.select(StoredObject.key).limit(3000)).all()
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        size = sum(f.size for f in pool.map(lambda k: store.read_newest("archive", k, lambda _: None), keys))
    say("S3 GET alone", size, time.perf_counter() - start, f"{len(keys)} objects")


def resumed(database: Database, store: ObjectStore, kills: int, threads: int, size: int) -> None:
    """A pass killed again and again: what all its parts read beyond what there is."""
    run_pass(database, store, FixityOptions(threads), anew=True, stop=lambda: True)
    read = multiprocessing.get_context("fork").RawValue("q", 0)      # a lock between processes would die locked with the child
    database.dispose()
    for k in range(kills):
        child = os.fork()
        if child == 0:
            def count(asked: ObjectStore, limit: float = size * (k + 1) / (kills + 2)) -> ObjectStore:
                real, lock = asked.read_newest, threading.Lock()

                def counted(kind, key, on_piece):  # type: ignore[no-untyped-def]
                    facts = real(kind, key, on_piece)
                    with lock:
                        read.value += facts.size
                        if read.value > limit:
                            os.kill(os.getpid(), signal.SIGKILL)
                    return facts

                asked.read_newest = counted  # type: ignore[method-assign]
                return asked

            run_pass(Database(str(database.url)), count(ObjectStore(store.config)), FixityOptions(threads))
            os._exit(0)
        os.waitpid(child, 0)
    report = run_pass(database, store, FixityOptions(threads))
    again = read.value + report.bytes - size
    print(f"killed {kills} times and resumed: read again {again} bytes ({again / max(size, 1):.6%}), {len(report.differences)} differences")


if __name__ == "__main__":
    main()
