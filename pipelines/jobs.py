"""The jobs: everything on one batch, and taking a folder of the inbox in."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import dagster as dg
from dagster import HookContext, OpExecutionContext

from pipelines import assets
from pipelines.services import Services
from pipelines.take_in import take_in_folder


@dg.failure_hook(required_resource_keys={"faults"})
def keep_fault(context: HookContext) -> None:
    """Keep the error itself, not its text, for `sogoc run` to show."""
    if context.op_exception is not None:
        context.resources.faults.append(context.op_exception)


process_batch = dg.define_asset_job(
    "process_batch", selection=dg.AssetSelection.assets(*assets.ALL), hooks={keep_fault},
    executor_def=dg.in_process_executor,        # the pages have their own processes; a process a step would only open everything again
    description="Xử lý một quyển sổ hoặc hồ sơ: from its scanned pages to the review queue and the archive. `sogoc run` runs this job too.")


class InboxFolder(dg.Config):
    folder: str


@dg.op(required_resource_keys={"services"})
def take_in(context: OpExecutionContext, config: InboxFolder) -> None:
    """Take one folder of the inbox in as a batch; its name may not lead out of the inbox."""
    services: Services = context.resources.services
    path = services.inbox / config.folder
    if path.parent != services.inbox or config.folder in (".", "..") or path.is_symlink():
        raise dg.Failure(f"not a folder of the inbox: {config.folder!r}")
    taken = take_in_folder(services, path)
    context.log.info(f"batch {taken.batch_id}: {taken.added} pages added, {taken.known} known, {len(taken.set_aside)} set aside")


@dg.job(executor_def=dg.in_process_executor, description="Nhận một thư mục từ hộp nhận (inbox).")
def take_in_inbox_folder() -> None:
    take_in()
