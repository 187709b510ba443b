"""A book once its pages are read: settle what the pages say together, check the rules, decide what a person must see."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ocr.book import BookItem, settle_book
from ocr.extraction import Expectation
from ocr.lattice import Lattice, unpack
from pipelines.page_reading import DOSSIER
from pipelines.services import Services
from records import rules
from records.filenames import parse_page_name
from records.forms import load_forms
from records.record import DraftRecord, Finding
from storage import events
from storage.models import Batch, Page
from storage.page_work import pages_without_entries
from storage.readings import (
    SettledEntry,
    batch_entries,
    complete_batch,
    draft_records,
    fingerprint,
    mark_progress,
    progress_of,
    read_pages,
    save_book,
)
from storage.review_need import queue_batch
from storage.verified_values import decisions_of, verified_values


@dataclass(frozen=True)
class Settled:
    """entries of the batch; changed: False when nothing new was read since the last time."""

    entries: int
    findings: int
    changed: bool


def is_dossier(session: Session, batch_id: str) -> bool:
    """Whether the batch is an administrative dossier: it was said to be, or nothing in it is a register page and its print reads as one."""
    from ocr.dossier import read_dossier
    from pipelines.dossier import page_words

    batch = session.get_one(Batch, batch_id)
    if batch.kind is not None:
        return batch.kind == DOSSIER
    pages = read_pages(session, batch_id)
    if not pages or any(p.form for p in pages):
        return False
    fields = read_dossier([page_words(p) for p in pages])
    return bool(fields.get("soKyHieu") or fields.get("coQuanBanHanh"))


def settle(services: Services, batch_id: str) -> Settled:
    """Make the batch's entries from the readings of all its pages; the same readings give the same entries."""
    with services.database.reading() as session:
        batch = session.get_one(Batch, batch_id)
        changes = progress_of(session, batch_id).get("changes", "0")       # before the pages, for the same reason as the decisions below
        pages = read_pages(session, batch_id)
        made = decisions_of(session, batch_id).made      # before the values: what is decided meanwhile is heard the next time
        verified = verified_values(session, batch_id)
        before, parts = progress_of(session, batch_id), pages_without_entries(session, batch_id)
        mark, heard = fingerprint(pages, verified, parts), str(made)
        entries = batch_entries(session, batch_id) if before.get("settled") == mark else None
        unchanged = Settled(len(entries), sum(len(e.findings) for e in entries), False) if entries is not None else None
    if unchanged is not None:
        if (before.get("decisions", "0"), before.get("changes_heard", "0")) != (heard, changes):
            with services.database.session() as session:
                mark_progress(session, batch_id, decisions=heard, changes_heard=changes)
        return unchanged
    lattices = load_lattices(services, pages)
    items, owners = [], []
    for place, page in enumerate(pages):
        for record in () if page.id in parts else page_records(page, batch):
            mine = {code: lattice for (row, code), lattice in lattices.get(page.id, {}).items() if row == record.row}
            items.append(BookItem(page.file, record, mine, verified.get((page.id, record.row), {}), place))
            owners.append(page.id)
    said = batch.declared
    expected = Expectation(kind=said.get("loai") or None, form=said.get("mau") or None, year=said.get("nam"),
                           book_number=said.get("quyenSo") or None, registry_office=said.get("noiDangKy") or None)
    records = settle_book(items, expected)
    findings = check_rules(records, said.get("noiDangKy") or "")
    settled = [SettledEntry(owner, record, tuple(found)) for owner, record, found in zip(owners, records, findings, strict=True)]
    with services.database.session() as session:
        count = save_book(session, batch_id, settled, mark, len(pages))
        mark_progress(session, batch_id, decisions=heard, changes_heard=changes)
        complete_batch(session, batch_id, records)
        events.append(session, "sogoc", "book.settle", f"batch:{batch_id}", {"entries": count})
    return Settled(count, sum(len(f) for f in findings), True)


def check_rules(records: Sequence[DraftRecord], office: str) -> list[list[Finding]]:
    """What each entry breaks by itself and among the others."""
    forms = load_forms()
    findings = [rules.check(r, forms.get(r.form or ""), office=office) for r in records]
    for place, finding in rules.check_book(records):
        findings[place].append(finding)
    return findings


def page_records(page: Page, batch: Batch) -> list[DraftRecord]:
    """The page's records; a page with ink on which no form was found is one empty entry, so that a person is asked."""
    records = [r for r in draft_records(page) if r.kind != DOSSIER]       # a letter among the pages of a book is no entry
    if records or (page.quality or {}).get("blank") or "typed" in (page.engine or {}):     # a further page of a typed entry
        return records
    name = parse_page_name(page.file)
    return [DraftRecord(batch.declared.get("loai") or (name.kind if name else None) or "?", None)]


def load_lattices(services: Services, pages: Sequence[Page]) -> dict[int, Mapping[tuple[int, str], Lattice]]:
    """Page id -> its lattices, always as they were packed, so that a run that was cut off sees what an undisturbed one sees."""
    return {p.id: unpack(services.objects.get("work", p.lattice_key)) for p in pages if p.lattice_key}


def queue(services: Services, batch_id: str) -> tuple[int, int]:
    """Put the entries a person must look at into the review queue: (needed, all)."""
    with services.database.session() as session:
        return queue_batch(session, batch_id)
