"""The token endpoint. Its refusals have the shape OAuth prescribes (RFC 6749 §5.2), so that every OAuth library understands them."""
from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from portal.api.context import Desk, desk_of, slow_down
from portal.api.tokens import client_credentials
from storage.access_log import log_access
from storage.clients import check_client, client_actor

router = APIRouter(tags=["token"])
_FORM = {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": {
    "type": "object", "required": ["grant_type"], "properties": {
        "grant_type": {"type": "string", "const": "client_credentials"}, "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string", "description": "e.g. `KS:read KS:copy`; all the client has if left out"}}}}}}}


class TokenAnswer(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int
    scope: str


def _refuse(error: str, description: str, status: int = 400) -> Response:
    headers = {"Cache-Control": "no-store", **({"WWW-Authenticate": 'Basic realm="sogoc"'} if status == 401 else {})}
    return JSONResponse({"error": error, "error_description": description}, status, headers=headers)


@router.post("/oauth/token", response_model=TokenAnswer, openapi_extra=_FORM, summary="Xin mã truy cập / Ask for an access token")
async def token(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    """Client credentials by HTTP Basic or in the form."""
    form = await request.form(max_files=0, max_fields=10)
    slow_down(desk.limit, f"token:{request.client.host if request.client else '?'}")
    if form.get("grant_type") != "client_credentials":
        return _refuse("unsupported_grant_type", "grant_type must be client_credentials")
    client_id, secret = client_credentials(request.headers.get("authorization", ""), form)
    address = request.client.host if request.client else ""
    return await run_in_threadpool(_issue, desk, client_id[:80], secret[:200], str(form.get("scope", ""))[:500], address)


def _issue(desk: Desk, client_id: str, secret: str, scope: str, address: str) -> Response:
    with desk.services.database.reading() as session:       # argon2 takes its time: not while holding the write lock
        client = check_client(session, client_id, secret)
    if client is None:
        return _refuse("invalid_client", "Unknown client or wrong secret / Sai mã ứng dụng hoặc khóa bí mật", 401)
    wanted = frozenset(scope.split()) or frozenset(client.scopes)
    if not wanted <= frozenset(client.scopes):
        return _refuse("invalid_scope", "The client does not have: " + " ".join(sorted(wanted - frozenset(client.scopes))))
    with desk.services.database.session() as session:
        actor = client_actor(client.id, wanted, client.agency_code, address)
        log_access(session, actor, "client.token", f"client:{client.id}", scope=sorted(wanted))
    answer = TokenAnswer(access_token=desk.tokens.issue(client, wanted), expires_in=desk.tokens.seconds, scope=" ".join(sorted(wanted)))
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})
