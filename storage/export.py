"""The records as files: JSON lines as agreed (docs/design.md, "Export, JSONL"), and a spreadsheet of text cells."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from records.forms import load_forms
from storage.database import Database
from storage.models import Entry, Link, Page

if TYPE_CHECKING:
    from storage.watermark import Watermark

_CHUNK = 200


def export_jsonl(database: Database, out: Path | IO[str], batch: str | None = None) -> int:
    """Write one line an entry, in the order batch, file, page of the file, row; returns the number of lines.

    out: a path (written beside and renamed when complete) or an open text stream. batch: only this one. Memory does not grow with size.
    """
    count = 0
    with database.reading() as session, _opened(out) as stream:
        for line in lines(session, batch):
            stream.write(json.dumps(line, ensure_ascii=False, separators=(", ", ": ")) + "\n")
            count += 1
    return count


def export_xlsx(database: Database, out: Path, batch: str | None = None, mark: Watermark | None = None,
                above: bool = True) -> int:
    """Write one sheet a register kind, one row an entry, the Ministry's codes as headings; returns the number of rows.

    Every cell is text, so that no number loses its leading zeros and nothing written on a page is taken for a formula.
    mark: whose copy it is, on every printed page and in the file's properties; with `above` its line also stands above the headings.
    """
    from openpyxl import Workbook

    from storage.watermark import stamp

    book, sheets, count = Workbook(write_only=True), {}, 0
    with database.reading() as session:
        codes = _codes(session, batch)
        for line in lines(session, batch):
            kind = line["loai"]
            if kind not in sheets:
                sheets[kind] = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "-", kind)[:31] or "?")
                sheets[kind].freeze_panes = "A3" if mark is not None and above else "A2"
                if mark is not None and above:
                    sheets[kind].append(_cells(sheets[kind], [mark.line]))
                sheets[kind].append(_cells(sheets[kind], [*_HEAD, *codes[kind], *(f"{r}:so_dinh_danh" for r in _roles(kind))]))
            row = [str(line.get(h, "")) for h in _HEAD]
            row += [line["fields"].get(c, {}).get("value", "") for c in codes[kind]]
            row += [_linked(line["links"].get(r)) for r in _roles(kind)]
            sheets[kind].append(_cells(sheets[kind], row))
            count += 1
    if not sheets:
        book.create_sheet("KS")
    if mark is not None:
        stamp(book, mark)
    temporary = out.with_name(f"{out.name}.{os.getpid()}.new")
    book.save(temporary)
    os.replace(temporary, out)
    return count


def lines(session: Session, batch: str | None = None) -> Iterator[dict[str, Any]]:
    """Every entry as its export line, in order."""
    wanted = sa.select(Entry.id).join(Page, Entry.page_id == Page.id)
    if batch is not None:
        wanted = wanted.where(Page.batch_id == batch)
    bytewise = "C" if session.get_bind().dialect.name == "postgresql" else "BINARY"
    order = (Page.batch_id.collate(bytewise), Page.file.collate(bytewise), Page.frame, Entry.row)
    ids = session.scalars(wanted.order_by(*order)).all()        # 8 bytes each: a million entries are no burden
    for start in range(0, len(ids), _CHUNK):
        part = ids[start:start + _CHUNK]
        loaded = session.scalars(sa.select(Entry).where(Entry.id.in_(part)).options(
            selectinload(Entry.page), selectinload(Entry.fields), selectinload(Entry.links))).all()
        by_id = {e.id: e for e in loaded}
        siblings = _counts(session, [e.page_id for e in loaded])
        second = _files(session, [e.second_page_id for e in loaded if e.second_page_id is not None])
        for i in part:
            yield entry_line(by_id[i], siblings[by_id[i].page_id], second.get(by_id[i].second_page_id or 0))
        session.expunge_all()


def entry_line(entry: Entry, siblings: int = 1, file2: str | None = None) -> dict[str, Any]:
    """One entry's line. siblings: entries on its page; file2: the other page's file of an entry over two pages.

    Needs the entry's page, fields and links. `page` (from 1) tells the pages of one PDF or TIFF apart.
    """
    page = entry.page
    line: dict[str, Any] = {"batch": page.batch_id, "file": page.file}
    if file2 is not None:
        line["file2"] = file2
    if page.frame:
        line["page"] = page.frame + 1
    if siblings > 1:
        line["row"] = entry.row
    line |= {"loai": entry.kind, "mau": entry.form, "status": entry.status}
    line["fields"] = {f.code: _field(f) for f in sorted(entry.fields, key=lambda f: f.id)}
    line["links"] = {x.role: _link(x) for x in sorted(entry.links, key=lambda x: x.id)}
    return line


def _field(f: Any) -> dict[str, Any]:
    out = {"value": f.value, "raw": f.raw, "confidence": round(f.confidence, 4), "source": f.source, "box": f.box}
    if f.unit_code:
        out["unit_code"] = f.unit_code
    return out


def _link(x: Link) -> dict[str, Any]:
    candidates = [{"personal_id": c.get("personal_id"), "probability": round(float(c.get("probability", 0.0)), 6)} for c in x.candidates]
    return {"personal_id": x.personal_id, "probability": round(x.probability, 6), "decision": x.decision, "candidates": candidates}


def _linked(link: dict[str, Any] | None) -> str:
    return (link["personal_id"] or "") if link and link["decision"] == "accept" else ""


def _counts(session: Session, pages: list[int]) -> dict[int, int]:
    found = session.execute(sa.select(Entry.page_id, sa.func.count()).where(Entry.page_id.in_(set(pages))).group_by(Entry.page_id))
    return {page: count for page, count in found}


def _files(session: Session, pages: list[int]) -> dict[int, str]:
    return {i: f for i, f in session.execute(sa.select(Page.id, Page.file).where(Page.id.in_(set(pages))))} if pages else {}


_HEAD = ("batch", "file", "row", "mau", "status")


def _codes(session: Session, batch: str | None) -> dict[str, list[str]]:
    """Field codes by register kind: in the order of the forms, then any others by name."""
    from storage.models import Field

    query = sa.select(Entry.kind, Field.code).join(Field, Field.entry_id == Entry.id).distinct()
    if batch is not None:
        query = query.join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch)
    found: dict[str, set[str]] = {kind: set() for kind in session.scalars(sa.select(Entry.kind).distinct())}
    for kind, code in session.execute(query):
        found[kind].add(code)
    order = [b.code for form in load_forms().values() for b in form.blanks if b.code]
    rank = {code: n for n, code in reversed(list(enumerate(order)))}
    return {kind: sorted(codes, key=lambda c: (rank.get(c, len(order)), c)) for kind, codes in found.items()}


def _roles(kind: str) -> list[str]:
    return list(dict.fromkeys(r for form in load_forms().values() if form.kind == kind for r in form.roles))


def _cells(sheet: Any, values: list[str]) -> list[Any]:
    from storage.sheet_file import text_cell

    return [text_cell(sheet, value) for value in values]


@contextmanager
def _opened(out: Path | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(out, Path):
        yield out
        return
    temporary = out.with_name(f"{out.name}.{os.getpid()}.new")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
