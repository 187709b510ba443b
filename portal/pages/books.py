"""Home, the list of books, one book, page pictures."""
from __future__ import annotations

from collections import Counter
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from ocr.errors import UnreadableFile
from portal.batch_view import batch_page, summaries, visible_batch, visible_page
from portal.context import Who, page
from portal.notation import VIETNAM
from storage.access_log import REVIEW, log_access
from storage.errors import ObjectMissing
from storage.file_checks import book_checks
from storage.link_policy import standing
from storage.link_workload import workload
from storage.models import ArchivePackage, Event, utc_now
from storage.policy import RECORD
from storage.review import queue_counts

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, who: Who) -> Response:
    """What this person most likely came for: books to send for a clerk, the queue for a reviewer, figures for an auditor."""
    with who.portal.services.database.reading() as session:
        waiting = queue_counts(session, who.actor)
        books = summaries(session, who.actor, limit=6)
        midnight = utc_now().astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
        today = Counter(dict(session.execute(select(Event.action, func.count()).where(
            Event.actor == who.actor.name, Event.at >= midnight).group_by(Event.action)).all()))
        archived = session.scalar(select(func.count()).select_from(ArchivePackage)) or 0
        work = workload(session, who.actor) if who.actor.may("review") else None
        promise = standing(session) if who.actor.everywhere("batch.see") else None
    return page(who, request, "home.html", waiting=waiting, books=books, today=today, archived=archived, work=work, promise=promise)


@router.get("/books")
def books(request: Request, who: Who, start: int = 0) -> Response:
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        found = summaries(session, who.actor, limit=51, offset=max(start, 0))
    return page(who, request, "books.html", books=found[:50], start=max(start, 0), more=len(found) > 50)


@router.get("/books/{batch_id}")
def book(batch_id: str, request: Request, who: Who) -> Response:
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        batch = visible_batch(session, who.actor, batch_id)
        view, checks = batch_page(session, batch), book_checks(session, batch.id)
    return page(who, request, "book.html", view=view, checks=checks)


@router.get("/books/{batch_id}/progress")
def progress(batch_id: str, who: Who) -> dict[str, int]:
    """Counts for the progress bar, asked for while a book is being read."""
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        summary = batch_page(session, visible_batch(session, who.actor, batch_id)).summary
    return {"pages": summary.page_count, "waiting": summary.waiting_to_be_read, "to_review": summary.to_review, "done": summary.done}


@router.get("/pages/{page_id}/{size}.jpg")
def picture(page_id: int, size: str, request: Request, who: Who) -> Response:
    """The page upright, as JPEG; sizes thumb (too small to read) and full, for those who may see records, each look logged.

    The browser keeps a full picture only if it asks each time: whoever uses it next must be signed in, and is logged.
    """
    who.must("batch.see")
    if size not in ("thumb", "full"):
        return Response(status_code=404)
    if size == "full" and not who.actor.may("review"):
        who.must("record.see")
    with who.portal.services.database.reading() as session:
        row = visible_page(session, who.actor, page_id, *(RECORD if size == "full" else ("batch.see",)))
    if row.original_key is None:
        return Response(status_code=404)
    try:
        data = who.portal.images.get(row, "thumb" if size == "thumb" else "full")
    except (UnreadableFile, ObjectMissing):
        return Response(status_code=404)
    if size == "full":
        with who.portal.services.database.session() as session:
            log_access(session, who.actor, "page.view", f"page:{row.id}", REVIEW, fields=["page image"])
    etag = f'"{sha256(data).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache" if size == "full" else "private, max-age=300", "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)
