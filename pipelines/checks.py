"""What must hold after each step of a batch; a check that fails ends `sogoc run` with 1."""
# No `from __future__ import annotations` here: Dagster reads the annotations of these functions at run time.
from collections.abc import Callable

import dagster as dg
import sqlalchemy as sa
from dagster import AssetCheckExecutionContext

from pipelines import assets
from pipelines.page_reading import count_pages
from storage.intake import READ
from storage.models import Batch, Dossier, Entry, Page, StoredObject

_NEEDS = {"services"}
_LISTED = 5_000             # objects: listing more would cost each run seconds


@dg.asset_check(asset=assets.page_readings, blocking=True, required_resource_keys=_NEEDS)
def pages_in_equal_pages_out(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Mỗi trang vào đều có kết quả: every page of the ledger was read or set aside with a reason; none is lost or still waits."""
    services, batch = assets.services_of(context), context.partition_key
    count = count_pages(services, batch)
    with services.database.reading() as session:
        silent = session.scalar(sa.select(sa.func.count()).select_from(Page).where(
            Page.batch_id == batch, Page.state == "set_aside", Page.reason.is_(None))) or 0
    return dg.AssetCheckResult(
        passed=count.read + count.set_aside == count.total and count.total > 0 and silent == 0,
        metadata={"in": count.total, "read": count.read, "set_aside": count.set_aside, "waiting": count.received + count.stored,
                  "no_reason": silent})


@dg.asset_check(asset=assets.page_readings, required_resource_keys=_NEEDS)
def no_ink_without_text(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Không có trang có mực mà không có chữ: a page that has ink and gave no text at all was not read, whatever the program says."""
    services, batch = assets.services_of(context), context.partition_key
    with services.database.reading() as session:
        pages = session.scalars(sa.select(Page).where(Page.batch_id == batch, Page.state == READ)).all()
        bad = [p.file for p in pages if not p.text and not p.draft and not (p.quality or {}).get("blank")]
    return dg.AssetCheckResult(passed=not bad, metadata={"pages": bad[:50]})


@dg.asset_check(asset=assets.draft_records, required_resource_keys=_NEEDS)
def every_page_read_has_its_entry(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Mỗi trang đã đọc có bản ghi: every page that was read and is not blank has at least one entry."""
    services, batch = assets.services_of(context), context.partition_key
    with services.database.reading() as session:
        with_entry = sa.select(Entry.page_id).union(sa.select(Entry.second_page_id).where(Entry.second_page_id.is_not(None)))
        pages = session.scalars(sa.select(Page).where(Page.batch_id == batch, Page.state == READ, Page.id.not_in(with_entry))).all()
        bad = [p.file for p in pages if not (p.quality or {}).get("blank")]
    return dg.AssetCheckResult(passed=not bad, metadata={"pages": bad[:50]})


def _objects_check(asset: dg.AssetsDefinition, name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name=name, required_resource_keys=_NEEDS,
                    description="Không có tệp mồ côi: every object of this batch that the database names is in the store, with its size; "
                                f"up to {_LISTED:,} objects also none without a row (beyond that `sogoc archive verify` looks).")
    def check(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
        services, batch = assets.services_of(context), context.partition_key
        with services.database.reading() as session:
            named = session.execute(sa.select(Page.original_key, Page.lattice_key).where(Page.batch_id == batch))
            keys = {key for row in named for key in row if key}
            rows = session.scalars(sa.select(StoredObject).where(StoredObject.key.in_(keys))).all() if keys else []
            few = (session.scalar(sa.select(sa.func.count()).select_from(StoredObject)) or 0) <= _LISTED
        missing = sorted(keys - {r.key for r in rows if r.state == "stored"})
        missing += sorted(r.key for r in rows if r.state == "stored" and not there(services.objects.stat, r))
        stray = sorted(key for _, key in services.ledger.orphans().objects_without_row) if few else []
        return dg.AssetCheckResult(passed=not missing and not stray, metadata={
            "objects": len(keys), "missing": missing[:50], "without_row": stray[:50], "whole_store_listed": few})

    return check


def there(stat: Callable[..., object], row: StoredObject) -> bool:
    """Whether the store has the object with the size the row says."""
    from storage.errors import ObjectMissing

    try:
        return getattr(stat("archive" if row.key.startswith(("originals/", "archive/")) else "work", row.key), "size", None) == row.size
    except ObjectMissing:
        return False


no_orphan_objects = _objects_check(assets.page_readings, "no_orphan_objects")


@dg.asset_check(asset=assets.archive_packages, required_resource_keys=_NEEDS)
def archived_entries_have_packages(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Bản ghi đã lưu trữ có gói: every archived entry names its package, and only verified entries were archived."""
    services, batch = assets.services_of(context), context.partition_key
    with services.database.reading() as session:
        entries = session.scalars(sa.select(Entry).join(Page, Entry.page_id == Page.id).where(
            Page.batch_id == batch, Entry.status == "archived")).all()
    bad = [e.id for e in entries if e.archive_id is None or e.verified_by is None]
    return dg.AssetCheckResult(passed=not bad, metadata={"archived": len(entries), "bad": bad[:50]})


@dg.asset_check(asset=assets.dossier_record, required_resource_keys=_NEEDS)
def dossier_has_a_number(context: AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Hồ sơ có số, ký hiệu: a document without its number cannot be found again; a person should fill it in."""
    services, batch = assets.services_of(context), context.partition_key
    with services.database.reading() as session:
        row = session.scalar(sa.select(Dossier).join(Batch, Dossier.batch_id == Batch.id).where(Dossier.batch_id == batch))
    return dg.AssetCheckResult(passed=bool(row and row.fields.get("soKyHieu")), severity=dg.AssetCheckSeverity.WARN)


ALL = [pages_in_equal_pages_out, no_ink_without_text, every_page_read_has_its_entry, no_orphan_objects, archived_entries_have_packages,
       dossier_has_a_number]
