"""Signing in and out, and changing the language."""
from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from portal.context import Portal, Visitor, Who, keep_session, portal_of, render
from portal.language import Words
from portal.security import SESSION_COOKIE
from storage import events
from storage.accounts import LOCK_AFTER, LOCK_TIME, LoginResult, check_password

router = APIRouter(include_in_schema=False)
_LOGIN_COOKIE = "sogoc_login"


def _form(portal: Portal, request: Request, back: str, problem: str = "", name: str = "", status: int = 200) -> Response:
    nonce = request.cookies.get(_LOGIN_COOKIE) or secrets.token_urlsafe(16)
    answer = render(portal, request, portal.words(request), "login.html", status, back=back, problem=problem, name=name,
                    csrf=portal.sessions.csrf("login:" + nonce))
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
    return _form(portal_of(request), request, safe_back(next))


@router.post("/login")
async def login(request: Request) -> Response:
    """Checks name and password; every try is in the log, with the account's name but never the password."""
    portal = portal_of(request)
    form = await request.form(max_files=0, max_fields=8)
    name, password, back = str(form.get("name", ""))[:80], str(form.get("password", ""))[:1024], safe_back(str(form.get("next", "/")))
    words = portal.words(request)
    nonce = request.cookies.get(_LOGIN_COOKIE, "")
    if not nonce or not portal.sessions.csrf_holds("login:" + nonce, str(form.get("csrf", ""))):
        return _form(portal, request, back, words("Trang đăng nhập đã cũ. Vui lòng thử lại."), name, 403)
    if portal.login_limit.wait(request.client.host if request.client else "?") > 0:
        return _form(portal, request, back, words("Thử quá nhiều lần. Vui lòng chờ một phút."), name, 429)
    result = await run_in_threadpool(_try, portal, name, password)
    if result.actor is None:
        return _form(portal, request, back, _refusal(words), name, 401)
    answer = RedirectResponse(back, 303)
    keep_session(answer, portal, portal.sessions.new(result.actor.name, result.session_epoch))
    answer.delete_cookie(_LOGIN_COOKIE, path="/login")
    return answer


def _refusal(words: Words) -> str:
    """The same for an unknown name, a wrong password and a locked account: who has an account here is not told."""
    return words("Tên đăng nhập hoặc mật khẩu không đúng. Sai {n} lần liền thì tài khoản tạm khóa {minutes} phút.", n=LOCK_AFTER,
                 minutes=LOCK_TIME.seconds // 60)


def _try(portal: Portal, name: str, password: str) -> LoginResult:
    with portal.services.database.session() as session:
        result = check_password(session, name, password)
        known = result.actor is not None or result.reason == "locked"
        detail = {} if result.actor is not None else {"reason": result.reason}
        action = "user.login" if result.actor is not None else "user.login_refused"
        events.append(session, name if known else "?", action, f"user:{name}" if known else "user:?", detail)
        return result


@router.post("/logout")
async def logout(who: Who) -> Response:
    await run_in_threadpool(_log_out, who)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _log_out(who: Visitor) -> None:
    with who.portal.services.database.session() as session:
        events.append(session, who.actor.name, "user.logout", f"user:{who.actor.name}", {})
