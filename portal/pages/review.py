"""The review queue and the page on which one entry is decided; its decisions are JSON calls from that page's script."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Session

from portal.context import Visitor, Who, keep_session, page
from portal.field_text import BadValue, parsed, shown
from portal.review_item import review_item
from portal.second_check_item import check_address
from storage import review
from storage.errors import StorageError
from storage.models import Entry
from storage.review_errors import LeasedByOther
from storage.second_check_queue import kept_blind

router = APIRouter(prefix="/review", include_in_schema=False)
Short = Annotated[str, StringConstraints(max_length=120)]


def _filters(kind: str = "", batch: str = "", state: str = "open") -> review.QueueFilter:
    return review.QueueFilter(state if state in ("review", "draft") else "open", kind or None, batch or None)     # type: ignore[arg-type]


Filters = Annotated[review.QueueFilter, Depends(_filters)]


def _query(filters: review.QueueFilter) -> str:
    said = {"state": filters.state if filters.state != "open" else "", "kind": filters.kind, "batch": filters.batch_id}
    return urlencode({k: v for k, v in said.items() if v})


@router.get("")
def waiting(request: Request, who: Who, filters: Filters, start: int = 0) -> Response:
    who.must("review")
    with who.portal.services.database.reading() as session:
        items = review.queue(session, who.actor, filters, limit=51, offset=max(start, 0))
        counts = review.queue_counts(session, who.actor)
    return page(who, request, "queue.html", items=items[:50], more=len(items) > 50, start=max(start, 0), counts=counts, filters=filters,
                query=_query(filters))


@router.get("/next")
def next_item(who: Who, filters: Filters, after: int | None = None) -> Response:
    """To the next entry that nobody holds; back to the queue when there is none."""
    who.must("review")
    with who.portal.services.database.reading() as session:
        found = review.next_entry(session, who.actor, filters, after)
    query = _query(filters)
    return RedirectResponse(f"/review/{found}?{query}" if found is not None else f"/review?{query}", 303)


@router.get("/{entry_id}")
def item(entry_id: int, request: Request, who: Who, filters: Filters) -> Response:
    """One entry, leased to the visitor; that they looked at it is logged with the fields and the purpose."""
    who.must("review")
    with who.portal.services.database.session() as session:
        entry = review.visible_entry(session, who.actor, entry_id)
        step = kept_blind(session, who.actor, entry)
        if step is not None:        # what others made of it is not for who is yet to check it blind
            return RedirectResponse(check_address(step, entry_id), 303)
        held_by = ""
        if entry.status in review.OPEN:
            try:
                entry = review.lease(session, who.actor, entry_id, timedelta(seconds=who.portal.options.lease_seconds))
            except LeasedByOther as e:
                held_by = e.message(who.words.lang)
        view = review_item(session, entry)
        review.log_view(session, who.actor, entry, view.codes, "review")
    editable = not held_by and entry.status in review.OPEN
    return page(who, request, "review.html", item=view, held_by=held_by, editable=editable, query=_query(filters),
        reject_reasons=review.REJECT_REASONS)


class FieldChange(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    code: Annotated[str, StringConstraints(max_length=60)]
    text: Annotated[str, StringConstraints(max_length=2000)]


class LinkChoice(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    role: Annotated[str, StringConstraints(max_length=8)]
    personal_id: Annotated[str, StringConstraints(max_length=20)] | None


class Exclusion(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    role: Annotated[str, StringConstraints(max_length=8)]
    personal_id: Annotated[str, StringConstraints(max_length=20)]


class Rejection(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    reason: Short
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class Verification(BaseModel):
    model_config = ConfigDict(extra="forbid")
    revision: int
    acknowledge: bool = False


def _decide(who: Visitor, decision: Callable[[Session], Entry], **more: Any) -> Response:
    """Run one decision in one transaction; a refusal becomes 409 with its code and words, nothing is half done."""
    who.must("review")
    try:
        with who.portal.services.database.session() as session:
            entry = decision(session)
            answer: dict[str, Any] = {"revision": entry.revision, "status": entry.status, "entry": entry.id, **more}
            answer["findings"] = [{"severity": f.severity, "message": who.words.pick((f.message_vi, f.message_en)), "fields": f.fields}
                                  for f in entry.findings]
    except StorageError as e:
        return JSONResponse({"code": e.code, "message": e.message(who.words.lang)}, 409)
    return JSONResponse(answer)


@router.post("/{entry_id}/field")
def change_field(entry_id: int, change: FieldChange, who: Who) -> Response:
    try:
        value = parsed(change.code, change.text)
    except BadValue as e:
        return JSONResponse({"code": "bad_value", "message": who.words.pick(e.pair)}, 422)
    return _decide(who, lambda s: review.correct_field(s, who.actor, entry_id, change.code, value, revision=change.revision),
                   shown=shown(change.code, value))


@router.post("/{entry_id}/link")
def choose_person(entry_id: int, choice: LinkChoice, who: Who) -> Response:
    return _decide(who, lambda s: review.decide_link(s, who.actor, entry_id, choice.role, choice.personal_id, revision=choice.revision))


@router.post("/{entry_id}/rule-out")
def rule_out(entry_id: int, choice: Exclusion, who: Who) -> Response:
    return _decide(who, lambda s: review.rule_out(s, who.actor, entry_id, choice.role, choice.personal_id, revision=choice.revision))


@router.post("/{entry_id}/reject")
def reject(entry_id: int, rejection: Rejection, who: Who) -> Response:
    return _decide(who, lambda s: review.reject_page(s, who.actor, entry_id, rejection.reason, rejection.note, revision=rejection.revision))


@router.post("/{entry_id}/verify")
def verify(entry_id: int, verification: Verification, who: Who) -> Response:
    return _decide(who, lambda s: review.verify_entry(s, who.actor, entry_id, acknowledge=verification.acknowledge,
        revision=verification.revision))


@router.post("/undo")
def undo_last(who: Who) -> Response:
    """Take back this person's last decision, whichever entry it was on."""
    return _decide(who, lambda s: review.undo(s, who.actor))


@router.post("/{entry_id}/hold")
def hold(entry_id: int, who: Who) -> Response:
    """Called once a minute while the page is open: the lease and the session go on."""
    answer = _decide(who, lambda s: review.lease(s, who.actor, entry_id, timedelta(seconds=who.portal.options.lease_seconds)))
    keep_session(answer, who.portal, who.portal.sessions.renew(who.session))
    return answer


@router.post("/{entry_id}/release")
def let_go(entry_id: int, who: Who) -> Response:
    with who.portal.services.database.session() as session:
        review.release(session, who.actor, entry_id)
    return Response(status_code=204)
