"""The log of what happened and who looked, for auditors, and whether its chain is whole."""
from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from portal.context import Who, page
from portal.log_wording import subject_code
from storage import events
from storage.errors import ChainBroken
from storage.models import Event, User

router = APIRouter(prefix="/log", include_in_schema=False)
_ROWS = 100


@router.get("")
def log(request: Request, who: Who, actor: str = "", action: str = "", subject: str = "", before: int = 0) -> Response:
    who.must("log.see")
    query = select(Event).order_by(Event.seq.desc()).limit(_ROWS + 1)
    for column, wanted in ((Event.actor, actor), (Event.action, action), (Event.subject, subject_code(subject))):
        if wanted:
            query = query.where(column == wanted[:120])
    if who.actor.commune_code is not None:      # what people of this commune did; the rest tells of other communes' books
        query = query.where(Event.actor.in_(select(User.name).where(User.commune_code == who.actor.commune_code)))
    if before:
        query = query.where(Event.seq < before)
    with who.portal.services.database.reading() as session:
        rows = session.scalars(query).all()
    return page(who, request, "log.html", rows=rows[:_ROWS], more=len(rows) > _ROWS,
        filters={"actor": actor, "action": action, "subject": subject})


@router.get("/check")
def check(request: Request, who: Who) -> Response:
    """Re-compute the whole chain and say whether it holds."""
    who.must("log.see")
    with who.portal.services.database.reading() as session:
        try:
            head, problem = events.verify_chain(session), ""
        except ChainBroken as e:
            head, problem = None, e.message(who.words.lang)
    return page(who, request, "log_check.html", head=head, problem=problem)
