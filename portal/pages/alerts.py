"""Alerts about how somebody asks, for the auditor: what was noticed, and that it was looked into."""
from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from portal import log_wording
from portal.context import Visitor, Who, page
from storage.access_log import log_access
from storage.review_errors import NoSuchAlert
from storage.watch_alerts import alert_subject, alerts, close_alert

router = APIRouter(prefix="/log/alerts", include_in_schema=False)
Note = Annotated[str, Form(max_length=500)]


@router.get("")
def listed(request: Request, who: Who, closed: bool = False) -> Response:
    who.must("log.see")
    return _list(who, request, closed)


def _list(who: Visitor, request: Request, closed: bool, status: int = 200, problem: str = "") -> Response:
    with who.portal.services.database.reading() as session:
        rows = alerts(session, open_only=not closed)
    return page(who, request, "alerts.html", status, rows=rows, closed=closed, problem=problem, rules=log_wording.ALERT_RULES,
                bounds=log_wording.ALERT_BOUNDS, options=asdict(who.portal.services.watch))


@router.post("/{alert_id}/close")
def close(alert_id: int, request: Request, who: Who, note: Note = "") -> Response:
    """It was looked into; the note says what it was."""
    who.must("log.see")
    if not note.strip():
        return _list(who, request, False, 409, who.words("Hãy ghi đã tìm hiểu được gì."))
    try:
        with who.portal.services.database.session() as session:
            row = close_alert(session, alert_id, who.actor.name, note)
            log_access(session, who.actor, "access.alert_close", alert_subject(row.actor), rule=row.rule)
    except NoSuchAlert as e:
        return _list(who, request, False, 409, e.message(who.words.lang))
    return RedirectResponse("/log/alerts", 303)
