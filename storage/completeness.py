"""Is the book complete: numbers, repeats, opening and closing page, pages to be taken again.

What is lacking is a hole until a person says why.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from records.book_numbering import Numbering, Run, check_numbers, first_numbers
from records.filenames import EntryNumber, parse_book_number, parse_entry_number
from records.text import strip_marks
from storage import events
from storage.access_log import told
from storage.book_way import check_open
from storage.desk_errors import ReasonNeeded
from storage.models import Batch, BookWork, Entry, HoleReason, Page, PageWork
from storage.page_looks import Look, look_alikes, looks_of
from storage.page_order import book_pages
from storage.page_work import work_of
from storage.policy import Actor
from storage.review_errors import NotAllowed

REASONS = ("lost", "unused", "slip", "unscannable", "other")
NO_HOLE = ("duplicate", "blank", "void", "cover_sheet", "replaced")     # set aside, and nothing to do about it
_OPENING = re.compile(r"\bmo (ngay|so)|ngay mo\b")
_CLOSING = re.compile(r"\bkhoa (ngay|so)|ngay khoa\b")
_TOTAL = re.compile(r"tong (?:so|cong)\D{0,60}?(\d{1,5})\D{0,20}(?:truong hop|su kien|viec|so dang ky)")
_HEAD_WORDS = 400           # printed words of a page that are looked at for what it is


@dataclass(frozen=True)
class Hole:
    """Something that keeps the book from being complete.

    key: stable name, under which a reason is kept. code: reading missing repeated unnumbered retake aside no_entry alike no_opening
    no_closing total. pages: ids of the pages it is about. why: a person's reason, None while it is open.
    """

    key: str
    code: str
    pages: tuple[int, ...] = ()
    run: Run | None = None
    text: str = ""                      # a number, a count
    why: HoleReason | None = None

    @property
    def open(self) -> bool:
        return self.why is None


@dataclass(frozen=True)
class Completeness:
    """total: declared on the closing page, by a person or (`total_read`) as its print was read. opening, closing: ids of those pages."""

    numbering: Numbering
    holes: tuple[Hole, ...]
    opening: tuple[int, ...]
    closing: tuple[int, ...]
    guesses: Mapping[int, str]          # page id -> opening | closing, by its print alone
    entries: int
    pages: int
    total: int | None
    total_read: bool

    @property
    def open_holes(self) -> tuple[Hole, ...]:
        return tuple(h for h in self.holes if h.open)


def completeness(session: Session, batch: Batch, pages: Sequence[Page] | None = None) -> Completeness:
    """pages: those of the batch in order, if they are at hand."""
    pages = book_pages(session, batch.id) if pages is None else pages
    work = work_of(session, [p.id for p in pages])
    entries: dict[int, list[Entry]] = {}
    mine = sa.select(Entry).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch.id)
    for entry in session.scalars(mine.order_by(Entry.row)):
        entries.setdefault(entry.page_id, []).append(entry)
    second = {e.second_page_id for found in entries.values() for e in found if e.second_page_id is not None}
    kept = [p for p in pages if p.state != "set_aside"]
    looks = looks_of(session, pages)
    guesses = {p.id: part for p in kept if _part(work, p) is None and (part := guess_part(p)) is not None}
    parts = {kind: tuple(p.id for p in kept if kind in (_part(work, p), guesses.get(p.id))) for kind in ("opening", "closing")}
    numbering, where = _numbering(session, batch, kept, entries)
    row = session.get(BookWork, batch.id)
    declared = row.declared_total if row is not None else None
    read = next((n for p in kept if p.id in parts["closing"] and (n := read_total(p)) is not None), None)
    total, count = declared if declared is not None else read, sum(len(entries.get(p.id, ())) for p in kept)
    holes: list[Hole] = []
    waiting = tuple(p.id for p in pages if p.state in ("received", "stored"))
    if waiting:
        holes.append(Hole("reading", "reading", waiting, text=str(len(waiting))))
    holes += [Hole(f"missing:{r.year or 0}:{r.first}-{r.last}", "missing", run=r) for r in numbering.missing]
    holes += [Hole(f"repeated:{y or 0}:{n}", "repeated", tuple(where[y, n]), text=n) for y, n in numbering.repeated]
    holes += _page_holes(pages, kept, entries, work, looks, guesses, second)
    alike = {h.pages for h in holes if h.code == "repeated"}
    holes += [Hole(f"alike:{b}", "alike", (a, b)) for a, b in look_alikes(kept, looks) if (a, b) not in alike]
    if kept:
        holes += [Hole(f"no_{kind}", f"no_{kind}") for kind in ("opening", "closing") if not parts[kind]]
    if total is not None and total != count and not waiting:
        holes.append(Hole(f"total:{total}:{count}", "total", parts["closing"], text=f"{total}/{count}"))
    whys = session.scalars(sa.select(HoleReason).where(HoleReason.batch_id == batch.id)).all()
    return Completeness(numbering, tuple(replace(h, why=_why(h, whys)) for h in holes), parts["opening"], parts["closing"], guesses, count,
                        len(kept), total, declared is None and read is not None)


def explain_hole(session: Session, actor: Actor, batch: Batch, key: str, reason: str, note: str = "") -> None:
    """Write down why a hole is right so; reason "" takes it back. Raises ReasonNeeded (also for a hole that is not there), BookSent."""
    if not actor.may("batch.edit"):
        raise NotAllowed(actor=actor.name)
    check_open(session, batch.id)
    hole = next((h for h in completeness(session, batch).holes if h.key == key), None)
    if hole is None or hole.code == "reading" or (reason and reason not in REASONS) or (reason == "other" and not note.strip()):
        raise ReasonNeeded()
    session.execute(sa.delete(HoleReason).where(HoleReason.batch_id == batch.id, HoleReason.hole.in_(
        [key, *([hole.why.hole] if hole.why is not None else [])])))
    if reason:
        session.add(HoleReason(batch_id=batch.id, hole=key, reason=reason, note=note.strip()[:500], by=actor.name))
    events.append(session, actor.name, "book.explain", f"batch:{batch.id}", {**told(actor), "hole": hole.code, "reason": reason or "none"})


def guess_part(page: Page) -> str | None:
    """opening | closing by the page's print, where it fits no form."""
    if page.form is not None:
        return None
    text = _print(page)
    return "closing" if _CLOSING.search(text) else "opening" if _OPENING.search(text) else None


def read_total(page: Page) -> int | None:
    """The number of events a closing page states, as its print was read."""
    found = _TOTAL.search(_print(page))
    return int(found[1]) if found else None


def _print(page: Page) -> str:
    return strip_marks(" ".join(str(w[0]) for w in (page.text or [])[:_HEAD_WORDS])).lower()


def _part(work: Mapping[int, PageWork], page: Page) -> str | None:
    return work[page.id].part if page.id in work else None


def _numbering(session: Session, batch: Batch, kept: Iterable[Page], entries: Mapping[int, Sequence[Entry]]
               ) -> tuple[Numbering, Mapping[tuple[int | None, str], list[int]]]:
    found: list[tuple[int | None, EntryNumber]] = []
    where: dict[tuple[int | None, str], list[int]] = {}
    for page in kept:
        for entry in entries.get(page.id, ()):
            number = parse_entry_number(entry.number or "")
            if number is not None:
                year = entry.year or number.year or batch.year
                found.append((year, number))
                where.setdefault((year, str(number)), []).append(page.id)
    book = parse_book_number(batch.book_number or "")
    year = (book.year if book else None) or batch.year
    starts = first_numbers(book.number if book else None, year, _last_before(session, batch, book.number, year) if book and year else None)
    return check_numbers(found, starts, year), where


def _last_before(session: Session, batch: Batch, volume: int, year: int) -> int | None:
    """The last number of the volume before this one of the year, if that book is here too."""
    if volume < 2:
        return None
    books = session.execute(sa.select(Batch.id, Batch.book_number).where(
        Batch.kind == batch.kind, Batch.year == batch.year, Batch.id != batch.id,
        Batch.commune_code.is_not_distinct_from(batch.commune_code)))
    before = [batch_id for batch_id, number in books
              if (b := parse_book_number(number or "")) is not None and (b.number, b.year or year) == (volume - 1, year)]
    texts = session.scalars(sa.select(Entry.number).join(Page, Entry.page_id == Page.id).where(
        Page.batch_id.in_(before), Page.state != "set_aside", sa.or_(Entry.year == year, Entry.year.is_(None))))
    return max((n.number for t in texts if (n := parse_entry_number(t or "")) is not None), default=None)


def _page_holes(pages: Iterable[Page], kept: Sequence[Page], entries: Mapping[int, Sequence[Entry]], work: Mapping[int, PageWork],
                looks: Mapping[int, Look], guesses: Mapping[int, str], second: set[int]) -> list[Hole]:
    holes = [Hole(f"aside:{p.id}", "aside", (p.id,), text=p.reason or "") for p in pages
             if p.state == "set_aside" and p.reason not in NO_HOLE]
    for page in kept:
        mine = entries.get(page.id, ())
        if looks[page.id].verdict == "retake":
            holes.append(Hole(f"retake:{page.id}", "retake", (page.id,)))
        if page.state != "read" or _part(work, page) is not None:
            continue
        if not mine and page.id not in guesses and page.id not in second:
            holes.append(Hole(f"no_entry:{page.id}", "no_entry", (page.id,)))
        if page.id not in guesses and any(parse_entry_number(e.number or "") is None for e in mine):
            holes.append(Hole(f"unnumbered:{page.id}", "unnumbered", (page.id,)))
    return holes


def _why(hole: Hole, whys: Iterable[HoleReason]) -> HoleReason | None:
    """The reason given for it; one given for a wider gap holds for what is left of the gap."""
    for why in whys:
        if why.hole == hole.key or (hole.run is not None and (wider := _run(why.hole)) is not None and wider.holds(hole.run)):
            return why
    return None


def _run(key: str) -> Run | None:
    m = re.fullmatch(r"missing:(\d+):(\d+)-(\d+)", key)
    return Run(int(m[1]) or None, int(m[2]), int(m[3])) if m else None
