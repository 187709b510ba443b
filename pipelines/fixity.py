"""The nightly fixity audit: part of a pass, or all of it, as the settings allow; and the log's newest stretch into the store."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import dagster as dg
from dagster import OpExecutionContext

from pipelines.services import Services
from storage.errors import StorageError
from storage.event_segments import write_segments
from storage.extracts.keeping import keep_waiting
from storage.fixity import run_pass
from storage.log_keeping import keep
from storage.log_seal import Kept
from storage.log_verify import verify_log
from storage.signing_errors import SigningWaits


@dg.op(required_resource_keys={"services"})
def prove_objects(context: OpExecutionContext) -> None:
    """Read and hash objects, go on where the last night stopped; fail when something differs, so that it is seen."""
    services: Services = context.resources.services
    report = run_pass(services.database, services.objects, services.fixity)     # first: what is wrong in the store may stop the rest
    wrong, written, kept = [f"{d.code} {d.where}" for d in report.differences], 0, Kept(0, 0)
    try:
        caught = keep_waiting(services.extract_office)
        wrong += [f"{e.code} extract:{x}" for x, e in caught.refused.items()]
        written = write_segments(services.ledger, services.archive)
        kept = keep_old_log(services)
    except StorageError as e:
        wrong.append(e.code)
    speed = report.bytes / 1e6 / max(report.seconds, 1e-3)
    context.add_output_metadata({
        "objects": report.objects, "megabytes": round(report.bytes / 1e6, 1), "megabytes_per_second": round(speed, 1),
        "finished": report.finished, "differences": len(report.differences), "events_written": written,
        "log_segments_sealed": kept.segments, "log_lines_moved": kept.pruned})
    if wrong:
        raise dg.Failure(description="; ".join(wrong[:20]), metadata={"differences": len(wrong)}, allow_retries=False)


def keep_old_log(services: Services) -> Kept:
    """Seal old months and prove the log with its segments, if the settings say so; waits for another night when nothing can be signed."""
    if not services.log.keep_months:
        return Kept(0, 0)
    try:
        done = keep(services.ledger, services.signer, services.archive, services.log.keep_months, "sogoc",
                    forwarded=services.soc is not None)
    except SigningWaits:
        done = Kept(0, 0)
    verify_log(services.ledger, services.signer)
    return done


@dg.job(executor_def=dg.in_process_executor, description="Kiểm tra toàn vẹn kho lưu trữ: every archived object read and hashed again.")
def prove_archive() -> None:
    prove_objects()


nightly_fixity = dg.ScheduleDefinition(job=prove_archive, cron_schedule="30 1 * * *", execution_timezone="Asia/Ho_Chi_Minh",
                                       default_status=dg.DefaultScheduleStatus.RUNNING)
