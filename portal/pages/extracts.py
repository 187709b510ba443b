"""Copies of extracts in the office: what is due, one extract with what it will look like, and its steps."""
from __future__ import annotations

import io
from collections.abc import Callable
from typing import Annotated

import numpy as np
import pikepdf
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from PIL import Image

from ocr.images import Limits
from ocr.pdf_pages import render_pdf_page
from portal.context import Visitor, Who, page
from portal.day_entry import EMPTY, LONGEST, DayEntry
from storage.access_log import Purpose, log_access
from storage.errors import StorageError
from storage.extracts import listing, requests, steps
from storage.extracts.deadline import today
from storage.extracts.drawing import A4
from storage.extracts.errors import NoSuchExtract
from storage.extracts.form import KINDS
from storage.extracts.office import Office
from storage.models import Entry, Extract
from storage.policy import Actor
from storage.review_errors import NotAllowed
from storage.signature_upkeep import current_extract

router = APIRouter(prefix="/extracts", include_in_schema=False)
_DPI, _PIXELS = 110, 20_000_000
_STEPS: dict[str, Callable[[Office, Actor, str], Extract]] = {"sign": steps.sign, "number": steps.number, "issue": steps.issue,
                                                             "deliver": steps.deliver}
_ENDS: dict[str, Callable[[Office, Actor, str, str], Extract]] = {"refuse": steps.refuse, "cancel": steps.cancel}


@router.get("")
def due(request: Request, who: Who, state: str = "", late: bool = False, start: int = 0) -> Response:
    """What is under way, the nearest deadline first; by state, or only what is late."""
    who.must("extract.see")
    return _list(request, who, state, late, max(start, 0))


def _list(request: Request, who: Visitor, state: str = "", late: bool = False, start: int = 0, status: int = 200,
          problem: str = "", registered: DayEntry = EMPTY) -> Response:
    day = today(who.portal.services.extract_office.now())
    wanted = state if state in listing.STATES else ""
    with who.portal.services.database.reading() as session:
        lines = listing.extracts(session, who.actor, day, state=wanted, late=late, start=min(start, 1_000_000), limit=listing.LINES + 1)
        counts = listing.counts(session, who.actor, day)
    return page(who, request, "extracts.html", status, lines=lines[:listing.LINES], more=len(lines) > listing.LINES, counts=counts, day=day,
                state=wanted, late=late, start=start, kinds=KINDS, problem=problem, is_late=listing.is_late, registered=registered)


@router.post("")
def take(request: Request, who: Who, kind: Annotated[str, Form(max_length=8)] = "KS", number: Annotated[str, Form(max_length=20)] = "",
         day: Annotated[str, Form(max_length=LONGEST)] = "", book: Annotated[str, Form(max_length=32)] = "",
         name: Annotated[str, Form(max_length=120)] = "", dossier: Annotated[str, Form(max_length=80)] = "",
         copies: Annotated[int, Form(ge=1, le=50)] = 1) -> Response:
    """A request that came to the counter."""
    who.must("extract.request")
    services, words, registered = who.portal.services, who.words, DayEntry(day)
    if registered.wrong:
        return _list(request, who, status=422, problem=words("Chưa nhận yêu cầu: ngày đăng ký ghi chưa đúng."), registered=registered)
    if registered.day is None or not number.strip() or not dossier.strip() or kind not in KINDS:
        return _list(request, who, status=422, problem=words("Cần loại sổ, số, ngày đăng ký và mã hồ sơ."), registered=registered)
    try:
        with services.database.reading() as session:
            entry_id = requests.find_entry(session, requests.Registration(kind, number, registered.day, book.strip(), "", name.strip()))
        made, _ = requests.take(services.extract_office, who.actor, requests.Request(entry_id, dossier.strip(), copies),
                                Purpose(steps.PURPOSE, dossier.strip()))
    except NotAllowed:
        raise
    except StorageError as e:
        return _list(request, who, status=409, problem=e.message(words.lang), registered=registered)
    return RedirectResponse(f"/extracts/{made.id}", 303)


@router.get("/{extract_id}")
def one(extract_id: str, request: Request, who: Who) -> Response:
    who.must("extract.see")
    return _one(extract_id, request, who)


def _one(extract_id: str, request: Request, who: Visitor, status: int = 200, problem: str = "") -> Response:
    office = who.portal.services.extract_office
    with office.database.session() as session:
        extract = listing.visible_extract(session, who.actor, extract_id)
        entry = session.get_one(Entry, extract.entry_id)
        log_access(session, who.actor, "extract.view", f"entry:{extract.entry_id}", Purpose(steps.PURPOSE, extract.dossier), fields=[],
                   extract=extract.id)
    day = today(office.now())
    return page(who, request, "extract.html", status, x=extract, entry=entry, number=steps.number_text(extract), problem=problem,
                late=listing.is_late(extract, day), day=day, open=steps.steps_open(who.actor, extract))


@router.get("/{extract_id}/page.jpg")
def picture(extract_id: str, who: Who) -> Response:
    """Its pages, one below the other, as they are now or as they will be when signed; the look is logged with the fields on them."""
    pdf = _document(extract_id, who)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        count = len(opened.pages)
    pages = [render_pdf_page(pdf, n, A4, _DPI, _PIXELS, Limits().seconds)[0] for n in range(count)]
    out = io.BytesIO()
    Image.fromarray(np.vstack(pages)).save(out, "JPEG", quality=82)
    return Response(out.getvalue(), media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


@router.get("/{extract_id}/document")
def document(extract_id: str, who: Who) -> Response:
    """The PDF itself, for the office."""
    pdf = _document(extract_id, who)
    return Response(pdf, media_type="application/pdf", headers={
        "Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="trich-luc-{extract_id[:8]}.pdf"'})


def _document(extract_id: str, who: Visitor) -> bytes:
    who.must("extract.see")
    office = who.portal.services.extract_office
    with office.database.session() as session:
        extract = listing.visible_extract(session, who.actor, extract_id)
        log_access(session, who.actor, "extract.view", f"entry:{extract.entry_id}", Purpose(steps.PURPOSE, extract.dossier),
                   fields=listing.printed_codes(extract), extract=extract.id)
        stored = current_extract(session, extract)
        key = stored.key if stored is not None else extract.signed_key
    return office.ledger.get(key) if key is not None else steps.draft(office, who.actor, extract_id)


@router.post("/{extract_id}/{step}")
def move(extract_id: str, step: str, request: Request, who: Who, reason: Annotated[str, Form(max_length=600)] = "") -> Response:
    """One step of its way; what stands against it is said on the extract's page."""
    who.must("extract.see")
    office = who.portal.services.extract_office
    try:
        if step in _ENDS:
            _ENDS[step](office, who.actor, extract_id, reason)
        elif step in _STEPS:
            _STEPS[step](office, who.actor, extract_id)
        else:
            raise NoSuchExtract(extract=extract_id[:36])
    except (NoSuchExtract, NotAllowed):             # refused and logged by the application
        raise
    except StorageError as e:
        return _one(extract_id, request, who, 409, e.message(who.words.lang))
    return RedirectResponse(f"/extracts/{extract_id}", 303)
