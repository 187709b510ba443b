"""Dossiers for the Ministry's software: how far each is, why, and what those who decide them do about it."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from portal import push_wording
from portal.context import Visitor, Who, page
from portal.wording import Pair
from records.field_text import read_out
from records.ministry.messages import MODULES, Requester
from storage.access_log import Purpose, log_access
from storage.corrections import current_values
from storage.ministry_push import decide_to_send, hold, send_again, send_corrected
from storage.ministry_push.decision import HOLDS
from storage.ministry_push.errors import BadDossier, DossierKnown
from storage.ministry_push.listing import LINES, OPEN, RESULT, STAGES, counts, listed, of_entry, visible_push
from storage.models import Batch, Entry, MinistryPush
from storage.policy import allowed
from storage.review_queue import visible_entry
from storage.search import LIMIT, SearchHit, by_register_number

router = APIRouter(prefix="/pushes", include_in_schema=False)
_PURPOSE = "ministry"
_NOTHING_ASKED: Mapping[str, str] = {"kind": "", "number": "", "year": "", "book": ""}
_NOTHING_SAID: Mapping[str, Any] = {"module": "", "dossier": "", "linked": "", "requester": "", "relation": "", "copies": 1,
                                    "with_copy": False}


@router.get("")
def waiting(request: Request, who: Who, stage: str = "", start: int = 0) -> Response:
    """What is not finished, what needs somebody first; or one stage. Register numbers and codes, nobody's name."""
    return _list(request, who, stage, start)


@router.get("/find")
def find(request: Request, who: Who, kind: Annotated[str, Query(max_length=8)] = "", number: Annotated[str, Query(max_length=20)] = "",
         year: Annotated[str, Query(max_length=4)] = "", book: Annotated[str, Query(max_length=32)] = "") -> Response:
    """The archived entry of that number, to decide that it is sent; where there are several, the choice between them."""
    who.must("approve")
    said = {"kind": kind, "number": number.strip(), "year": year, "book": book.strip()}
    if kind not in MODULES["BS"] or not said["number"] or not (year.isdecimal() and len(year) == 4):
        return _list(request, who, status=422, asked=said, problem=who.words("Cần loại sổ, số đăng ký và năm đăng ký (bốn chữ số)."))
    with who.portal.services.database.reading() as session:
        found = by_register_number(session, kind, said["number"], int(year), book=said["book"] or None, statuses=("archived",),
                                   where=allowed(who.actor, "approve", Batch.commune_code, Entry.kind))
    if len(found) == 1:
        return RedirectResponse(f"/pushes/new/{found[0].entry_id}", 303)
    problem = who.words("Không có mục đã lưu trữ nào mang số này mà anh/chị được phê duyệt.") if not found else who.words(
        "Có nhiều hơn {n} mục mang số này; hãy ghi thêm quyển số.", n=LIMIT - 1) if len(found) == LIMIT else ""
    return _list(request, who, status=200 if found else 404, asked=said, problem=problem, found=found)


def _list(request: Request, who: Visitor, stage: str = "", start: int = 0, status: int = 200, asked: Mapping[str, str] = _NOTHING_ASKED,
          problem: str = "", found: Sequence[SearchHit] = ()) -> Response:
    who.must("approve")
    wanted, start = stage if stage in STAGES else "", min(max(start, 0), 1_000_000)
    with who.portal.services.database.reading() as session:
        lines = listed(session, who.actor, wanted, start, LINES + 1)
        numbers = counts(session, who.actor)
    return page(who, request, "pushes.html", status, lines=lines[:LINES], more=len(lines) > LINES, stage=wanted, start=start, step=LINES,
                counts=numbers, unfinished=sum(numbers[s] for s in OPEN), say=push_wording, kinds=MODULES["BS"], asked=asked,
                problem=problem, found=found, connected=who.portal.services.ministry is not None)


@router.get("/new/{entry_id}")
def new(entry_id: int, request: Request, who: Who) -> Response:
    """An archived entry is to go to the Ministry: what as, under which dossier. Register number and book, nobody's name."""
    return _new(entry_id, request, who)


@router.post("/new/{entry_id}")
def decide(entry_id: int, request: Request, who: Who, module: Annotated[str, Form(max_length=8)] = "",
           dossier: Annotated[str, Form(max_length=80)] = "", linked: Annotated[str, Form(max_length=80)] = "",
           requester: Annotated[str, Form(max_length=120)] = "", relation: Annotated[str, Form(max_length=80)] = "",
           copies: Annotated[int, Form()] = 1, with_copy: Annotated[bool, Form()] = False) -> Response:
    who.must("approve")
    asks = Requester(requester, relation, copies) if module == "BS" else None
    try:
        with who.portal.services.database.session() as session:
            before = {line.push.id for line in of_entry(session, who.actor, entry_id) if line.stage in ("waiting", "accepted", "finished")}
            push = decide_to_send(session, who.actor, entry_id, module, dossier.strip(), linked=linked.strip(), requester=asks,
                                  with_copy=with_copy)
            address = f"/pushes/{push.id}{'' if push.id in before else '?done=decided'}"
    except (BadDossier, DossierKnown) as e:
        return _new(entry_id, request, who, 409, e.message(who.words.lang),
                    {"module": module, "dossier": dossier, "linked": linked, "requester": requester, "relation": relation,
                     "copies": copies, "with_copy": with_copy})
    return RedirectResponse(address, 303)


def _new(entry_id: int, request: Request, who: Visitor, status: int = 200, problem: str = "",
         said: Mapping[str, Any] = _NOTHING_SAID) -> Response:
    who.must("approve")
    with who.portal.services.database.reading() as session:
        entry = visible_entry(session, who.actor, entry_id, "approve")
        book = session.get_one(Batch, entry.batch_id)
        lines = of_entry(session, who.actor, entry_id)
    modules = [m for m, kinds in MODULES.items() if entry.kind in kinds]
    return page(who, request, "push_new.html", status, entry=entry, book=book, lines=lines, modules=modules, said=said, problem=problem,
                say=push_wording, connected=who.portal.services.ministry is not None)


@router.get("/{push_id}")
def one(push_id: int, request: Request, who: Who, done: str = "") -> Response:
    """One dossier: the Ministry's lines, and what was decided to be sent beside what the register says now. The look is logged."""
    who.must("approve")
    return _one(push_id, request, who, done=done)


@router.post("/{push_id}/again")
def again(push_id: int, request: Request, who: Who) -> Response:
    """Send what waits at once; what was refused or held with what the register says now."""
    def act(session: Session, push: MinistryPush) -> None:
        (send_again if push.state == "waiting" else send_corrected)(session, who.actor, push.dossier)
    return _done(push_id, request, who, act, "again")


@router.post("/{push_id}/hold")
def keep_back(push_id: int, request: Request, who: Who, reason: Annotated[str, Form(max_length=40)] = "") -> Response:
    return _done(push_id, request, who, lambda session, push: hold(session, who.actor, push.dossier, reason), "hold")


def _done(push_id: int, request: Request, who: Visitor, act: Callable[[Session, MinistryPush], Any],
          what: str) -> Response:
    who.must("approve")
    try:
        with who.portal.services.database.session() as session:
            act(session, visible_push(session, who.actor, push_id).push)
    except BadDossier as e:
        return _one(push_id, request, who, 409, e.message(who.words.lang))
    return RedirectResponse(f"/pushes/{push_id}?done={what}", 303)


def _one(push_id: int, request: Request, who: Visitor, status: int = 200, problem: str = "", done: str = "") -> Response:
    with who.portal.services.database.session() as session:
        line = visible_push(session, who.actor, push_id)
        push = line.push
        sent: dict[str, str] = push.content.get("values", {})
        fields: list[tuple[str, Pair, Pair]] = []
        if sent:
            entry = session.get_one(Entry, push.entry_id)
            today = current_values(session, entry)
            fields = [(code, _read(entry, code, sent), _read(entry, code, today))
                      for code in [*sent, *(c for c in today if c not in sent and today[c])]]
        log_access(session, who.actor, "push.view", f"entry:{push.entry_id}", Purpose(_PURPOSE, push.dossier),
                   fields=[code for code, _, _ in fields])
    return page(who, request, "push.html", status, line=line, push=push, fields=fields,
                differs=any(sent != today for _, sent, today in fields), say=push_wording, holds=HOLDS, problem=problem,
                connected=who.portal.services.ministry is not None, done=push_wording.DONE.get(done),
                result=[(push_wording.RESULT[k], push.result[k]) for k in RESULT if push.result.get(k)])


def _read(entry: Entry, code: str, values: Mapping[str, str]) -> Pair:
    return read_out(code, values.get(code) or "", entry.kind, entry.form)
