"""The database's own backup: drafts, accounts, the population, everything that packages do not carry. Taken while the program works."""
from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage import events
from storage.database import Database
from storage.errors import BackupFailed, ChainBroken

_TIMEOUT = 3600             # seconds for pg_dump and pg_restore


def write_backup(database: Database, folder: Path) -> Path:
    """One new file in `folder` (`sogoc-<time>.sqlite.gz` or `.pgdump`), its facts beside it (`.json`: SHA-256, revision, head of the log).

    SQLite's online backup and pg_dump both take one consistent moment and hold nobody up. Raises BackupFailed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    out = folder / f"sogoc-{stamp}.{'sqlite.gz' if database.is_sqlite else 'pgdump'}"
    new = out.with_name(out.name + ".new")
    try:
        if database.is_sqlite:
            _dump_sqlite(database, new)
        else:
            _pg(database, ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={new}"], database.url.database or "")
        new.chmod(0o600)
        with database.reading() as session:
            head = events.head(session)
        facts = {"file": out.name, "sha256": _sha256(new), "size": new.stat().st_size, "made": stamp,
                 "revision": database.probe()["revision"], "events": {"seq": head.seq, "hash": head.hash}}
        os.replace(new, out)
        out.with_name(out.name + ".json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    finally:
        new.unlink(missing_ok=True)
    return out


def read_backup(database: Database, file: Path) -> dict[str, Any]:
    """Put a backup into an empty database and check it: its SHA-256, its schema, the chain of its log. Returns its facts.

    Raises BackupFailed; then the database is as empty as it was (SQLite), or to be made anew (PostgreSQL).
    """
    beside = file.with_name(file.name + ".json")
    facts: dict[str, Any] = json.loads(beside.read_text("utf-8")) if beside.is_file() else {}
    if facts and facts["sha256"] != _sha256(file):
        raise BackupFailed(file=file.name, cause="its SHA-256 is not what was noted when it was written")
    with database.engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        if "batch" in names and (connection.scalar(sa.text("select count(*) from batch")) or connection.scalar(
                sa.text("select count(*) from event"))):
            raise BackupFailed(file=file.name, cause="the database is not empty")
    database.dispose()
    if file.name.endswith(".sqlite.gz") and database.is_sqlite:
        _load_sqlite(database, file)
    elif file.name.endswith(".pgdump") and not database.is_sqlite:
        _pg(database, ["pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                       f"--dbname={database.url.database}", str(file)], "")
    else:
        raise BackupFailed(file=file.name, cause="it is of another kind of database")
    database.upgrade()
    try:
        with database.reading() as session:
            head = events.verify_chain(session)
    except ChainBroken as e:
        raise BackupFailed(file=file.name, cause=f"its log is broken at {e.evidence['seq']}") from e
    return {**facts, "events": {"seq": head.seq, "hash": head.hash}}


def _dump_sqlite(database: Database, new: Path) -> None:
    plain = new.with_name(new.name + ".db")
    try:
        source, target = sqlite3.connect(str(database.url.database)), sqlite3.connect(plain)
        with target:
            source.backup(target, pages=4096)
        source.close()
        target.close()
        with open(plain, "rb") as f, gzip.open(new, "wb", compresslevel=3) as z:
            shutil.copyfileobj(f, z, 1 << 20)
    except (sqlite3.Error, OSError) as e:
        raise BackupFailed(file=new.name, cause=str(e)) from e
    finally:
        plain.unlink(missing_ok=True)


def _load_sqlite(database: Database, file: Path) -> None:
    place = Path(str(database.url.database))
    new = place.with_name(place.name + ".restoring")
    try:
        with gzip.open(file, "rb") as z, open(new, "wb") as f:
            shutil.copyfileobj(z, f, 1 << 20)
        new.chmod(0o600)
        checked = sqlite3.connect(new)
        good = checked.execute("pragma integrity_check").fetchone()
        checked.close()
        if good != ("ok",):
            raise BackupFailed(file=file.name, cause=str(good))
        for suffix in ("-wal", "-shm"):
            place.with_name(place.name + suffix).unlink(missing_ok=True)
        os.replace(new, place)
    except (sqlite3.Error, OSError, EOFError) as e:
        raise BackupFailed(file=file.name, cause=str(e)) from e
    finally:
        new.unlink(missing_ok=True)


def _pg(database: Database, command: list[str], name: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where no list of processes shows it."""
    url = database.url
    where = {"PGHOST": url.host or str(url.query.get("host") or ""), "PGPORT": str(url.port or ""), "PGUSER": url.username or "",
             "PGPASSWORD": str(url.password or "")}
    environment = {**os.environ, **{k: v for k, v in where.items() if v}}
    try:
        done = subprocess.run([*command, *([name] if name else [])], env=environment, capture_output=True, text=True, timeout=_TIMEOUT)
    except FileNotFoundError as e:
        raise BackupFailed(file=command[0], cause="not installed (apt-get install postgresql-client)") from e
    except subprocess.TimeoutExpired as e:
        raise BackupFailed(file=command[0], cause="took longer than an hour") from e
    if done.returncode:
        raise BackupFailed(file=command[0], cause=" ".join(done.stderr.split())[:300] or "?")


def _sha256(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
