"""Writes the Ministry's delivery: OUT/[commune/]KS.2007.01.xlsx and .zip for each book, and OUT/kiem-tra.xlsx."""
from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from openpyxl import Workbook

from records.ministry.checks import CheckFinding
from records.ministry.names import Style
from records.ministry.template import Template, template_on
from storage.database import Database
from storage.ministry.books import DELIVERED, DRAFTS, BookPlan, PlannedEntry, count_entries, plan_books, planned_entries
from storage.ministry.errors import DeliveryFallsShort, NothingToDeliver
from storage.ministry.files import replacing
from storage.ministry.report import FILE_NAME, Remark, Report, write_report
from storage.ministry.small_pdf import jpeg_limit, pdf_of, small_jpeg
from storage.models import Page
from storage.outbox import ObjectLedger
from storage.sheet_file import text_cell

_EPOCH = (1980, 1, 1, 0, 0, 0)          # of every file in a ZIP: the same entries make the same bytes
Progress = Callable[[int, int], None]   # entries written, entries in all


@dataclass(frozen=True)
class Options:
    """drafts: entries nobody has verified too, to try it out. slash: `so` with its year. style: PDF names with the day or without.
    allow_findings: write though something falls short. on: the day that says which version of the template."""

    batch: str | None = None
    drafts: bool = False
    allow_findings: bool = False
    slash: bool = True
    style: Style = "long"
    on: date | None = None


@dataclass(frozen=True)
class Delivery:
    """largest_page: bytes of the largest PDF a page. left_out: entries of these statuses whose kind is not known or not their book's."""

    books: int
    entries: int
    left_out: int
    largest_page: int
    report: Report
    report_file: Path


def deliver(database: Database, ledger: ObjectLedger, out: Path, options: Options | None = None,
            progress: Progress | None = None) -> Delivery:
    """Check everything, then write. Raises NothingToDeliver, and DeliveryFallsShort (with the check sheet written) when something falls
    short and `allow_findings` is not given."""
    options = options or Options()
    template, statuses = template_on(options.on or date.today()), (*DELIVERED, *(DRAFTS if options.drafts else ()))
    with database.reading() as session:
        plans, wanted = plan_books(session, statuses, options.batch), count_entries(session, statuses, options.batch)
    if not plans:
        raise NothingToDeliver()
    report, file, total = Report(), out / FILE_NAME, 0
    seen: set[tuple[str, ...]] = set()
    for plan in plans:
        entries = _entries(database, plan, template, statuses, options, seen)
        total += len(entries)
        short = sum(any(not f.is_note for f in e.findings) for e in entries)
        report.counts.append((_path(plan), plan.facts.office, plan.facts.number, len(entries), short))
        report.remarks += [_remark(plan, e, f) for e in entries for f in e.findings]
    if report.short and not options.allow_findings:
        write_report(report, file)
        raise DeliveryFallsShort(report, entries=report.entries_short, findings=len(report.short), file=str(file))
    done = largest = 0
    for plan in plans:
        entries = _entries(database, plan, template, statuses, options, set())
        for page_bytes, entry in _write_book(database, ledger, plan, entries, template, out):
            largest, done = max(largest, page_bytes), done + 1
            if page_bytes > template.page_bytes:
                report.remarks.append(_remark(plan, entry, CheckFinding("page_too_large")))
            if progress:
                progress(done, total)
    write_report(report, file)
    return Delivery(len(plans), done, wanted - done, largest, report, file)


def _entries(database: Database, plan: BookPlan, template: Template, statuses: Sequence[str], options: Options,
             seen: set[tuple[str, ...]]) -> list[PlannedEntry]:
    with database.reading() as session:
        found = list(planned_entries(session, plan, template, statuses, slash=options.slash, style=options.style, seen=seen))
        pages = {p for e in found for p in e.pages}
        with_image = set(session.scalars(sa.select(Page.id).where(Page.batch_id.in_(plan.batches), Page.original_key.is_not(None))))
    missing = CheckFinding("no_image")
    return [e if not (set(e.pages) & pages) - with_image else
            PlannedEntry(e.entry_id, e.row, e.pdf, e.pages, (*e.findings, missing)) for e in found]


def _write_book(database: Database, ledger: ObjectLedger, plan: BookPlan, entries: Sequence[PlannedEntry], template: Template,
                out: Path) -> list[tuple[int, PlannedEntry]]:
    """Write the book's two files; (bytes a page of its PDF, the entry) for each."""
    base = out / plan.folder / plan.name if plan.folder else out / plan.name
    sizes = []
    book = Workbook(write_only=True)
    sheet = book.create_sheet(plan.kind)
    sheet.freeze_panes = "A2"
    columns = template.columns[plan.kind]
    sheet.append([text_cell(sheet, c) for c in columns])
    with ExitStack() as files:
        excel = files.enter_context(replacing(base.with_name(f"{plan.name}.xlsx")))
        archive = files.enter_context(replacing(base.with_name(f"{plan.name}.zip")))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as pack:        # JPEGs do not get smaller
            for entry in entries:
                sheet.append([text_cell(sheet, entry.row.cells[c]) for c in columns])
                jpegs = _pages(database, ledger, entry, jpeg_limit(template.page_bytes))
                if jpegs:
                    pdf = pdf_of(jpegs)
                    pack.writestr(zipfile.ZipInfo(entry.pdf.name, _EPOCH), pdf)
                    sizes.append((len(pdf) // len(jpegs), entry))
                else:
                    sizes.append((0, entry))
        book.save(excel)
    return sizes


def _pages(database: Database, ledger: ObjectLedger, entry: PlannedEntry, limit: int) -> list[bytes]:
    with database.reading() as session:
        pages = [session.get_one(Page, p) for p in entry.pages]
        facts = [(p.original_key, p.media_type or "", p.frame, p.rotation) for p in pages]
    return [small_jpeg(ledger.get(key), media, frame, rotation, limit) for key, media, frame, rotation in facts if key]


def _remark(plan: BookPlan, entry: PlannedEntry, finding: CheckFinding) -> Remark:
    return Remark(_path(plan), entry.row.cells["so"], entry.row.cells.get("quyenSo", ""), entry.pdf.name, entry.entry_id, finding)


def _path(plan: BookPlan) -> str:
    return f"{plan.folder}/{plan.name}" if plan.folder else plan.name
