"""Short-lived addresses of signed copies, for whoever shows the copy and has no token: the portal's own, or the object store's."""
from __future__ import annotations

import hmac
import re
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from portal.api.context import Desk, Inquiry, desk_of, inquiry
from portal.api.copies import PDF_ANSWERS, answer
from portal.api.pace import slow_down
from portal.api.problems import Problem, responses
from portal.notation import VIETNAM
from storage.access_log import access_line, log_access
from storage.copy_links import give_link, log_dead_link, use_link
from storage.errors import ObjectStoreUnavailable
from storage.models import utc_now
from storage.signed_copies import SignedCopy, signed_copy

router = APIRouter(tags=["copies"])
PATH = "/copies"
LONGEST = 900               # seconds: the most an address may live
MOST_USES = 20
_TOKEN = re.compile(r"^([A-Za-z0-9_-]{32})\.(\d{10})\.([0-9a-f]{40})$")
_GONE = {
    "expired": ("It has expired: ask for a new one.", "Đường dẫn đã hết hạn: hãy xin đường dẫn mới."),
    "used_up": ("It has been used as often as it may be: ask for a new one.", "Đường dẫn đã dùng hết số lần: hãy xin đường dẫn mới."),
    "superseded": ("A later version of the record is in force: ask for a new one.",
                   "Hồ sơ đã có phiên bản mới: hãy xin đường dẫn mới."),
    "client_off": ("The client it was given to may not use it any more.", "Ứng dụng được cấp đường dẫn không còn quyền."),
}


class LinkWanted(BaseModel):
    """uses: how often it may be fetched; every request counts, one for a range too. seconds: no longer than the setting allows."""

    model_config = ConfigDict(extra="forbid")
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1
    seconds: Annotated[int, Field(ge=10, le=LONGEST)] | None = None


class CopyLinkAnswer(BaseModel):
    """url opens without a token until expires_at. served_by: portal (uses are counted and logged one by one) or store (the object store
    itself; uses is null, it counts none)."""

    url: str
    expires_at: str
    uses: int | None
    served_by: Literal["portal", "store"]
    copy_sha256: str
    copy_bytes: int


@router.post("/records/{record_id}/copy-link", status_code=201,
             summary="Xin đường dẫn ngắn hạn tới bản sao / A short-lived address of the copy", responses=responses(
                 "missing_context", "not_authenticated", "not_permitted", "not_found", "invalid", "too_many", "unavailable"))
def copy_link(record_id: str, wanted: LinkWanted, request: Request, asked: Annotated[Inquiry, Depends(inquiry)]) -> CopyLinkAnswer:
    """Bound to this client and this version of the record; needs the scope to copy. Give it to the person's browser, not to others."""
    asked.spend("copies")
    options = asked.desk.services.portal
    seconds = min(wanted.seconds or options.copy_link_seconds, options.copy_link_seconds)
    with asked.desk.services.database.glance() as session:
        found = signed_copy(session, record_id)
    if found is None:
        raise Problem("not_found")
    asked.must(found.kind, "copy")
    if options.copy_links == "store":
        return _by_store(asked, found, seconds)
    with asked.desk.services.database.session() as session:
        secret, link = give_link(session, asked.client.id, found, asked.about(), seconds, wanted.uses)
        asked.log(session, "copy.link", f"entry:{found.entry_id}", package=found.package_id, link=link.id[:12], count=wanted.uses,
                  until=link.expires_at.isoformat(), fields=[])
    base = (options.public_url or f"{request.url.scheme}://{request.url.netloc}").rstrip("/") + request.scope.get("root_path", "")
    token = seal(asked.desk.link_key, secret, int(link.expires_at.timestamp()))
    return CopyLinkAnswer(url=f"{base}{PATH}/{token}", expires_at=link.expires_at.astimezone(VIETNAM).isoformat(), uses=wanted.uses,
                          served_by="portal", copy_sha256=found.sha256, copy_bytes=found.size)


def _by_store(asked: Inquiry, found: SignedCopy, seconds: int) -> CopyLinkAnswer:
    """The store's own address. Its uses are not seen here, so giving it is logged as if the copy had been fetched."""
    until = utc_now() + timedelta(seconds=seconds)
    asked.record("copy.link", f"entry:{found.entry_id}", package=found.package_id, until=until.isoformat(), fields=["copy"])
    try:
        url = asked.desk.services.objects.presigned_get("archive", found.key, seconds, found.version_id)
    except ObjectStoreUnavailable as e:
        raise Problem("unavailable", e.message("en"), e.message("vi")) from e
    return CopyLinkAnswer(url=url, expires_at=until.astimezone(VIETNAM).isoformat(), uses=None, served_by="store",
                          copy_sha256=found.sha256, copy_bytes=found.size)


@router.get(PATH + "/{token}", response_class=Response, summary="Bản sao theo đường dẫn ngắn hạn / The copy behind a short-lived address",
            responses={**PDF_ANSWERS, **responses("link_invalid", "link_gone", "bad_range", "too_many", "unavailable")})
def copy_behind(token: str, request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    """Needs no token and no headers: the address says it all. Each use is logged with the dossier, service and officer it was asked for."""
    address = request.client.host if request.client else "?"
    slow_down(request, desk.pace, f"link:{address}")
    try:
        secret, _ = unseal(desk.link_key, token)
    except Problem as e:
        with desk.services.database.session() as session:
            log_dead_link(session, _readable_secret(token), address, e.code)
        raise
    with desk.services.database.session() as session:
        use = use_link(session, secret, address)
        if use is None:                 # its row is removed a day after its time
            log_dead_link(session, secret, address, "link_expired")
        elif use.gone is not None:
            log_access(session, use.actor, "access.refused", use.subject, use.purpose, refused=f"link_{use.gone}", link=use.link)
    if use is None:
        raise Problem("link_gone", *_GONE["expired"])
    if use.gone is not None or use.copy is None:
        raise Problem("link_gone", *_GONE[use.gone or "superseded"])
    copy = use.copy
    return answer(desk, request, copy, lambda fields, **said: desk.log.write(access_line(
        use.actor, "copy.fetch", use.subject, use.purpose, package=copy.package_id, link=use.link, fields=fields, **said)))


def seal(key: bytes, secret: str, until: int) -> str:
    """secret.seconds.signature: an altered address is known as such before anything is looked up."""
    return f"{secret}.{until}.{_signature(key, secret, until)}"


def unseal(key: bytes, token: str) -> tuple[str, int]:
    """(secret, time it ends). Raises Problem link_invalid."""
    parts = _TOKEN.match(token)
    if parts is None or not hmac.compare_digest(_signature(key, parts[1], int(parts[2])).encode(), parts[3].encode()):
        raise Problem("link_invalid")
    return parts[1], int(parts[2])


def _readable_secret(token: str) -> str:
    """The secret that stands in an altered address, empty if there is none: it may be that of a real one."""
    parts = _TOKEN.match(token)
    return parts[1] if parts is not None else ""


def _signature(key: bytes, secret: str, until: int) -> str:
    return hmac.new(key, f"copy:{secret}:{until}".encode(), sha256).hexdigest()[:40]
