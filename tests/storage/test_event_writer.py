"""Many lines of the log at once: all of them in the chain, each before its writer goes on, and no bad one spoils the others."""
from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from storage import events
from storage.event_writer import EventWriter
from storage.models import Event


def line(n: object, detail: object = 1) -> events.Line:
    return events.Line("client:x", "record.search", f"entry:{n}", {"count": detail})


def test_each_line_is_committed_when_its_writer_goes_on(database):
    writer = EventWriter(database)

    def write(n: int) -> bool:
        writer.write(line(n))
        with database.reading() as s:               # a connection of its own sees only what is committed
            return s.scalar(sa.select(sa.func.count()).where(Event.subject == f"entry:{n}")) == 1

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(60)))
    with database.reading() as s:
        assert events.verify_chain(s).seq == 60


def test_lines_that_gather_share_a_commit(database):
    writer, commits = EventWriter(database), []
    sa.event.listen(database.engine, "commit", commits.append)
    with writer._turn, ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(writer.write, line(n)) for n in range(20)]
        while len(writer._queue) < 20:
            threading.Event().wait(0.005)
        writer._turn.release()
        for w in waiting:
            w.result()
        writer._turn.acquire()
    with database.reading() as s:
        assert events.verify_chain(s).seq == 20 and len(commits) == 1


def test_a_line_that_cannot_be_stored_fails_alone(database):
    writer = EventWriter(database)
    with writer._turn, ThreadPoolExecutor(3) as pool:
        waiting = {n: pool.submit(writer.write, line(n, float("nan") if n == 1 else n)) for n in range(3)}
        while len(writer._queue) < 3:
            threading.Event().wait(0.005)
        writer._turn.release()
        with pytest.raises(ValueError):
            waiting[1].result()
        waiting[0].result()
        waiting[2].result()
        writer._turn.acquire()
    with database.reading() as s:
        assert events.verify_chain(s).seq == 2 and set(s.scalars(sa.select(Event.subject))) == {"entry:0", "entry:2"}


def test_other_writers_of_the_chain_take_their_turns(database):
    """Units of work of their own beside the writer, as other processes have them."""
    writer = EventWriter(database)

    def alone(n: int) -> None:
        with database.session() as s:
            events.append(s, "cli", "batch.add", f"batch:{n}")

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(writer.write, line(n)) if n % 2 else pool.submit(alone, n) for n in range(40)]:
            done.result()
    with database.reading() as s:
        assert events.verify_chain(s).seq == 40
