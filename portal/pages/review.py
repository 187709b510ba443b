"""The review queue, the page on which one entry is decided, and the next entries that its script fetches ahead."""
from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from ocr.errors import UnreadableFile
from portal.context import Portal, Visitor, Who, page, render
from portal.queue_rows import commune_name, grouped, queue_rows
from portal.review_item import ReviewItem, review_item
from portal.second_check_item import check_address
from records.ministry.messages import MODULES
from records.text import fold
from storage import review
from storage.access_log import REVIEW, log_access
from storage.errors import ObjectMissing
from storage.models import Entry, Page
from storage.review_errors import LeasedByOther
from storage.second_check_queue import kept_blind

router = APIRouter(prefix="/review", include_in_schema=False)
_MOST_PASSED = 40           # entries that a script may ask to be passed over


def _filters(kind: str = "", batch: str = "", state: str = "open", commune: str = "", reason: str = "") -> review.QueueFilter:
    return review.QueueFilter(state if state in ("review", "draft") else "open", kind or None, batch.strip() or None,     # type: ignore[arg-type]
                              commune or None, reason if reason in review.REASON_CODES else None)


Filters = Annotated[review.QueueFilter, Depends(_filters)]
_A_PAGE = 50


def _query(filters: review.QueueFilter) -> str:
    said = {"state": filters.state if filters.state != "open" else "", "commune": filters.commune_code, "kind": filters.kind,
            "reason": filters.reason, "batch": filters.batch_id}
    return urlencode({k: v for k, v in said.items() if v})


@router.get("")
def waiting(request: Request, who: Who, filters: Filters, after: str = "", before: str = "") -> Response:
    """One page of the queue: the first, the one behind the place `after`, or the one ahead of the place `before`."""
    who.must("review")
    behind, ahead = review.QueuePlace.parse(after), review.QueuePlace.parse(before)
    with who.portal.services.database.reading() as session:
        items = review.queue(session, who.actor, filters, _A_PAGE + 1, behind, ahead if behind is None else None)
        if ahead is not None and behind is None and len(items) <= _A_PAGE:      # less than a page is left ahead: the first page
            items, ahead = review.queue(session, who.actor, filters, _A_PAGE + 1), None
        back, on = behind is not None or (ahead is not None and len(items) > _A_PAGE), ahead is not None or len(items) > _A_PAGE
        items = items[-_A_PAGE:] if ahead is not None else items[:_A_PAGE]
        rows = queue_rows(session, items)
        counts = review.count_by_filter(session, who.actor, filters)
    communes = sorted(((code, commune_name(code)) for code in counts.communes if code), key=lambda c: fold(c[1]))
    return page(who, request, "queue.html", rows=rows, back=items[0].place if items and back else None,
                on=items[-1].place if items and on else None, counts=counts, communes=communes, filters=filters, query=_query(filters),
                filtered=filters != review.QueueFilter(), grouped=grouped, REASON_CODES=review.REASON_CODES)


@router.get("/next")
def next_item(who: Who, filters: Filters, after: int | None = None) -> Response:
    """To the next entry that nobody holds, taken at once: two who ask together get two. Back to the queue when there is none."""
    who.must("review")
    with who.portal.services.database.session() as session:
        found = review.take_next(session, who.actor, filters, after, timedelta(seconds=who.portal.options.lease_seconds))
    query = _query(filters)
    return RedirectResponse(f"/review/{found}?{query}" if found is not None else f"/review?{query}", 303)


@router.get("/ahead")
def ahead(request: Request, who: Who, filters: Filters, tasks: BackgroundTasks, after: int | None = None,
          passed: Annotated[list[int], Query(max_length=_MOST_PASSED)] = []) -> Response:     # noqa: B006 (FastAPI copies it)
    """The next entry as a fragment, leased to the visitor, its page cut into tiles meanwhile; 204 when there is none.

    passed: entries that the script has in hand or has decided, though the decision may still be on its way here.
    """
    who.must("review")
    with who.portal.services.database.session() as session:
        found = review.take_next(session, who.actor, filters, after, _lease_time(who.portal), passed=passed)
        if found is not None:
            entry = session.get_one(Entry, found)
            view = review_item(session, entry)
            _log_fetch(session, who, view)
            tasks.add_task(_cut, who.portal, [session.get_one(Page, number) for number, _ in view.pages])
            return _fragment(request, who, view, "", entry)
    return Response(status_code=204)


@router.get("/{entry_id}/fragment")
def fragment(entry_id: int, request: Request, who: Who) -> Response:
    """One entry as a fragment, leased to the visitor where it is open: what the script shows when it comes back to an entry."""
    who.must("review")
    with who.portal.services.database.session() as session:
        entry, held_by = _held(session, who, entry_id)
        view = review_item(session, entry)
        _log_fetch(session, who, view)
    return _fragment(request, who, view, held_by, entry)


@router.post("/{entry_id}/shown")
def shown(entry_id: int, who: Who) -> Response:
    """The script put a fetched entry on the screen: that the visitor looked at it is logged with the fields and the purpose."""
    who.must("review")
    with who.portal.services.database.session() as session:
        entry = review.visible_entry(session, who.actor, entry_id, "review")
        review.log_view(session, who.actor, entry, review_item(session, entry).codes, "review")
    return Response(status_code=204)


@router.get("/{entry_id}")
def item(entry_id: int, request: Request, who: Who, filters: Filters) -> Response:
    """One entry, leased to the visitor; that they looked at it is logged with the fields and the purpose."""
    who.must("review")
    with who.portal.services.database.session() as session:
        step = kept_blind(session, who.actor, review.visible_entry(session, who.actor, entry_id, "review"))
        if step is not None:        # what others made of it is not for who is yet to check it blind
            return RedirectResponse(check_address(step, entry_id), 303)
        entry, held_by = _held(session, who, entry_id)
        view = review_item(session, entry)
        review.log_view(session, who.actor, entry, view.codes, "review")
    return page(who, request, "review.html", query=_query(filters), reject_reasons=review.REJECT_REASONS,
                **_shown(who, view, held_by, entry))


def _held(session: Session, who: Visitor, entry_id: int) -> tuple[Entry, str]:
    """The entry, leased if it is open; and who has it, in words, if somebody else does."""
    entry = review.visible_entry(session, who.actor, entry_id, "review")
    if entry.status not in review.OPEN:
        return entry, ""
    try:
        return review.lease(session, who.actor, entry_id, _lease_time(who.portal)), ""
    except LeasedByOther as e:
        return entry, e.message(who.words.lang)


def _lease_time(portal: Portal) -> timedelta:
    return timedelta(seconds=portal.options.lease_seconds)


def _log_fetch(session: Session, who: Visitor, view: ReviewItem) -> None:
    """What was sent to a browser is written down even if it is never shown there."""
    log_access(session, who.actor, "record.fetch", f"entry:{view.entry_id}", REVIEW, fields=view.codes)


def _shown(who: Visitor, view: ReviewItem, held_by: str, entry: Entry) -> dict[str, Any]:
    portal = who.portal
    editable = not held_by and entry.status in review.OPEN and view.set_aside is None
    may_send = entry.status == "archived" and any(entry.kind in kinds for kinds in MODULES.values()) and who.actor.may(
        "approve", commune=view.commune, kind=entry.kind)
    return {"item": view, "held_by": held_by, "editable": editable, "lease_seconds": portal.options.lease_seconds,
            "may_ask_population": editable and portal.services.population_query is not None, "may_send": may_send}


def _fragment(request: Request, who: Visitor, view: ReviewItem, held_by: str, entry: Entry) -> Response:
    return render(who.portal, request, who.words, "review/entry.html", **_shown(who, view, held_by, entry))


def _cut(portal: Portal, pages: list[Page]) -> None:
    """Make the pages' tiles before anybody looks."""
    for row in pages:
        try:
            portal.tiles.pyramid(row)
        except (UnreadableFile, ObjectMissing):         # the look itself will say so
            return


