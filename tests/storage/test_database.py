from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage import database as database_module
from storage import events
from storage.database import Database
from storage.errors import ChainBroken, DatabaseTooNew, DatabaseUnavailable
from storage.models import Base, Batch, Cursor, Event, Page


def batch(name: str = "b") -> Batch:
    return Batch(id=name, folder="", content_hash="0" * 64, declared={})


def test_migrations_make_exactly_the_models(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrade_again_does_nothing(database):
    revision = database.probe()["revision"]
    assert database.upgrade() == revision and database.probe()["up_to_date"]


def test_upgrade_by_many_at_once(tmp_path):
    databases = [Database(tmp_path / "x.db") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(lambda d: d.upgrade(), databases))) == 1


def test_a_newer_schema_is_refused(database):
    with database.session() as session:
        session.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(DatabaseTooNew):
        database.upgrade()


def test_an_unreachable_server_says_so_without_its_password():
    database = Database("postgresql://sogoc:geheim@127.0.0.1:1/sogoc")
    with pytest.raises(DatabaseUnavailable) as e:
        database.probe()
    assert "geheim" not in str(e.value) and "127.0.0.1" in e.value.message("vi")


def test_a_unit_of_work_is_all_or_nothing(database):
    with pytest.raises(ZeroDivisionError), database.session() as session:
        session.add(batch())
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.get(Batch, "b") is None


def test_foreign_keys_hold(database):
    with pytest.raises(sa.exc.IntegrityError), database.session() as session:
        session.add(Page(batch_id="nothing", file="x", sha256="0" * 64, size=1))


def test_what_was_read_stays_readable(database):
    with database.session() as session:
        session.add(batch())
    with database.reading() as session:
        found = session.get(Batch, "b")
    assert found.created_at.tzinfo is not None and found.declared == {}


def test_readers_do_not_wait_for_a_writer(database):
    with database.session() as writer:
        writer.add(batch())
        writer.flush()
        with database.reading() as session:
            assert session.get(Batch, "b") is None


def test_writers_take_turns_and_none_fails(database):
    """Read-then-write units from many threads: on SQLite a lock upgraded late would fail at once."""
    with database.session() as session:
        session.add(Cursor(name="n", value={"n": 0}))

    def add(_: int) -> None:
        with database.session() as session:
            row = session.execute(sa.select(Cursor).where(Cursor.name == "n").with_for_update()).scalar_one()
            row.value = {"n": row.value["n"] + 1}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    with database.reading() as session:
        assert session.get(Cursor, "n").value == {"n": 40}


class TestEvents:
    def test_each_event_follows_the_one_before(self, database):
        with database.session() as session:
            first = events.append(session, "an", "entry.verify", "entry:1", {"b": 1, "a": ["x", None, 1.5]})
            second = events.append(session, "an", "entry.verify", "entry:2")
        assert (first.seq, first.prev_hash, second.prev_hash) == (1, events.GENESIS, first.hash)
        with database.reading() as session:
            assert events.verify_chain(session) == events.ChainHead(2, second.hash) == events.head(session)

    def test_many_writers_make_one_chain(self, database):
        start = threading.Barrier(6)

        def write(n: int) -> None:
            start.wait()
            for _ in range(10):
                with database.session() as session:
                    events.append(session, f"u{n}", "x", "y", {"Tên": "ký tự"})

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, range(6)))
        with database.reading() as session:
            assert events.verify_chain(session).seq == 60

    @pytest.mark.parametrize("change", [
        sa.update(Event).where(Event.seq == 2).values(actor="x"),
        sa.update(Event).where(Event.seq == 2).values(detail={"n": 99}),
        sa.update(Event).where(Event.seq == 2).values(subject="entry:9"),
        sa.delete(Event).where(Event.seq == 2),
        sa.update(Event).where(Event.seq == 3).values(prev_hash="1" * 64),
    ])
    def test_a_change_is_found(self, database, change):
        self.fill(database)
        with database.session() as session:
            session.execute(change)
        with database.reading() as session, pytest.raises(ChainBroken) as e:
            events.verify_chain(session)
        assert e.value.evidence["seq"] in (2, 3)

    def test_a_cut_tail_is_found_by_a_noted_head(self, database):
        self.fill(database)
        with database.session() as session:
            noted = events.head(session)
            session.execute(sa.delete(Event).where(Event.seq == 5))
        with database.reading() as session:
            events.verify_chain(session)
            with pytest.raises(ChainBroken):
                events.verify_chain(session, noted)

    def test_an_event_goes_with_its_unit_of_work(self, database):
        with pytest.raises(ZeroDivisionError), database.session() as session:
            events.append(session, "a", "b", "c")
            raise ZeroDivisionError
        with database.reading() as session:
            assert events.head(session).seq == 0

    def fill(self, database) -> None:
        with database.session() as session:
            for n in range(5):
                events.append(session, "an", "x", f"entry:{n}", {"n": n})


def test_a_connection_that_the_server_closed_while_it_rested_is_replaced(postgresql_url, monkeypatch):
    monkeypatch.setattr(database_module, "REST_SECONDS", 0.0)
    asked, other = Database(postgresql_url), Database(postgresql_url)
    with asked.glance() as first, asked.glance() as second:
        rested = [s.scalar(sa.text("select pg_backend_pid()")) for s in (first, second)]
    with other.session() as session:
        assert all(session.scalar(sa.text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid}) for pid in rested)
    with asked.glance() as first, asked.session() as second:
        assert not {s.scalar(sa.text("select pg_backend_pid()")) for s in (first, second)} & set(rested)
    asked.dispose()
    other.dispose()
