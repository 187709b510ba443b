"""How many people check an entry, by kind of register: what holds, what held, and a form for the next version."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from portal.context import Visitor, Who, page
from portal.day_entry import EMPTY, LONGEST, DayEntry
from portal.wording import KINDS, VIETNAM
from records.forms import codes_of_kind
from storage.check_policy import ALL, KindPolicy, history, in_force, set_policy
from storage.errors import StorageError

router = APIRouter(include_in_schema=False)


def _shown(who: Visitor, request: Request, status: int = 200, problem: str = "", day: DayEntry = EMPTY) -> Response:
    with who.portal.services.database.reading() as session:
        now, versions = in_force(session), history(session)
    kinds = [ALL, *(k for k in KINDS if k != "HS")]
    return page(who, request, "check_policy.html", status, now=now, versions=versions, kinds=kinds, problem=problem, day=day,
                choices={k: codes for k in kinds if (codes := codes_of_kind(k))})


@router.get("/check-policy")
def policy(request: Request, who: Who) -> Response:
    who.must("policy.manage")
    return _shown(who, request)


@router.post("/check-policy")
def change(request: Request, who: Who, kind: Annotated[str, Form(max_length=8)] = ALL, checks: Annotated[int, Form()] = 1,
           blind: Annotated[bool, Form()] = False, links: Annotated[bool, Form()] = False, sample: Annotated[str, Form(max_length=8)] = "5",
           fields: Annotated[Sequence[str], Form(max_length=400)] = (), second: Annotated[str, Form(max_length=20)] = "review",
           day: Annotated[str, Form(max_length=LONGEST)] = "") -> Response:
    """A new version of one kind's policy, from now or from a later day's midnight in Vietnam. fields: KS:nksHoTen; those of other kinds are
    what the page had on it, not what was meant."""
    who.must("policy.manage")
    words, begins = who.words, DayEntry(day)
    if begins.wrong:
        return _shown(who, request, 422, words("Chưa đặt quy định: ngày áp dụng ghi chưa đúng."), begins)
    try:
        share = float(sample.replace(",", ".").rstrip("% ")) / 100
    except ValueError:
        return _shown(who, request, 422, words("Tỷ lệ viết bằng số từ 0 đến 100."), begins)
    start = datetime.combine(begins.day, time(), VIETNAM) if begins.day is not None else None
    named = tuple(code for k, _, code in (f.partition(":") for f in fields) if k == kind)
    wanted = KindPolicy(checks, blind, share, named if len(named) < len(codes_of_kind(kind)) else (), links, second)
    try:
        with who.portal.services.database.session() as session:
            set_policy(session, who.actor, kind, wanted, start)
    except StorageError as e:
        return _shown(who, request, 409, e.message(words.lang), begins)
    return RedirectResponse("/check-policy", 303)
