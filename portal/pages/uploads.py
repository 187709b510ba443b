"""Bringing a book in through the browser: file by file, each checked at once, then taken in like a scanned folder."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from ocr.errors import Language, UnreadableFile
from ocr.images import Limits, inspect, open_page
from ocr.quality import describe, measure
from portal.context import Visitor, Who, page
from portal.staging import Staging, Upload, UploadRefused
from portal.wording import KINDS
from records.forms import load_forms
from storage.intake import add_files
from storage.scan_folder import escapes
from storage.set_aside import evidence_text, explain

router = APIRouter(prefix="/upload", include_in_schema=False)
_REFUSALS = {
    "unknown_upload": "Lần tải lên này không còn. Hãy bắt đầu lại.",
    "too_many_files": "Quá nhiều tệp trong một lần tải lên. Chia thành nhiều lần.",
    "upload_too_big": "Tổng dung lượng quá lớn. Chia thành nhiều lần tải lên.",
    "file_too_big": "Tệp quá lớn. Quét lại ở 200–300 dpi hoặc tách thành nhiều tệp.",
    "disk_full": "Máy chủ hết chỗ lưu. Báo người quản trị.",
}
Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class About(BaseModel):
    """What the sender says of the book; empty is not said."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True, min_length=1)]
    loai: Annotated[str, StringConstraints(pattern=r"^(|KS|KH|KT|NCM|GH|CN|CC|HN|HS)$")] = ""
    nam: Annotated[int | None, Field(ge=1850, le=2200)] = None
    quyenSo: Short = ""
    noiDangKy: Short = ""
    mau: Annotated[str, StringConstraints(max_length=16)] = ""


def _staging(who: Visitor) -> Staging:
    services = who.portal.services
    return Staging(services.scratch / "uploads", who.portal.options.max_upload_bytes, services.intake.max_file_bytes)


def _limits(who: Visitor) -> Limits:
    intake = who.portal.services.intake
    return Limits(bytes=intake.max_file_bytes, pixels=intake.max_pixels, frames=intake.max_frames)


@router.get("")
def upload_page(request: Request, who: Who) -> Response:
    who.must("batch.upload")
    forms = [(f.id, f"{f.title} ({f.valid_from.year}–{f.valid_to.year if f.valid_to else ''})") for f in load_forms().values()]
    return page(who, request, "upload.html", kinds=KINDS, forms=forms, limit=who.portal.options.max_upload_bytes)


@router.post("")
def begin(about: About, who: Who) -> dict[str, str]:
    who.must("batch.upload")
    said = {k: v for k, v in about.model_dump(exclude={"name"}).items() if v not in ("", None)}
    return {"token": _staging(who).begin(who.actor.name, about.name, said).token}


@router.put("/{token}/file")
async def receive(token: str, name: Annotated[str, StringConstraints(max_length=1000)], request: Request, who: Who) -> Response:
    """One file, its bytes as the body. Answers whether it can be a page, with the reason if not; a bad file is set aside, not lost."""
    who.must("batch.upload")
    staging = _staging(who)
    try:
        upload = await run_in_threadpool(staging.open, token, who.actor.name)
        with staging.receive(upload, name) as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
            file.flush()
            verdict = await run_in_threadpool(_verdict, who, name, file.path)
    except UploadRefused as e:
        return JSONResponse({"code": e.code, "message": who.words(_REFUSALS[e.code])}, 413 if "big" in e.code else 409)
    return JSONResponse(verdict)


def _verdict(who: Visitor, name: str, path: Path) -> dict[str, Any]:
    lang: Language = "en" if who.words.lang == "en" else "vi"
    if escapes(name):
        return {"good": False, "code": "unsafe_name", "message": explain("unsafe_name", None, lang)}
    try:
        facts = inspect(path, _limits(who))
    except UnreadableFile as e:
        return {"good": False, "code": e.code, "message": explain(e.code, evidence_text(dict(e.evidence)), lang)}
    if facts.frames > 1:
        return {"good": True, "pages": facts.frames}        # looked at when they are read
    quality = measure(open_page(path.read_bytes(), facts.media_type, 0))
    return {"good": quality.verdict != "retake", "pages": 1, "verdict": quality.verdict,
            "message": ". ".join(describe(quality.reasons, lang)) if quality.verdict != "good" else ""}


@router.post("/{token}/finish")
def finish(token: str, who: Who) -> Response:
    """Hand the files to intake, say what came of each, and let the reading begin."""
    who.must("batch.upload")
    staging = _staging(who)
    try:
        upload = staging.open(token, who.actor.name)
    except UploadRefused as e:
        return JSONResponse({"code": e.code, "message": who.words(_REFUSALS[e.code])}, 409)
    return JSONResponse(_take_in(who, staging, upload))


def _take_in(who: Visitor, staging: Staging, upload: Upload) -> dict[str, Any]:
    services = who.portal.services
    lang: Language = "en" if who.words.lang == "en" else "vi"
    taken = add_files(services.database, services.ledger, upload.name, staging.sources(upload), limits=_limits(who), declared=upload.about,
                      commune=who.actor.commune_code, actor=who.actor.name)
    staging.close(upload)
    if taken.added and who.portal.start_reading is not None:
        who.portal.start_reading(taken.batch_id)
    refused = [{"file": s.file, "message": explain(s.reason, s.detail, lang)} for s in taken.set_aside]
    return {"batch": taken.batch_id, "created": taken.created, "added": taken.added, "known": taken.known, "refused": refused}
