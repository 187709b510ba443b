"""Everything Dagster is told, given a way to open the services."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import dagster as dg

from pipelines import assets, checks, fixity, jobs, schedules, sensors, signatures
from pipelines.progress import NoProgress, Progress
from pipelines.services import Services


def build_definitions(open_services: Callable[[], AbstractContextManager[Services]], progress: Progress | None = None,
                      faults: list[BaseException] | None = None, executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
    """The code location. open_services: opened at the start of each run or sensor tick, closed at its end.

    faults: gets the errors of steps that fail in this process. executor: where the steps of `link_batches` run; processes of this machine
    if none is given.
    """

    @dg.resource(description="Cơ sở dữ liệu, kho tệp, chữ ký của một cơ sở: the opened parts of this home.")
    def services(_: dg.InitResourceContext) -> Iterator[Services]:
        with open_services() as opened:
            yield opened

    return dg.Definitions(
        assets=assets.ALL, asset_checks=checks.ALL,
        jobs=[jobs.process_batch, jobs.take_in_inbox_folder, jobs.link_batches, schedules.report_figures, fixity.prove_archive,
              signatures.keep_signatures_valid],
        schedules=[schedules.nightly_figures, fixity.nightly_fixity, signatures.nightly_signatures],
        sensors=[sensors.inbox_folders, sensors.waiting_batches],
        executor=executor, resources={"services": services, "progress": dg.ResourceDefinition.hardcoded_resource(progress or NoProgress()),
                   "faults": dg.ResourceDefinition.hardcoded_resource(faults if faults is not None else [])})
