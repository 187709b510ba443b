"""What Dagster is told: the lineage, its words, one partition a batch, the sensors, telemetry off."""
from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.partitions.context import partition_loading_context

from pipelines.definitions import build_definitions
from pipelines.pending import pending_batches
from pipelines.run import alive, end_dead_runs, process_name
from pipelines.sensors import inbox_folders, waiting_batches
from pipelines.services import Services
from pipelines.take_in import quiet_folders, take_in_folder
from tests.storage.page_files import jpeg

ROOT = Path(__file__).resolve().parents[2]


def definitions(services: Services | None = None) -> dg.Definitions:
    return build_definitions(lambda: contextlib.nullcontext(services))      # type: ignore[arg-type]


def test_the_lineage() -> None:
    graph = definitions().resolve_asset_graph()
    parents = {k.to_user_string(): {p.to_user_string() for p in graph.get(k).parent_keys} for k in graph.get_all_asset_keys()}
    assert parents == {
        "scanned_pages": set(), "page_readings": {"scanned_pages"}, "draft_records": {"page_readings"}, "person_links": {"draft_records"},
        "review_queue": {"person_links"}, "archive_packages": {"review_queue"}, "dossier_record": {"page_readings"},
        "dossier_package": {"dossier_record"}}
    for key in graph.get_all_asset_keys():
        assert len(graph.get(key).description or "") > 60
        assert isinstance(graph.get(key).partitions_def, dg.DynamicPartitionsDefinition)


def test_every_check_is_described() -> None:
    specs = [s for c in definitions().asset_checks or [] for s in c.check_specs]
    names = {s.name for s in specs}
    assert {"pages_in_equal_pages_out", "no_ink_without_text", "no_orphan_objects"} <= names
    assert all(len(s.description or "") > 40 for s in specs)


def test_the_settings_of_dagster_send_nothing_anywhere() -> None:
    for name in ("dagster.yaml", "dagster-cluster.yaml"):
        settings = yaml.safe_load((ROOT / "dagster_home" / name).read_text("utf-8"))
        assert settings["telemetry"] == {"enabled": False} and settings["nux"] == {"enabled": False}


def test_the_inbox_sensor_waits_until_a_folder_is_quiet(services: Services) -> None:
    folder = services.inbox / "KS.2017.01"
    folder.mkdir()
    (services.inbox / "link").symlink_to(folder)
    (services.inbox / "empty").mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert quiet_folders(services.inbox) == []
    for path in (folder / "a.jpg", folder):
        os.utime(path, (time.time() - 100, time.time() - 100))
    assert quiet_folders(services.inbox) == [folder]
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"services": services}, definitions=definitions(services))
        requests = inbox_folders.evaluate_tick(context).run_requests or []
        again = inbox_folders.evaluate_tick(context).run_requests or []
    assert [r.run_key for r in requests] == [r.run_key for r in again] and len(requests) == 1
    assert requests[0].run_config["ops"]["take_in"]["config"] == {"folder": "KS.2017.01"}


def test_a_waiting_batch_gets_one_run(services: Services) -> None:
    folder = services.inbox / "KS.2017.01"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert take_in_folder(services, folder).batch_id == "KS.2017.01"
    waiting = pending_batches(services)
    assert [(p.batch_id, p.why) for p in waiting] == [("KS.2017.01", ("read", "settle"))]
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("batches", ["KS.2017.01"])
        context = dg.build_sensor_context(instance=instance, resources={"services": services}, definitions=definitions(services))
        with partition_loading_context(dynamic_partitions_store=instance):
            result = waiting_batches.evaluate_tick(context)
    assert [(r.partition_key, r.run_key) for r in result.run_requests or []] == [("KS.2017.01", f"KS.2017.01-{waiting[0].mark}")]


@pytest.mark.parametrize("name", ["../outside", "..", "link", "a/b"])
def test_the_inbox_job_stays_in_the_inbox(services: Services, name: str) -> None:
    (services.home / "outside").mkdir()
    (services.home / "outside" / "a.jpg").write_bytes(jpeg(1))
    (services.inbox / "link").symlink_to(services.home / "outside")
    with dg.instance_for_test() as instance:
        result = definitions(services).resolve_job_def("take_in_inbox_folder").execute_in_process(
            instance=instance, raise_on_error=False, run_config={"ops": {"take_in": {"config": {"folder": name}}}})
    assert not result.success and pending_batches(services) == []


def test_runs_of_dead_processes_are_ended() -> None:
    assert alive(process_name(os.getpid())) and not alive(process_name(os.getpid()) + "0")
    with dg.instance_for_test() as instance:
        job = definitions().resolve_job_def("process_batch")

        def started(process: str) -> dg.DagsterRun:
            return instance.create_run_for_job(job, tags={"sogoc/process": process}, status=dg.DagsterRunStatus.STARTED)

        dead, other = started(process_name(os.getpid()) + "0"), started("elsewhere:1:1")
        assert end_dead_runs(instance) == 1
        assert instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.FAILURE        # type: ignore[union-attr]
        assert instance.get_run_by_id(other.run_id).status == dg.DagsterRunStatus.STARTED       # type: ignore[union-attr]
