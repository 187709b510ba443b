"""My account: password, one-time passwords, and the browsers I am signed in with."""
from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from portal.browser_name import browser_name
from portal.context import Visitor, Who, page
from portal.grant_wording import grant_view
from storage import second_factor
from storage.access_log import log_access
from storage.accounts import grants_of, user_named
from storage.errors import StorageError
from storage.models import utc_now
from storage.passwords import PASSWORD_LENGTH, keep_password, matches
from storage.review_errors import WrongPassword
from storage.sign_in import count_wrong
from storage.user_sessions import end_sessions, open_sessions

router = APIRouter(prefix="/me", include_in_schema=False)
Typed = Annotated[str, Form(max_length=1024)]


def _page(who: Visitor, request: Request, *, problem: str = "", done: str = "", codes: Sequence[str] = (), status: int = 200) -> Response:
    key = who.portal.second_factor_key
    with who.portal.services.database.reading() as session:
        user = user_named(session, who.actor.name)
        values = {
            "user": user, "grants": [grant_view(*g) for g in grants_of(session, user.name)],
            "sessions": open_sessions(session, user.name, who.portal.times), "this": who.session_row,
            "factor": second_factor.has_second_factor(session, user.name), "secret": second_factor.begun(session, user.name, key),
            "left": second_factor.recovery_codes_left(session, user.name),
        }
    required = bool(set(who.portal.options.second_factor_roles) & set(who.actor.roles))
    return page(who, request, "me.html", status, problem=problem, done=done, codes=codes, to_do=who.to_do, required=required,
                length=PASSWORD_LENGTH, browser_name=browser_name, **values)


@router.get("")
def me(request: Request, who: Who) -> Response:
    return _page(who, request)


def _do(who: Visitor, request: Request, work: Callable[[Session], str | None]) -> Response | None:
    """One unit of work on one's own account; a refusal as the page with its reason, else None. `work` returns a refusal that is kept."""
    try:
        with who.portal.services.database.session() as session:
            problem = work(session)
    except StorageError as e:
        return _page(who, request, problem=e.message(who.words.lang), status=409)
    return _page(who, request, problem=problem, status=409) if problem else None


def _own_password(who: Visitor, session: Session, typed: str) -> str | None:
    """Nothing if it is the person's password; else the refusal, counted towards the lock as at the sign-in."""
    user = user_named(session, who.actor.name)
    locked = user.locked_until is not None and user.locked_until > utc_now()
    if not locked and user.password_hash and matches(user.password_hash, typed):
        return None
    if not locked:
        count_wrong(user)
    log_access(session, who.actor, "user.login_refused", f"user:{user.name}", refused="wrong")
    return WrongPassword().message(who.words.lang)


@router.post("/password")
def change_password(request: Request, who: Who, old: Typed = "", new: Typed = "", again: Typed = "") -> Response:
    """Other browsers are signed out by it."""
    if new != again:
        return _page(who, request, problem=who.words("Hai lần nhập mật khẩu mới không giống nhau."), status=409)

    def work(session: Session) -> str | None:
        wrong = _own_password(who, session, old)
        if wrong:
            return wrong
        keep_password(session, user_named(session, who.actor.name), new)
        end_sessions(session, who.actor.name, but=who.session_row)
        log_access(session, who.actor, "user.password", f"user:{who.actor.name}")
        return None

    refused = _do(who, request, work)
    return refused or RedirectResponse("/me" if who.to_do else "/me?done=password", 303)


@router.post("/second-factor/begin")
def begin(request: Request, who: Who) -> Response:
    """A new secret; the page then shows its code to photograph."""
    def work(session: Session) -> None:
        if not second_factor.has_second_factor(session, who.actor.name):
            second_factor.begin(session, who.actor.name, who.portal.second_factor_key)

    return _do(who, request, work) or RedirectResponse("/me#second-factor", 303)


@router.get("/code.svg")
def code_to_photograph(who: Who) -> Response:
    """The secret as a QR code, while it waits to be confirmed."""
    with who.portal.services.database.reading() as session:
        secret = second_factor.begun(session, who.actor.name, who.portal.second_factor_key)
    if secret is None:
        return Response(status_code=404)
    out = io.BytesIO()
    segno.make(second_factor.address(secret, who.actor.name, "Sổ Gốc"), error="m").save(out, kind="svg", scale=5, border=3, dark="#17202b",
                                                                                       light="#ffffff", xmldecl=False)
    return Response(out.getvalue(), media_type="image/svg+xml")


@router.post("/second-factor/confirm")
def confirm(request: Request, who: Who, code: Typed = "") -> Response:
    """The first code of the telephone; the recovery codes are in the answer and nowhere else."""
    with who.portal.services.database.session() as session:
        codes = second_factor.confirm(session, who.actor.name, code, who.portal.second_factor_key)
        if codes:
            log_access(session, who.actor, "user.second_factor", f"user:{who.actor.name}", outcome="on")
    if codes is None:
        return _page(who, request, problem=who.words("Mã không đúng. Kiểm tra giờ của điện thoại rồi nhập mã mới."), status=409)
    return _page(who, request, codes=codes)


@router.post("/second-factor/codes")
def new_codes(request: Request, who: Who, password: Typed = "") -> Response:
    """Ten new recovery codes."""
    codes: list[str] = []

    def work(session: Session) -> str | None:
        wrong = _own_password(who, session, password)
        if wrong is None and second_factor.has_second_factor(session, who.actor.name):
            codes.extend(second_factor.new_recovery_codes(session, who.actor.name, who.portal.second_factor_key))
            log_access(session, who.actor, "user.second_factor", f"user:{who.actor.name}", outcome="new_codes")
        return wrong

    return _do(who, request, work) or _page(who, request, codes=codes)


@router.post("/second-factor/drop")
def drop(request: Request, who: Who, password: Typed = "") -> Response:
    """Do without one-time passwords again; who has to use them is asked to set them up anew."""
    def work(session: Session) -> str | None:
        wrong = _own_password(who, session, password)
        if wrong is None:
            second_factor.drop_second_factor(session, who.actor.name)
            log_access(session, who.actor, "user.second_factor", f"user:{who.actor.name}", outcome="off")
        return wrong

    return _do(who, request, work) or RedirectResponse("/me", 303)


@router.post("/sessions/end")
def end(who: Who, number: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End one browser's session, or without a number every one: this one too."""
    with who.portal.services.database.session() as session:
        end_sessions(session, who.actor.name, only=number or None)
        log_access(session, who.actor, "user.sessions_end", f"user:{who.actor.name}", by="self")
    return RedirectResponse("/me" if number and number != who.session_row else "/login", 303)
