"""What runs at night, as Dagster runs it: audit, figures, signatures."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import select, update

from pipelines.services import LogOptions, Services
from storage import events
from storage.archive import archive_entry
from storage.errors import ObjectDiffers
from storage.extracts.keeping import Caught
from storage.fixity import last_pass
from storage.models import ArchivePackage, CopySignature, Event, LogSegment, utc_now
from tests.pipelines.test_definitions import definitions
from tests.storage.registers import add_entry, add_page, page_image


@pytest.fixture
def archived(services: Services) -> Services:
    entry = add_entry(services.ledger, add_page(services.ledger, "KS.2017.01", "KS.2017.01.001.jpg", page_image()))
    archive_entry(services.database, services.ledger, services.signer, services.archive, entry, "tp.duyet")
    return services


def run(services: Services, job: str) -> dg.ExecuteInProcessResult:
    return definitions(services).resolve_job_def(job).execute_in_process(raise_on_error=False)


def test_each_night_has_its_jobs() -> None:
    said = {s.job_name: s.cron_schedule for s in definitions().schedules or [] if isinstance(s, dg.ScheduleDefinition)}
    assert set(said) == {"report_figures", "prove_archive", "keep_signatures_valid"}
    assert all(s.execution_timezone == "Asia/Ho_Chi_Minh" for s in definitions().schedules or [] if isinstance(s, dg.ScheduleDefinition))


def test_the_audit_fails_where_an_object_was_changed(archived: Services) -> None:
    assert run(archived, "prove_archive").success
    with archived.database.reading() as session:
        key = session.scalars(select(ArchivePackage.pdf_key)).one()
    archived.objects.put("archive", key, b"%PDF-1.7 changed", "application/pdf")      # a version over the one that was archived
    assert not run(archived, "prove_archive").success


def test_an_extract_that_the_store_refuses_is_told_and_the_audit_goes_on(archived: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    differs = ObjectDiffers(bucket="b", key="k", expected="x", found="y")
    monkeypatch.setattr("pipelines.fixity.keep_waiting", lambda _: Caught(0, {"0b6c": differs}))
    assert not run(archived, "prove_archive").success
    assert last_pass(archived.database)["finished"]


def test_old_months_of_the_log_are_sealed_and_proven(services: Services) -> None:
    with services.database.session() as session:
        for days in (200, 1):
            events.append(session, "tp.lan", "record.view", "entry:1", {}, utc_now() - timedelta(days=days))
    assert run(replace(services, log=LogOptions(keep_months=3)), "prove_archive").success
    with services.database.reading() as session:
        assert [s.pruned for s in session.scalars(select(LogSegment))] == [1]
        assert session.scalars(select(Event.action).order_by(Event.seq)).all() == ["record.view", "log.seal"]
    with services.database.session() as session:
        session.execute(update(LogSegment).values(last_hash=LogSegment.prev_hash))
    assert not run(replace(services, log=LogOptions(keep_months=3)), "prove_archive").success


def test_signatures_are_looked_at(archived: Services) -> None:
    assert run(archived, "keep_signatures_valid").success
    with archived.database.reading() as session:
        assert session.scalars(select(CopySignature.level)).all() == ["B-B"]
