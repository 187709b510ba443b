"""Pages at full resolution: what the deep-zoom viewer asks for. One look is one line of the log, however many tiles it takes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ocr.errors import UnreadableFile
from portal.batch_view import visible_page
from portal.context import Visitor, Who
from portal.page_tiles import OVERLAP, TILE, NoSuchTile
from storage.access_log import REVIEW, log_access
from storage.errors import ObjectMissing
from storage.models import Page
from storage.policy import RECORD

router = APIRouter(prefix="/pages", include_in_schema=False)


@router.get("/{page_id}/tiles.json")
def look(page_id: int, who: Who) -> Response:
    """Where the page's tiles are; that the visitor looks at it is logged here. The address holds for this session alone."""
    row = _page(who, page_id)
    try:
        made = who.portal.tiles.pyramid(row)
    except (UnreadableFile, ObjectMissing):
        return Response(status_code=404)
    with who.portal.services.database.session() as session:
        log_access(session, who.actor, "page.view", f"page:{row.id}", REVIEW, fields=["page image"])
    ticket = who.portal.sessions.ticket(who.session.nonce, f"page:{row.id}")
    said: dict[str, Any] = {"page": row.id, "width": made.width, "height": made.height, "minLevel": made.min_level,
                            "maxLevel": made.max_level, "tileSize": TILE, "overlap": OVERLAP, "at": f"/pages/{row.id}/tiles/{ticket}"}
    return JSONResponse(said)


@router.get("/{page_id}/tiles/{ticket}/{level:int}/{column}_{line}.jpg")
def tile(page_id: int, ticket: str, level: int, column: int, line: int, request: Request, who: Who) -> Response:
    return _part(who, request, page_id, ticket, f"{level}/{column}_{line}", lambda row: who.portal.tiles.tile(row, level, column, line))


@router.get("/{page_id}/tiles/{ticket}/region/{x}_{y}_{width}_{height}.jpg")
def region(page_id: int, ticket: str, x: int, y: int, width: int, height: int, request: Request, who: Who) -> Response:
    """A part of the page at full resolution, in its pixels."""
    return _part(who, request, page_id, ticket, f"{x}_{y}_{width}_{height}", lambda row: who.portal.tiles.region(row, x, y, width, height))


def _page(who: Visitor, page_id: int) -> Page:
    who.must("batch.see")
    if not who.actor.may("review"):
        who.must("record.see")
    with who.portal.services.database.reading() as session:
        return visible_page(session, who.actor, page_id, *RECORD)


def _part(who: Visitor, request: Request, page_id: int, ticket: str, name: str, make: Callable[[Page], bytes]) -> Response:
    if not who.portal.sessions.ticket_holds(who.session.nonce, f"page:{page_id}", ticket):
        return Response(status_code=404)
    row = _page(who, page_id)
    if row.original_key is None:
        return Response(status_code=404)
    etag = f'"{(row.original_key or "")[-16:]}.{row.frame}.{row.rotation % 360}.{name}"'
    headers = {"Cache-Control": "private, max-age=3600", "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    try:
        return Response(make(row), media_type="image/jpeg", headers=headers)
    except (NoSuchTile, UnreadableFile, ObjectMissing):
        return Response(status_code=404)
