"""bench/api.py runs from end to end on a small database and prints what it promises; its keys are the ones the program would write."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from bench.api_data import fill
from bench.open_loop import Measured
from storage.database import Database
from storage.models import Entry, PersonKey, RecordKey
from storage.search_keys import write_keys


def test_times_at_percentiles():
    assert Measured([1.0, 2.0, 3.0, 4.0]).at(50) == 2.0 and Measured([float(n) for n in range(1, 201)]).at(99) == 198.0


def rows(session, table):
    return {tuple(r) for r in session.execute(sa.select(table.__table__))}


def test_the_keys_made_in_sql_are_those_the_program_writes(postgresql_url, object_store):
    admin = Database(postgresql_url)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(sa.text("create database t_api_bench"))
    database = Database(admin.url.set(database="t_api_bench").render_as_string(hide_password=False))
    try:
        database.upgrade()
        fill(database, object_store, 300, 2, lambda _: None)
        with database.session() as s:
            made = rows(s, RecordKey), rows(s, PersonKey)
            for entry_id in s.scalars(sa.select(Entry.id)).all():
                write_keys(s, entry_id)
            assert made == (rows(s, RecordKey), rows(s, PersonKey)) and len(made[0]) == 300 and len(made[1]) == 600
    finally:
        database.dispose()
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(sa.text("drop database t_api_bench with (force)"))
        admin.dispose()


def test_a_small_run():
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-m", "bench.api", "--records", "1000", "--copies", "20", "--seconds", "0.5",
                            "--clients", "4"], cwd=root,
                           env={**os.environ, "PYTHONPATH": str(root), "SOGOC_API__PER_MINUTE": "60000"}, capture_output=True, text=True,
                           timeout=280)
    assert found.returncode in (0, 1), found.stderr[-2000:]         # 1: a bound was not kept on this machine
    for said in ("1,000 archived records", "search by number, 200/s", "copy, 100/s", "both at once", "SeaweedFS alone", "SQL alone"):
        assert said in found.stdout, said
    assert "no error" in found.stdout and "NOT kept no error" not in found.stdout, found.stdout
