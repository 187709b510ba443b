"""What is done at a time of day: the figures of reports are counted every night, and what nobody needs any more is dropped."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import dagster as dg
from dagster import OpExecutionContext

from pipelines.services import Services
from storage.report_figures import renew
from storage.review_acts import forget


@dg.op(required_resource_keys={"services"})
def count_figures(context: OpExecutionContext) -> int:
    """Count every figure of the reports anew; the rows."""
    services: Services = context.resources.services
    done = renew(services.database)
    with services.database.session() as session:
        context.log.info(f"{forget(session)} ids of old acts dropped")
    context.log.info(f"{done.rows} figures in {done.seconds:.1f} s")
    return done.rows


@dg.job(executor_def=dg.in_process_executor, description="Tính số liệu báo cáo theo ngày: the daily figures that reports of a large "
                                                         "installation come from. `sogoc report renew` does the same.")
def report_figures() -> None:
    count_figures()


nightly_figures = dg.ScheduleDefinition(
    name="nightly_figures", job=report_figures, cron_schedule="30 1 * * *", execution_timezone="Asia/Ho_Chi_Minh",
    default_status=dg.DefaultScheduleStatus.RUNNING, description="Mỗi đêm lúc 1 giờ 30: figures are counted when nobody works.")
