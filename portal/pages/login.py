"""Signing in, with a second step for those who have one-time passwords, and out."""
from __future__ import annotations

import secrets
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from portal.context import Portal, Visitor, Who, address_of, keep_session, portal_of, render
from portal.language import Words
from portal.security import SESSION_COOKIE, OpenSession
from storage.access_log import log_access
from storage.accounts import actor_of
from storage.models import User, utc_now
from storage.policy import Actor
from storage.second_factor import check_code, has_second_factor
from storage.sign_in import LOCK_AFTER, LOCK_TIME, LoginResult, check_password, count_wrong, too_often
from storage.user_sessions import end_sessions, new_session

router = APIRouter(include_in_schema=False)
_LOGIN_COOKIE, _STEP_COOKIE = "sogoc_login", "sogoc_step"
_STEP_SECONDS = 300


def login_form(portal: Portal, request: Request, back: str, problem: str = "", name: str = "", status: int = 200) -> Response:
    """The first page of all, with what went wrong last time."""
    return _with_token(portal, request, "login.html", status, back=back, problem=problem, name=name,
                       sso=portal.sso.options.title if portal.sso is not None else "")


def _with_token(portal: Portal, request: Request, template: str, status: int, **values: object) -> Response:
    nonce = request.cookies.get(_LOGIN_COOKIE) or secrets.token_urlsafe(16)
    answer = render(portal, request, portal.words(request), template, status, csrf=portal.sessions.csrf("login:" + nonce), **values)
    answer.set_cookie(_LOGIN_COOKIE, nonce, path="/login", httponly=True, samesite="strict", secure=portal.options.secure_cookies)
    return answer


def safe_back(path: str | None) -> str:
    """A path of this portal to go back to; anything that could lead elsewhere becomes the home page."""
    parts = urlsplit(path or "/")
    good = path and path.startswith("/") and not path.startswith(("//",
        "/\\")) and not parts.scheme and not parts.netloc and path.isprintable()
    return path if good and path else "/"


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:
    return login_form(portal_of(request), request, safe_back(next))


@router.post("/login")
async def login(request: Request) -> Response:
    """Checks name and password; every try is in the log, with the account's name but never the password."""
    portal = portal_of(request)
    form = await request.form(max_files=0, max_fields=8)
    name, password, back = str(form.get("name", ""))[:80], str(form.get("password", ""))[:1024], safe_back(str(form.get("next", "/")))
    words = portal.words(request)
    if not _token_holds(portal, request, str(form.get("csrf", ""))):
        return login_form(portal, request, back, words("Trang đăng nhập đã cũ. Vui lòng thử lại."), name, 403)
    if await run_in_threadpool(_too_often, portal, request, name):
        return login_form(portal, request, back, words("Thử quá nhiều lần. Vui lòng chờ một phút."), name, 429)
    result, second = await run_in_threadpool(_try, portal, name, password, address_of(request))
    if result.user is None:
        return login_form(portal, request, back, _refusal(words), name, 401)
    if second:
        answer: Response = RedirectResponse(f"/login/code?next={quote(back)}", 303)
        answer.set_cookie(_STEP_COOKIE, portal.sessions.seal("step", _step(result.user)), max_age=_STEP_SECONDS, path="/login",
                          httponly=True, samesite="strict", secure=portal.options.secure_cookies)
        return answer
    return await run_in_threadpool(signed_in, portal, request, result.user.name, back, "password")


@router.get("/login/code")
def code_page(request: Request, next: str = "/") -> Response:
    portal = portal_of(request)
    if portal.sessions.unseal("step", request.cookies.get(_STEP_COOKIE), _STEP_SECONDS) is None:
        return RedirectResponse("/login", 303)
    return _with_token(portal, request, "login_code.html", 200, back=safe_back(next), problem="")


@router.post("/login/code")
async def code(request: Request) -> Response:
    """The second step: a code of the telephone or one from paper. Wrong ones count towards the same lock as wrong passwords."""
    portal = portal_of(request)
    form = await request.form(max_files=0, max_fields=8)
    said, back, words = str(form.get("code", ""))[:40], safe_back(str(form.get("next", "/"))), portal.words(request)
    step = portal.sessions.unseal("step", request.cookies.get(_STEP_COOKIE), _STEP_SECONDS)
    if not isinstance(step, list) or not _token_holds(portal, request, str(form.get("csrf", ""))):
        return login_form(portal, request, back, words("Trang đăng nhập đã cũ. Vui lòng thử lại."), "", 403)
    name = str(step[0])
    if await run_in_threadpool(_too_often, portal, request, name):
        return _with_token(portal, request, "login_code.html", 429, back=back, problem=words("Thử quá nhiều lần. Vui lòng chờ một phút."))
    result, way = await run_in_threadpool(_try_code, portal, step, said, address_of(request))
    if result.user is None:
        problem = _refusal(words) if result.reason == "locked" else words("Mã không đúng hoặc đã dùng rồi. Chờ mã mới rồi thử lại.")
        return _with_token(portal, request, "login_code.html", 401, back=back, problem=problem)
    answer = await run_in_threadpool(signed_in, portal, request, name, back, way)
    answer.delete_cookie(_STEP_COOKIE, path="/login")
    return answer


def signed_in(portal: Portal, request: Request, name: str, back: str, way: str, *, sso: bool = False, page: str = "") -> Response:
    """Open a session for the person and go on to `back`. way: how they proved who they are, for the log. page: template that leads on."""
    with portal.services.database.session() as session:
        user = session.get_one(User, name)
        secret = new_session(session, name, address_of(request), request.headers.get("user-agent", ""), sso=sso)
        log_access(session, actor_of(session, user, "portal", address_of(request)), "user.login", f"user:{name}", by=way)
    answer: Response = render(portal, request, portal.words(request), page, back=back) if page else RedirectResponse(back, 303)
    keep_session(answer, portal, portal.sessions.renew(OpenSession(secret)))
    answer.delete_cookie(_LOGIN_COOKIE, path="/login")
    return answer


def _token_holds(portal: Portal, request: Request, token: str) -> bool:
    nonce = request.cookies.get(_LOGIN_COOKIE, "")
    return bool(nonce) and portal.sessions.csrf_holds("login:" + nonce, token)


def _too_often(portal: Portal, request: Request, name: str) -> bool:
    with portal.services.database.session() as session:
        return too_often(session, address=address_of(request), name=name)


def _refusal(words: Words) -> str:
    """The same for an unknown name, a wrong password and a locked account: who has an account here is not told."""
    return words("Tên đăng nhập hoặc mật khẩu không đúng. Sai {n} lần liền thì tài khoản tạm khóa {minutes} phút.", n=LOCK_AFTER,
                 minutes=LOCK_TIME.seconds // 60)


def _step(user: User) -> list[str]:
    """Who passed the first step, and a mark that a changed password voids it by."""
    return [user.name, user.password_at.isoformat() if user.password_at else ""]


def _try(portal: Portal, name: str, password: str, address: str) -> tuple[LoginResult, bool]:
    """The result, and whether a second step follows."""
    with portal.services.database.session() as session:
        result = check_password(session, name, password)
        if result.user is None:
            known = result.reason == "locked"           # a name that was only typed may be anything, a password even
            actor = Actor(name if known else "?", "", "", grants=(), channel="portal", address=address)
            log_access(session, actor, "user.login_refused", f"user:{name}" if known else "user:?", refused=result.reason)
            return result, False
        return result, has_second_factor(session, name)


def _try_code(portal: Portal, step: list[object], code: str, address: str) -> tuple[LoginResult, str]:
    with portal.services.database.session() as session:
        user = session.get(User, str(step[0]), with_for_update=True)
        if user is None or not user.active or _step(user) != step:
            return LoginResult(None, "wrong"), ""
        if user.locked_until is not None and user.locked_until > utc_now():
            return LoginResult(None, "locked", user.locked_until), ""
        way = check_code(session, user.name, code, portal.second_factor_key)
        if way:
            user.failed_logins = 0
            return LoginResult(user), way
        result = count_wrong(user)
        log_access(session, actor_of(session, user, "portal", address), "user.login_refused", f"user:{user.name}", refused="code")
        return result, ""


@router.post("/logout")
async def logout(request: Request, who: Who) -> Response:
    """End this session; one that began at the provider is ended there too, where it offers that."""
    await run_in_threadpool(_log_out, who)
    leave = None
    if who.by_sso and who.portal.sso is not None:
        leave = await run_in_threadpool(who.portal.sso.sign_out_address, f"{who.portal.options.public_url.rstrip('/')}/login")
    request.state.visitor = None
    answer: Response = RedirectResponse("/login", 303) if leave is None else render(who.portal, request, who.words, "sso_leave.html",
                                                                                    leave=leave)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _log_out(who: Visitor) -> None:
    with who.portal.services.database.session() as session:
        end_sessions(session, who.actor.name, only=who.session_row)
        log_access(session, who.actor, "user.logout", f"user:{who.actor.name}")
