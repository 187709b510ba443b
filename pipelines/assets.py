"""The work on one batch as Dagster assets, one partition a batch. An asset's docstring is what the catalogue shows."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
from collections.abc import Iterator

import dagster as dg
from dagster import AssetCheckExecutionContext, AssetExecutionContext

from pipelines import archiving, book, dossier, linking, page_reading
from pipelines.progress import Progress
from pipelines.services import Services

batches = dg.DynamicPartitionsDefinition(name="batches")

REGISTER, DOSSIER = "so_ho_tich", "ho_so_hanh_chinh"
_NEEDS = {"services", "progress"}


def services_of(context: AssetExecutionContext | AssetCheckExecutionContext) -> Services:
    return context.resources.services


def progress_of(context: AssetExecutionContext) -> Progress:
    return context.resources.progress


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, kinds={"s3"})
def scanned_pages(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Trang quét**: every page image of the scanned book, stored untouched before anything opens it.

    Bad files are set aside, each with its reason. An intake that was cut off is finished here, as long as the scanned
    folder is still at hand; the outbox between database and object store is settled.
    """
    from pipelines.take_in import finish_intake

    count = finish_intake(services_of(context), context.partition_key)
    return dg.MaterializeResult(metadata={"pages": count.total, "set_aside": count.set_aside, "not_stored": count.received})


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, deps=[scanned_pages], kinds={"tesseract", "onnx"})
def page_readings(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Bài đọc từng trang**: quality, form, print, handwriting lattices and draft values of each page, as the page alone gives them."""
    count = page_reading.read_batch(services_of(context), context.partition_key, progress_of(context))
    return dg.MaterializeResult(metadata={"read": count.read, "set_aside": count.set_aside, "still_stored": count.stored})


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, deps=[page_readings], output_required=False)
def draft_records(context: AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """**Bản ghi nháp**: the book's entries with the Ministry's field codes, and the rules they break.

    The pages of a book inform each other here: consecutive numbers, years, communes, who signed.
    """
    services = services_of(context)
    with services.database.reading() as session:
        if book.is_dossier(session, context.partition_key):
            return
    settled = book.settle(services, context.partition_key)
    yield dg.MaterializeResult(metadata={"entries": settled.entries, "findings": settled.findings, "changed": settled.changed})


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, deps=[draft_records])
def person_links(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Đối chiếu dân cư**: for each person an entry names, who it is in the population snapshot: accept, review or none.

    What is written in the book is never changed by it.
    """
    accepted, review = linking.link(services_of(context), context.partition_key, progress_of(context))
    return dg.MaterializeResult(metadata={"accepted": accepted, "to_review": review})


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, deps=[person_links])
def review_queue(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Hàng chờ rà soát**: which entries a person must look at, why, the riskiest first."""
    needed, total = book.queue(services_of(context), context.partition_key)
    return dg.MaterializeResult(metadata={"needs_a_person": needed, "entries": total})


@dg.asset(partitions_def=batches, group_name=REGISTER, required_resource_keys=_NEEDS, deps=[review_queue], kinds={"s3", "pdf"})
def archive_packages(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Gói lưu trữ**: each verified entry as a signed, searchable PDF/A-2b with its original and manifest, versioned and locked."""
    now, total = archiving.archive_due(services_of(context), context.partition_key, progress_of(context))
    return dg.MaterializeResult(metadata={"archived_now": now, "archived": total})


@dg.asset(partitions_def=batches, group_name=DOSSIER, required_resource_keys=_NEEDS, deps=[page_readings], output_required=False)
def dossier_record(context: AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """**Hồ sơ hành chính**: number, date, issuing body, kind, subject, signer and recipients of a document (Nghị định 30/2020)."""
    services = services_of(context)
    with services.database.reading() as session:
        if not book.is_dossier(session, context.partition_key):
            return
    fields = dossier.settle_dossier(services, context.partition_key)
    yield dg.MaterializeResult(metadata={"fields": sorted(k for k, v in fields.items() if v)})


@dg.asset(partitions_def=batches, group_name=DOSSIER, required_resource_keys=_NEEDS, deps=[dossier_record], kinds={"s3", "pdf"})
def dossier_package(context: AssetExecutionContext) -> dg.MaterializeResult:
    """**Gói lưu trữ hồ sơ**: the dossier as one signed, searchable PDF/A-2b with its originals and manifest."""
    return dg.MaterializeResult(metadata={"packages": dossier.archive_dossier(services_of(context), context.partition_key)})


ALL = [scanned_pages, page_readings, draft_records, person_links, review_queue, archive_packages, dossier_record, dossier_package]
