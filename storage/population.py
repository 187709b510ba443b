"""Snapshots of the population database: import a file whole or not at all, keep one current, give it to the linker as an index."""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from matching.population import PERSON_COLUMNS, PersonRecord, PopulationIndex
from storage.database import Database
from storage.errors import NoPopulation, PopulationFileUnreadable
from storage.models import Person, PopulationRejection, PopulationSnapshot
from storage.population_file import Refused, inspect_file, read_people

Progress = Callable[[int, int], None]       # rows done, rows expected (0 unknown)
_CHUNK = 20_000                             # rows a transaction; other writers get their turn in between
_IMPORT_LOCK = 0x5060D                      # pg_advisory_lock number of population imports
_COLUMNS = ("snapshot_id", *PERSON_COLUMNS)
_MOST_REJECTIONS = 10_000                   # kept with their reasons; the count is always whole


def import_population(database: Database, path: str | Path, column_map: Mapping[str, str] | None = None, progress: Progress | None = None
                      ) -> PopulationSnapshot:
    """Import a CSV or XLSX file as the current snapshot and return it (rows, rejected).

    column_map: agreed column -> header of the file. A row that cannot be taken is set aside with its reason. The snapshot becomes
    current in
    one step when every row is in; until then, and after a kill at any moment, the one before stays current. The same file under the
    same map
    is the same snapshot: nothing is read twice. Links hold personal numbers, so they survive the change.
    Raises PopulationFileUnreadable, with the current snapshot untouched; also when not one row could be taken.
    """
    path = Path(path)
    facts = inspect_file(path)
    identity = _identity(facts.sha256, column_map or {})
    with _one_import(database):
        known = _find(database, identity)
        if known is not None and known.state == "current":
            return known
        number = _begin(database, identity, path.name)
        rows = rejected = 0
        for chunk in _chunks(read_people(path, facts, column_map or {})):
            people = [(number, *p) for p in chunk if not isinstance(p, Refused)]
            refused = [r for r in chunk if isinstance(r, Refused)]
            _write(database, number, people, refused[: max(0, _MOST_REJECTIONS - rejected)])
            rows, rejected = rows + len(people), rejected + len(refused)
            if progress:
                progress(rows + rejected, max(facts.lines, rows + rejected) if facts.lines else 0)
        if not rows:
            _discard(database, number)
            raise PopulationFileUnreadable(file=path.name, cause=f"không dòng nào dùng được / no row could be taken ({rejected})")
        return _make_current(database, number, rows, rejected)


def load_index(database: Database, cache_dir: Path | None = None) -> PopulationIndex:
    """The current snapshot as an index; kept in this process, and its people in `cache_dir` if given, until another snapshot is current.

    Raises NoPopulation if nothing was imported yet.
    """
    with database.reading() as session:
        snapshot = session.scalar(sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "current"))
    if snapshot is None:
        raise NoPopulation()
    return _index(database, snapshot.id, snapshot.sha256, cache_dir)


@lru_cache(maxsize=2)
def _index(database: Database, number: int, sha256: str, cache_dir: Path | None) -> PopulationIndex:
    kept = cache_dir / f"population-{sha256[:40]}.npz" if cache_dir else None
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as z:
            columns = [z[c].tobytes().decode("utf-8").split("\n") for c in PERSON_COLUMNS]
        return PopulationIndex.build(PersonRecord(*row) for row in zip(*columns, strict=True))
    query = sa.select(*(getattr(Person, c) for c in PERSON_COLUMNS)).where(Person.snapshot_id == number).order_by(Person.personal_id)
    with database.reading() as session:
        people = [PersonRecord(*row) for row in session.execute(query.execution_options(yield_per=_CHUNK))]
    if kept is not None and people:
        _keep(kept, people)
    return PopulationIndex.build(people)


def _keep(path: Path, people: list[PersonRecord]) -> None:
    """Write the columns beside the database, under a name of its content; a file under another name is of a snapshot no longer current."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    columns = {c: "\n".join(" ".join(getattr(p, c).split("\n")) for p in people).encode("utf-8") for c in PERSON_COLUMNS}
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        np.savez(f, allow_pickle=False, **{c: np.frombuffer(text, np.uint8) for c, text in columns.items()})
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)
    for other in path.parent.glob("population-*.npz"):
        if other != path:
            other.unlink(missing_ok=True)


def _identity(sha256: str, column_map: Mapping[str, str]) -> str:
    """The file's hash; under a column map, of both, since another map makes other people of the same file."""
    return sha256 if not column_map else hashlib.sha256((sha256 + json.dumps(dict(column_map), sort_keys=True)).encode()).hexdigest()


def _chunks(rows: Iterator[tuple[str, ...] | Refused]) -> Iterator[list[tuple[str, ...] | Refused]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


@contextmanager
def _one_import(database: Database) -> Iterator[None]:
    """One import at a time, over processes; a killed one's lock goes with it."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_IMPORT_LOCK)))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_IMPORT_LOCK)))
    elif not database.url.database or database.url.database == ":memory:":
        yield
    else:
        with open(f"{database.url.database}.population", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _find(database: Database, identity: str) -> PopulationSnapshot | None:
    with database.reading() as session:
        return session.scalar(_same(identity))


def _same(identity: str) -> sa.Select[PopulationSnapshot]:
    return sa.select(PopulationSnapshot).where(PopulationSnapshot.sha256 == identity).order_by(PopulationSnapshot.id).limit(1)


def _begin(database: Database, identity: str, source: str) -> int:
    """The snapshot row to fill, emptied of what an import that was cut off left; other half-loaded ones go as well."""
    with database.session() as session:
        for left in session.scalars(sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "loading")):
            _empty(session, left.id)
            if left.sha256 != identity:
                session.delete(left)
        snapshot = session.scalar(_same(identity))
        if snapshot is None:
            snapshot = PopulationSnapshot(source=source, sha256=identity)
            session.add(snapshot)
        else:
            _empty(session, snapshot.id)
        snapshot.state = "loading"
        session.flush()
        return snapshot.id


def _empty(session: sa.orm.Session, number: int) -> None:
    session.execute(sa.delete(Person).where(Person.snapshot_id == number))
    session.execute(sa.delete(PopulationRejection).where(PopulationRejection.snapshot_id == number))


def _write(database: Database, number: int, people: list[tuple[object, ...]], refused: list[Refused]) -> None:
    with database.session() as session:
        if people:
            cursor = session.connection().connection.cursor()
            if database.is_sqlite:
                marks = ",".join("?" * len(_COLUMNS))
                cursor.executemany(f"insert into person ({','.join(_COLUMNS)}) values ({marks})", people)
            else:
                with cursor.copy(f"copy person ({','.join(_COLUMNS)}) from stdin") as copy:
                    for row in people:
                        copy.write_row(row)
            cursor.close()
        if refused:
            session.execute(sa.insert(PopulationRejection), [{"snapshot_id": number, "line": r.line, "reason": r.reason,
                "detail": r.detail} for r in refused])


def _discard(database: Database, number: int) -> None:
    with database.session() as session:
        _empty(session, number)
        session.execute(sa.update(PopulationSnapshot).where(PopulationSnapshot.id == number).values(state="old"))


def _make_current(database: Database, number: int, rows: int, rejected: int) -> PopulationSnapshot:
    """The one step that changes what people see; the people of the snapshot before go, its row and its rejections stay for the record."""
    with database.session() as session:
        before = sa.select(PopulationSnapshot.id).where(PopulationSnapshot.state == "current")
        session.execute(sa.delete(Person).where(Person.snapshot_id.in_(before)))
        session.execute(sa.update(PopulationSnapshot).where(PopulationSnapshot.state == "current").values(state="old"))
        snapshot = session.get_one(PopulationSnapshot, number)
        snapshot.rows, snapshot.rejected, snapshot.state = rows, rejected, "current"
    return snapshot
