"""Home, the list of books, page pictures."""
from __future__ import annotations

from collections import Counter
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from ocr.errors import UnreadableFile
from ocr.page_cut import parse_corners
from portal.batch_view import summaries, visible_batches, visible_page
from portal.context import Who, page
from portal.notation import VIETNAM
from portal.page_images import Size, Work
from portal.push_wording import STAGES
from portal.wording import Pair
from storage.access_log import REVIEW, log_access
from storage.book_way import at_province, returned_books, returned_pages, sent_books
from storage.errors import ObjectMissing
from storage.link_policy import standing
from storage.link_workload import workload
from storage.ministry_push.listing import counts
from storage.models import ArchivePackage, Event, Page, PageWork, utc_now
from storage.page_work import work_of
from storage.policy import RECORD
from storage.review import queue_counts
from storage.set_aside import explain

router = APIRouter(include_in_schema=False)
_SIZES: dict[str, Size] = {"thumb": "thumb", "full": "full", "desk": "desk", "whole": "desk"}


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
        back = returned_books(session, visible_batches(who.actor, "batch.upload")) if who.actor.may("batch.upload") else []
        back_pages = returned_pages(session, visible_batches(who.actor, "batch.upload")) if who.actor.may("batch.upload") else []
        pushes = counts(session, who.actor) if who.actor.may("approve") else {}
        inbox = sent_books(session, visible_batches(who.actor, "review")) if at_province(who.actor) else []
    archive = who.portal.services.archive
    unset = [name for name in ("fonds_code", "agency_name") if not getattr(archive, name)] if who.actor.may("approve") else []
    return page(who, request, "home.html", unset=unset, back=back, back_pages=back_pages, page_problem=_problem, inbox=inbox,
                waiting=waiting, pushes=pushes, push_stages=STAGES, connected=who.portal.services.ministry is not None,
                books=books, today=today, archived=archived, work=work, promise=promise)


@router.get("/books")
def books(request: Request, who: Who, start: int = 0) -> Response:
    who.must("batch.see")
    with who.portal.services.database.reading() as session:
        found = summaries(session, who.actor, limit=51, offset=max(start, 0))
    return page(who, request, "books.html", books=found[:50], start=max(start, 0), more=len(found) > 50)


@router.get("/pages/{page_id}/{size}.jpg")
def picture(page_id: int, size: str, request: Request, who: Who) -> Response:
    """The page upright, as JPEG; sizes thumb (too small to read) and full, for those who may see records, each look logged. At the desk
    (`desk`, and `thumb` with ?v=) it is shown as its officer turned and cut it, `whole` is all of it turned so.

    The browser keeps a full picture only if it asks each time: whoever uses it next must be signed in, and is logged.
    """
    who.must("batch.see")
    if size not in ("thumb", "full", "desk", "whole"):
        return Response(status_code=404)
    readable = size != "thumb"
    if readable and not who.actor.may("review"):
        who.must("record.see")
    with who.portal.services.database.reading() as session:
        row = visible_page(session, who.actor, page_id, *(RECORD if readable else ("batch.see",)))
        wanted = work_of(session, [page_id]).get(page_id) if size != "full" else None
    if row.original_key is None:
        return Response(status_code=404)
    try:
        data = who.portal.images.get(row, _SIZES[size], shown_as(row, wanted, whole=size == "whole"))
    except (UnreadableFile, ObjectMissing):
        return Response(status_code=404)
    if readable:
        with who.portal.services.database.session() as session:
            log_access(session, who.actor, "page.view", f"page:{row.id}", REVIEW, fields=["page image"])
    etag = f'"{sha256(data).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache" if readable else "private, max-age=300", "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)


def _problem(row: Page) -> Pair:
    return explain(row.reason, row.detail, "vi"), explain(row.reason, row.detail, "en")


def shown_as(row: Page, work: PageWork | None, *, whole: bool = False) -> Work:
    """How the desk shows the page: turned as a person said, else as it was read, and cut unless `whole`."""
    if work is None:
        return Work(row.rotation % 360)
    return Work((work.turn if work.turn is not None else row.rotation) % 360,
                parse_corners(work.corners) if work.corners and not whole else None)
