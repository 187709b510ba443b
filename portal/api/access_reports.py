"""Ai đã xem hồ sơ của tôi, for the one-stop system that answers a citizen: every look at the person's records."""
from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from portal.access_report import rows, silent
from portal.api.context import Inquiry, inquiry
from portal.api.problems import Problem, responses
from portal.language import Words
from storage.access_log import Purpose
from storage.errors import ChainBroken
from storage.log_search import midnight
from storage.person_access import entries_of_person, person_report

router = APIRouter(prefix="/persons", tags=["persons"])


class AccessReportRequest(BaseModel):
    """Whose records, in which days (Việt Nam, both included), and the article of law by which the person may be told."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    personal_id: Annotated[str, StringConstraints(pattern=r"^(\d{9}|\d{12})$")]
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    basis: Annotated[str, StringConstraints(min_length=3, max_length=200, strip_whitespace=True)]
    before: Annotated[int, Field(ge=0, description="only lines with a smaller number: `next` of the page before")] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class LookAnswer(BaseModel):
    """One look, in Vietnamese words. officer: a code, or a number of this report's own, as the installation is set."""

    seq: int
    at: str
    agency: str
    role: str
    officer: str
    action: str
    fields: str
    purpose: str
    dossier: str
    service: str
    basis: str
    result: str
    records: str


class AccessReportAnswer(BaseModel):
    """records: how many records the person stands in; next: `before` of the next page, null on the last; silent: times of which the
    answer says nothing, because their part of the log could not be read."""

    records: int
    count: int
    looks: list[LookAnswer]
    next: int | None
    silent: list[str]


@router.post("/access-report", summary="Ai đã xem hồ sơ của một người / Who looked at a person's records",
             responses=responses("missing_context", "not_authenticated", "not_permitted", "invalid", "too_many", "unavailable"))
def access_report(body: AccessReportRequest, asked: Annotated[Inquiry, Depends(inquiry)]) -> AccessReportAnswer:
    """Asking is itself written into the log and stands in the next report."""
    if not asked.actor.may("api.report"):
        raise Problem("not_permitted", "The token lacks the scope person:report.", "Mã truy cập thiếu phạm vi person:report.")
    services = asked.desk.services
    with services.database.reading() as session:
        entries = entries_of_person(session, body.personal_id)
    purpose = Purpose(asked.purpose, asked.dossier, asked.service, asked.officer, body.basis)
    times = (midnight(body.first) if body.first else None, midnight(body.last + timedelta(days=1)) if body.last else None)
    try:
        report = person_report(services.ledger, asked.actor, entries, purpose, *times, body.limit, body.before, form="api")
    except ChainBroken as e:
        raise Problem("unavailable", e.message("en"), e.message("vi")) from e
    words = Words("vi")
    looks: list[Any] = [LookAnswer(**asdict(r)) for r in rows(report, words, services.log.show_officers)]
    return AccessReportAnswer(records=len(entries), count=len(looks), looks=looks, next=looks[-1].seq if report.more else None,
                              silent=silent(replace(report, more=False), words))
