"""One database: SQLite (WAL) embedded, PostgreSQL for a hub. Sessions, migrations and a probe."""
from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from storage.errors import DatabaseTooNew, DatabaseUnavailable

BUSY_SECONDS = 30.0                     # how long a writer waits for another writer before it fails
REST_SECONDS = 1.0                      # a pooled connection that was not used for that long is looked at before it is
_SCHEMA_LOCK = 0x5060C                  # pg_advisory_lock number of schema changes


class Database:
    """The state of one home or hub.

    url: a SQLAlchemy URL (`sqlite:////path/sogoc.db`, `postgresql+psycopg://…`) or a path, meaning SQLite.
    Sessions of one Database may be used from many threads, each its own; processes share the database safely.
    """

    def __init__(self, url: str | Path) -> None:
        text = f"sqlite:///{url}" if isinstance(url, Path) or "://" not in str(url) else str(url)
        parsed = make_url(text)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # hide_parameters: an error may be logged, a person's data may not
            self.engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(parsed, pool_size=10, max_overflow=10, hide_parameters=True,
                                           connect_args={"connect_timeout": 10, "application_name": "sogoc"})
            sa.event.listen(self.engine, "checkin", _note_use)
            sa.event.listen(self.engine, "checkout", partial(_ping_after_rest, self.engine.dialect))
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One unit of work: committed at the end, rolled back on any exception. Objects stay readable after it.

        On SQLite it holds the one write lock from its first statement, so keep it short and use `reading()` where nothing is written.
        """
        session = self._sessions()
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A unit of work that only reads, one consistent snapshot; on SQLite it never waits for a writer nor holds one up.

        What was loaded stays readable after it (columns, and relationships that were loaded inside).
        """
        options: dict[str, Any] = {"read_only": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**options) as connection, Session(connection, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.expunge_all()           # a roll-back would expire what the caller goes on reading
                session.rollback()

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """As `reading`, for what takes a statement or two: on PostgreSQL each sees its own moment, and no transaction is begun and ended
        around them."""
        if self.is_sqlite:
            with self.reading() as session:
                yield session
            return
        with (self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
              Session(connection, expire_on_commit=False, autoflush=False) as session):
            try:
                yield session
            finally:
                session.expunge_all()

    def upgrade(self) -> str:
        """Bring the schema to this version; idempotent, safe when several processes do it at once. Returns the revision.

        Raises DatabaseUnavailable, or DatabaseTooNew when a newer program made the schema.
        """
        from alembic import command
        from alembic.script import ScriptDirectory

        config = alembic_config()
        script = ScriptDirectory.from_config(config)
        head = script.get_current_head()
        try:
            with self._schema_lock(), self.engine.connect() as connection:
                current = _revision(connection)
                connection.rollback()
                if current is not None and current not in {r.revision for r in script.walk_revisions()}:
                    raise DatabaseTooNew(found=current)
                if current != head:
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                    connection.commit()
        except sa.exc.OperationalError as e:
            raise DatabaseUnavailable(url=self.name, cause=_cause(e)) from e
        return str(head)

    def probe(self) -> Mapping[str, Any]:
        """Facts for `sogoc doctor`: backend, version, revision, up_to_date, journal_mode and foreign_keys (SQLite), round trip in ms."""
        from alembic.script import ScriptDirectory

        head = ScriptDirectory.from_config(alembic_config()).get_current_head()
        facts: dict[str, Any] = {"url": self.name, "backend": self.url.get_backend_name()}
        try:
            with self.engine.connect() as connection:
                if self.is_sqlite:
                    facts["version"] = connection.scalar(sa.text("select sqlite_version()"))
                    facts["journal_mode"] = connection.scalar(sa.text("pragma journal_mode"))
                    facts["foreign_keys"] = bool(connection.scalar(sa.text("pragma foreign_keys")))
                else:
                    facts["version"] = connection.scalar(sa.text("show server_version"))
                start = time.perf_counter()
                connection.scalar(sa.text("select 1"))
                facts["round_trip_ms"] = round((time.perf_counter() - start) * 1000, 2)
                facts["revision"] = _revision(connection)
        except sa.exc.OperationalError as e:
            raise DatabaseUnavailable(url=self.name, cause=_cause(e)) from e
        facts["up_to_date"] = facts["revision"] == head
        return facts

    def dispose(self) -> None:
        """Close every pooled connection (before a fork, at the end of a test)."""
        self.engine.dispose()

    @contextmanager
    def _schema_lock(self) -> Iterator[None]:
        """One schema change at a time, over processes."""
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                yield
                return
            with open(f"{self.url.database}.upgrade", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        else:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.select(sa.func.pg_advisory_lock(_SCHEMA_LOCK)))
                try:
                    yield
                finally:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(_SCHEMA_LOCK)))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None       # SQLAlchemy's own BEGIN is sent by _begin_sqlite, so that DDL and reads are in transactions too
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {int(BUSY_SECONDS * 1000)}", "journal_mode = wal", "synchronous = full", "foreign_keys = on",
                   "trusted_schema = off"):
        cursor.execute(f"pragma {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A unit of work that may write takes the write lock at once: a lock upgraded later fails with SQLITE_BUSY whatever the timeout.
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("begin" if options.get("read_only") else "begin immediate")


def _note_use(_: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_after_rest(dialect: sa.Dialect, connection: Any, record: Any, _: Any) -> None:
    """Ask whether the server is still there before a connection is used that has rested; where it is not, the pool opens new ones. To ask
    each time, as pool_pre_ping does, would be a third of what a small question costs."""
    from psycopg import Error

    if time.monotonic() - record.info.get("used", float("inf")) < REST_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except Error as e:
        raise sa.exc.InvalidatePoolError from e


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("select version_num from alembic_version"))


def alembic_config() -> Any:
    """Alembic on the migrations of this package; no file outside it is read."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _cause(error: sa.exc.DBAPIError) -> str:
    """The driver's first line, without the statement and its values."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
