"""Ai đã xem hồ sơ của tôi: the auditor answers a person who asks. The number is posted, so that it stands in no address."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response

from portal.access_report import brief, plain, rows, sheet, silent
from portal.access_report_pdf import MOST, Question, paper
from portal.context import Visitor, Who, page
from portal.day_entry import EMPTY, DayEntry
from portal.wording import ROLES
from storage.access_log import Purpose
from storage.log_search import midnight
from storage.models import utc_now
from storage.person_access import AccessReport, entries_of_person, entries_with, person_report, roles_in
from storage.watermark import VIETNAM, watermark

router = APIRouter(prefix="/log/person", include_in_schema=False)
_SHOWN, _SHEET = 200, 50_000
_MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf"}
PURPOSE = "person_report"
Short = Annotated[str, Form(max_length=40)]


@dataclass(frozen=True)
class Asked:
    """What the form says. person: a personal number; or entry and role; paper: the written request it answers."""

    person: str
    entry: str
    role: str
    first: DayEntry
    last: DayEntry
    paper: str
    basis: str

    @property
    def purpose(self) -> Purpose:
        return Purpose(PURPOSE, dossier=self.paper, basis=self.basis)

    @property
    def times(self) -> tuple[datetime | None, datetime | None]:
        first, last = self.first.day, self.last.day
        return midnight(first) if first else None, midnight(last + timedelta(days=1)) if last else None


def _asked(person: Short = "", entry: Short = "", role: Annotated[str, Form(max_length=8)] = "", first: Short = "", last: Short = "",
           paper: Annotated[str, Form(max_length=80)] = "", basis: Annotated[str, Form(max_length=200)] = "") -> Asked:
    return Asked(plain(person), entry.strip(), role.strip(), DayEntry(first), DayEntry(last), paper.strip(), basis.strip())


Wanted = Annotated[Asked, Depends(_asked)]


@router.get("")
def form(request: Request, who: Who, entry: str = "") -> Response:
    who.must("log.see")
    return _page(who, request, Asked("", entry if entry.isdigit() else "", "", EMPTY, EMPTY, "", ""))


@router.post("")
def show(request: Request, who: Who, asked: Wanted) -> Response:
    """The report as a page: the newest looks, and how to have them all."""
    who.must("log.see")
    problem = _problem(who, asked)
    if problem:
        return _page(who, request, asked, problem=problem, status=422)
    report = _report(who, asked, _SHOWN, "page")
    return _page(who, request, asked, report=report)


@router.post("/{suffix}")
def file(suffix: Literal["xlsx", "pdf"], request: Request, who: Who, asked: Wanted) -> Response:
    """The report as a spreadsheet, or on paper for the citizen, marked with who made it, when and what for."""
    who.must("log.see")
    who.must("report.export")
    problem = _problem(who, asked)
    if problem:
        return _page(who, request, asked, problem=problem, status=422)
    services, now, report = who.portal.services, utc_now(), _report(who, asked, MOST if suffix == "pdf" else _SHEET, suffix)
    mark = watermark(who.actor, now, f"{who.words('Ai đã xem hồ sơ')} – {asked.paper} – {asked.basis}", who.words.lang)
    looks = rows(report, who.words, services.log.show_officers)
    if suffix == "pdf":
        data = paper(looks, report, Question(asked.purpose, asked.first.day, asked.last.day), services.reports, who.words, mark,
                     numbered=not services.log.show_officers)
    else:
        data = sheet(looks, report, who.words, mark)
    return Response(data, media_type=_MEDIA[suffix], headers={
        "Content-Disposition": f'attachment; filename="ai-da-xem-{now.astimezone(VIETNAM):%Y%m%d-%H%M%S}.{suffix}"'})


def _problem(who: Visitor, asked: Asked) -> str:
    words = who.words
    if asked.first.wrong or asked.last.wrong:
        return words("Ngày ghi chưa đúng; báo cáo chưa được lập.")
    if not asked.basis:
        return words("Hãy ghi căn cứ: điều luật cho phép trả lời người hỏi.")
    if not asked.person and not asked.entry.isdigit():
        return words("Hãy nhập số định danh, hoặc số mục.")
    if asked.person and not (asked.person.isdigit() and len(asked.person) in (9, 12)):
        return words("Số định danh có 12 chữ số (số cũ: 9).")
    if not asked.person and asked.role:
        with who.portal.services.database.reading() as session:
            roles = roles_in(session, int(asked.entry[:18]))
        if asked.role not in roles:
            named = ", ".join(words.pick(ROLES.get(r, (r, r))) for r in roles)
            return words("Mục {entry} không có người đã chọn; hãy chọn một trong: {roles}.", entry=asked.entry, roles=named)
    return ""


def _report(who: Visitor, asked: Asked, limit: int, form: str) -> AccessReport:
    services = who.portal.services
    with services.database.reading() as session:
        entries = entries_of_person(session, asked.person) if asked.person else entries_with(session, int(asked.entry[:18]), asked.role)
    first, last = asked.times
    return person_report(services.ledger, who.actor, entries, asked.purpose, first, last, limit, form=form)


def _page(who: Visitor, request: Request, asked: Asked, report: AccessReport | None = None, problem: str = "",
          status: int = 200) -> Response:
    show = who.portal.services.log.show_officers
    return page(who, request, "log_person.html", status, asked=asked, report=report, problem=problem, roles=ROLES,
                rows=[(r, brief(r, who.words)) for r in rows(report, who.words, show)] if report else [],
                silent=silent(report, who.words) if report else [])
