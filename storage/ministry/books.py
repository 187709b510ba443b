"""Which entries go into which book of the Ministry's delivery, and as which rows."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from records.filenames import parse_book_number
from records.ministry.checks import CheckFinding, check_row, key_of
from records.ministry.names import EntryName, Style, book_name, entry_name
from records.ministry.rows import Book, Row, to_row
from records.ministry.template import KINDS, Template
from storage.models import Batch, Entry, Page

DELIVERED = ("verified", "archived")
DRAFTS = ("draft", "review")


@dataclass(frozen=True)
class BookPlan:
    """One Excel and one ZIP. name: KS.2007.01 (with ~2 if another book of the folder has it); folder: the commune's code, or ""."""

    name: str
    folder: str
    kind: str
    year: int
    book: str
    facts: Book
    batches: tuple[str, ...]


@dataclass(frozen=True)
class PlannedEntry:
    """One row. pages: (page id, second page id or None). pdf: its name in the ZIP."""

    entry_id: int
    row: Row
    pdf: EntryName
    pages: tuple[int, ...]
    findings: tuple[CheckFinding, ...]


def plan_books(session: Session, statuses: Sequence[str], batch: str | None = None) -> list[BookPlan]:
    """The books that have entries of these statuses, in order of name. Batches of one book (scanned in parts) make one."""
    has = sa.select(Entry.id).join(Page, Entry.page_id == Page.id).where(Page.batch_id == Batch.id, Entry.status.in_(statuses)).exists()
    query = sa.select(Batch).where(has, Batch.kind.in_(KINDS)).order_by(Batch.id)
    groups: dict[tuple[str, ...], list[Batch]] = {}
    for found in session.scalars(query if batch is None else query.where(Batch.id == batch)):
        known = (found.kind or "", found.commune_code or "", found.registry_office or "", str(found.year), found.book_number or "")
        groups.setdefault(known if found.book_number else (*known, found.id), []).append(found)
    taken: set[tuple[str, str]] = set()
    out = []
    for parts in groups.values():
        first = parts[0]
        number = parse_book_number(first.book_number or "")
        year = (number.year if number else None) or first.year or 0
        book = f"{number.number}{number.suffix}" if number else "1"
        kind, folder = first.kind or "", first.commune_code or ""
        base = book_name(kind, year, book)
        name = next(n for n in (base, *(f"{base}~{k}" for k in range(2, len(groups) + 2))) if (folder, n) not in taken)
        taken.add((folder, name))
        facts = Book(first.registry_office or "", str(number) if number else "", year or None)
        out.append(BookPlan(name, folder, kind, year, book, facts, tuple(b.id for b in parts)))
    return sorted(out, key=lambda p: (p.folder, p.name))


def count_entries(session: Session, statuses: Sequence[str], batch: str | None = None) -> int:
    """All entries of these statuses, of books of whatever kind."""
    query = sa.select(sa.func.count()).select_from(Entry).join(Page, Entry.page_id == Page.id).where(Entry.status.in_(statuses))
    return session.scalar(query if batch is None else query.where(Page.batch_id == batch)) or 0


def planned_entries(session: Session, plan: BookPlan, template: Template, statuses: Sequence[str], *, slash: bool = True,
                    style: Style = "long", seen: set[tuple[str, ...]] | None = None) -> Iterator[PlannedEntry]:
    """The book's rows in the order of its pages. seen: keys of the rows so far, of all books; a key twice is a finding."""
    seen = seen if seen is not None else set()
    names: set[str] = set()
    query = (sa.select(Entry).join(Page, Entry.page_id == Page.id)
             .where(Page.batch_id.in_(plan.batches), Entry.status.in_(statuses), Entry.kind == plan.kind)
             .order_by(Page.batch_id, Page.file, Page.frame, Entry.row).options(selectinload(Entry.fields)))
    for entry in session.scalars(query):
        row = to_row(template, plan.kind, {f.code: f.value for f in entry.fields}, plan.facts, slash)
        findings = check_row(template, row, slash)
        if row.cells["so"] and key_of(row) in seen:
            findings.append(CheckFinding("duplicate", ("noiDangKy", "quyenSo", "so")))
        seen.add(key_of(row))
        pdf = _unique(_pdf_name(plan, entry, row, style), names)
        if not pdf.by_rule:
            findings.append(CheckFinding("name_outside_rule", ("so", "ngayDangKy")))
        yield PlannedEntry(entry.id, row, pdf, tuple(p for p in (entry.page_id, entry.second_page_id) if p is not None), tuple(findings))


def _pdf_name(plan: BookPlan, entry: Entry, row: Row, style: Style) -> EntryName:
    written = row.cells["ngayDangKy"]
    day = date(int(written[6:]), int(written[3:5]), int(written[:2])) if len(written) == 10 else None
    year = int(written[-4:]) if written[-4:].isdigit() else entry.year
    return entry_name(plan.kind, plan.year, plan.book, row.cells["so"], day, year, style)


def _unique(name: EntryName, taken: set[str]) -> EntryName:
    stem = name.name.removesuffix(".pdf")
    found = next(n for n in (name.name, *(f"{stem}~{k}.pdf" for k in range(2, len(taken) + 3))) if n not in taken)
    taken.add(found)
    return EntryName(found, name.by_rule and found == name.name)
