"""Takes an Excel of the Ministry's template in: typed books become batches whose entries wait for linking and review like any other."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from records import rules
from records.filenames import parse_book_number, parse_entry_number
from records.forms import Form, load_forms
from records.ministry.names import book_name, entry_name
from records.ministry.rows import from_row
from records.ministry.template import Template, template_on
from records.record import DraftRecord, FieldValue
from records.text import fold
from storage.access_log import log_access
from storage.antivirus import Antivirus
from storage.database import Database
from storage.intake import READ
from storage.ministry.binding import Bound, Pdfs, bind
from storage.ministry.errors import TypistUnknown
from storage.ministry.sheet import SheetRow, read_workbook
from storage.models import Batch, Entry, Page, utc_now
from storage.outbox import ObjectLedger
from storage.policy import Actor
from storage.readings import SettledEntry, record_to_json, write_entry
from storage.review_need import reassess
from storage.scan_folder import unique

Status = Literal["review", "verified"]
TYPED = "typed"             # what a batch made here declares as its source (nguon), and the source of its values
Key = tuple[str, str, int, str, str]            # place, kind, year, number, book: what the Ministry's loader tells entries apart by
WORDING: dict[str, tuple[str, str]] = {         # why a row is set aside: Vietnamese, English
    "no_number": ("Không có số đăng ký đọc được", "No registration number that can be read"),
    "no_year": ("Không có năm đăng ký ở số hay ngày đăng ký", "No year of registration in the number or the day"),
    "year_differs": ("Năm trong số khác năm của ngày đăng ký", "The number's year is not that of the day of registration"),
    "bad_day": ("Ngày đăng ký không phải ngày trong lịch", "The day of registration is no day of the calendar"),
    "twice": ("Trùng với hàng trước trong tệp, giá trị khác", "The same key as an earlier row, with other values"),
    "differs": ("Đã có bản ghi này với giá trị khác; không ghi đè", "The record is there with other values; not overwritten"),
}


@dataclass(frozen=True)
class RowAside:
    """A row that was not taken. columns: where it differs or is bad; never values."""

    sheet: str
    line: int
    reason: str
    columns: tuple[str, ...] = ()

    def text(self, lang: str = "vi") -> str:
        said = WORDING[self.reason][0 if lang == "vi" else 1] + (f" ({', '.join(self.columns)})" if self.columns else "")
        return f"{self.sheet}, {'hàng' if lang == 'vi' else 'row'} {self.line}: {said}."


@dataclass(frozen=True)
class Imported:
    """added: entries made; known: rows that were there with the same values; unknown: headings nobody knows; bound: of the ZIP."""

    batches: tuple[str, ...]
    added: int
    known: int
    aside: tuple[RowAside, ...]
    unknown: tuple[str, ...]
    bound: Bound


@dataclass(frozen=True)
class _Typed:
    sheet: str
    line: int
    kind: str
    values: dict[str, str]
    key: Key
    restored: tuple[str, ...]


def import_workbook(database: Database, ledger: ObjectLedger, path: Path, zips: Sequence[Path] = (), *, actor: Actor | None = None,
                    kind: str | None = None, status: Status = "review", typed_by: str = "", commune: str | None = None,
                    antivirus: Antivirus | None = None, on: date | None = None) -> Imported:
    """Take the rows in, then bind the PDFs to them by name; run again after a cut-off it goes on, and nothing comes in twice.

    Raises NotMinistrySheet, ZipUnreadable (both before anything is written), TypistUnknown.
    """
    actor, template = actor or Actor("cli"), template_on(on or date.today())
    if status == "verified" and not typed_by.strip():
        raise TypistUnknown()
    with Pdfs(zips) as pdfs:
        sheets = read_workbook(path, template, kind)
        rows, aside = _parse(template, ((s.title, r) for s in sheets for r in s.rows))
        with database.session() as session:
            there = _present(session, rows)
            new, known = [], 0
            for row in rows:
                if row.key not in there:
                    new.append(row)
                elif (differing := _differing(row.values, there[row.key][1])):
                    aside.append(RowAside(row.sheet, row.line, "differs", differing))
                else:
                    known += 1
            ids = {row.key: there[row.key][0] for row in rows if row.key in there}
            batches = set()
            for row in new:
                entry, batch = _write(session, row, path, status, typed_by.strip() or actor.name, commune)
                ids[row.key] = entry.id
                batches.add(batch.id)
            if new:
                log_access(session, actor, "records.import", f"batch:{min(batches)}", count=len(new), format="moj", status=status,
                           known=known, set_aside=len(aside), batches=sorted(batches))
        bound = bind(database, ledger, pdfs, ids, actor.name, antivirus or Antivirus())
        if bound.bound:
            with database.session() as session:
                log_access(session, actor, "records.bind", "records", count=bound.bound, set_aside=len(bound.aside))
    unknown = tuple(dict.fromkeys(h for s in sheets for h in s.unknown))
    return Imported(tuple(sorted(batches)), len(new), known, tuple(sorted(aside, key=lambda a: (a.sheet, a.line))), unknown, bound)


def _parse(template: Template, rows: Iterable[tuple[str, SheetRow]]) -> tuple[list[_Typed], list[RowAside]]:
    good: dict[Key, _Typed] = {}
    aside: list[RowAside] = []
    for sheet, row in rows:
        values = from_row(template, row.kind, row.cells)
        number, day = parse_entry_number(row.cells.get("so", "")), values.get("ngayDangKy", "")
        if number is None:
            aside.append(RowAside(sheet, row.line, "no_number", ("so",)))
            continue
        registered = int(day[:4]) if day[:4].isdigit() and day[4:5] in ("", "-", "~") else None
        if day and registered is None:
            aside.append(RowAside(sheet, row.line, "bad_day", ("ngayDangKy",)))
        elif number.year and registered and number.year != registered:
            aside.append(RowAside(sheet, row.line, "year_differs", ("so", "ngayDangKy")))
        elif not (year := registered or number.year):
            aside.append(RowAside(sheet, row.line, "no_year", ("so", "ngayDangKy")))
        else:
            typed = _Typed(sheet, row.line, row.kind, values, _key(row.kind, year, values), row.restored)
            first = good.setdefault(typed.key, typed)
            if first is not typed and (differing := _differing(values, first.values)):
                aside.append(RowAside(sheet, row.line, "twice", differing))
    return list(good.values()), aside


def _key(kind: str, year: int, values: dict[str, str], office: str = "", book: str = "") -> Key:
    place = values.get("noiDangKy") or values.get("noiCap") or office
    written = values.get("quyenSo") or book
    number = parse_book_number(written)
    return fold(place), kind, year, values.get("so", "").lower(), str(number) if number else written


def _present(session: Session, rows: Sequence[_Typed]) -> dict[Key, tuple[int, dict[str, str]]]:
    """Entries of the rows' kinds and years, by key: (entry id, values)."""
    there: dict[Key, tuple[int, dict[str, str]]] = {}
    for kind, year in sorted({(r.key[1], r.key[2]) for r in rows}):
        query = (sa.select(Entry, Batch).join(Page, Entry.page_id == Page.id).join(Batch, Page.batch_id == Batch.id)
                 .where(Entry.kind == kind, Entry.year == year).order_by(Entry.id).options(selectinload(Entry.fields)))
        for entry, batch in session.execute(query):
            values = {f.code: f.value for f in entry.fields if f.value}
            key = _key(kind, year, values, batch.registry_office or "", batch.book_number or "")
            there.setdefault(key, (entry.id, values))
    return there


def _differing(mine: dict[str, str], theirs: dict[str, str]) -> tuple[str, ...]:
    """Columns the row fills otherwise than the record; what only one side has of the book's own facts does not count."""
    return tuple(sorted(c for c, v in mine.items() if theirs.get(c, v if c in ("noiDangKy", "noiCap", "quyenSo") else "") != v))


def _write(session: Session, row: _Typed, path: Path, status: Status, typed_by: str, commune: str | None) -> tuple[Entry, Batch]:
    batch = _batch(session, row, path, typed_by, commune)
    form = form_of(row.kind, row.values.get("ngayDangKy", ""), row.key[2])
    fields = {c: FieldValue(v, v, 1.0, "typed", None, (TYPED, "zero-restored") if c in row.restored else (TYPED,))
              for c, v in row.values.items()}
    record = DraftRecord(row.kind, form.id if form else None, 1, fields)
    page = Page(batch_id=batch.id, file=_page_file(session, batch, row), sha256="", size=0, state=READ, form=record.form,
                draft=[record_to_json(record)], engine={TYPED: typed_by})
    session.add(page)
    session.flush()
    # revision 1: a person had a hand in it, so that settling the book never changes what was typed
    entry = Entry(page_id=page.id, row=1, kind=row.kind, revision=1, status="review", reasons=[])
    session.add(entry)
    write_entry(session, entry, SettledEntry(page.id, record, tuple(rules.check(record, form, office=batch.registry_office or ""))))
    entry.year = row.key[2]
    reassess(session, entry)
    if status == "verified":
        entry.status, entry.verified_by, entry.verified_at = "verified", typed_by, utc_now()
    session.flush()
    return entry, batch


def form_of(kind: str, day: str, year: int) -> Form | None:
    """The form that books of the kind had on the day (its year's middle where only that is known); the nearest where none was in force."""
    when = date.fromisoformat(day) if len(day) == 10 else date(year, 7, 1)
    forms = [f for f in load_forms().values() if f.kind == kind]
    valid = [f for f in forms if f.valid_from <= when and (f.valid_to is None or when <= f.valid_to)]
    return valid[-1] if valid else min(forms, key=lambda f: abs((f.valid_from - when).days), default=None)


def _batch(session: Session, row: _Typed, path: Path, typed_by: str, commune: str | None) -> Batch:
    """The typed batch of the row's book."""
    office = row.values.get("noiDangKy") or row.values.get("noiCap") or ""
    number = parse_book_number(row.values.get("quyenSo", ""))
    year = number.year if number and number.year else row.key[2]
    book = str(number) if number else row.values.get("quyenSo", "")
    same = sa.select(Batch).where(Batch.kind == row.kind, Batch.year == year, Batch.book_number == (book or None)).order_by(Batch.id)
    for found in session.scalars(same):
        if found.declared.get("nguon") == TYPED and fold(found.registry_office or "") == fold(office) and found.commune_code == commune:
            return found
    name = book_name(row.kind, year, f"{number.number}{number.suffix}" if number else "0")
    declared = {k: v for k, v in (("loai", row.kind), ("nam", year), ("quyenSo", book), ("noiDangKy", office), ("nguon", TYPED)) if v}
    content = hashlib.sha256(repr((office, row.kind, year, book)).encode()).hexdigest()
    claimed = set(session.scalars(sa.select(Batch.id).where(Batch.id.startswith(name))))
    batch = Batch(id=next(n for n in (name, *(f"{name}~{k}" for k in range(2, len(claimed) + 3))) if n not in claimed), folder=path.name,
                  content_hash=content, kind=row.kind, year=year, book_number=book or None, registry_office=office or None,
                  commune_code=commune,
                  declared=declared, created_by=typed_by[:80])
    session.add(batch)
    session.flush()
    return batch


def _page_file(session: Session, batch: Batch, row: _Typed) -> str:
    """The name its PDF has, or would have."""
    day = row.values.get("ngayDangKy", "")
    number = parse_book_number(batch.book_number or "")
    book = f"{number.number}{number.suffix}" if number else "0"
    name = entry_name(row.kind, batch.year or row.key[2], book, row.values["so"], date.fromisoformat(day) if len(day) == 10 else None,
                      row.key[2]).name
    return unique(name, set(session.scalars(sa.select(Page.file).where(Page.batch_id == batch.id, Page.file.startswith(name[:-4])))))
