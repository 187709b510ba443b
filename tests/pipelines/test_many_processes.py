"""Batches linked by Dagster's multiprocess executor on PostgreSQL come out as in one process."""
from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.pending import pending_batches
from storage import export
from storage.database import Database
from storage.models import Cursor, Entry, Link
from storage.population import import_population
from tests.matching.families import BIRTH, PEOPLE
from tests.pipelines.installation_by_name import HOME, ONE_PROCESS, URL, link_batches, opened
from tests.pipelines.test_linking import DEATH, add_book, population


def outcome(database: Database) -> str:
    """The export, and all that is kept of each link but the numbers of its row."""
    with database.reading() as session:
        lines = [json.dumps(x, sort_keys=True) for x in export.lines(session)]
        links = [json.dumps([x.entry_id, x.role, x.personal_id, x.decision, x.probability, x.joint_probability, x.reasons, x.blind],
                            default=str) for x in session.scalars(sa.select(Link).order_by(Link.entry_id, Link.role))]
        risks = [f"{e.id} {e.status} {e.risk} {e.reasons}" for e in session.scalars(sa.select(Entry).order_by(Entry.id))]
    return "\n".join(lines + links + risks)


def unlink(database: Database) -> None:
    with database.session() as session:
        session.execute(sa.delete(Link))
        for row in session.scalars(sa.select(Cursor).where(Cursor.name.startswith("batch:"))):
            row.value = {k: v for k, v in row.value.items() if k != "linked"}
        for entry in session.scalars(sa.select(Entry)):
            entry.status, entry.risk, entry.reasons = "draft", 0.0, []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_many_processes_link_as_one_does(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, database.url.render_as_string(hide_password=False))
    monkeypatch.setenv(HOME, str(tmp_path))
    import_population(database, population(tmp_path / "1.csv", PEOPLE))
    with opened() as services:
        add_book(services, "birth", [BIRTH])
        add_book(services, "copy", [{**BIRTH, "nksHoTen": "Lê Thị Loán"}])          # the same birth: the two books hear each other
        add_book(services, "deaths", [DEATH, {**DEATH, "nktHoTen": "Nguyễn Thị Chi", "nktNgaySinh": "1962-03-03"}])
        found: list[str] = []
        with dg.instance_for_test() as instance:
            for one in ("", "1"):
                monkeypatch.setenv(ONE_PROCESS, one)
                unlink(database)
                assert {p.batch_id for p in pending_batches(services)} == {"birth", "copy", "deaths"}
                result = dg.execute_job(dg.reconstructable(link_batches), instance)
                steps = {e.step_key for e in result.all_events if e.event_type == dg.DagsterEventType.STEP_SUCCESS}
                assert result.success and len(steps) == 4
                assert not pending_batches(services)
                found.append(outcome(database))
    assert found[0] == found[1] and '"accept"' in found[0]
