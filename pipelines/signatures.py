"""Every night: archived copies raised to the level that is set, time stamps renewed before they end."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import dagster as dg
from dagster import OpExecutionContext

from pipelines.services import Services
from storage.signature_upkeep import upkeep


@dg.op(required_resource_keys={"services"})
def keep_signatures(context: OpExecutionContext) -> None:
    """Raise and renew; fail when a copy could not be, so that it is seen. A service that does not answer is asked again the next night."""
    s: Services = context.resources.services
    done = upkeep(s.database, s.ledger, s.signer, s.archive, "sogoc", renew_days=s.archive.renew_days)
    context.add_output_metadata({"looked": done.looked, "raised": done.raised, "renewed": done.renewed, "failed": len(done.failed)})
    if done.waiting is not None:
        context.log.warning(done.waiting.message("en"))
    if done.failed:
        raise dg.Failure(description="; ".join(f"{package}: {e.code}" for package, e in done.failed[:20]), allow_retries=False)


@dg.job(executor_def=dg.in_process_executor, description="Giữ chữ ký số có giá trị: copies raised, time stamps renewed. "
                                                         "`sogoc archive renew-timestamps` does the same.")
def keep_signatures_valid() -> None:
    keep_signatures()


nightly_signatures = dg.ScheduleDefinition(job=keep_signatures_valid, cron_schedule="0 1 * * *", execution_timezone="Asia/Ho_Chi_Minh",
                                           default_status=dg.DefaultScheduleStatus.RUNNING)
