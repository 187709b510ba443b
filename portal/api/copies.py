"""The signed copy of a record: PDF/A with its signature, whole or in ranges (RFC 9110 §14), known by its SHA-256."""
from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response

from portal.api.context import Inquiry, inquiry
from portal.api.problems import Problem, responses
from portal.api.records import archived_entry
from storage.archive_package import safe
from storage.errors import ObjectMissing, ObjectStoreUnavailable
from storage.models import Entry, StoredObject

router = APIRouter(prefix="/records", tags=["copies"])
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The signed PDF/A"},
    206: {"content": {"application/pdf": {}}, "description": "A range"},
    304: {"description": "Not changed: it never does"},
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


def _file_name(entry: Entry) -> str:
    """Made of what was read on the page, so only letters and digits that a header can carry."""
    return f"{safe(entry.kind)}.{entry.year or 0}.{safe(entry.number or '') or entry.id}.pdf"


def _same(header: str | None, etag: str) -> bool:
    return header is not None and (header.strip() == "*" or etag in (part.strip().removeprefix("W/") for part in header.split(",")))


@router.get("/{record_id}/copy", response_class=Response, responses=_DOCUMENTED, summary="Bản sao có chữ ký số / The signed copy")
@router.head("/{record_id}/copy", response_class=Response, include_in_schema=False)
def copy(record_id: str, request: Request, asked: Annotated[Inquiry, Depends(inquiry)]) -> Response:
    """ETag is the copy's SHA-256; If-None-Match, Range and If-Range are honoured. Every request is logged, also for a part or for
    headers alone."""
    if request.method == "GET":
        asked.spend("copies")
    with asked.desk.services.database.session() as session:
        entry, package, stored = archived_entry(session, record_id)
        asked.must(entry.kind, "copy")
        etag = f'"{stored.sha256}"'
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache",
                   "Content-Disposition": f'attachment; filename="{_file_name(entry)}"'}
        if _same(request.headers.get("if-none-match"), etag):
            asked.log(session, "copy.fetch", f"entry:{entry.id}", package=package.id, fields=[], answer=304)
            return Response(status_code=304, headers=headers)
        wanted = byte_range(request.headers.get("range"), stored.size)
        if request.headers.get("if-range") not in (None, etag):
            wanted = None
        if wanted == "bad":
            raise Problem("bad_range", headers={"Content-Range": f"bytes */{stored.size}"})
        first, last = wanted if wanted is not None else (0, stored.size - 1)
        if request.method == "GET":
            asked.log(session, "copy.fetch", f"entry:{entry.id}", package=package.id, fields=["copy"], bytes=[first, last])
        else:
            asked.log(session, "copy.fetch", f"entry:{entry.id}", package=package.id, fields=[], answer="head")
    status = 206 if wanted is not None else 200
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{stored.size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers={**headers, "Content-Length": str(last - first + 1)}, media_type="application/pdf")
    return Response(_bytes(asked, stored, first, last), status, headers, "application/pdf")


def _bytes(asked: Inquiry, stored: StoredObject, first: int, last: int) -> bytes:
    objects = asked.desk.services.objects
    try:
        if (first, last) == (0, stored.size - 1):
            return objects.get("archive", stored.key, stored.version_id)
        return objects.get_range("archive", stored.key, first, last - first + 1, stored.version_id)
    except (ObjectMissing, ObjectStoreUnavailable) as e:
        raise Problem("unavailable", e.message("en"), e.message("vi")) from e
