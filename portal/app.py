"""The portal: pages for people at /, the API for machines at /api/v1, everything served from this machine alone."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import Scope

from pipelines.services import PortalOptions, Services
from portal.api import copies, records
from portal.api.app import PATH, close_api, create_api
from portal.api.oauth import ServerMetadata, server_metadata
from portal.api.problems import Problem, problem_answer
from portal.archive_worker import ArchiveWorker
from portal.context import STATIC, Forged, NeedsLogin, NeedsSetup, Portal, portal_of, render, to_login, visitor
from portal.hub_worker import HubWorker
from portal.keys import portal_key
from portal.look_worker import LookWorker
from portal.others_worker import OthersWorker
from portal.page_images import PageImages
from portal.page_tiles import PageTiles
from portal.pages import (
    accounts,
    alerts,
    books,
    check_policy,
    clients,
    desk,
    differences,
    dossiers,
    extracts,
    log,
    login,
    me,
    person_log,
    population_query,
    pushes,
    reports,
    review,
    review_calls,
    reviewers,
    second_check,
    sso,
    tiles,
    uploads,
)
from portal.programs import ProgramsFirst, StraightThere
from portal.proxy import ForwardedHeaders
from portal.refusal_log import log_refusal
from portal.security import BodyLimit, SecurityHeaders, SessionSigner
from portal.soc.forwarder import SocForwarder
from portal.sso import Provider
from portal.watch_worker import WatchWorker
from storage.errors import DatabaseUnavailable, ObjectStoreUnavailable, StorageError
from storage.extracts.errors import NoSuchExtract
from storage.ministry_push.errors import NoSuchPush
from storage.report_errors import NoSuchReport
from storage.review_errors import NoSuchDossier, NoSuchEntry, NotAllowed

_PACKED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf", "application/octet-stream", "font/woff2")


class _Static(StaticFiles):
    """Bundled files: their address changes with their content, so they are kept for ever; but a module that another module imports has
    no version in its address, so the browser asks whether it is still the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        imported = path.endswith(".js") and b"v=" not in scope["query_string"]
        answer.headers["Cache-Control"] = "no-cache" if imported else "public, max-age=31536000, immutable"
        return answer


def create_app(services: Services, options: PortalOptions | None = None, *, start_reading: Callable[[str], None] | None = None,
               archive_in_background: bool = True, watch_in_background: bool = True) -> FastAPI:
    """The whole portal over opened services.

    start_reading(batch_id) is called after an upload was taken in and must return at once. archive_in_background: a thread archives
    verified entries once `services.archive.undo_seconds` have passed, another sends what waits for other systems; they live as long as the
    application. watch_in_background: another looks over the new lines of the access log (storage.watch).
    """
    options = options or services.portal
    worker = ArchiveWorker(services) if archive_in_background else None
    looks = LookWorker(services)
    hub = HubWorker(services, services.hub) if services.hub is not None else None
    soc = SocForwarder(services, services.soc) if services.soc is not None else None
    others = OthersWorker(services) if archive_in_background and OthersWorker.needed(services) else None
    watch = WatchWorker(services.database, services.watch, services.api.suspend) if watch_in_background else None
    api = create_api(services, start_reading=start_reading, options=options)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        if worker is not None:
            worker.start()
        looks.start()
        if hub is not None:
            hub.start()
        if soc is not None:
            soc.start()
        if others is not None:
            others.start()
        if watch is not None:
            watch.start()
        yield
        if watch is not None:
            watch.stop()
        close_api(api)
        if others is not None:
            others.stop()
        looks.stop()
        if soc is not None:
            soc.stop()
        if hub is not None:
            hub.stop()
        if worker is not None:
            worker.stop()

    app = FastAPI(title="Sổ Gốc", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    sessions = SessionSigner(portal_key(services.secrets, "portal-sessions"), options.session_minutes * 60)
    provider = Provider(options.sso, f"{options.public_url.rstrip('/')}/login/sso/back") if options.sso is not None else None
    tile_cache = PageTiles(services.objects, services.home / "cache" / "page-tiles", options.tile_cache_bytes)
    app.state.portal = Portal(services, options, sessions, PageImages(services.objects), tile_cache, start_reading, looks, hub,
                              second_factor_key=portal_key(services.secrets, "second-factor"), sso=provider)
    app.add_middleware(BodyLimit)
    # Pages over a commune's line. The session cookie is SameSite=strict, so no other site can make answers with its secrets and guesses of
    # its own to weigh (BREACH). Pictures, fonts and copies are packed already.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5, exclude_content_types=_PACKED)
    app.add_middleware(ProgramsFirst, path=PATH, api=StraightThere(api, records.router, copies.router))
    app.add_middleware(SecurityHeaders, https=options.secure_cookies)
    app.add_middleware(ForwardedHeaders, proxies=services.api.proxies)
    app.mount(PATH, api)
    # reviewers is one of the reports by a page of its own, so before them
    for part in (login, sso, me, accounts, clients, books, desk, tiles, uploads, review_calls, review, second_check, differences,
                 population_query, pushes, check_policy, dossiers, extracts, alerts, log, person_log, reviewers, reports):
        app.include_router(part.router)
    app.mount("/static", _Static(directory=STATIC), name="static")

    _refusals(app)

    @app.get(f"/.well-known/oauth-authorization-server{PATH}", include_in_schema=False)
    def authorization_server() -> ServerMetadata:
        return server_metadata(api.state.desk)

    @app.get("/health", include_in_schema=False)
    def health() -> dict[str, str]:
        with services.database.reading() as session:
            session.connection()
        return {"status": "ok"}

    return app


def _refusals(app: FastAPI) -> None:
    """Every refusal as a page, or as JSON where a script asked."""

    @app.exception_handler(NeedsLogin)
    async def _needs_login(request: Request, error: NeedsLogin) -> Response:
        if _by_script(request):
            words = portal_of(request).words(request)
            return JSONResponse({"code": "needs_login", "message": words("Phiên làm việc đã hết. Hãy đăng nhập lại.")}, 401)
        return to_login(error.back)

    @app.exception_handler(NeedsSetup)
    async def _needs_setup(request: Request, _: NeedsSetup) -> Response:
        if _by_script(request):
            words = portal_of(request).words(request)
            return JSONResponse({"code": "needs_setup", "message": words("Hãy hoàn tất tài khoản trước: mở trang Tài khoản của tôi.")}, 403)
        return RedirectResponse("/me", 303)

    @app.exception_handler(Forged)
    async def _forged(request: Request, _: Forged) -> Response:
        return _refuse(request, 403, "forged", portal_of(request).words(request)("Yêu cầu không hợp lệ. Tải lại trang rồi thử lại."))

    @app.exception_handler(StorageError)
    async def _storage(request: Request, error: StorageError) -> Response:
        unavailable = isinstance(error, DatabaseUnavailable | ObjectStoreUnavailable)
        missing = isinstance(error, NoSuchEntry | NoSuchDossier | NoSuchReport | NoSuchExtract | NoSuchPush)
        if missing or isinstance(error, NotAllowed):
            await run_in_threadpool(log_refusal, request, error)
        status = 403 if isinstance(error, NotAllowed) else 404 if missing else 503 if unavailable else 409
        return _refuse(request, status, error.code, error.message(portal_of(request).words(request).lang))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and request.url.path.startswith(f"{PATH}/"):       # a line end in it: the mount does not take it
            return problem_answer(Problem("not_found"))
        if request.method in ("GET", "HEAD"):           # no page stands there that would have asked who is signed in
            with suppress(NeedsLogin, NeedsSetup, StorageError):
                await visitor(request)
        words = portal_of(request).words(request)
        said = words("Không có trang này.") if error.status_code == 404 else words("Không làm được yêu cầu này.")
        return _refuse(request, error.status_code, str(error.status_code), said)

    @app.exception_handler(RequestValidationError)
    @app.exception_handler(OverflowError)           # a number no database takes (SQLite)
    @app.exception_handler(DataError)               # the same, or a character it does not take (PostgreSQL)
    async def _values(request: Request, _: Exception) -> Response:
        return _refuse(request, 422, "invalid", portal_of(request).words(request)("Dữ liệu gửi lên không hợp lệ."))


def _by_script(request: Request) -> bool:
    return request.method not in ("GET", "HEAD") and "text/html" not in request.headers.get("accept", "")


def _refuse(request: Request, status: int, code: str, message: str) -> Response:
    if _by_script(request):
        return JSONResponse({"code": code, "message": message}, status)
    portal = portal_of(request)
    return render(portal, request, portal.words(request), "refused.html", status, message=message, code=code)
