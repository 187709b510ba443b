"""The change feed: what happened to archived records, and to the extracts a client asked for, since a place that the client keeps. No
personal data: ids, codes, times."""
from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel
from starlette.concurrency import run_in_threadpool

from portal.api.context import Desk, desk_of, known_client, refuse
from portal.api.entrance import let_in
from portal.api.pace import slow_down
from portal.api.problems import Problem, responses
from portal.notation import VIETNAM
from storage import change_feed
from storage.access_log import log_access
from storage.change_feed import BadCursor, CursorElsewhere, FeedPage, Place, Reach
from storage.clients import client_actor
from storage.models import RecordChange
from storage.policy import KINDS, Actor, allows

router = APIRouter(tags=["changes"])
LONGEST_WAIT = 30
_LOOK_EVERY = 0.5           # seconds; what one waiting client costs the database: one look at the end of an index
_MOST_WAITING = 200         # clients that one process lets wait; others are answered at once, and ask again


class Change(BaseModel):
    """`record` is an id as the searches give it. After `corrected` and `withdrawn`, `previous` is no longer answered: `record` is.
    `extract_…`: the state that the extract `extract`, made of `record`, came to then; `GET /extracts/{id}` says what it is now."""

    seq: int
    at: str
    what: Literal["archived", "corrected", "withdrawn", "extract_requested", "extract_signed", "extract_numbered", "extract_issued",
                  "extract_delivered", "extract_refused", "extract_cancelled"]
    kind: str
    record: str
    version: int
    previous: str | None
    extract: str | None = None


class ChangesAnswer(BaseModel):
    """next: send it as `cursor` the next time, after what is here has been dealt with. more: ask again at once."""

    changes: list[Change]
    next: str
    more: bool


class _Waiting:
    """How many requests wait in this process."""

    count = 0


@router.get("/changes", response_model=ChangesAnswer, summary="Các thay đổi từ một con trỏ / What changed since a cursor",
            responses=responses("not_authenticated", "not_permitted", "gateway_refused", "certificate_refused", "cursor_elsewhere",
                                "invalid", "too_many", "unavailable"))
async def changes(
    request: Request, desk: Annotated[Desk, Depends(desk_of)],
    cursor: Annotated[str | None, Query(max_length=40, description="`next` của lần trước / of the last answer; bỏ trống: từ đầu")] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="hoặc từ thời điểm này, ISO 8601 / or from this time")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT, description="giây chờ nếu chưa có gì mới / seconds to wait for something new")] = 0,
) -> Response:
    """Archived entries, later versions and withdrawals, of the kinds that the token may read or copy; and every state of the extracts
    that this client asked for, of the kinds it has the scope `extract` for. In the order in which they became so, with `feed:read`. A
    client that was away asks from the cursor it kept; nothing is left out and nothing comes twice behind it."""
    asker = await run_in_threadpool(_asker, request, desk)
    if cursor is not None and since is not None:
        raise Problem("invalid", "Send cursor or from, not both.", "Chỉ gửi cursor hoặc from.")
    until = time.monotonic() + (wait if _Waiting.count < _MOST_WAITING else 0)
    page = await run_in_threadpool(_read, desk, asker, cursor, since, limit)
    _Waiting.count += 1
    try:
        while not page.changes and time.monotonic() < until and not await request.is_disconnected():
            await asyncio.sleep(_LOOK_EVERY)
            if await run_in_threadpool(_newest, desk) > page.next.seq:
                page = await run_in_threadpool(_read, desk, asker, page.next.cursor(), None, limit)
    finally:
        _Waiting.count -= 1
    if page.changes:
        await run_in_threadpool(_log, desk, asker, page)
    answer = ChangesAnswer(changes=[_said(c) for c in page.changes], next=page.next.cursor(), more=page.more)
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})


def _asker(request: Request, desk: Desk) -> Actor:
    """Who asks. Raises Problem not_authenticated, gateway_refused, certificate_refused, too_many, not_permitted."""
    client, _ = known_client(request, desk)
    slow_down(request, desk.pace, client.id)
    let_in(request, desk.services, client, desk.gateway_key)
    actor = client_actor(client.id, client.scopes, client.agency_code, request.client.host if request.client else "?")
    request.state.refused = lambda code: refuse(desk, actor, code, request)
    reach = _reach(actor)
    if not actor.may("api.feed") or not (reach.kinds or reach.extract_kinds):
        raise Problem("not_permitted", "The token lacks feed:read, or has no scope for any kind.",
                      "Mã truy cập thiếu phạm vi feed:read, hoặc không có loại sổ nào.")
    return actor


def _reach(actor: Actor) -> Reach:
    return Reach([k for k in KINDS if allows(actor, "api.read", None, k) or allows(actor, "api.copy", None, k)],
                 actor.name, [k for k in KINDS if allows(actor, "api.extract", None, k)])


def _read(desk: Desk, asker: Actor, cursor: str | None, since: datetime | None, limit: int) -> FeedPage:
    with desk.services.database.reading() as session:
        try:
            place = Place() if cursor is None else Place.of(cursor)
            if since is not None:
                place = change_feed.place_at(session, since.astimezone(UTC))
            return change_feed.read(session, _reach(asker), place, limit)
        except BadCursor as e:
            raise Problem("invalid", e.message("en"), e.message("vi")) from None
        except CursorElsewhere as e:
            raise Problem("cursor_elsewhere", e.message("en"), e.message("vi")) from None


def _newest(desk: Desk) -> int:
    with desk.services.database.reading() as session:
        return change_feed.newest(session)


def _log(desk: Desk, asker: Actor, page: FeedPage) -> None:
    with desk.services.database.session() as session:
        log_access(session, asker, "changes.read", "records", count=len(page.changes), lines=[page.changes[0].seq, page.changes[-1].seq])


def _said(c: RecordChange) -> Change:
    return Change(seq=c.seq, at=c.at.astimezone(VIETNAM).isoformat(timespec="milliseconds"), what=c.what, kind=c.kind,   # type: ignore[arg-type]
                  record=c.record, version=c.version, previous=c.previous, extract=c.extract)
