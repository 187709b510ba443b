"""Verified entries whose time to undo is over go to the archive."""
from __future__ import annotations

import logging
from contextlib import suppress

import sqlalchemy as sa

from pipelines.progress import Progress
from pipelines.services import Services
from storage import archive, book_archive, event_segments
from storage.errors import NotReadyToArchive
from storage.models import Entry, Page
from storage.review_queue import past_undo
from storage.signing_errors import SigningWaits

_LOG = logging.getLogger(__name__)
ARCHIVING = ("Lưu trữ", "Archiving")


def due_entries(services: Services, batch_id: str | None = None) -> list[tuple[str, int]]:
    """(batch id, entry id) of verified entries that can no longer be undone, in the order of the books."""
    query = sa.select(Page.batch_id, Entry.id).join(Page, Entry.page_id == Page.id)
    query = query.where(past_undo(services.archive.undo_seconds))
    if batch_id is not None:
        query = query.where(Page.batch_id == batch_id)
    with services.database.reading() as session:
        return [(b, e) for b, e in session.execute(query.order_by(Page.batch_id, Page.file, Page.frame, Entry.row))]


def archive_due(services: Services, batch_id: str, progress: Progress) -> tuple[int, int]:
    """Archive what is due; (archived now, archived in all). Safe to repeat: storage.archive finishes what was begun."""
    due = due_entries(services, batch_id)
    progress.stage(ARCHIVING, len(due))
    for _, entry_id in due:
        try:
            with suppress(NotReadyToArchive):       # somebody took the verification back in the meantime
                archive.archive_entry(services.database, services.ledger, services.signer, services.archive, entry_id, "sogoc")
        except SigningWaits as e:                   # no token, no time stamp: the rest stays verified and is signed on a later run
            _LOG.warning("archiving waits: %s", e.message(services.lang))
            break
        progress.advance()
    book_archive.close_book(services.database, services.ledger, services.signer, services.archive, batch_id, "sogoc")
    if due:
        event_segments.write_segments(services.ledger, services.archive)
    with services.database.reading() as session:
        total = session.scalar(sa.select(sa.func.count()).select_from(Entry).join(Page, Entry.page_id == Page.id)
                               .where(Page.batch_id == batch_id, Entry.status == "archived"))
    return len(due), total or 0
