"""For whom and for what a request is made: client, dossier, service, officer, purpose. Nothing is answered without; all is logged."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Request
from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from pipelines.services import Services
from portal.api.disclosure import service_known
from portal.api.entrance import let_in
from portal.api.pace import slow_down, tell_quota
from portal.api.problems import Problem
from portal.api.tokens import Client, Tokens, bearer
from storage.access_log import Purpose, access_line, log_access
from storage.clients import client_actor, read_groups
from storage.event_writer import EventWriter
from storage.extracts.revocation import Published
from storage.models import ApiClient, ArchivePackage
from storage.policy import Actor, allows
from storage.rates import SharedPace, SharedQuota

_WANTED = (("X-Dossier-Code", "mã hồ sơ một cửa, ví dụ H21.129-250812-0035",
    "the one-stop dossier's code, for example H21.129-250812-0035"),
           ("X-Service-Code", "mã dịch vụ công, ví dụ 2.000635", "the public service's code, for example 2.000635"),
           ("X-Officer-Code", "mã cán bộ tra cứu", "the officer who asks"))
_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._@/-]{0,79}$")
_PURPOSE_LENGTH = 200
_CLIENT = select(ApiClient.active, ApiClient.scopes, ApiClient.agency_code, ApiClient.quotas).where(ApiClient.id == bindparam("id"))


@dataclass(frozen=True)
class Desk:
    """What the API works with. watch_key: of the digests by which the log tells numbers that follow each other (storage.watch_digest);
    gateway_key: of the digests of gateway secrets; link_key: signs short-lived addresses of copies."""

    services: Services
    tokens: Tokens
    pace: SharedPace
    exchange_pace: SharedPace               # of uploads: one request a chunk
    quota: SharedQuota
    watch_key: bytes
    gateway_key: bytes
    link_key: bytes
    log: EventWriter
    revoked: Published
    start_reading: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Inquiry:
    """One authenticated request with what it is for."""

    client: Client
    dossier: str
    service: str
    officer: str
    purpose: str
    desk: Desk
    address: str
    request: Request
    quotas: dict[str, dict[str, int]]

    @cached_property
    def actor(self) -> Actor:
        return client_actor(self.client.id, self.client.scopes, self.client.agency_code, self.address)

    def groups(self, kind: str) -> frozenset[str] | None:
        """The groups of fields that the token lets be read of that kind; None: all."""
        return read_groups(self.client.scopes, kind)

    def spend(self, measure: str) -> None:
        """Count one of searches, records or copies against the client's quota. Raises Problem quota_spent. Call it outside a unit of
        work: it has one of its own."""
        limits = {**self.desk.services.api.quotas.get(measure, {}), **self.quotas.get(measure, {})}
        tell_quota(self.request, self.desk.quota.spend(self.client.id, measure, limits))

    def log(self, session: Session, action: str, subject: str, *, basis: str = "", **detail: Any) -> None:
        """Write the look into the hash-chained log; `detail` has field codes and counts, never values. basis: the rule that allows it."""
        log_access(session, self.actor, action, subject, self.about(basis), **detail)

    def record(self, action: str, subject: str, *, basis: str = "", **detail: Any) -> None:
        """As `log`, for a request that only reads: the line is committed, with those of other requests, when this returns."""
        self.desk.log.write(access_line(self.actor, action, subject, self.about(basis), **detail))

    def about(self, basis: str = "") -> Purpose:
        """What the request is for, as the log keeps it."""
        return Purpose(self.purpose, self.dossier, self.service, self.officer, basis)

    def log_refused(self, code: str, request: Request) -> None:
        refuse(self.desk, self.actor, code, request, self.about())

    def must(self, kind: str, right: str) -> None:
        if not allows(self.actor, f"api.{right}", None, kind):
            raise Problem("not_permitted", f"The token lacks the scope {kind}:{right}.", f"Mã truy cập thiếu phạm vi {kind}:{right}.")


async def desk_of(request: Request) -> Desk:
    return request.app.state.desk


def inquiry(
    request: Request, desk: Annotated[Desk, Depends(desk_of)],
    x_dossier_code: Annotated[str | None, Header(description="Mã hồ sơ một cửa / one-stop dossier code")] = None,
    x_service_code: Annotated[str | None, Header(description="Mã dịch vụ công / public service code")] = None,
    x_officer_code: Annotated[str | None, Header(description="Mã cán bộ / officer code")] = None,
    x_purpose: Annotated[str | None, Header(description="Mục đích, UTF-8 mã hóa phần trăm / purpose, percent-encoded UTF-8")] = None,
) -> Inquiry:
    """Checks token, gateway, certificate, rate, headers and service, in this order. Raises Problem not_authenticated, gateway_refused,
    certificate_refused, too_many, missing_context, wrong_purpose."""
    client, row = known_client(request, desk)
    slow_down(request, desk.pace, client.id)
    address = request.client.host if request.client else "?"
    request.state.refused = lambda code: refuse(desk, client_actor(client.id, client.scopes, client.agency_code, address), code, request)
    let_in(request, desk.services, client, desk.gateway_key)
    given = (x_dossier_code, x_service_code, x_officer_code)
    missing = [w for w, value in zip(_WANTED, given, strict=True) if value is None or not _CODE.match(value.strip())]
    if missing:
        raise Problem("missing_context", "Missing or malformed header: " + "; ".join(f"{h} ({en})" for h, _, en in missing),
                      "Thiếu hoặc sai tiêu đề: " + "; ".join(f"{h} ({vi})" for h, vi, _ in missing))
    dossier, service, officer = (str(v).strip() for v in given)
    purpose = unquote(x_purpose or "").strip()[:_PURPOSE_LENGTH] or f"service {service}"
    asked = Inquiry(client, dossier, service, officer, purpose, desk, address, request, row.quotas)
    request.state.refused = lambda code: asked.log_refused(code, request)
    if not service_known(service, desk.services.api.services):
        raise Problem("wrong_purpose", f"No data is given for the public service {service}; the administrator can add it (api.services).",
                      f"Không cung cấp dữ liệu cho dịch vụ công {service}; người quản trị có thể bổ sung (api.services).")
    return asked


def known_client(request: Request, desk: Desk) -> tuple[Client, Row[Any]]:
    """The client of the request's token, with no more scopes than it has now, and what its row says. Raises Problem not_authenticated."""
    client = desk.tokens.read(bearer(request))
    with desk.services.database.glance() as session:
        row = session.connection().execute(_CLIENT, {"id": client.id}).first()
    if row is None or not row.active:
        raise Problem("not_authenticated", "The client is switched off.", "Ứng dụng đã bị khóa.")
    return client.limited(row.scopes, row.agency_code), row


def refuse(desk: Desk, actor: Actor, code: str, request: Request, purpose: Purpose | None = None) -> None:
    """Write down that a client's request was refused, of which record if there is one; of a client that is held back for asking too often
    nothing is written."""
    route, record = request.scope.get("route"), str(request.path_params.get("record_id", ""))
    with desk.services.database.session() as session:
        package = session.get(ArchivePackage, record[:64]) if record else None
        log_access(session, actor, "access.refused", package.subject if package is not None else "records", purpose, refused=code,
                   page=getattr(route, "path", "?"))
