"""An installation that processes started by Dagster find again by the environment, and the job they run in it."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from pipelines.definitions import build_definitions
from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, ReadingOptions, Services
from storage.database import Database

URL, HOME, ONE_PROCESS = "SOGOC_TEST_DATABASE", "SOGOC_TEST_HOME", "SOGOC_TEST_ONE_PROCESS"


@contextlib.contextmanager
def opened() -> Iterator[Services]:
    """The installation the environment names: entries without pictures need no object store and no signature."""
    home = Path(os.environ[HOME])
    database = Database(os.environ[URL])
    yield Services(home=home, database=database, objects=None, ledger=None, signer=None,        # type: ignore[arg-type]
                   intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(home / "cache"),
                    archive=ArchiveOptions(fonds_code="THU"))
    database.dispose()


def link_batches() -> dg.JobDefinition:
    """Found again by name in each process of the executor."""
    executor = dg.in_process_executor if os.environ.get(ONE_PROCESS) else dg.multiprocess_executor
    return build_definitions(opened, executor=executor).resolve_job_def("link_batches")
