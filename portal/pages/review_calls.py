"""What the review page's script asks for: decisions, each under an id of its own, notes, undo, and holding on to what is on the screen."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from portal.context import Visitor, Who, keep_session
from portal.wording import VIETNAM
from records.field_text import BadValue, parsed
from records.field_text import shown as shown_text
from storage import review
from storage.entry_comments import MOST_TEXT, add_comment
from storage.errors import StorageError
from storage.models import Entry, utc_now
from storage.review_acts import accept_entry, once, undo_act
from storage.review_errors import NoSuchEntry, NotAllowed
from storage.review_unsure import MOST_NOTE, mark_unsure
from storage.unsure_marks import unsure_count

router = APIRouter(prefix="/review", include_in_schema=False)
ActId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Role = Annotated[str, StringConstraints(max_length=8)]
Number = Annotated[str, StringConstraints(max_length=20)]
_MOST_HELD = 8              # entries that one page may hold


class Act(BaseModel):
    """id: made by the script; the same id again is the same act, done once."""

    model_config = ConfigDict(extra="forbid")
    id: ActId | None = None


class OnEntry(Act):
    revision: int


class FieldChange(OnEntry):
    code: Annotated[str, StringConstraints(max_length=60)]
    text: Annotated[str, StringConstraints(max_length=2000)]


class LinkChoice(OnEntry):
    role: Role
    personal_id: Number | None


class Exclusion(OnEntry):
    role: Role
    personal_id: Number


class Rejection(OnEntry):
    reason: Annotated[str, StringConstraints(max_length=120)]
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class Verification(OnEntry):
    acknowledge: bool = False


class Acceptance(Verification):
    """people: role -> personal number of the candidate that stood first on the screen when the person said yes."""

    people: dict[Role, Number] = Field(max_length=8)


class Doubt(OnEntry):
    note: Annotated[str, StringConstraints(max_length=MOST_NOTE)] = ""


class Note(Act):
    text: Annotated[str, StringConstraints(max_length=MOST_TEXT)]


class Held(BaseModel):
    model_config = ConfigDict(extra="forbid")
    entries: list[int] = Field(max_length=_MOST_HELD)


def _decide(who: Visitor, what: str, entry_id: int, act: Act, decision: Callable[[Session], Entry], steps: int = 1,
            **more: Any) -> Response:
    """Run one act in one transaction; a refusal becomes 409 with its code and words, nothing is half done."""
    who.must("review")
    database = who.portal.services.database
    try:
        if act.id is None:
            with database.session() as session:
                entry = decision(session)
                answer: dict[str, Any] = {"revision": entry.revision, "status": entry.status, "entry": entry.id, **more}
                len(entry.findings)
        else:
            done = once(database, who.actor, act.id, what, entry_id, decision, steps)
            entry, answer = done.entry, {"revision": done.revision, "status": done.status, "entry": done.entry.id, **more}
    except (NotAllowed, NoSuchEntry):       # refused and logged by the application
        raise
    except StorageError as e:
        return JSONResponse({"code": e.code, "message": e.message(who.words.lang)}, 409)
    answer["findings"] = [{"severity": f.severity, "message": who.words.pick((f.message_vi, f.message_en)), "fields": f.fields}
                          for f in entry.findings]
    return JSONResponse(answer)


@router.post("/{entry_id}/field")
def change_field(entry_id: int, change: FieldChange, who: Who) -> Response:
    try:
        value = parsed(change.code, change.text)
    except BadValue as e:
        return JSONResponse({"code": "bad_value", "message": who.words.pick(e.pair)}, 422)
    return _decide(who, "field", entry_id, change,
                   lambda s: review.correct_field(s, who.actor, entry_id, change.code, value, revision=change.revision),
                   shown=shown_text(change.code, value))


@router.post("/{entry_id}/link")
def choose_person(entry_id: int, choice: LinkChoice, who: Who) -> Response:
    return _decide(who, "link", entry_id, choice,
                   lambda s: review.decide_link(s, who.actor, entry_id, choice.role, choice.personal_id, revision=choice.revision))


@router.post("/{entry_id}/rule-out")
def rule_out(entry_id: int, choice: Exclusion, who: Who) -> Response:
    return _decide(who, "rule-out", entry_id, choice,
                   lambda s: review.rule_out(s, who.actor, entry_id, choice.role, choice.personal_id, revision=choice.revision))


@router.post("/{entry_id}/reject")
def reject(entry_id: int, rejection: Rejection, who: Who) -> Response:
    return _decide(who, "reject", entry_id, rejection, lambda s: review.reject_page(
        s, who.actor, entry_id, rejection.reason, rejection.note, revision=rejection.revision))


@router.post("/{entry_id}/verify")
def verify(entry_id: int, verification: Verification, who: Who) -> Response:
    return _decide(who, "verify", entry_id, verification, lambda s: review.verify_entry(
        s, who.actor, entry_id, acknowledge=verification.acknowledge, revision=verification.revision))


@router.post("/{entry_id}/accept")
def accept(entry_id: int, acceptance: Acceptance, who: Who) -> Response:
    """What Enter does when all is right: the people shown first are named and the entry is verified, in one act."""
    return _decide(who, "accept", entry_id, acceptance, lambda s: accept_entry(
        s, who.actor, entry_id, acceptance.people, acknowledge=acceptance.acknowledge, revision=acceptance.revision),
        steps=len(acceptance.people) + 1)


@router.post("/{entry_id}/unsure")
def unsure(entry_id: int, doubt: Doubt, who: Who) -> Response:
    midnight = utc_now().astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    with who.portal.services.database.reading() as session:
        before = unsure_count(session, who.actor, midnight)
    return _decide(who, "unsure", entry_id, doubt, lambda s: mark_unsure(s, who.actor, entry_id, doubt.note, revision=doubt.revision),
                   unsure_today=before + 1)


@router.post("/{entry_id}/comment")
def comment(entry_id: int, note: Note, who: Who) -> Response:
    return _decide(who, "comment", entry_id, note, lambda s: add_comment(s, who.actor, entry_id, note.text))


@router.post("/undo")
def undo_last(who: Who, act: Act = Act()) -> Response:      # noqa: B008 (FastAPI reads the body)
    """Take back this person's last act, whichever entry it was on."""
    return _decide(who, "undo", 0, act, lambda s: undo_act(s, who.actor))


@router.post("/hold")
def hold(held: Held, who: Who) -> Response:
    """Called once a minute while somebody works: the leases of what is on the screen and ahead go on, and the session."""
    who.must("review")
    lost: dict[int, str] = {}
    for entry_id in dict.fromkeys(held.entries):
        try:
            with who.portal.services.database.session() as session:
                review.lease(session, who.actor, entry_id, timedelta(seconds=who.portal.options.lease_seconds))
        except StorageError as e:
            lost[entry_id] = e.message(who.words.lang)
    answer = JSONResponse({"lost": lost, "seconds": who.portal.options.lease_seconds})
    keep_session(answer, who.portal, who.portal.sessions.renew(who.session))
    return answer


@router.post("/release")
def let_go(held: Held, who: Who) -> Response:
    with who.portal.services.database.session() as session:
        for entry_id in held.entries:
            review.release(session, who.actor, entry_id)
    return Response(status_code=204)
