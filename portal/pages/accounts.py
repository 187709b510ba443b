"""Accounts: who may come in, what each may do where; for those who manage accounts."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.browser_name import browser_name
from portal.context import Visitor, Who, page
from portal.grant_wording import GrantView, grant_view
from portal.wording import VIETNAM
from records.places import default_gazetteer, written
from storage.access_log import log_access
from storage.accounts import (
    add_user,
    give,
    grants_of,
    one_time_password,
    reset_second_factor,
    revoke,
    set_active,
    set_password,
    user_named,
    users,
)
from storage.errors import StorageError
from storage.models import User, UserSession, utc_now
from storage.policy import KINDS, ROLES, Grant, may_give
from storage.review_errors import BadAccount, NotAllowed, OwnAccount, ScopeMissing
from storage.second_factor import has_second_factor
from storage.user_sessions import end_sessions, open_sessions

router = APIRouter(prefix="/accounts", include_in_schema=False)
Short = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class AccountRow:
    """One line of the list."""

    name: str
    display_name: str
    grants: tuple[GrantView, ...]
    active: bool
    sso: bool
    locked: bool
    seen_at: datetime | None


@router.get("")
def accounts(request: Request, who: Who) -> Response:
    who.must("account.manage")
    return _list(who, request)


def _list(who: Visitor, request: Request, status: int = 200, *, problem: str = "", secret: tuple[str, str] | None = None) -> Response:
    """secret: (name, password) of an account that was just added, shown this once."""
    now = utc_now()
    with who.portal.services.database.reading() as session:
        seen: dict[str, datetime] = {n: at for n, at in session.execute(
            select(UserSession.user_name, func.max(UserSession.seen_at)).group_by(UserSession.user_name))}
        rows = [AccountRow(u.name, u.display_name, tuple(grant_view(*g) for g in grants_of(session, u.name)), u.active, not u.password_hash,
                           u.locked_until is not None and u.locked_until > now, seen.get(u.name)) for u in users(session)]
    return page(who, request, "accounts.html", status, rows=rows, problem=problem, secret=secret, roles=list(ROLES), kinds=KINDS,
                sso=who.portal.sso is not None)


@router.get("/communes")
def communes(who: Who, q: Annotated[str, Query(max_length=120)] = "") -> Response:
    """Communes whose name is like what was typed, for the picker: today's and those of former lists, which books still bear."""
    who.must("account.manage")
    found = default_gazetteer().find(q, on=utc_now().astimezone(VIETNAM).date(), limit=24) if len(q.strip()) > 1 else []
    told = [{"code": m.unit.code, "name": written(m.unit)} for m in found if m.unit.level == "commune"]
    return JSONResponse(told[:10])


def _scope(role: str, reach: str, commune: list[str], typed: str, kind: list[str]) -> Grant:
    """The grant a form describes. Raises ScopeMissing when communes were meant and none named: never the province by mistake."""
    codes = frozenset(c for c in [*commune, *typed.replace(",", " ").split()] if c)
    if reach not in ("province", "communes") or (reach == "communes" and not codes):
        raise ScopeMissing()
    return Grant(role, None if reach == "province" else codes, frozenset(kind) if kind and set(kind) != set(KINDS) else None)


def _log(who: Visitor, session: Session, action: str, name: str, grant: Grant | None = None, **more: Any) -> None:
    said: dict[str, Any] = {} if grant is None else {"granted": grant.role, "communes": grant.communes and sorted(grant.communes),
                                                     "kinds": grant.kinds and sorted(grant.kinds)}
    log_access(session, who.actor, action, f"user:{name}", **said, **more)


Typed = Annotated[str, Form(max_length=4000)]
Codes = Annotated[list[str], Form(default_factory=list, max_length=400)]


@router.post("")
def add(request: Request, who: Who, commune: Codes, kind: Codes, name: Short = "", display: Short = "", role: Short = "",
        reach: Short = "", typed: Typed = "", by: Short = "password") -> Response:
    """A new account; its first password is made here, shown once, and must be changed at the first sign-in."""
    who.must("account.manage")
    password = None if by == "sso" else one_time_password()
    try:
        grant = _scope(role, reach, commune, typed, kind)
        _must_give(who, grant)
        with who.portal.services.database.session() as session:
            add_user(session, name.strip(), password, None, display_name=display.strip(), must_change=True)
            give(session, name.strip(), grant, by=who.actor.name)
            _log(who, session, "user.add", name.strip(), grant)
    except StorageError as e:
        return _list(who, request, 409, problem=e.message(who.words.lang))
    return _list(who, request, secret=(name.strip(), password) if password else None)


def _must_give(who: Visitor, grant: Grant) -> None:
    if grant.role not in ROLES:
        raise BadAccount(what=f"vai trò {grant.role[:20]!r}")
    if not may_give(who.actor, grant):
        raise NotAllowed(actor=who.actor.name)


@router.get("/{name}")
def account(name: str, request: Request, who: Who) -> Response:
    who.must("account.manage")
    return _one(who, request, name)


def _one(who: Visitor, request: Request, name: str, status: int = 200, *, problem: str = "", secret: str = "") -> Response:
    with who.portal.services.database.reading() as session:
        user = session.get(User, name)
        if user is None:
            return Response(status_code=404)
        grants = [grant_view(*g) for g in grants_of(session, name)]
        open_now = open_sessions(session, name, who.portal.times)
        factor = has_second_factor(session, name)
    return page(who, request, "account.html", status, user=user, grants=grants, sessions=open_now, factor=factor, problem=problem,
                secret=secret, roles=list(ROLES), kinds=KINDS, browser_name=browser_name,
                locked=user.locked_until is not None and user.locked_until > utc_now())


def _change(who: Visitor, request: Request, name: str, work: Callable[[Session], object]) -> Response:
    """One change of one account, logged in the same unit of work; a refusal is told on the page."""
    who.must("account.manage")
    try:
        with who.portal.services.database.session() as session:
            user_named(session, name)
            work(session)
    except StorageError as e:
        return _one(who, request, name, 409, problem=e.message(who.words.lang))
    return RedirectResponse(f"/accounts/{name}", 303)


def _not_own(who: Visitor, name: str) -> None:
    if name == who.actor.name:
        raise OwnAccount()


@router.post("/{name}/grants")
def add_grant(name: str, request: Request, who: Who, commune: Codes, kind: Codes, role: Short = "", reach: Short = "",
              typed: Typed = "") -> Response:
    def work(session: Session) -> None:
        grant = _scope(role, reach, commune, typed, kind)
        _must_give(who, grant)
        give(session, name, grant, by=who.actor.name)
        _log(who, session, "user.grant", name, grant)

    return _change(who, request, name, work)


@router.post("/{name}/grants/{number}/revoke")
def take_grant(name: str, number: int, request: Request, who: Who) -> Response:
    def work(session: Session) -> None:
        _not_own(who, name)
        _log(who, session, "user.revoke", name, revoke(session, name, number))

    return _change(who, request, name, work)


@router.post("/{name}/password")
def reset_password(name: str, request: Request, who: Who) -> Response:
    """A one-time password, shown once; the person's sessions end."""
    password = one_time_password()

    def work(session: Session) -> None:
        set_password(session, name, password, must_change=True)
        _log(who, session, "user.password", name)

    answer = _change(who, request, name, work)
    return _one(who, request, name, secret=password) if answer.status_code == 303 else answer


@router.post("/{name}/{change}")
def change(name: str, change: str, request: Request, who: Who) -> Response:
    """disable, enable, end-sessions, reset-second-factor."""
    def work(session: Session) -> None:
        if change == "disable":
            _not_own(who, name)
            set_active(session, name, False)
            _log(who, session, "user.disable", name)
        elif change == "enable":
            set_active(session, name, True)
            _log(who, session, "user.enable", name)
        elif change == "end-sessions":
            _log(who, session, "user.sessions_end", name, count=end_sessions(session, name))
        elif change == "reset-second-factor":
            reset_second_factor(session, name)
            _log(who, session, "user.second_factor", name, outcome="off")

    if change not in ("disable", "enable", "end-sessions", "reset-second-factor"):
        return Response(status_code=404)
    return _change(who, request, name, work)
