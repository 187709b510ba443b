"""The queue of second checks and the page on which a second person makes one; what they enter are JSON calls from that page's script."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Session

from portal.context import Visitor, Who, keep_session, page
from portal.review_item import review_item
from portal.second_check_item import check_address
from records.field_text import BadValue, parsed, shown
from storage import review, second_check
from storage.errors import StorageError
from storage.page_rejection import REJECT_REASONS
from storage.review_errors import HadAHand, LeasedByOther, NoSecondCheck
from storage.second_check_queue import Step, check_counts, next_check, step_for, waiting_checks

router = APIRouter(include_in_schema=False)
_SHOWN = 50


class FieldEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    code: Annotated[str, StringConstraints(max_length=60)]
    text: Annotated[str, StringConstraints(max_length=2000)]


class PersonEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    role: Annotated[str, StringConstraints(max_length=8)]
    personal_id: Annotated[str, StringConstraints(max_length=20)] | None


class Done(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int


class Rejection(Done):
    reason: Annotated[str, StringConstraints(max_length=120)]
    note: Annotated[str, StringConstraints(max_length=500)] = ""


def waiting_page(request: Request, who: Visitor, step: Step, start: int) -> Response:
    """The queue of one of the two steps, with the counts of both."""
    who.must("review")
    start = max(start, 0)
    with who.portal.services.database.reading() as session:
        items = waiting_checks(session, who.actor, step, _SHOWN + 1, start)
        counts = check_counts(session, who.actor)
    return page(who, request, "second_checks.html", step=step, items=items[:_SHOWN], more=len(items) > _SHOWN, start=start, counts=counts,
                settles=who.actor.may("approve"), at=check_address)


def next_page(who: Visitor, step: Step, after: int | None) -> Response:
    who.must("review")
    with who.portal.services.database.reading() as session:
        found = next_check(session, who.actor, step, after)
    folder = check_address(step, 0)[:-2]
    return RedirectResponse(f"{folder}/{found}" if found is not None else folder, 303)


def answered(who: Visitor, work: Callable[[Session], dict[str, Any]]) -> Response:
    """Run one step in one transaction; a refusal becomes 409 with its code and words, nothing is half done."""
    who.must("review")
    try:
        with who.portal.services.database.session() as session:
            said = work(session)
    except StorageError as e:
        return JSONResponse({"code": e.code, "message": e.message(who.words.lang)}, 409)
    return JSONResponse(said)


def prolonged(who: Visitor, entry_id: int) -> Response:
    """The lease and the session go on; called once a minute while a page is open."""
    seconds = who.portal.options.lease_seconds
    answer = answered(who, lambda s: {"revision": review.lease(s, who.actor, entry_id, timedelta(seconds=seconds)).revision})
    keep_session(answer, who.portal, who.portal.sessions.renew(who.session))
    return answer


def given_back(who: Visitor, entry_id: int) -> Response:
    with who.portal.services.database.session() as session:
        review.release(session, who.actor, entry_id)
    return Response(status_code=204)


@router.get("/second-check")
def waiting(request: Request, who: Who, start: int = 0) -> Response:
    return waiting_page(request, who, "open", start)


@router.get("/second-check/next")
def next_item(who: Who, after: int | None = None) -> Response:
    return next_page(who, "open", after)


@router.post("/second-check/undo")
def undo_last(who: Who) -> Response:
    """Take back this person's last decision, whichever kind it was; `where` is the page it can be done again on."""

    def work(session: Session) -> dict[str, Any]:
        entry = review.undo(session, who.actor)
        return {"entry": entry.id, "where": check_address(step_for(session, who.actor, entry), entry.id)}

    return answered(who, work)


@router.get("/second-check/{entry_id}")
def item(entry_id: int, request: Request, who: Who) -> Response:
    """One entry, leased to the visitor, without what the first person made of it where the check is blind."""
    who.must("review")
    try:
        with who.portal.services.database.session() as session:
            taken = second_check.take(session, who.actor, entry_id, timedelta(seconds=who.portal.options.lease_seconds))
            view = review_item(session, taken.seen)
            second_check.log_view(session, who.actor, taken.entry, view.codes)
    except (LeasedByOther, NoSecondCheck, HadAHand) as e:
        return page(who, request, "refused.html", 409, message=e.message(who.words.lang), code=e.code)
    return page(who, request, "second_check.html", item=view, blind=taken.check.blind, reject_reasons=REJECT_REASONS)


@router.post("/second-check/{entry_id}/field")
def enter_field(entry_id: int, entered: FieldEntry, who: Who) -> Response:
    try:
        value = parsed(entered.code, entered.text)
    except BadValue as e:
        return JSONResponse({"code": "bad_value", "message": who.words.pick(e.pair)}, 422)

    def work(session: Session) -> dict[str, Any]:
        taken = second_check.enter_field(session, who.actor, entry_id, entered.code, value, revision=entered.revision)
        return {"revision": taken.entry.revision, "value": value, "shown": shown(entered.code, value)}

    return answered(who, work)


@router.post("/second-check/{entry_id}/link")
def enter_person(entry_id: int, entered: PersonEntry, who: Who) -> Response:
    return answered(who, lambda s: {"revision": second_check.enter_person(
        s, who.actor, entry_id, entered.role, entered.personal_id, revision=entered.revision).entry.revision})


@router.post("/second-check/{entry_id}/done")
def done(entry_id: int, said: Done, who: Who) -> Response:
    """Whether both versions agree is not told: who knew could take it back and try again until they do."""

    def work(session: Session) -> dict[str, Any]:
        second_check.answer(session, who.actor, entry_id, revision=said.revision)
        return {"entry": entry_id}

    return answered(who, work)


@router.post("/second-check/{entry_id}/reject")
def send_back(entry_id: int, said: Rejection, who: Who) -> Response:
    """The page goes back to be scanned again."""
    return answered(who, lambda s: {"entry": second_check.send_back(s, who.actor, entry_id, said.reason, said.note,
                                                                    revision=said.revision).id})


@router.post("/second-check/{entry_id}/hold")
def hold(entry_id: int, who: Who) -> Response:
    return prolonged(who, entry_id)


@router.post("/second-check/{entry_id}/release")
def release(entry_id: int, who: Who) -> Response:
    return given_back(who, entry_id)
