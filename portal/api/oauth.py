"""The token endpoint, and what OAuth libraries find out by themselves. Refusals have the shape OAuth prescribes (RFC 6749 §5.2)."""
from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from portal.api.context import Desk, desk_of
from portal.api.entrance import gateway_trouble, gateway_words
from portal.api.pace import slow_down
from portal.api.problems import responses
from portal.api.tokens import client_credentials
from portal.proxy import client_certificate
from storage.access_log import log_access
from storage.clients import SCOPES, check_client, client_actor, within
from storage.models import ApiClient

router = APIRouter(tags=["token"])
_FORM = {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": {
    "type": "object", "required": ["grant_type"], "properties": {
        "grant_type": {"type": "string", "const": "client_credentials"}, "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string", "description": "e.g. `KS:read KS:copy`, or narrower, `KS:read.nhanthan`; all the client has if left "
                  "out"}}}}}}}


class TokenAnswer(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int
    scope: str


class TokenRefusal(BaseModel):
    """RFC 6749 §5.2: invalid_client, invalid_request, invalid_scope, unsupported_grant_type."""

    error: str
    error_description: str


class Jwk(BaseModel):
    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class Jwks(BaseModel):
    """RFC 7517 §5; the key that signs stands first."""

    keys: list[Jwk]


class ServerMetadata(BaseModel):
    """RFC 8414 §2."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str] = []
    grant_types_supported: list[str] = ["client_credentials"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic", "client_secret_post"]
    tls_client_certificate_bound_access_tokens: bool
    service_documentation: str


def _refuse(error: str, description: str, status: int = 400) -> Response:
    headers = {"Cache-Control": "no-store", **({"WWW-Authenticate": 'Basic realm="sogoc"'} if status == 401 else {})}
    return JSONResponse({"error": error, "error_description": description}, status, headers=headers)


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": TokenRefusal, "description": "The request is not one for a token / Yêu cầu không đúng"},
    401: {"model": TokenRefusal, "description": "Unknown client or wrong secret / Sai mã ứng dụng hoặc khóa bí mật"},
    **responses("too_many", "unavailable"),
}


@router.post("/oauth/token", response_model=TokenAnswer, responses=_REFUSALS, openapi_extra=_FORM,
             summary="Xin mã truy cập / Ask for an access token")
async def token(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    """Client credentials by HTTP Basic or in the form."""
    try:
        form = await request.form(max_files=0, max_fields=10)
    except HTTPException:
        return _refuse("invalid_request", "The body is no form / Nội dung không phải là biểu mẫu")
    return await run_in_threadpool(_token, request, desk, {k: v for k, v in form.items() if isinstance(v, str)})


def _token(request: Request, desk: Desk, form: dict[str, str]) -> Response:
    address = request.client.host if request.client else ""
    slow_down(request, desk.pace, f"token:{address}")
    if form.get("grant_type") != "client_credentials":
        return _refuse("unsupported_grant_type", "grant_type must be client_credentials")
    name, secret = client_credentials(request.headers.get("authorization", ""), form)
    with desk.services.database.reading() as session:       # argon2 takes its time: not while holding the write lock
        client = check_client(session, name[:80].replace("\0", ""), secret[:200])
    if client is None:
        _note(desk, name[:80].replace("\0", ""), address, "wrong")
        return _refuse("invalid_client", "Unknown client or wrong secret / Sai mã ứng dụng hoặc khóa bí mật", 401)
    trouble = gateway_trouble(request, desk.services, client.id, desk.gateway_key)
    if trouble:
        _note(desk, client.id, address, "gateway_refused")
        return _refuse("invalid_client" if trouble == "unknown" else "invalid_request", " / ".join(gateway_words(trouble)),
                       401 if trouble == "unknown" else 400)
    certificate = client_certificate(request.headers) if desk.services.api.certificates != "off" else ""
    if desk.services.api.certificates == "required" and not certificate:
        _note(desk, client.id, address, "certificate_refused")
        return _refuse("invalid_client", "A TLS client certificate is needed / Cần chứng thư TLS của hệ thống", 401)
    held = frozenset(client.scopes)
    wanted = frozenset(form.get("scope", "")[:500].split()) or held
    lacking = sorted(s for s in wanted if not within(s, held))
    if lacking:
        _note(desk, client.id, address, "not_permitted")
        return _refuse("invalid_scope", "The client does not have: " + " ".join(s for s in lacking if s in SCOPES))
    with desk.services.database.session() as session:
        actor = client_actor(client.id, wanted, client.agency_code, address)
        log_access(session, actor, "client.token", f"client:{client.id}", scope=sorted(wanted))
    answer = TokenAnswer(access_token=desk.tokens.issue(client, wanted, certificate), expires_in=desk.tokens.seconds,
                         scope=" ".join(sorted(wanted)))
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})


def _note(desk: Desk, client_id: str, address: str, reason: str) -> None:
    """Into the log that a client that is known got no token; what others typed is written nowhere."""
    with desk.services.database.session() as session:
        client = session.get(ApiClient, client_id)
        if client is not None:
            actor = client_actor(client.id, (), client.agency_code, address)
            log_access(session, actor, "access.refused", f"client:{client.id}", refused=reason)


@router.get("/oauth/jwks.json", responses=responses("unavailable"), summary="Khóa kiểm tra mã truy cập / Keys that tokens are checked with")
def jwks(desk: Annotated[Desk, Depends(desk_of)]) -> Jwks:
    """Public keys whose tokens are good now. Fetch them again when a token names a `kid` that is not among them."""
    return Jwks(keys=[Jwk(**k) for k in desk.tokens.public()])


@router.get("/.well-known/oauth-authorization-server", summary="Thông tin máy chủ cấp mã / What this authorization server offers")
def metadata(desk: Annotated[Desk, Depends(desk_of)]) -> ServerMetadata:
    """RFC 8414; also where that says it is looked for, /.well-known/oauth-authorization-server/api/v1 of the host."""
    return server_metadata(desk)


def server_metadata(desk: Desk) -> ServerMetadata:
    issuer = desk.tokens.issuer
    return ServerMetadata(
        issuer=issuer, token_endpoint=f"{issuer}/oauth/token", jwks_uri=f"{issuer}/oauth/jwks.json", scopes_supported=sorted(SCOPES),
        tls_client_certificate_bound_access_tokens=desk.services.api.certificates != "off", service_documentation=f"{issuer}/docs")
