"""The log of what happened and who looked, for auditors: by person, action, subject, day; who saw one entry; is the chain whole."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response

from portal import log_wording
from portal.context import Visitor, Who, page
from portal.day_entry import DayEntry
from portal.language import Words
from portal.log_sheet import log_sheet
from portal.log_wording import actor_code, subject_code
from storage import events
from storage.access_log import log_access
from storage.errors import ChainBroken
from storage.log_search import LogFilter, lines, people
from storage.models import LogSegment, utc_now
from storage.person_access import looks_at

router = APIRouter(prefix="/log", include_in_schema=False)
_ROWS = 100
_SHEET_ROWS = 50_000
_LOOKS = 500                # of an entry, the newest


@dataclass(frozen=True)
class Asked:
    """The filters, and how they were typed."""

    filters: LogFilter
    typed: dict[str, str]
    first: DayEntry
    last: DayEntry

    @property
    def wrong(self) -> bool:
        """Whether a day is no day: then nothing is searched, for it would be more than was asked for."""
        return self.first.wrong or self.last.wrong

    @property
    def query(self) -> str:
        return urlencode({k: v for k, v in self.typed.items() if v})

    def in_words(self, words: Words) -> str:
        said = [words.pick(log_wording.action(v)) if k == "action" else v for k, v in self.typed.items() if v and k != "refused"]
        return ", ".join([*said, *([words("bị từ chối")] if self.filters.refused else [])]) or words("tất cả")


def _asked(actor: str = "", action: str = "", kind: str = "", subject: str = "", first: str = "", last: str = "",
           refused: str = "") -> Asked:
    days = DayEntry(first), DayEntry(last)
    typed = {"actor": actor, "action": action, "kind": kind, "subject": subject, "first": str(days[0]), "last": str(days[1]),
             "refused": refused}
    typed = {k: v.strip()[:120] for k, v in typed.items()}
    filters = LogFilter(actor_code(typed["actor"]), typed["action"], typed["kind"], subject_code(typed["subject"]), days[0].day,
                        days[1].day, bool(typed["refused"]))
    return Asked(filters, typed, *days)


Filters = Annotated[Asked, Depends(_asked)]


@router.get("")
def log(request: Request, who: Who, asked: Filters, before: int = 0) -> Response:
    who.must("log.see")
    return _shown(request, who, asked, before)


def _shown(request: Request, who: Visitor, asked: Asked, before: int = 0) -> Response:
    with who.portal.services.database.reading() as session:
        rows = lines(session, asked.filters, _ROWS + 1, before) if not asked.wrong else []
        names = people(session)
        outside = session.scalar(sa.select(sa.func.max(LogSegment.last_at)).where(LogSegment.pruned_at.is_not(None)))
    return page(who, request, "log.html", 422 if asked.wrong else 200, outside=outside, rows=rows[:_ROWS], more=len(rows) > _ROWS,
                filters=asked.typed, asked=asked, query=asked.query, people=names)


@router.post("/export")
def export(request: Request, who: Who, asked: Filters) -> Response:
    """The same lines as a spreadsheet, marked with who took it and when; taking it is a line of the log itself."""
    who.must("log.see")
    who.must("report.export")
    if asked.wrong:
        return _shown(request, who, asked)
    return _sheet(who, asked.filters, asked.in_words(who.words))


def _sheet(who: Visitor, filters: LogFilter, said: str) -> Response:
    with who.portal.services.database.reading() as session:
        rows = lines(session, filters, _SHEET_ROWS + 1)
    now = utc_now()
    with who.portal.services.database.session() as session:
        log_access(session, who.actor, "log.export", "log", count=min(len(rows), _SHEET_ROWS), format="xlsx")
    data = log_sheet(rows[:_SHEET_ROWS], who.words, f"{who.actor.display_name} ({who.actor.name})", now, said, len(rows) > _SHEET_ROWS)
    name = f"nhat-ky-{now:%Y%m%d-%H%M%S}.xlsx"
    return Response(data, media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/entry/{entry_id}")
def seen_by(entry_id: int, request: Request, who: Who) -> Response:
    """Who looked at this entry, or changed it, and for what."""
    who.must("log.see")
    services = who.portal.services
    report = looks_at(services.ledger, [entry_id], limit=_LOOKS)
    with services.database.session() as session:
        log_access(session, who.actor, "log.who_saw", f"entry:{entry_id}", count=len(report.looks))
    return page(who, request, "log_entry.html", rows=report.looks, entry=entry_id, people=len({e.actor for e in report.looks}),
                unread=report.unread)


@router.get("/check")
def check(request: Request, who: Who) -> Response:
    """Re-compute the whole chain and say whether it holds."""
    who.must("log.see")
    with who.portal.services.database.reading() as session:
        try:
            head, problem = events.verify_chain(session), ""
        except ChainBroken as e:
            head, problem = None, e.message(who.words.lang)
        outside = session.scalars(sa.select(LogSegment.pruned).where(LogSegment.pruned_at.is_not(None))).all()
    return page(who, request, "log_check.html", head=head, problem=problem, outside=sum(outside), segments=len(outside))
