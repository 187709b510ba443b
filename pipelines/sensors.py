"""What starts work by itself: a folder that came to rest in the inbox, a batch with something waiting."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
from collections.abc import Iterator

import dagster as dg
from dagster import SensorEvaluationContext

from pipelines.assets import batches
from pipelines.jobs import process_batch, take_in_inbox_folder
from pipelines.pending import pending_batches
from pipelines.services import Services
from pipelines.take_in import quiet_folders, stamp


@dg.sensor(job=take_in_inbox_folder, minimum_interval_seconds=30, required_resource_keys={"services"},
           default_status=dg.DefaultSensorStatus.RUNNING)
def inbox_folders(context: SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    """Thư mục mới trong hộp nhận: a folder in the inbox that nothing was written to for a while is taken in as a batch."""
    services: Services = context.resources.services
    for folder in quiet_folders(services.inbox):
        yield dg.RunRequest(run_key=f"{folder.name}-{stamp(folder)}", run_config={"ops": {"take_in": {"config": {"folder": folder.name}}}})


@dg.sensor(job=process_batch, minimum_interval_seconds=30, required_resource_keys={"services"},
           default_status=dg.DefaultSensorStatus.RUNNING)
def waiting_batches(context: SensorEvaluationContext) -> dg.SensorResult:
    """Quyển sổ còn việc: a batch with pages to read, links to make or verified entries to archive is processed."""
    services: Services = context.resources.services
    waiting = pending_batches(services)
    known = set(context.instance.get_dynamic_partitions("batches"))
    new = [p.batch_id for p in waiting if p.batch_id not in known]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"{p.batch_id}-{p.mark}", partition_key=p.batch_id) for p in waiting],
        dynamic_partitions_requests=[batches.build_add_request(new)] if new else [])
