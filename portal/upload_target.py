"""Which book an upload goes to: the one its sender named, the one its first page is the printed sheet of, or none yet."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.cover_code import read_label
from ocr.errors import UnreadableFile
from ocr.images import Limits, check_frames, open_page
from portal.batch_view import visible_batch, visible_batches, visible_page
from records.book_label import BookLabel
from storage.book_way import AT_COMMUNE, check_open, state_of
from storage.database import Database
from storage.models import Batch, Page
from storage.page_work import note_cover_sheet, replace_page
from storage.policy import Actor
from storage.scan_folder import read_source


@dataclass(frozen=True)
class Target:
    """batch: id of the book the files go into, None: a book of their own; replaces: the page they are taken again for; cover: the first
    file begins with the book's printed sheet."""

    batch: str | None = None
    replaces: int | None = None
    cover: bool = False


def named_target(session: Session, actor: Actor, about: Mapping[str, Any]) -> Target:
    """What the sender said. Raises NoSuchEntry for a book or page they do not see, BookSent for one that is with the province."""
    batch_id, page_id = about.get("batch") or None, about.get("replaces") or None
    if batch_id is None:
        return Target()
    batch = visible_batch(session, actor, str(batch_id), "batch.upload")
    page = visible_page(session, actor, int(page_id), "batch.upload") if page_id is not None else None
    check_open(session, batch.id, page)
    return Target(batch.id, page.id if page is not None and page.batch_id == batch.id else None)


def find_target(database: Database, actor: Actor, about: Mapping[str, Any], files: Sequence[Path], limits: Limits) -> Target:
    """As `named_target`; with nothing said, by the sheet: of a book that the sender sees and that is open, else the pages go their own
    way and the sheet is one of them."""
    with database.reading() as session:
        target = named_target(session, actor, about)
        if target.batch is not None or not files:
            return target
        label = cover_label(files[0], limits)
        batch = session.scalar(visible_batches(actor, "batch.upload").where(Batch.id == label.batch)) if label is not None else None
        if batch is None or state_of(session, batch.id) not in AT_COMMUNE:
            return target
        return Target(batch.id, None, True)


def cover_label(path: Path, limits: Limits) -> BookLabel | None:
    """The label on the file's first page."""
    try:
        data = read_source(path, limits)
        content = check_frames(data, limits)
        return read_label(open_page(data, content.media_type, 0, limits=limits))
    except UnreadableFile:
        return None


def finish_target(session: Session, actor: Actor, target: Target, hashes: Sequence[str]) -> None:
    """After the files were taken in: the sheet is no page, a page taken again replaces the old one. Safe to repeat."""
    def row(sha256: str) -> Page | None:
        query = select(Page).where(Page.batch_id == target.batch, Page.sha256 == sha256, Page.frame == 0, Page.state != "set_aside")
        return session.scalar(query.order_by(Page.id.desc()).limit(1))

    if not hashes:
        return
    page = row(hashes[0])
    if target.cover and page is not None:
        note_cover_sheet(session, actor, page)
    if target.replaces is not None and page is not None and page.id != target.replaces:
        old = session.get_one(Page, target.replaces)
        if old.reason != "replaced":
            replace_page(session, actor, old, page)
