"""Runs the job of a batch in this process, the same one the daemon runs, and says how it went."""
from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from pipelines.batch_lock import hold_batch
from pipelines.definitions import build_definitions
from pipelines.progress import Progress
from pipelines.services import Services

_PROCESS = "sogoc/process"


@dataclass(frozen=True)
class Outcome:
    """How a batch's run went. failed_checks: names of checks that do not hold; error: what stopped it, None if nothing did.

    counts: figures of the steps: read, set_aside, entries, accepted, to_review, needs_a_person, archived …
    """

    batch_id: str
    run_id: str
    error: BaseException | None
    failed_checks: tuple[str, ...]
    counts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        return self.error is None and not self.failed_checks


@contextmanager
def open_instance(services: Services) -> Iterator[dg.DagsterInstance]:
    """Dagster's own record of runs, in the home."""
    folder = services.home / "dagster"
    warnings.filterwarnings("ignore", module="dagster")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs of processes that are gone as failed, so that the lineage pages tell the truth; returns how many."""
    ended = 0
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED,
                                                                 dg.DagsterRunStatus.STARTING])):
        process = run.tags.get(_PROCESS, "")
        if process and process != process_name(os.getpid()) and not alive(process):
            instance.report_run_failed(run, message="Tiến trình đã bị dừng giữa chừng. The process was stopped; run again to go on.")
            ended += 1
    return ended


def process_name(pid: int) -> str:
    """A process told apart from a later one with the same number: pid and start time (proc(5), stat field 22)."""
    started = "?"
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        started = f.read().rpartition(")")[2].split()[19]
    return f"{os.uname().nodename}:{pid}:{started}"


def alive(name: str) -> bool:
    """Whether the process still runs; one of another machine is taken to."""
    host, pid, _ = name.rsplit(":", 2)
    return host != os.uname().nodename or process_name(int(pid)) == name


def run_batch(instance: dg.DagsterInstance, services: Services, batch_id: str, progress: Progress) -> Outcome:
    """All steps of one batch, in this process. Raises batch_lock.BatchBusy; what goes wrong in a step is in the outcome."""
    faults: list[BaseException] = []
    with hold_batch(services, batch_id):
        definitions = build_definitions(lambda: contextlib.nullcontext(services), progress, faults)
        instance.add_dynamic_partitions("batches", [batch_id])
        result = definitions.resolve_job_def("process_batch").execute_in_process(
            instance=instance, partition_key=batch_id, raise_on_error=False, tags={_PROCESS: process_name(os.getpid())},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    checks = result.get_asset_check_evaluations()
    failed = tuple(sorted(c.check_name for c in checks if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR))
    counts: dict[str, Any] = {}
    for event in result.get_asset_materialization_events():
        counts.update({k: v.value for k, v in event.materialization.metadata.items() if hasattr(v, "value")})
    error = next((f for f in faults if not isinstance(f, dg.DagsterError)), None)
    if error is None and not result.success and not failed:
        error = faults[0] if faults else RuntimeError("the run failed without an error")
    return Outcome(batch_id, result.run_id, error, failed, counts)
