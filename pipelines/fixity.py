"""The nightly fixity audit: part of a pass, or all of it, as the settings allow; and the log's newest stretch into the store."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import dagster as dg
from dagster import OpExecutionContext

from pipelines.services import Services
from storage.event_segments import write_segments
from storage.fixity import run_pass


@dg.op(required_resource_keys={"services"})
def prove_objects(context: OpExecutionContext) -> None:
    """Read and hash objects, go on where the last night stopped; fail when something differs, so that it is seen."""
    services: Services = context.resources.services
    written = write_segments(services.ledger, services.archive)
    report = run_pass(services.database, services.objects, services.fixity)
    speed = report.bytes / 1e6 / max(report.seconds, 1e-3)
    context.add_output_metadata({
        "objects": report.objects, "megabytes": round(report.bytes / 1e6, 1), "megabytes_per_second": round(speed, 1),
        "finished": report.finished, "differences": len(report.differences), "events_written": written})
    if report.differences:
        raise dg.Failure(description="; ".join(f"{d.code} {d.where}" for d in report.differences[:20]),
                         metadata={"differences": len(report.differences)}, allow_retries=False)


@dg.job(executor_def=dg.in_process_executor, description="Kiểm tra toàn vẹn kho lưu trữ: every archived object read and hashed again.")
def prove_archive() -> None:
    prove_objects()


nightly_fixity = dg.ScheduleDefinition(job=prove_archive, cron_schedule="30 1 * * *", execution_timezone="Asia/Ho_Chi_Minh",
                                       default_status=dg.DefaultScheduleStatus.RUNNING)
