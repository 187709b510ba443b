"""Snapshots of the population database: import a file whole or not at all, keep one current, give it to the linker as an index.

A file is read and checked by blocks (`population_file`, `population_rows`), sorted by personal number (`population_sort`), compared with
the snapshot in use (`population_identity`) and written under a snapshot in state `loading`. One transaction makes it current and says
which links it concerns (`population_links`).
"""
from __future__ import annotations

import fcntl
import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from matching.index_build import build_arrays
from matching.index_file import kept_index
from matching.population import PERSON_COLUMNS, PopulationIndex
from storage.database import Database
from storage.errors import NoPopulation, PopulationFileUnreadable
from storage.models import Cursor, Person, PersonHistory, PopulationRejection, PopulationSnapshot
from storage.population_file import FileFacts, Refused, inspect_file, read_blocks
from storage.population_identity import SEPARATOR, Arrivals, digest_of, forget_unfinished
from storage.population_links import links_concerned
from storage.population_rows import HEADER
from storage.population_sort import SortedLines

Progress = Callable[[int, int], None]       # rows done, rows expected (0 unknown)
_CHUNK = 20_000                             # rows a transaction; other writers get their turn in between
_IMPORT_LOCK = 0x5060D                      # pg_advisory_lock number of population imports
_COLUMNS = ("snapshot_id", "key", "digest", *PERSON_COLUMNS)
_MOST_REJECTIONS = 10_000                   # kept with their reasons; the count is always whole
_NEXT_KEY = "population:next key"           # cursor: the first Person.key that nobody ever had


def import_population(database: Database, path: str | Path, column_map: Mapping[str, str] | None = None, progress: Progress | None = None,
                      scratch: Path | None = None) -> PopulationSnapshot:
    """Import a CSV or XLSX file as the current snapshot and return it (rows, rejected, what changed).

    column_map: agreed column -> header of the file. scratch: a folder on a disk with room for the file once more (default: where temporary
    files lie). A row that cannot be taken is set aside with its reason. The snapshot becomes current in one step when every row is in;
    until then, and after a kill at any moment, the one before stays current. The same file under the same map is the same snapshot: nothing
    is read twice. Raises PopulationFileUnreadable, with the current snapshot untouched; also when not one row could be taken.
    """
    path = Path(path)
    facts = inspect_file(path)
    identity = _identity(facts.sha256, column_map or {})
    with _one_import(database), _without_collector():
        known = _find(database, identity)
        if known is not None and known.state == "current":
            _clear_old(database)
            return known
        number = _begin(database, identity, path.name)
        try:
            with SortedLines(scratch) as people:
                loading = _Loading(database, number, facts, progress)
                loading.read(people, path, facts, column_map or {})
                if not len(people):
                    cause = f"không dòng nào dùng được / no row could be taken ({loading.rejected})"
                    raise PopulationFileUnreadable(file=path.name, cause=cause)
                arrivals = _arrivals(database, number, scratch)
                loading.write(people, arrivals)
            snapshot = _make_current(database, number, loading, arrivals)
        except PopulationFileUnreadable:
            _discard(database, number)
            raise
        _clear_old(database)
    loading.tell(loading.rows + loading.rejected, loading.rows + loading.rejected)
    return snapshot


class _Loading:
    """One file on its way into the database."""

    def __init__(self, database: Database, number: int, facts: FileFacts, progress: Progress | None) -> None:
        self._database, self._number, self._progress, self._expected = database, number, progress, facts.lines
        self.rows = self.rejected = self._read = 0

    def tell(self, done: int, of: int) -> None:
        if self._progress:
            self._progress(done, of)

    def read(self, people: SortedLines, path: Path, facts: FileFacts, column_map: Mapping[str, str]) -> None:
        """Put every row that is a person into `people` as number, line, values; set the others aside."""
        for block in read_blocks(path, facts, column_map):
            people.add([SEPARATOR.join((p[0], f"{line:010d}", *p[1:])) for line, p in block if not isinstance(p, Refused)])
            self._refuse([p for _, p in block if isinstance(p, Refused)])
            self._read += len(block)
            self._tell_half()

    def write(self, people: Iterator[str] | SortedLines, arrivals: Arrivals) -> None:
        """Write them all in the order of their numbers, each with his key; of one number the first in the file."""
        last, lines = "", iter(people)
        while chunk := list(islice(lines, _CHUNK)):
            persons, twice = [], []
            for text in chunk:
                values = text.split(SEPARATOR)
                line = values.pop(1)
                if values[0] == last:
                    twice.append(Refused(int(line), "duplicate_number", HEADER[0]))
                    continue
                last = values[0]
                persons.append(tuple(values))
            digests = [digest_of(p) for p in persons]
            keys = arrivals.keys_of(persons, digests)
            self._insert(persons, keys, digests)
            self._refuse(twice)
            self.rows += len(persons)
            self._tell_half()
        arrivals.finish()

    def _insert(self, people: Sequence[tuple[str, ...]], keys: Sequence[int], digests: Sequence[int]) -> None:
        number = self._number
        with self._database.session() as session:
            cursor = session.connection().connection.cursor()
            if self._database.is_sqlite:
                marks = ",".join("?" * len(_COLUMNS))
                cursor.executemany(f"insert into person ({','.join(_COLUMNS)}) values ({marks})",
                                   [(number, key, digest, *p) for p, key, digest in zip(people, keys, digests, strict=True)])
            else:
                text = "".join(f"{number}\t{key}\t{digest}\t{line}\n" for key, digest, line in zip(
                    keys, digests, map("\t".join, people), strict=True)).replace("\\", "\\\\")
                with cursor.copy(f"copy person ({','.join(_COLUMNS)}) from stdin") as copy:
                    copy.write(text)
            cursor.close()

    def _refuse(self, refused: list[Refused]) -> None:
        kept = refused[: max(0, _MOST_REJECTIONS - self.rejected)]
        self.rejected += len(refused)
        if kept:
            with self._database.session() as session:
                session.execute(sa.insert(PopulationRejection), [
                    {"snapshot_id": self._number, "line": r.line, "reason": r.reason, "detail": r.detail} for r in kept])

    def _tell_half(self) -> None:
        """Reading is half of the work, writing the other."""
        expected = max(self._expected, self._read)
        self.tell(min((self._read + self.rows + self.rejected) // 2, expected), expected)


def load_index(database: Database, cache_dir: Path | None = None) -> PopulationIndex:
    """The current snapshot as an index; kept in this process, and as a file in `cache_dir` if given, which processes share, until another
    snapshot is current.

    Raises NoPopulation if nothing was imported yet.
    """
    with database.reading() as session:
        snapshot = session.scalar(sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "current"))
    if snapshot is None:
        raise NoPopulation()
    return _index(database, snapshot.id, snapshot.sha256, cache_dir)


@lru_cache(maxsize=2)
def _index(database: Database, number: int, sha256: str, cache_dir: Path | None) -> PopulationIndex:
    if cache_dir is None:
        return PopulationIndex(build_arrays(_rows(database, number)))
    return kept_index(cache_dir, sha256, lambda: _rows(database, number))


def _rows(database: Database, number: int) -> Iterator[tuple[str, ...]]:
    """The people of a snapshot as they are asked for, never all in memory."""
    query = sa.select(*(getattr(Person, c) for c in PERSON_COLUMNS)).where(Person.snapshot_id == number).order_by(Person.personal_id)
    with database.reading() as session:
        for row in session.execute(query.execution_options(yield_per=_CHUNK)):
            yield tuple(row)


def _identity(sha256: str, column_map: Mapping[str, str]) -> str:
    """The file's hash; under a column map, of both, since another map makes other people of the same file."""
    return sha256 if not column_map else hashlib.sha256((sha256 + json.dumps(dict(column_map), sort_keys=True)).encode()).hexdigest()


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


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of rows come and go, none in a cycle; looking for cycles among them takes a fifth of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _find(database: Database, identity: str) -> PopulationSnapshot | None:
    with database.reading() as session:
        return session.scalar(_same(identity))


def _same(identity: str) -> sa.Select[PopulationSnapshot]:
    return sa.select(PopulationSnapshot).where(PopulationSnapshot.sha256 == identity).order_by(PopulationSnapshot.id).limit(1)


def _begin(database: Database, identity: str, source: str) -> int:
    """The snapshot row to fill; what imports that were cut off left is cleared away."""
    _clear_old(database)
    with database.session() as session:
        for left in session.scalars(sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "loading")):
            session.execute(sa.delete(PopulationRejection).where(PopulationRejection.snapshot_id == left.id))
            if left.sha256 != identity:
                session.delete(left)
        forget_unfinished(session)
        snapshot = session.scalar(_same(identity))
        if snapshot is None:
            snapshot = PopulationSnapshot(source=source, sha256=identity)
            session.add(snapshot)
        else:
            session.execute(sa.delete(PopulationRejection).where(PopulationRejection.snapshot_id == snapshot.id))
        snapshot.state = "loading"
        session.flush()
        return snapshot.id


def _arrivals(database: Database, number: int, scratch: Path | None) -> Arrivals:
    with database.reading() as session:
        before = session.scalar(sa.select(PopulationSnapshot.id).where(PopulationSnapshot.state == "current"))
        version = session.scalar(sa.select(sa.func.max(PopulationSnapshot.version))) or 0
        cursor = session.get(Cursor, _NEXT_KEY)
        if cursor is not None:
            next_key = int(cursor.value["next"])
        else:
            next_key = 1 + max(session.scalar(sa.select(sa.func.max(c))) or 0 for c in (Person.key, PersonHistory.key))
    return Arrivals(database, before, number, version + 1, next_key, scratch)


def _discard(database: Database, number: int) -> None:
    with database.session() as session:
        session.execute(sa.delete(PopulationRejection).where(PopulationRejection.snapshot_id == number))
        forget_unfinished(session)
        session.execute(sa.update(PopulationSnapshot).where(PopulationSnapshot.id == number).values(state="old"))
    _clear_old(database)


def _make_current(database: Database, number: int, loading: _Loading, arrivals: Arrivals) -> PopulationSnapshot:
    """The one step that changes what people see; the snapshot before stays as a row, with its rejections, for the record."""
    with database.session() as session:
        session.execute(sa.update(PopulationSnapshot).where(PopulationSnapshot.state == "current").values(state="old"))
        snapshot = session.get_one(PopulationSnapshot, number, with_for_update=True)
        snapshot.rows, snapshot.rejected, snapshot.state, snapshot.version = loading.rows, loading.rejected, "current", arrivals.version
        found = arrivals.differences
        snapshot.came, snapshot.changed, snapshot.renumbered, snapshot.went = found.came, found.changed, found.renumbered, found.went
        session.merge(Cursor(name=_NEXT_KEY, value={"next": arrivals.next_key}))
        session.flush()
        concerned = links_concerned(session, arrivals.version)
        snapshot.links_rechecked, snapshot.links_without_person = concerned.to_recheck, concerned.without_person
    return snapshot


def _clear_old(database: Database) -> None:
    """Delete, some at a time, the people of snapshots not in use; one that was being loaded begins again from nothing."""
    unused = sa.select(Person.id).where(Person.snapshot_id.in_(
        sa.select(PopulationSnapshot.id).where(PopulationSnapshot.state != "current"))).limit(_CHUNK)
    while True:
        with database.session() as session:
            if not session.execute(sa.delete(Person).where(Person.id.in_(unused))).rowcount:        # type: ignore[attr-defined]
                return
