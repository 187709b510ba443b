"""What reviewers have done and how they agree: one's own figures, and for who approves those of their people, in no order of merit."""
from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, HTTPException, Request, Response

from portal.context import Who, page
from storage.models import utc_now
from storage.reviewer_statistics import compared, everybody, figures_of, people_seen_by

router = APIRouter(include_in_schema=False)
PERIODS = (7, 30, 90, 365)          # days


@router.get("/reports/reviewers")
def reviewers(request: Request, who: Who, days: int = 30, name: str = "") -> Response:
    """name: whose figures; one's own at first. The head sees of a person what that person sees."""
    who.must("review")
    days = days if days in PERIODS else 30
    now = utc_now()
    since = now - timedelta(days=days)
    with who.portal.services.database.reading() as session:
        people = people_seen_by(session, who.actor)
        chosen = next((u for u in people if u.name == (name or who.actor.name)), None)
        if chosen is None:
            raise HTTPException(404)
        done = compared(session, since)
        one = figures_of(session, chosen.name, chosen.display_name or chosen.name, since, done)
        all_ = everybody(session, since, done)
    return page(who, request, "reviewers.html", people=people, one=one, all_=all_, days=days, periods=PERIODS)
