"""What the officer's desk shows: each page of the book with its verdict, what the book lacks, where it is."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.quality import REASONS as QUALITY
from portal import desk_wording as say
from portal.batch_view import BatchSummary, summary
from portal.desk_wording import Level, Remark
from portal.wording import Pair
from records.filenames import parse_entry_number
from records.forms import load_forms
from storage.book_way import AT_COMMUNE, Milestone, at_province, last_step, milestones, state_of
from storage.completeness import Completeness, completeness
from storage.models import Batch, Entry, Page, PageStep, PageWork
from storage.page_looks import Look, looks_of
from storage.page_order import book_pages
from storage.page_work import work_of
from storage.policy import RECORD, Actor, allows
from storage.readings import progress_of
from storage.set_aside import explain

_HIDDEN = ("cover_sheet", "replaced")


@dataclass(frozen=True)
class PageCard:
    """One page. place: 1-based among the pages shown; turn: as it is shown now; version: changes with its picture."""

    id: int
    place: int
    file: str
    frame: int
    state: str
    shows: bool
    looked_at: bool
    tone: str                           # good warn bad waiting marked
    remarks: tuple[Remark, ...]
    entries: tuple[tuple[int, str | None, str], ...]        # id, number, status
    mark: str | None
    part: str | None
    guess: str | None
    turn: int
    corners: Sequence[Sequence[float]] | None
    returned: bool
    version: str


@dataclass(frozen=True)
class DeskView:
    """unlooked: pages whose picture nobody has looked at yet; settling: pages are read, but their entries or links are still to come;
    past: (id, file, mark) of pages that are kept and not of the book. may_see: the pages large enough to read; may_work: pages that came
    back, wherever the book is; may_edit: any page, while the book is at home."""

    summary: BatchSummary
    batch: Batch
    cards: tuple[PageCard, ...]
    complete: Completeness
    numbers: Mapping[int, int]
    way: tuple[Milestone, ...]
    state: str
    returned_note: str
    may_see: bool
    may_review: bool
    may_work: bool
    may_edit: bool
    may_send: bool
    province: bool
    can_undo: bool
    unlooked: int
    settling: bool
    past: tuple[tuple[int, str, str], ...]

    @property
    def busy(self) -> bool:
        """Whether something will change without anybody doing anything."""
        return self.summary.waiting_to_be_read > 0 or self.unlooked > 0 or self.settling


def desk_view(session: Session, actor: Actor, batch: Batch) -> DeskView:
    every = book_pages(session, batch.id)
    work, looks = work_of(session, [p.id for p in every]), looks_of(session, every)
    pages = [p for p in every if p.id not in work or work[p.id].mark not in _HIDDEN]
    numbers = {p.id: n for n, p in enumerate(pages, 1)}
    complete = completeness(session, batch, every)
    entries: dict[int, list[Entry]] = defaultdict(list)
    for entry in session.scalars(select(Entry).join(Page, Entry.page_id == Page.id).where(Page.batch_id == batch.id).order_by(Entry.row)):
        entries[entry.page_id].append(entry)
    told = _told(pages, entries, complete, numbers)
    cards = tuple(_card(p, numbers[p.id], entries[p.id], work.get(p.id), looks[p.id], told[p.id], complete.guesses.get(p.id))
                  for p in pages)
    state, back = state_of(session, batch.id), last_step(session, batch.id, "returned")
    step = session.scalar(select(PageStep.id).where(PageStep.batch_id == batch.id, PageStep.undone_at.is_(None)).limit(1))
    at_home, place = state in AT_COMMUNE, (batch.commune_code, batch.kind)
    works = allows(actor, "batch.edit", *place)
    edits = at_home and works
    past = tuple((p.id, p.file, work[p.id].mark or "") for p in every if p.id in work and work[p.id].mark in _HIDDEN)
    return DeskView(summary(session, batch), batch, cards, complete, numbers, milestones(session, batch), state,
                    back.note if back is not None and state == "returned" else "", any(allows(actor, r, *place) for r in RECORD),
                    allows(actor, "review", *place), works, edits, at_home and allows(actor, "batch.send", *place),
                    at_province(actor) and allows(actor, "review", *place), step is not None and edits,
                    sum(c.shows and not c.looked_at and c.state != "set_aside" for c in cards),
                    batch.kind != "HS" and _settling(progress_of(session, batch.id), every, cards), past)


def _settling(done: Mapping[str, str], pages: Sequence[Page], cards: Sequence[PageCard]) -> bool:
    """Between a book's last page read and its entries linked: seconds in which the pages have no numbers yet."""
    bare = any(c.state == "read" and not (c.entries or c.mark or c.part) for c in cards)
    settled = done.get("pages", "0") == str(sum(p.state == "read" for p in pages))
    return (bare and not settled) or ("settled" in done and "linked" not in done)


def _told(pages: Sequence[Page], entries: Mapping[int, Sequence[Entry]], complete: Completeness, numbers: Mapping[int, int]
          ) -> Mapping[int, list[Remark]]:
    """Page id -> what its neighbours say of it: jumps before it, repeats, doubles."""
    told: dict[int, list[Remark]] = defaultdict(list)
    for hole in complete.open_holes:
        if hole.code == "missing" and hole.run is not None:
            after = next((p.id for p in pages for e in entries.get(p.id, ()) if p.state != "set_aside" and e.year in (hole.run.year, None)
                          and (n := parse_entry_number(e.number or "")) is not None and n.number > hole.run.last), None)
            if after is not None:
                told[after].append(say.jump(hole.run))
        elif hole.code == "repeated":
            for page_id in set(hole.pages):
                others = ", ".join(str(numbers[p]) for p in dict.fromkeys(hole.pages) if p != page_id and p in numbers)
                told[page_id].append(say.repeated(hole.text, others or str(numbers.get(page_id, "?"))))
        elif hole.code == "alike" and hole.pages[0] in numbers:
            told[hole.pages[1]].append(say.alike(numbers[hole.pages[0]]))
    return told


def _card(page: Page, place: int, entries: Sequence[Entry], work: PageWork | None, look: Look, told: Sequence[Remark],
          guess: str | None) -> PageCard:
    aside, mark = page.state == "set_aside", work.mark if work else None
    remarks: list[Remark] = []
    if aside and mark is None:
        long = (explain(page.reason, page.detail, "vi"), explain(page.reason, page.detail, "en"))
        remarks.append(Remark("bad", _aside_short(page.reason), long))
    if not aside:
        for reason in look.reasons:
            known = QUALITY.get(reason)
            if known is not None:
                level: Level = "bad" if known.verdict == "retake" else "warn"
                remarks.append(Remark(level, say.SHORT.get(reason, (reason, reason)), (known.vi, known.en)))
        remarks += told
        if look.spread and not _table(page.form):
            remarks.append(say.SPREAD)
        if look.turn and page.state != "read":
            remarks.append(say.UPSIDE_DOWN if look.turn == 180 else say.LYING)
    remarks.sort(key=lambda r: ("bad", "warn", "note").index(r.level))
    tone = "marked" if mark else remarks[0].level if remarks and remarks[0].level != "note" else \
        "good" if look.measured or page.state == "read" else "waiting"
    shows = page.original_key is not None and page.media_type is not None
    turn = (work.turn if work and work.turn is not None else page.rotation) % 360
    corners = work.corners if work else None
    return PageCard(page.id, place, page.file, page.frame, page.state, shows, look.measured, tone, tuple(remarks),
                    tuple((e.id, e.number, e.status) for e in entries), mark, work.part if work else None, guess, turn, corners,
                    aside and page.reason == "rejected", _version(page, turn, corners))


def _version(page: Page, turn: int, corners: Any) -> str:
    return f"{page.sha256[:8]}-{turn}-{crc32(str(corners).encode()):x}" if corners else f"{page.sha256[:8]}-{turn}"


def _table(form: str | None) -> bool:
    known = load_forms().get(form or "")
    return known is not None and known.table is not None


def _aside_short(reason: str | None) -> Pair:
    known: Mapping[str, Pair] = {"duplicate": ("trùng tệp khác", "same as another file"), "rejected": ("bị trả lại", "returned"),
                                 "name_conflict": ("trùng tên tệp", "file name taken")}
    return known.get(reason or "", ("không mở được", "cannot be opened"))
