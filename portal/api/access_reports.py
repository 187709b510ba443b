"""Ai đã xem hồ sơ của tôi, for the one-stop system that answers a citizen: every look at the person's records."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from portal.access_report import LookAnswer, rows, silent
from portal.access_report_pdf import MOST, Question, paper
from portal.api.context import Inquiry, inquiry
from portal.api.problems import Problem, responses
from portal.language import Words
from storage.access_log import Purpose
from storage.errors import ChainBroken
from storage.log_search import midnight
from storage.models import utc_now
from storage.person_access import entries_of_person, person_report
from storage.watermark import watermark

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
    format: Annotated[Literal["json", "pdf"], Field(description="pdf: the whole report on paper, at most 2000 looks; before and limit "
                                                    "are for json")] = "json"


class AccessReportAnswer(BaseModel):
    """records: how many records the person stands in; next: `before` of the next page, null on the last; silent: times of which the
    answer says nothing, because their part of the log could not be read."""

    records: int
    count: int
    looks: list[LookAnswer]
    next: int | None
    silent: list[str]


@router.post("/access-report", response_model=AccessReportAnswer,
             summary="Ai đã xem hồ sơ của một người / Who looked at a person's records",
             responses={200: {"content": {"application/pdf": {}}},
                        **responses("missing_context", "not_authenticated", "not_permitted", "invalid", "too_many", "unavailable")})
def access_report(body: AccessReportRequest, asked: Annotated[Inquiry, Depends(inquiry)]) -> AccessReportAnswer | Response:
    """Asking is itself written into the log and stands in the next report."""
    if not asked.actor.may("api.report"):
        raise Problem("not_permitted", "The token lacks the scope person:report.", "Mã truy cập thiếu phạm vi person:report.")
    services = asked.desk.services
    with services.database.reading() as session:
        entries = entries_of_person(session, body.personal_id)
    purpose = Purpose(asked.purpose, asked.dossier, asked.service, asked.officer, body.basis)
    times = (midnight(body.first) if body.first else None, midnight(body.last + timedelta(days=1)) if body.last else None)
    on_paper = body.format == "pdf"
    part = (MOST, 0) if on_paper else (body.limit, body.before)
    try:
        report = person_report(services.ledger, asked.actor, entries, purpose, *times, *part, form="pdf" if on_paper else "api")
    except ChainBroken as e:
        raise Problem("unavailable", e.message("en"), e.message("vi")) from e
    words = Words("vi")
    looks = rows(report, words, services.log.show_officers)
    if on_paper:
        mark = watermark(asked.actor, utc_now(), body.basis)
        data = paper(looks, report, Question(purpose, body.first, body.last), services.reports, words, mark,
                     numbered=not services.log.show_officers)
        return Response(data, media_type="application/pdf", headers={"Cache-Control": "no-store"})
    return AccessReportAnswer(records=len(entries), count=len(looks), looks=looks, next=looks[-1].seq if report.more else None,
                              silent=silent(replace(report, more=False), words))
