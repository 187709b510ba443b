"""What was read of pages and books, kept: a page's own reading, the settled entries of a book.

A page's reading (`Page.draft`, its lattices) is never changed by settling; entries are made from all the readings of a book
at once, so they come out the same whatever order the pages were read in and however often the work was cut off.
Entries a person has touched (`revision` > 0, verified or archived) are left as they are.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.reading import PageReading
from records.record import DraftRecord, FieldValue, Finding
from storage.intake import READ, SET_ASIDE, STORED
from storage.models import Batch, Cursor, Entry, EntryFinding, Field, Page, PopulationSnapshot, utc_now
from storage.page_order import in_order, order_key, places
from storage.set_aside import evidence_text

SETTLED_STATES = ("verified", "archived")


@dataclass(frozen=True)
class SettledEntry:
    """One entry of a settled book. second_page_id: the other page of an entry over two pages."""

    page_id: int
    record: DraftRecord
    findings: tuple[Finding, ...] = ()
    second_page_id: int | None = None


def lattice_key(data: bytes) -> str:
    """Where the packed lattices of a page lie: by their content."""
    digest = hashlib.sha256(data).hexdigest()
    return f"lattices/{digest[:2]}/{digest}.npz"


def save_reading(session: Session, page_id: int, reading: PageReading, *, width: int, height: int, dpi: int | None,
                 quality: Mapping[str, Any] | None, lattices: str | None) -> None:
    """Write a page's reading into the ledger; a page that was set aside or read meanwhile is left alone.

    width, height: pixels of the original page. lattices: object key of the packed lattices, already stored.
    """
    page = session.get_one(Page, page_id)
    if page.state != STORED:
        return
    page.state, page.lattice_key = READ, lattices
    page.width, page.height, page.dpi, page.rotation = width, height, dpi, reading.rotation
    page.quality = dict(quality) if quality is not None else None
    page.text = [[w.text, *w.box] for w in reading.words]
    page.form, page.form_score = reading.form, reading.form_score
    page.draft = [record_to_json(r) for r in reading.records]
    page.engine = dict(reading.engine)


def set_page_aside(session: Session, page_id: int, reason: str, evidence: Mapping[str, Any],
                   quality: Mapping[str, Any] | None = None) -> None:
    """Write down that a stored page cannot be read, and why."""
    page = session.get_one(Page, page_id)
    if page.state != STORED:
        return
    page.state, page.reason, page.detail = SET_ASIDE, reason, evidence_text(dict(evidence))
    page.quality = dict(quality) if quality is not None else page.quality


def read_pages(session: Session, batch_id: str) -> Sequence[Page]:
    """The pages of the batch that were read, in the order of the book."""
    return in_order(session, batch_id, session.scalars(sa.select(Page).where(Page.batch_id == batch_id, Page.state == READ)))


def draft_records(page: Page) -> list[DraftRecord]:
    """The page's records as read, before settling."""
    return [record_from_json(d) for d in page.draft or []]


def fingerprint(pages: Iterable[Page], verified: Mapping[tuple[int, int], Mapping[str, FieldValue]] | None = None,
                without_entries: Iterable[int] = ()) -> str:
    """What a book's settling depends on: the readings of its pages in their order, what people have verified by (page id, row), and the
    ids of pages that are covers and the like. The same gives the same text."""
    digest = hashlib.sha256()
    for p in pages:
        digest.update(json.dumps([p.file, p.frame, p.sha256, p.lattice_key, p.form, p.draft, p.engine], sort_keys=True).encode())
    for place, values in sorted((verified or {}).items()):
        digest.update(json.dumps([*place, sorted((code, v.value, v.unit_code) for code, v in values.items())]).encode())
    if left := sorted(without_entries):
        digest.update(json.dumps(left).encode())
    return digest.hexdigest()


def progress_of(session: Session, batch_id: str) -> dict[str, str]:
    """How far the batch is: {"settled": fingerprint, "pages": settled pages, "linked": fingerprint/snapshot}, keys missing before that."""
    row = session.get(Cursor, _cursor_name(batch_id))
    return dict(row.value) if row is not None else {}


def mark_progress(session: Session, batch_id: str, **done: str) -> None:
    """Write how far the batch is, in the same transaction as the results it speaks of."""
    name = _cursor_name(batch_id)
    row = session.get(Cursor, name) or Cursor(name=name, value={})
    row.value = {**row.value, "batch": batch_id, **done}
    session.add(row)


def unsettle(session: Session, batch_id: str) -> None:
    """A person changed what the book's pages are: it is settled again when its turn comes, even if the same number of pages is read.

    A count, not a flag: a change made while the book is being settled is not taken for heard."""
    mark_progress(session, batch_id, changes=str(int(progress_of(session, batch_id).get("changes", "0")) + 1))


def save_book(session: Session, batch_id: str, entries: Sequence[SettledEntry], mark: str, pages: int) -> int:
    """Make the batch's entries those of the settled book; returns how many there are.

    mark: the fingerprint of what was settled; pages: how many pages that was. An entry that somebody is looking at does not change under
    their eyes; the mark then says that it waits, and settling again brings it up to date.
    """
    mine = sa.select(Page.id).where(Page.batch_id == batch_id)
    old = {(e.page_id, e.row): e for e in session.scalars(sa.select(Entry).where(Entry.page_id.in_(mine)))}
    wanted = {(e.page_id, e.record.row): e for e in entries}
    for place, gone in old.items():
        if place not in wanted and not touched(gone):
            session.delete(gone)
    session.flush()
    held = False
    for place in sorted(wanted):
        settled, entry = wanted[place], old.get(place)
        if entry is None:
            entry = Entry(page_id=place[0], row=place[1], kind=settled.record.kind)
            session.add(entry)
        elif touched(entry):
            continue
        elif entry.lease_by is not None and entry.lease_until is not None and entry.lease_until > utc_now():
            held = True
            continue
        write_entry(session, entry, settled)
    mark_progress(session, batch_id, settled=mark + "+held" if held else mark, pages=str(pages))
    return len(wanted)


def write_entry(session: Session, entry: Entry, settled: SettledEntry) -> None:
    record = settled.record
    entry.kind, entry.form, entry.second_page_id = record.kind, record.form, settled.second_page_id
    number, day = record.fields.get("so"), record.fields.get("ngayDangKy")
    entry.number = number.value[:32] or None if number else None
    entry.year = int(day.value[:4]) if day and day.value[:4].isdigit() else None
    kept = {f.code: f for f in entry.fields}
    for code in sorted(set(kept) - set(record.fields)):
        entry.fields.remove(kept[code])
    for code in sorted(record.fields):
        value = record.fields[code]
        row = kept.get(code)
        if row is None:
            row = Field(code=code)
            entry.fields.append(row)
        row.value, row.raw, row.unit_code, row.source = value.value, value.raw, value.unit_code, value.source
        row.confidence, row.evidence = round(float(value.confidence), 6), list(value.evidence)
        row.box = [int(x) for x in value.box] if value.box else None
    entry.findings = [
        EntryFinding(rule=f.rule, severity=f.severity, fields=list(f.fields), message_vi=f.message_vi, message_en=f.message_en)
        for f in settled.findings]
    session.flush()


def touched(entry: Entry) -> bool:
    """Whether a person has had a hand in the entry."""
    return entry.revision > 0 or entry.status in SETTLED_STATES


def entry_record(entry: Entry) -> DraftRecord:
    """The entry as a value, with what people have corrected."""
    return DraftRecord(entry.kind, entry.form, entry.row, {f.code: FieldValue(
        f.value, f.raw, f.confidence, f.source, tuple(f.box) if f.box else None,         # type: ignore[arg-type]
        tuple(f.evidence), f.unit_code) for f in entry.fields})


def batch_entries(session: Session, batch_id: str) -> Sequence[Entry]:
    """The entries of the batch in the order of the book."""
    query = sa.select(Entry, Page.file, Page.frame).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch_id)
    put = places(session, batch_id)
    return [entry for entry, *_ in sorted(session.execute(query), key=lambda r: (order_key(r[1], r[2], put.get(r[0].page_id)), r[0].row))]


def current_snapshot(session: Session) -> PopulationSnapshot | None:
    query = sa.select(PopulationSnapshot).where(PopulationSnapshot.state == "current")
    return session.scalar(query.order_by(PopulationSnapshot.id.desc()).limit(1))


def complete_batch(session: Session, batch_id: str, records: Iterable[DraftRecord]) -> None:
    """Fill what nobody declared of the book (kind, form, year, number, office) from what most of its entries say."""
    batch = session.get_one(Batch, batch_id)
    records = list(records)

    def usual(values: Iterable[Any]) -> Any:
        counts: dict[Any, int] = {}
        for v in values:
            if v not in (None, ""):
                counts[v] = counts.get(v, 0) + 1
        return min(counts, key=lambda v: (-counts[v], str(v))) if counts else None

    def field(code: str) -> Iterable[str | None]:
        return (r.fields[code].value if code in r.fields else None for r in records)

    batch.kind = batch.kind or usual(r.kind for r in records)
    batch.form = batch.form or usual(r.form for r in records)
    batch.book_number = batch.book_number or usual(field("quyenSo"))
    batch.year = batch.year or usual(int(v[:4]) for v in field("ngayDangKy") if v and v[:4].isdigit())


def record_to_json(record: DraftRecord) -> dict[str, Any]:
    """Plain data of a record; `record_from_json` gives it back."""
    fields = {
        code: [v.value, v.raw, float(v.confidence), v.source, [int(x) for x in v.box] if v.box else None, list(v.evidence), v.unit_code]
        for code, v in sorted(record.fields.items())}
    return {"kind": record.kind, "form": record.form, "row": record.row, "fields": fields}


def record_from_json(data: Mapping[str, Any]) -> DraftRecord:
    return DraftRecord(data["kind"], data["form"], data["row"], {
        code: FieldValue(value, raw, confidence, source, tuple(int(x) for x in box) if box else None, tuple(evidence), unit)  # type: ignore[arg-type]
        for code, (value, raw, confidence, source, box, evidence, unit) in data["fields"].items()})


def _cursor_name(batch_id: str) -> str:
    return "batch:" + hashlib.sha256(batch_id.encode()).hexdigest()[:48]
