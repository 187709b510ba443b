"""Single sign-on: to the provider and back."""
from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from portal.context import Portal, address_of, portal_of
from portal.language import Words
from portal.pages.login import login_form, safe_back, signed_in
from portal.sso import Identity, Provider, SsoFailed
from storage.access_log import log_access
from storage.accounts import actor_of
from storage.errors import StorageError
from storage.policy import Actor
from storage.review_errors import AccountOff
from storage.sign_in import too_often
from storage.sso_accounts import grant_groups, sso_user

router = APIRouter(prefix="/login/sso", include_in_schema=False)
_COOKIE = "sogoc_sso"
_SECONDS = 600


@router.get("")
def leave(request: Request, next: str = "/") -> Response:
    """To the provider; what has to come back with the person stays in a signed cookie.

    SameSite=Lax, for the way back starts on the provider's site.
    """
    portal, back = portal_of(request), safe_back(next)
    if portal.sso is None:
        return RedirectResponse("/login", 303)
    try:
        started = portal.sso.start()
    except SsoFailed as e:
        return _failed(portal, request, e)
    answer = RedirectResponse(started.url, 303)
    answer.set_cookie(_COOKIE, portal.sessions.seal("sso", [started.state, started.nonce, started.verifier, back]), max_age=_SECONDS,
                      path="/login/sso", httponly=True, samesite="lax", secure=portal.options.secure_cookies)
    return answer


@router.get("/back")
def come_back(request: Request) -> Response:
    """From the provider: who it is, their account and what their groups give them, then a session."""
    portal, words = portal_of(request), portal_of(request).words(request)
    kept = portal.sessions.unseal("sso", request.cookies.get(_COOKIE), _SECONDS)
    if portal.sso is None or not isinstance(kept, list) or request.query_params.get("state") != kept[0]:
        return login_form(portal, request, "/", words("Trang đăng nhập đã cũ. Vui lòng thử lại."), "", 403)
    state, nonce, verifier, back = (str(v) for v in kept)
    with portal.services.database.session() as session:
        often = too_often(session, address=address_of(request))
    if often:
        return login_form(portal, request, back, words("Thử quá nhiều lần. Vui lòng chờ một phút."), "", 429)
    try:
        identity = portal.sso.finish(f"{portal.sso.redirect_uri}?{request.url.query}", state, nonce, verifier)
        name = _account(portal, portal.sso, identity, address_of(request))
    except SsoFailed as e:
        return _failed(portal, request, e)
    except StorageError as e:
        _log_refused(portal, request, e.code)
        return login_form(portal, request, back, e.message(words.lang), "", 403)
    answer = signed_in(portal, request, name, back, "sso", sso=True, page="sso_done.html")
    answer.delete_cookie(_COOKIE, path="/login/sso")
    return answer


def _account(portal: Portal, provider: Provider, identity: Identity, address: str) -> str:
    o = provider.options
    with portal.services.database.session() as session:
        user, made = sso_user(session, o.issuer, identity.subject, identity.name, identity.display_name, create=o.create)
        if not user.active:
            raise AccountOff(name=user.name)
        by = Actor("sso", "", "", grants=(), channel="portal", address=address)
        if made:
            log_access(session, by, "user.add", f"user:{user.name}")
        if o.groups and grant_groups(session, user.name, identity.groups, o.groups):
            log_access(session, by, "user.grant", f"user:{user.name}", granted=list(actor_of(session, user).roles))
        return user.name


def _failed(portal: Portal, request: Request, error: SsoFailed) -> Response:
    words: Words = portal.words(request)
    said = {
        "away": words("Máy chủ đăng nhập một lần không trả lời. Người có tài khoản riêng ở đây vẫn đăng nhập được bên dưới."),
        "refused": words("Máy chủ đăng nhập một lần không cho phép. Hãy dùng đúng tài khoản cơ quan, hoặc hỏi người quản trị."),
    }.get(error.code, words("Đăng nhập một lần không thành công. Hãy thử lại; nếu vẫn lỗi, báo người quản trị."))
    _log_refused(portal, request, f"sso_{error.code}")
    return login_form(portal, request, "/", said, "", 503 if error.code == "away" else 403)


def _log_refused(portal: Portal, request: Request, reason: str) -> None:
    with portal.services.database.session() as session:
        actor = Actor("?", "", "", grants=(), channel="portal", address=address_of(request))
        log_access(session, actor, "user.login_refused", "user:?", refused=reason, by="sso")
