"""Work on a page at the desk: turn, cut, mark, say what it is, move, replace, undo. The original is never changed.

A change of what is read has the page read anew; one of what the pages are has the book settled anew. Both are refused where a person has
corrected or verified an entry of the page, and while the book is with the province. `page_step` keeps what was before each change.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ocr.page_cut import Corners
from storage import events
from storage.access_log import told
from storage.book_way import check_open
from storage.desk_errors import NoPageChange, NothingToTakeBack, PageDecided
from storage.intake import READ, SET_ASIDE, STORED
from storage.models import Entry, Page, PageStep, PageWork, utc_now
from storage.page_order import book_pages
from storage.policy import Actor
from storage.readings import touched, unsettle
from storage.review_errors import NotAllowed
from storage.set_aside import evidence_text

Mark = Literal["blank", "void", "cover_sheet", "replaced"]
Part = Literal["cover", "opening", "closing"]
PARTS: tuple[Part, ...] = get_args(Part)
BY_HAND: tuple[Mark, ...] = ("blank", "void")
TURNS = (0, 90, 180, 270)
_COLUMNS = ("turn", "corners", "mark", "part", "place", "replaced_by", "aside")
_NOT_OPENED = ("duplicate", "name_conflict", "subfolder", "symlink", "unsafe_name", "not_a_file")


def work_of(session: Session, page_ids: Iterable[int]) -> Mapping[int, PageWork]:
    """The rows of those pages that have one."""
    return {w.page_id: w for w in session.scalars(sa.select(PageWork).where(PageWork.page_id.in_(list(page_ids))))}


def pages_without_entries(session: Session, batch_id: str) -> set[int]:
    """Ids of the pages that a person said are cover, opening or closing page: nothing on them is an entry."""
    query = sa.select(PageWork.page_id).join(Page, Page.id == PageWork.page_id)
    return set(session.scalars(query.where(Page.batch_id == batch_id, PageWork.part.is_not(None))))


def turn_page(session: Session, actor: Actor, page: Page, turn: int) -> None:
    """`turn`: degrees clockwise that make the original upright. Raises NoPageChange, PageDecided, BookSent."""
    if turn not in TURNS or not _opened(page):
        raise NoPageChange(page=page.id, what=f"xoay {turn}° / turn {turn}°")
    work = _begin(session, actor, page, "turn", to=turn)
    work.turn = turn
    _read_anew(session, page, work)


def cut_page(session: Session, actor: Actor, page: Page, corners: Corners | None) -> None:
    """Read only what lies within the corners (shares of the original); None: the whole again."""
    if not _opened(page):
        raise NoPageChange(page=page.id, what="cắt / cut")
    work = _begin(session, actor, page, "crop")
    work.corners = [list(point) for point in corners] if corners is not None else None
    _read_anew(session, page, work)


def mark_page(session: Session, actor: Actor, page: Page, mark: Mark | None) -> None:
    """Blank or void: kept, and left out of what is read. None takes the mark away; the page is as it was before."""
    now = session.get(PageWork, page.id)
    if mark not in (*BY_HAND, None) or (now is not None and now.mark == "replaced"):
        raise NoPageChange(page=page.id, what="đã có ảnh chụp lại thay / it has been replaced")
    work = _begin(session, actor, page, "mark", to=mark or "none")
    _set_mark(page, work, mark)
    unsettle(session, page.batch_id)


def note_cover_sheet(session: Session, actor: Actor, page: Page) -> None:
    """The page is the printed sheet that led the pages to this book, and no page of it."""
    work = _begin(session, actor, page, "mark", to="cover_sheet")
    _set_mark(page, work, "cover_sheet")
    unsettle(session, page.batch_id)


def name_part(session: Session, actor: Actor, page: Page, part: Part | None) -> None:
    """Cover, opening or closing page of the book, or None: a page with entries."""
    if part not in (*PARTS, None):
        raise NoPageChange(page=page.id, what=str(part)[:12])
    work = _begin(session, actor, page, "part", to=part or "none")
    work.part = part
    unsettle(session, page.batch_id)


def move_page(session: Session, actor: Actor, page: Page, place: int) -> None:
    """Put the page at `place` (1-based) among all pages of its book; the others close up."""
    check_open(session, page.batch_id)
    pages = [p for p in book_pages(session, page.batch_id) if p.id != page.id]
    pages.insert(min(max(place - 1, 0), len(pages)), page)
    _put(session, actor, page, "move", pages)


def replace_page(session: Session, actor: Actor, old: Page, new: Page) -> None:
    """`new` (taken in already) is `old` taken again: it takes its place; the old one stays in history, not read."""
    work = _row(session, old.id)
    if work.mark == "replaced" or old.batch_id != new.batch_id or old.id == new.id or new.frame or new.state == SET_ASIDE:
        raise NoPageChange(page=old.id, what="chụp lại / take again")
    check_open(session, old.batch_id, old)
    _refuse_decided(session, old)
    pages = [p for p in book_pages(session, old.batch_id) if p.id != new.id]
    pages.insert(pages.index(old) + 1, new)
    kept = {c: v for c, v in _values(work).items() if c != "place"}
    step = _put(session, actor, old, "replace", pages, new.id)
    gone = {"mark": "replaced", "part": None, "replaced_by": None}          # what the new page is once this is undone
    step.before = {**step.before, str(old.id): step.before[str(old.id)] | kept, str(new.id): step.before[str(new.id)] | gone}
    _row(session, new.id).part = work.part
    _set_mark(old, work, "replaced")
    work.replaced_by = new.id


def undo_step(session: Session, actor: Actor, batch_id: str) -> PageStep:
    """Take back the last change of the book's pages that is not taken back yet. Raises NothingToTakeBack, PageDecided, BookSent."""
    _must_edit(actor)
    check_open(session, batch_id)
    step = session.scalar(sa.select(PageStep).where(PageStep.batch_id == batch_id, PageStep.undone_at.is_(None))
                          .order_by(PageStep.id.desc()).limit(1))
    if step is None:
        raise NothingToTakeBack(batch=batch_id)
    for page_id, before in step.before.items():
        page = session.get(Page, int(page_id))
        if page is None:            # a bad page that gave way to another file of its name
            continue
        work = _row(session, page.id)
        if set(before) != {"place"}:
            _refuse_decided(session, page)
        if before.get("mark", work.mark) != work.mark:
            _set_mark(page, work, before["mark"])
        for column in set(before) - {"mark", "aside"}:
            setattr(work, column, before[column])
        if step.what in ("turn", "crop"):
            _read_anew(session, page, work)
    step.undone_at = utc_now()
    unsettle(session, batch_id)
    events.append(session, actor.name, "page.undo", f"page:{step.page_id}", {**told(actor), "action": f"page.{step.what}"})
    return step


def apply_work(session: Session, page: Page, wanted: PageWork) -> None:
    """What was done to the page at another place; left alone where a person here has decided on the page."""
    try:
        _refuse_decided(session, page)
    except PageDecided:
        return
    work = _row(session, page.id)
    changed = (work.turn, work.corners) != (wanted.turn, wanted.corners)
    work.turn, work.corners, work.part, work.place = wanted.turn, wanted.corners, wanted.part, wanted.place
    if work.mark in (*BY_HAND, None) and work.mark != wanted.mark:
        _set_mark(page, work, wanted.mark)
    if changed:
        _read_anew(session, page, work)
    unsettle(session, page.batch_id)


def _must_edit(actor: Actor) -> None:
    if not actor.may("batch.edit"):
        raise NotAllowed(actor=actor.name)


def _begin(session: Session, actor: Actor, page: Page, what: str, **said: Any) -> PageWork:
    _must_edit(actor)
    check_open(session, page.batch_id, page)
    _refuse_decided(session, page)
    work = _row(session, page.id)
    session.add(PageStep(batch_id=page.batch_id, page_id=page.id, what=what, before={str(page.id): _values(work)}, by=actor.name))
    events.append(session, actor.name, f"page.{what}", f"page:{page.id}", {**told(actor), **said})
    return work


def _put(session: Session, actor: Actor, page: Page, what: str, pages: list[Page], other: int | None = None) -> PageStep:
    _must_edit(actor)
    before: dict[str, Any] = {}
    for number, one in enumerate(pages, 1):
        work = _row(session, one.id)
        if work.place != number or one.id in (page.id, other):
            before[str(one.id)] = {"place": work.place}
            work.place = number
    step = PageStep(batch_id=page.batch_id, page_id=page.id, what=what, before=before, by=actor.name)
    session.add(step)
    unsettle(session, page.batch_id)
    events.append(session, actor.name, f"page.{what}", f"page:{page.id}", {**told(actor), **({"page": other} if other else {})})
    return step


def _row(session: Session, page_id: int) -> PageWork:
    work = session.get(PageWork, page_id)
    if work is None:
        work = PageWork(page_id=page_id)
        session.add(work)
        session.flush()
    return work


def _values(work: PageWork) -> dict[str, Any]:
    return {column: getattr(work, column) for column in _COLUMNS}


def _set_mark(page: Page, work: PageWork, mark: str | None) -> None:
    """The mark with its effect in the ledger: a marked page is set aside; without its mark it is what it was."""
    if work.mark is None and mark is not None:
        work.aside = {"state": page.state, "reason": page.reason, "detail": page.detail}
    if mark is not None:
        page.state, page.reason, page.detail = SET_ASIDE, mark, evidence_text({})
    elif work.aside is not None:
        page.state, page.reason, page.detail = (work.aside[k] for k in ("state", "reason", "detail"))
        work.aside = None
    work.mark = mark


def _read_anew(session: Session, page: Page, work: PageWork) -> None:
    """The page waits to be read with what the row says now; a marked one as soon as its mark is gone."""
    fresh = {"state": STORED, "reason": None, "detail": None}
    if work.mark is not None:
        work.aside = fresh
    elif page.state in (READ, STORED, SET_ASIDE):
        page.state, page.reason, page.detail = STORED, None, None
    page.quality = None
    page.rotation = work.turn or 0
    unsettle(session, page.batch_id)


def _opened(page: Page) -> bool:
    """Whether there is a picture that could be opened."""
    return page.original_key is not None and page.media_type is not None and page.reason not in _NOT_OPENED


def _refuse_decided(session: Session, page: Page) -> None:
    entries = session.scalars(sa.select(Entry).where(sa.or_(Entry.page_id == page.id, Entry.second_page_id == page.id))).all()
    decided = [e.number or "?" for e in entries if touched(e)]
    if decided:
        raise PageDecided(page=page.id, numbers=", ".join(decided))
