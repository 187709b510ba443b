"""The queue of entries whose two versions differ, and the page on which a third person settles them."""
from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from portal.context import Who, page
from portal.pages.second_check import answered, given_back, next_page, prolonged, waiting_page
from portal.second_check_item import difference_item
from records.field_text import BadValue, parsed
from storage import differences
from storage.differences import LINK, Pick
from storage.review_errors import HadAHand, LeasedByOther, NoDifference
from storage.second_check import log_view

router = APIRouter(prefix="/differences", include_in_schema=False)


class PickOne(BaseModel):
    model_config = ConfigDict(extra="forbid")
    side: Literal["left", "right", "other"]
    text: Annotated[str, StringConstraints(max_length=2000)] = ""


class Picks(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    picks: Annotated[dict[Annotated[str, StringConstraints(max_length=80)], PickOne], Field(max_length=300)]


class Typed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: Annotated[str, StringConstraints(max_length=80)]
    text: Annotated[str, StringConstraints(max_length=2000)]


@router.get("")
def waiting(request: Request, who: Who, start: int = 0) -> Response:
    who.must("approve")
    return waiting_page(request, who, "differs", start)


@router.get("/next")
def next_item(who: Who, after: int | None = None) -> Response:
    who.must("approve")
    return next_page(who, "differs", after)


@router.get("/{entry_id}")
def item(entry_id: int, request: Request, who: Who) -> Response:
    """Both versions of what differs, unnamed; the entry is leased to the visitor, and the look logged."""
    who.must("approve")
    try:
        with who.portal.services.database.session() as session:
            entry, found = differences.take(session, who.actor, entry_id, timedelta(seconds=who.portal.options.lease_seconds))
            view = difference_item(session, entry, found)
            log_view(session, who.actor, entry, view.codes, "settle")
    except (LeasedByOther, NoDifference, HadAHand) as e:
        return page(who, request, "refused.html", 409, message=e.message(who.words.lang), code=e.code)
    return page(who, request, "difference.html", item=view)


@router.post("/{entry_id}/check")
def check_typed(entry_id: int, typed: Typed, who: Who) -> Response:
    """Whether what was typed is a value of that field; nothing is saved yet."""
    who.must("approve")
    try:
        _value(typed.key, typed.text)
    except BadValue as e:
        return JSONResponse({"code": "bad_value", "message": who.words.pick(e.pair)}, 422)
    return JSONResponse({})


@router.post("/{entry_id}/settle")
def settle(entry_id: int, said: Picks, who: Who) -> Response:
    who.must("approve")
    try:
        picks = {key: Pick(p.side, _value(key, p.text) if p.side == "other" else None) for key, p in said.picks.items()}
    except BadValue as e:
        return JSONResponse({"code": "bad_value", "message": who.words.pick(e.pair)}, 422)

    def work(session: Session) -> dict[str, Any]:
        return {"entry": differences.settle(session, who.actor, entry_id, picks, revision=said.revision).id}

    return answered(who, work)


def _value(key: str, text: str) -> str | None:
    if not key.startswith(LINK):
        return parsed(key.partition(":")[2], text)
    return parsed("nksSoDinhDanh", text) or None


@router.post("/{entry_id}/hold")
def hold(entry_id: int, who: Who) -> Response:
    return prolonged(who, entry_id)


@router.post("/{entry_id}/release")
def release(entry_id: int, who: Who) -> Response:
    return given_back(who, entry_id)
