"""Bringing a book in through the browser: the page, the exchange of its files, and what is thought of each page as it arrives."""
from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from annotated_types import Len
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.errors import Language, UnreadableFile
from ocr.first_look import measured
from ocr.images import inspect, open_page, read_file
from ocr.quality import describe, same_scan
from portal.batch_view import open_books
from portal.context import STATIC, Visitor, Who, keep_session, page, portal_of, render, static_url, visitor
from portal.desk_wording import arrival_remarks
from portal.exchange import Hash, SenderHere, Short, add_exchange, exchange_route
from portal.grant_wording import commune_choices
from portal.wording import KINDS
from records.book_names import book_of_names
from records.forms import load_forms
from storage.models import Page, PageLook
from storage.page_looks import keep_look
from storage.scan_folder import escapes
from storage.set_aside import evidence_text, explain
from sync.manifest import CHUNK_SIZE, Manifest

router = APIRouter(prefix="/upload", include_in_schema=False,
                   route_class=exchange_route(lambda request: portal_of(request).words(request).lang))
SCRIPTS = ("upload-store.js", "upload-sender.js", "upload.js")
_SHELL = "/upload/shell"


def _sender(who: Annotated[Visitor, Depends(visitor)]) -> SenderHere:
    who.must("batch.upload")
    return SenderHere(who.actor.name, None, who.words.lang, who.portal.services, who.portal.options.max_upload_bytes, who.portal.begin,
                      who.actor)


Sender = Annotated[SenderHere, Depends(_sender)]


def _values(limit: int) -> dict[str, Any]:
    forms = [(f.id, f"{f.title} ({f.valid_from.year}–{f.valid_to.year if f.valid_to else ''})") for f in load_forms().values()]
    return {"kinds": KINDS, "forms": forms, "limit": limit, "chunk_size": CHUNK_SIZE, "scripts": SCRIPTS}


@router.get("")
def upload_page(request: Request, who: Who) -> Response:
    who.must("batch.upload")
    with who.portal.services.database.reading() as session:
        books = open_books(session, who.actor)
    return page(who, request, "upload.html", books=books, communes=commune_choices(who.actor), shell=False,
                **_values(who.portal.options.max_upload_bytes))


@router.get("/shell")
def shell(request: Request) -> Response:
    """The same page for nobody in particular, kept by the browser for when this machine cannot be reached; it has no one's data."""
    portal = portal_of(request)
    return render(portal, request, portal.words(request), "upload.html", books=[], communes=[], shell=True,
                  **_values(portal.options.max_upload_bytes))


@router.get("/session")
def session(who: Who) -> Response:
    """Who is signed in, and the token that changing requests carry; an upload of hours keeps its session by asking."""
    who.must("batch.upload")
    answer = JSONResponse({"owner": who.actor.name, "csrf": who.csrf})
    keep_session(answer, who.portal, who.portal.sessions.renew(who.session))
    return answer


@router.get("/app.webmanifest")
def web_manifest(request: Request) -> Response:
    words = portal_of(request).words(request)
    icon = {"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    said = {"name": words("Sổ Gốc – tải sổ lên"), "short_name": "Sổ Gốc", "lang": words.lang, "start_url": "/upload", "scope": "/upload",
            "id": "/upload", "display": "standalone", "background_color": "#f5f2ea", "theme_color": "#0e5a5e", "icons": [icon]}
    return JSONResponse(said, media_type="application/manifest+json")


@router.get("/service-worker.js")
def service_worker() -> Response:
    """The service worker with the list of what it keeps; one changed file changes it, so browsers take the new one."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/upload"}
    return Response(_service_worker(), media_type="text/javascript", headers=headers)


@cache
def _service_worker() -> str:
    fonts = sorted(f"/static/fonts/{f.name}" for f in (STATIC / "fonts").glob("*.woff2"))      # the style sheet gives them no version
    kept = [static_url(n) for n in ("portal.css", "phone.css", "upload.css", "icon.svg", "hash-worker.js", *SCRIPTS)] + fonts
    return f"const SHELL = {json.dumps(_SHELL)}, KEPT = {json.dumps(kept)};\n" + (STATIC / "service-worker.js").read_text("utf-8")


class Names(BaseModel):
    names: Annotated[list[Short], Len(1, 3000)]
    folder: Short = ""


@router.post("/names")
def names(said: Names, who: Who) -> dict[str, Any]:
    """What the names of chosen files say of the book, and which numbers they jump over."""
    who.must("batch.upload")
    book = book_of_names(said.folder, said.names)
    return {"about": book.about, "jumps": [list(r) for r in book.jumps], "repeats": list(book.repeats)}


@router.get("/{upload}/files/{number}")
def verdict(upload: Hash, number: int, sender: Sender) -> dict[str, Any]:
    """Whether a file that has arrived can be a page, with the reason if not; a bad one is set aside at the end, not lost."""
    receiver = sender.receiver
    path = receiver.file(sender.owner, upload, number)
    manifest = next(m for m in receiver.unfinished(sender.owner) if m.id == upload)
    name = manifest.files[number].name
    lang: Language = "en" if sender.lang == "en" else "vi"
    if escapes(name):
        return {"good": False, "code": "unsafe_name", "message": explain("unsafe_name", None, lang)}
    try:
        refused = sender.services.antivirus.refusal_of(read_file(path, sender.page_limits()))
        if refused is not None:
            return {"good": False, "code": refused[0], "message": explain(refused[0], evidence_text(refused[1]), lang)}
        facts = inspect(path, sender.page_limits())
    except UnreadableFile as e:
        return {"good": False, "code": e.code, "message": explain(e.code, evidence_text(dict(e.evidence)), lang)}
    if facts.frames > 1:
        return {"good": True, "pages": facts.frames}        # looked at once they are taken in
    with sender.services.database.session() as session:
        row = session.get(PageLook, (facts.sha256, 0))
        look = dict(row.look) if row is not None else measured(open_page(path.read_bytes(), facts.media_type, 0))
        keep_look(session, facts.sha256, 0, look)
        double = _double(session, sender, manifest, number, look)
    remarks = [*describe(look["reasons"], lang), *(pair[0 if lang == "vi" else 1] for pair in arrival_remarks(double))]
    return {"good": look["verdict"] != "retake", "pages": 1, "verdict": look["verdict"], "message": ". ".join(remarks)}


def _double(session: Session, sender: SenderHere, manifest: Manifest, number: int, look: Mapping[str, Any]) -> str | None:
    """The file before this one, or the page of the book it goes into, that is the same scan."""
    mine = manifest.files[number]
    names = {f.sha256: f.name for f in manifest.files[:number]}
    if manifest.about.get("batch"):
        names |= {p.sha256: p.file for p in session.scalars(select(Page).where(Page.batch_id == manifest.about["batch"])) if p.sha256}
    if mine.sha256 in names:
        return names[mine.sha256]
    if look["blank"]:
        return None
    looks = session.scalars(select(PageLook).where(PageLook.frame == 0, PageLook.sha256.in_(list(names)[-900:])))
    return next((names[row.sha256] for row in looks if not row.look["blank"] and same_scan(row.look["hash"], look["hash"])), None)


add_exchange(router, _sender)
