"""Old administrative dossiers that a person must look at: the list, and the page on which one is confirmed."""
from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from portal.context import Who, page
from portal.dossier_item import LABELS, dossier_item, parsed
from records.field_text import BadValue
from storage import dossier_review
from storage.errors import StorageError
from storage.review_errors import NoSuchDossier

router = APIRouter(prefix="/dossiers", include_in_schema=False)
Code = Annotated[str, StringConstraints(max_length=30)]
Text = Annotated[str, StringConstraints(max_length=20000)]


@router.get("")
def waiting(request: Request, who: Who) -> Response:
    who.must("review")
    with who.portal.services.database.reading() as session:
        items = dossier_review.waiting(session, who.actor)
    return page(who, request, "dossiers.html", items=items, labels=LABELS)


@router.get("/next")
def next_item(who: Who, after: int | None = None) -> Response:
    """To the next dossier that waits; back to the list when there is none."""
    who.must("review")
    with who.portal.services.database.reading() as session:
        found = dossier_review.next_dossier(session, who.actor, after)
    return RedirectResponse(f"/dossiers/{found}" if found is not None else "/dossiers", 303)


@router.get("/{dossier_id}")
def item(dossier_id: int, request: Request, who: Who) -> Response:
    """One dossier; that somebody looked at it is logged with the fields and the purpose."""
    who.must("review")
    with who.portal.services.database.session() as session:
        dossier = dossier_review.visible_dossier(session, who.actor, dossier_id)
        view = dossier_item(session, dossier)
        dossier_review.log_view(session, who.actor, dossier)
    return page(who, request, "dossier.html", item=view, labels=LABELS)


class Confirmation(BaseModel):
    """values: as typed, of all fields that are shown."""

    model_config = ConfigDict(extra="forbid")
    revision: Annotated[str, StringConstraints(max_length=32)]
    values: dict[Code, Text]


@router.post("/{dossier_id}/confirm")
def confirm(dossier_id: int, said: Confirmation, who: Who) -> Response:
    """All fields at once; a value that cannot be one answers 422 with its field, a refusal 409, and nothing is half done."""
    who.must("review")
    values: dict[str, str | list[str]] = {}
    for code, text in said.values.items():
        try:
            values[code] = parsed(code, text)
        except BadValue as e:
            return JSONResponse({"code": "bad_value", "field": code, "message": who.words.pick(e.pair)}, 422)
    try:
        with who.portal.services.database.session() as session:
            dossier = dossier_review.confirm(session, who.actor, dossier_id, values, said.revision)
            answer = {"dossier": dossier.id, "revision": dossier_review.revision(dossier)}
    except NoSuchDossier:                   # refused and logged by the application
        raise
    except StorageError as e:
        return JSONResponse({"code": e.code, "message": e.message(who.words.lang)}, 409)
    return JSONResponse(answer)


@router.post("/{dossier_id}/undo")
def undo(dossier_id: int, who: Who) -> Response:
    """Take back this person's last confirmation of the dossier."""
    who.must("review")
    try:
        with who.portal.services.database.session() as session:
            dossier_review.undo(session, who.actor, dossier_id)
    except NoSuchDossier:                   # refused and logged by the application
        raise
    except StorageError as e:
        return JSONResponse({"code": e.code, "message": e.message(who.words.lang)}, 409)
    return JSONResponse({"dossier": dossier_id})
