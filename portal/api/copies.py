"""The signed copy of a record: PDF/A with its signature, whole or in ranges (RFC 9110 §14), known by its SHA-256."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from portal.api.context import Desk, Inquiry, inquiry
from portal.api.one_thread import OneThreadThatFetches
from portal.api.problems import Problem, responses
from storage.archive_package import safe
from storage.errors import ObjectMissing, ObjectStoreUnavailable
from storage.signed_copies import SignedCopy, signed_copy

router = APIRouter(prefix="/records", tags=["copies"], route_class=OneThreadThatFetches)
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
_AT_ONCE = 1 << 20          # bytes; larger answers are passed on in pieces as the store gives them
PDF_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The signed PDF/A"},
    206: {"content": {"application/pdf": {}}, "description": "A range"},
    304: {"description": "Not changed: it never does"},
}
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    **PDF_ANSWERS,
    **responses("missing_context", "not_authenticated", "not_permitted", "not_found", "bad_range", "too_many", "unavailable"),
}


def byte_range(header: str | None, size: int) -> tuple[int, int] | Literal["bad"] | None:
    """First and last byte asked for; None: the whole (no range, or one that RFC 9110 says to ignore); "bad": cannot be satisfied."""
    match = _RANGE.match((header or "").strip())
    if match is None or (not match[1] and not match[2]):
        return None                     # several ranges, another unit, or nonsense: the whole
    if not match[1]:
        length = int(match[2])
        return (max(0, size - length), size - 1) if length > 0 and size > 0 else "bad"
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < first:
        return None
    return (first, last) if first < size else "bad"


def _file_name(copy: SignedCopy) -> str:
    """Made of what was read on the page, so only letters and digits that a header can carry."""
    return f"{safe(copy.kind)}.{copy.year or 0}.{safe(copy.number or '') or copy.entry_id}.pdf"


def _same(header: str | None, etag: str) -> bool:
    return header is not None and (header.strip() == "*" or etag in (part.strip().removeprefix("W/") for part in header.split(",")))


@router.get("/{record_id}/copy", response_class=Response, responses=_DOCUMENTED, summary="Bản sao có chữ ký số / The signed copy")
@router.head("/{record_id}/copy", response_class=Response, include_in_schema=False)
def copy(record_id: str, request: Request, asked: Annotated[Inquiry, Depends(inquiry)]) -> Response:
    """ETag is the copy's SHA-256; If-None-Match, Range and If-Range are honoured. Every request is logged, also for a part or for
    headers alone."""
    if request.method == "GET":
        asked.spend("copies")
    with asked.desk.services.database.glance() as session:
        found = signed_copy(session, record_id)
    if found is None:
        raise Problem("not_found")
    asked.must(found.kind, "copy")
    return answer(asked.desk, request, found, lambda fields, **said: asked.record(
        "copy.fetch", f"entry:{found.entry_id}", package=found.package_id, fields=fields, **said))


def answer(desk: Desk, request: Request, found: SignedCopy, log: Callable[..., None]) -> Response:
    """The copy as the request's headers want it. log(fields, …) writes the look down, before a byte leaves."""
    etag = f'"{found.sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache",
               "Content-Disposition": f'attachment; filename="{_file_name(found)}"'}
    if _same(request.headers.get("if-none-match"), etag):
        log([], answer=304)
        return Response(status_code=304, headers=headers)
    wanted = byte_range(request.headers.get("range"), found.size)
    if request.headers.get("if-range") not in (None, etag):
        wanted = None
    if wanted == "bad":
        raise Problem("bad_range", headers={"Content-Range": f"bytes */{found.size}"})
    first, last = wanted if wanted is not None else (0, found.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        log([], answer="head")
    else:
        log(["copy"], bytes=[first, last])
    status = 206 if wanted is not None else 200
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type="application/pdf")
    try:
        objects, length = desk.services.objects, last - first + 1
        if length > _AT_ONCE:
            return StreamingResponse(objects.pieces("archive", found.key, first, length, found.version_id), status, headers,
                                     "application/pdf")
        body = (objects.get("archive", found.key, found.version_id) if length == found.size
                else objects.get_range("archive", found.key, first, length, found.version_id))
    except (ObjectMissing, ObjectStoreUnavailable) as e:
        raise Problem("unavailable", e.message("en"), e.message("vi")) from e
    return Response(body, status, headers, "application/pdf")
