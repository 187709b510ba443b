"""Programs that are connected: the one-stop system, nodes of communes; for those who manage accounts."""
from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from portal.context import Visitor, Who, page
from storage.access_log import log_access
from storage.client_secrets import live_secrets, new_secret
from storage.clients import add_client, clients, set_client_active
from storage.errors import StorageError
from storage.field_groups import field_groups
from storage.policy import KINDS

router = APIRouter(prefix="/clients", include_in_schema=False)
Short = Annotated[str, Form(max_length=200)]
_GRACE_HOURS = 72
Many = Annotated[list[str], Form(default_factory=list, max_length=40)]


@router.get("")
def listed(request: Request, who: Who) -> Response:
    who.must("account.manage")
    return _list(who, request)


def _list(who: Visitor, request: Request, status: int = 200, *, problem: str = "", secret: tuple[str, str] | None = None) -> Response:
    with who.portal.services.database.reading() as session:
        rows, secrets = clients(session), live_secrets(session)
    return page(who, request, "clients.html", status, rows=rows, secrets=secrets, problem=problem, secret=secret, grace=_GRACE_HOURS,
                kinds=[k for k in KINDS if k != "HS"], groups=field_groups())


@router.post("")
def add(request: Request, who: Who, scope: Many, client: Short = "", title: Short = "", agency: Annotated[str, Form(max_length=40)] = "",
        group_kind: Annotated[str, Form(max_length=3)] = "", group: Annotated[str, Form(max_length=20)] = "",
        commune: Annotated[str, Form(max_length=8)] = "") -> Response:
    """A new program; its secret is in the answer and nowhere else."""
    who.must("account.manage")
    scopes = [*scope, *([f"{group_kind}:read.{group}"] if group_kind and group else []),
              *([f"sync:{commune.strip()}"] if commune.strip() else [])]
    try:
        with who.portal.services.database.session() as session:
            secret = add_client(session, client.strip(), scopes, title.strip(), agency.strip())
            log_access(session, who.actor, "client.add", f"client:{client.strip()}", scopes=sorted(scopes))
    except StorageError as e:
        return _list(who, request, 409, problem=e.message(who.words.lang))
    return _list(who, request, secret=(client.strip(), secret))


@router.post("/{client_id}/secret")
def change_secret(client_id: str, request: Request, who: Who) -> Response:
    """A new secret, in the answer and nowhere else; the one before stays good for a while."""
    who.must("account.manage")
    try:
        with who.portal.services.database.session() as session:
            secret = new_secret(session, client_id, timedelta(hours=_GRACE_HOURS))
            log_access(session, who.actor, "client.secret", f"client:{client_id}", hours=_GRACE_HOURS)
    except StorageError as e:
        return _list(who, request, 409, problem=e.message(who.words.lang))
    return _list(who, request, secret=(client_id, secret))


@router.post("/{client_id}/{change}")
def change(client_id: str, change: str, request: Request, who: Who) -> Response:
    """disable or enable: at once, for tokens that are out as well."""
    who.must("account.manage")
    if change not in ("disable", "enable"):
        return Response(status_code=404)
    try:
        with who.portal.services.database.session() as session:
            set_client_active(session, client_id, change == "enable")
            log_access(session, who.actor, f"client.{change}", f"client:{client_id}")
    except StorageError as e:
        return _list(who, request, 409, problem=e.message(who.words.lang))
    return RedirectResponse("/clients", 303)
