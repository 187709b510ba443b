"""What every page is given: the opened parts, the visitor and their language, and how a page is rendered."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from pipelines.services import PortalOptions, Services
from portal import log_wording, wording
from portal.hub_worker import HubWorker
from portal.language import NAMES, Words, offered
from portal.link_sentence import fact_words
from portal.look_worker import LookWorker
from portal.notation import FILTERS
from portal.page_images import PageImages
from portal.page_tiles import PageTiles
from portal.security import CSRF_HEADER, LANG_COOKIE, SESSION_COOKIE, OpenSession, SessionSigner
from portal.sso import Provider
from storage.accounts import actor_of
from storage.models import utc_now
from storage.policy import Actor
from storage.promise_wording import promise_lines
from storage.review_errors import NotAllowed
from storage.second_factor import has_second_factor
from storage.user_sessions import SEEN_EVERY, SessionTimes, open_session, seen

STATIC = Path(str(resources.files("portal"))) / "static"


class NeedsLogin(Exception):
    """Nobody is signed in; `back` is where they wanted to go."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


class NeedsSetup(Exception):
    """The signed-in person must first change a password somebody else chose, or set up one-time passwords."""


class Forged(Exception):
    """A changing request without this session's token."""


@cache
def _static_version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """Address of a bundled file; it changes with the content, so browsers may keep it for ever."""
    return f"/static/{name}?v={_static_version(name)}"


def template_environment() -> jinja2.Environment:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("portal"), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(static=static_url, wording=wording, log_wording=log_wording, fact_words=fact_words,
                               promise_lines=promise_lines)
    environment.filters.update(FILTERS)
    return environment


@dataclass(frozen=True)
class Portal:
    """One running portal. start_reading(batch_id) begins the reading of an uploaded batch and returns at once; None where nothing reads."""

    services: Services
    options: PortalOptions
    sessions: SessionSigner
    images: PageImages
    tiles: PageTiles
    start_reading: Callable[[str], None] | None = None
    looks: LookWorker | None = None
    hub: HubWorker | None = None            # of a commune's node that has a hub to send to
    templates: jinja2.Environment = field(default_factory=template_environment)
    second_factor_key: bytes = b""
    sso: Provider | None = None

    @property
    def times(self) -> SessionTimes:
        return SessionTimes(timedelta(minutes=self.options.session_minutes), timedelta(hours=self.options.session_hours))

    @property
    def languages(self) -> tuple[str, ...]:
        return offered(self.options.khmer)

    def begin(self, batch_id: str) -> None:
        """Pages of the batch have come or changed: look at them, then read them; returns at once."""
        if self.looks is not None:
            self.looks.ask(batch_id)
        if self.start_reading is not None:
            self.start_reading(batch_id)

    def words(self, request: Request) -> Words:
        """?lang=, then the cookie, then the installation's language."""
        for wanted in (request.query_params.get("lang"), request.cookies.get(LANG_COOKIE), self.services.lang):
            if wanted in self.languages:
                return Words(wanted)
        return Words()


@dataclass(frozen=True)
class Visitor:
    """Who asks for this page, in which language."""

    actor: Actor
    words: Words
    session: OpenSession
    portal: Portal
    session_row: str = ""               # number of the session, which opens nothing
    by_sso: bool = False
    to_do: str = ""                     # password or second_factor: what must be set up before anything else

    @property
    def csrf(self) -> str:
        return self.portal.sessions.csrf(self.session.nonce)

    def must(self, right: str) -> None:
        if not self.actor.may(right):
            raise NotAllowed(actor=self.actor.name)


def portal_of(request: Request) -> Portal:
    return request.app.state.portal


async def visitor(request: Request) -> Visitor:
    """The signed-in visitor; a request that changes something must carry the session's token. Raises NeedsLogin, Forged."""
    portal = portal_of(request)
    opened = portal.sessions.read(request.cookies.get(SESSION_COOKIE))
    found = await run_in_threadpool(_signed_in, portal, opened, address_of(request)) if opened is not None else None
    if opened is None or found is None:
        raise NeedsLogin(request.url.path if request.method == "GET" else "/")
    if request.method not in ("GET", "HEAD"):
        token = request.headers.get(CSRF_HEADER)
        if token is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            token = str((await request.form()).get("csrf", ""))
        if not portal.sessions.csrf_holds(opened.nonce, token):
            raise Forged()
    request.state.visitor = Visitor(found.actor, portal.words(request), opened, portal, found.row, found.by_sso, found.to_do)
    if found.to_do and request.url.path != "/logout" and not re.match(r"/me(/|$)", request.url.path):
        raise NeedsSetup()
    return request.state.visitor


def address_of(request: Request) -> str:
    return request.client.host if request.client else "?"


@dataclass(frozen=True)
class _SignedIn:
    """to_do: password or second_factor before anything else."""

    actor: Actor
    row: str
    by_sso: bool
    to_do: str


def _signed_in(portal: Portal, opened: OpenSession, address: str) -> _SignedIn | None:
    database, now = portal.services.database, utc_now()
    with database.reading() as session:
        found = open_session(session, opened.nonce, portal.times, now)
        if found is None:
            return None
        user, row = found
        actor = actor_of(session, user, "portal", address)
        to_do = ""
        if not row.sso:                 # the provider has rules of its own
            wanted = set(portal.options.second_factor_roles) & set(actor.roles)
            to_do = "password" if user.must_change else "second_factor" if wanted and not has_second_factor(session, user.name) else ""
        answer = _SignedIn(actor, row.id, row.sso, to_do)
        stale = now - row.seen_at >= SEEN_EVERY
    if stale:
        with database.session() as session:
            seen(session, answer.row, now)
    return answer


Who = Annotated[Visitor, Depends(visitor)]


def keep_session(response: Response, portal: Portal, cookie: str) -> None:
    response.set_cookie(SESSION_COOKIE, cookie, max_age=portal.sessions.idle_seconds, path="/", httponly=True, samesite="strict",
                        secure=portal.options.secure_cookies)


def page(who: Visitor, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page; the session is prolonged by it."""
    answer = render(who.portal, request, who.words, template, status, actor=who.actor, csrf=who.csrf, **values)
    keep_session(answer, who.portal, who.portal.sessions.renew(who.session))
    return answer


def render(portal: Portal, request: Request, words: Words, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for anybody. `_` in templates translates; `here` is the path, for links that change the language."""
    who: Visitor | None = getattr(request.state, "visitor", None)      # also on a refusal: the signed-in keep their way around
    values = {"actor": who and who.actor, "csrf": who.csrf if who else "", **values}
    html = portal.templates.get_template(template).render(_=words, lang=words.lang, here=request.url.path,
                                                         languages={code: NAMES[code] for code in portal.languages}, **values)
    answer = HTMLResponse(html, status)
    if request.query_params.get("lang") in portal.languages:
        answer.set_cookie(LANG_COOKIE, words.lang, max_age=365 * 86400, path="/", samesite="strict", httponly=True,
                          secure=portal.options.secure_cookies)
    return answer


def to_login(back: str) -> RedirectResponse:
    return RedirectResponse("/login" if back == "/" else f"/login?next={quote(back)}", 303)
