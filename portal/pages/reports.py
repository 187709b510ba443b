"""Reports for people: the list, each report with its charts, its Excel file, the plan that progress is held against."""
from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session

from portal.batch_view import visible_batch
from portal.context import Visitor, Who, page
from portal.day_entry import DayEntry
from portal.reports import numbers, period, sheets
from portal.reports.catalogue import REPORTS, Report, report
from portal.reports.filters import STEP_NAMES, Filters, described, neighbours, scope_of
from portal.reports.view import Ask, commune_name
from portal.wording import KINDS, VIETNAM
from storage.access_log import EXPORT, log_access
from storage.export import export_xlsx
from storage.models import utc_now
from storage.report_errors import BadPeriod
from storage.report_figures import seen_communes
from storage.report_plan import parse_line, parse_plan, plan_lines, set_plan
from storage.watermark import watermark

router = APIRouter(include_in_schema=False)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_LINES = 2_000         # of a plan shown on its page


def filters_of(from_: Annotated[str, Query(alias="from")] = "", to: str = "", step: str = "", commune: str = "", kind: str = "",
               day: str = "") -> Filters:
    return Filters(from_, to, step, commune, kind, day)


Typed = Annotated[Filters, Depends(filters_of)]


def asked(session: Session, who: Visitor, wanted: Report, typed: Filters) -> Ask:
    today = utc_now().astimezone(VIETNAM).date()
    scope, step = scope_of(wanted, typed, who.actor, today)
    return Ask(session, who.words, scope, step, today, who.portal.services.reports)


@router.get("/reports")
def index(request: Request, who: Who) -> Response:
    who.must("report.see")
    return page(who, request, "reports.html", reports=REPORTS.values())


@router.get("/reports/plan")
def plan(request: Request, who: Who) -> Response:
    who.must("report.see")
    with who.portal.services.database.reading() as session:
        lines = plan_lines(session, who.actor)
        communes = [c for c in seen_communes(session, who.actor) if c]
    return page(who, request, "report_plan.html", lines=lines[:_MOST_LINES], more=max(0, len(lines) - _MOST_LINES),
                communes=_named(who, communes), kinds=KINDS, commune_name=lambda code: commune_name(who.words, code), n=_writer(who))


@router.post("/reports/plan")
def change_plan(who: Who, commune: Annotated[str, Form()] = "", kind: Annotated[str, Form()] = "", period_: Annotated[str, Form(
        alias="period")] = "", books: Annotated[str, Form()] = "", entries: Annotated[str, Form()] = "") -> Response:
    who.must("policy.manage")
    with who.portal.services.database.session() as session:
        set_plan(session, who.actor, [parse_line((commune, kind, period_, books, entries), 1)])
    return RedirectResponse("/reports/plan", 303)


@router.post("/reports/plan/file")
async def bring_plan(request: Request, who: Who) -> Response:
    """The bytes of an Excel or CSV file, sent by reports.js with the session's token."""
    who.must("policy.manage")
    lines = parse_plan(await request.body())
    with who.portal.services.database.session() as session:
        done = set_plan(session, who.actor, lines)
    return JSONResponse({"message": who.words("Đã nhận {n} dòng kế hoạch.", n=done)})


@router.get("/reports/{name}")
def show(name: str, request: Request, who: Who, typed: Typed) -> Response:
    who.must("report.see")
    wanted, problem = report(name), ""
    with who.portal.services.database.reading() as session:
        try:
            ask = asked(session, who, wanted, typed)
            view, days = wanted.build(ask), _days(ask)
        except BadPeriod:           # the form again, as it was typed, and no report of days that nobody asked for
            ask, view = asked(session, who, wanted, replace(typed, first="", last="", day="")), None
            days = DayEntry(typed.first), DayEntry(typed.last), DayEntry(typed.day)
            problem = who.words("Không lập được báo cáo: ngày đầu không sau ngày cuối, từ năm 1990, chia thành nhiều nhất 400 kỳ.")
        communes = [c for c in seen_communes(session, who.actor) if c]
    before, after = neighbours(ask.scope.period, ask.step)
    return page(who, request, "report.html", 200 if view else 422, report=wanted, view=view, ask=ask, described=described(ask, wanted),
                step_names=STEP_NAMES, days=days, problem=problem,
                communes=_named(who, communes), kinds=KINDS, before=before, after=after, place=period.official_place(ask),
                mark=watermark(who.actor, utc_now(), wanted.name, who.words.lang).line,
                cell=lambda value, kind_: numbers.cell(who.words, value, kind_), moment=lambda at: numbers.moment(who.words, at),
                query=request.url.query, quick=_quick(who, ask.today))


def _days(ask: Ask) -> tuple[DayEntry, DayEntry, DayEntry]:
    """The fields for the first day, the last one, and a day of the period of a formal report."""
    first, last = DayEntry.of(ask.scope.period.first), DayEntry.of(ask.scope.period.last)
    return first, last, first


@router.get("/reports/{name}/xlsx")
def file(name: str, who: Who, typed: Typed) -> Response:
    who.must("report.see")
    who.must("report.export")
    services, wanted, now = who.portal.services, report(name), utc_now()
    with services.database.reading() as session:
        ask = asked(session, who, wanted, typed)
        view = wanted.build(ask)
        what = f"{who.words.pick(wanted.title)} – {described(ask, wanted)}"
        data = sheets.report_file(ask, wanted, view, watermark(who.actor, now, what, who.words.lang))
    with services.database.session() as session:
        log_access(session, who.actor, "report.export", f"report:{name}", **sheets.export_detail(ask), rows=sheets.rows(view))
    return _attachment(data, f"{name}-{now.astimezone(VIETNAM):%Y%m%d-%H%M}.xlsx")


@router.get("/books/{batch_id}/records.xlsx")
def records(batch_id: str, who: Who) -> Response:
    """The entries of one book as a spreadsheet, marked with who took it and when."""
    who.must("record.see")
    who.must("report.export")
    services, now = who.portal.services, utc_now()
    with services.database.reading() as session:
        batch = visible_batch(session, who.actor, batch_id, "record.see")
    services.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=services.scratch) as folder:
        out = Path(folder) / "records.xlsx"
        count = export_xlsx(services.database, out, batch.id, watermark(who.actor, now, batch.id, who.words.lang))
        data = out.read_bytes()
    with services.database.session() as session:
        log_access(session, who.actor, "records.export", f"batch:{batch.id}", EXPORT, count=count, format="xlsx")
    return _attachment(data, f"{batch.id}.xlsx")


def _attachment(data: bytes, name: str) -> Response:
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return Response(data, media_type=XLSX, headers={
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"})


def _named(who: Visitor, codes: list[str]) -> list[tuple[str, str]]:
    return sorted(((c, commune_name(who.words, c)) for c in codes), key=lambda c: c[1])


def _writer(who: Visitor) -> Any:
    return lambda value: numbers.number(who.words, value)


def _quick(who: Visitor, today: date) -> list[tuple[str, str]]:
    """Addresses of the periods most asked for."""
    words, quarter = who.words, date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    firsts = ((words("Tháng này"), today.replace(day=1)), (words("Quý này"), quarter), (words("Năm nay"), date(today.year, 1, 1)))
    return [(name, f"?from={first.isoformat()}&to={today.isoformat()}") for name, first in firsts]
