"""The jobs: everything on one batch, taking a folder of the inbox in, and linking many batches again at once."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
import hashlib
from collections.abc import Iterator

import dagster as dg
from dagster import HookContext, OpExecutionContext

from pipelines import assets, book, linking
from pipelines.batch_lock import BatchBusy, hold_batch
from pipelines.pending import pending_batches
from pipelines.progress import NoProgress
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


@dg.op(out=dg.DynamicOut(str), required_resource_keys={"services"})
def batches_to_link(context: OpExecutionContext) -> Iterator[dg.DynamicOutput[str]]:
    """Each batch that waits for linking and nothing before it: after a new population, those whose people it changed."""
    for waiting in pending_batches(context.resources.services):
        if "link" in waiting.why and not {"take_in", "read", "settle"} & set(waiting.why):
            yield dg.DynamicOutput(waiting.batch_id, mapping_key=hashlib.sha256(waiting.batch_id.encode()).hexdigest()[:16])


@dg.op(required_resource_keys={"services"})
def link_batch(context: OpExecutionContext, batch_id: str) -> int:
    """Link one batch and queue what a person must see; the links to review. A batch that another process holds is left to it."""
    services: Services = context.resources.services
    try:
        with hold_batch(services, batch_id):
            _, review = linking.link(services, batch_id, NoProgress())
            book.queue(services, batch_id)
    except BatchBusy:
        context.log.info(f"batch {batch_id}: another process works on it")
        return 0
    return review


@dg.job(description="Đối chiếu lại các quyển đang chờ, nhiều tiến trình hay nhiều máy cùng lúc. A step a batch, by the executor of the "
                    "code location: processes of this machine, Celery or Kubernetes (docs/scale.md).")
def link_batches() -> None:
    batches_to_link().map(link_batch)
