"""The portal: pages for people at /, the API for machines at /api/v1, everything served from this machine alone."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pipelines.services import PortalOptions, Services
from portal.api.app import PATH, create_api
from portal.archive_worker import ArchiveWorker
from portal.context import STATIC, Forged, NeedsLogin, Portal, portal_of, render, to_login
from portal.hub_worker import HubWorker
from portal.keys import portal_key
from portal.look_worker import LookWorker
from portal.page_images import PageImages
from portal.pages import books, desk, dossiers, log, login, review, uploads
from portal.security import BodyLimit, SecurityHeaders, SessionSigner
from storage.errors import DatabaseUnavailable, ObjectStoreUnavailable, StorageError
from storage.review_errors import NoSuchDossier, NoSuchEntry, NotAllowed


class _Static(StaticFiles):
    """Bundled files: their address changes with their content, so they are kept for ever."""

    def file_response(self, *args, **kwargs) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def create_app(services: Services, options: PortalOptions | None = None, *, start_reading: Callable[[str], None] | None = None,
               archive_in_background: bool = True) -> FastAPI:
    """The whole portal over opened services.

    start_reading(batch_id) is called after an upload was taken in and must return at once. archive_in_background: a thread archives
    verified entries once `services.archive.undo_seconds` have passed; it lives as long as the application.
    """
    options = options or services.portal
    worker = ArchiveWorker(services) if archive_in_background else None
    looks = LookWorker(services)
    hub = HubWorker(services, services.hub) if services.hub is not None else None

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        if worker is not None:
            worker.start()
        looks.start()
        if hub is not None:
            hub.start()
        yield
        looks.stop()
        if hub is not None:
            hub.stop()
        if worker is not None:
            worker.stop()

    app = FastAPI(title="Sổ Gốc", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    sessions = SessionSigner(portal_key(services.secrets, "portal-sessions"), options.session_minutes * 60)
    app.state.portal = Portal(services, options, sessions, PageImages(services.objects), start_reading, looks, hub)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, https=options.secure_cookies)
    for part in (login, books, desk, uploads, review, dossiers, log):
        app.include_router(part.router)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.mount(PATH, create_api(services, start_reading=start_reading))
    _refusals(app)

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

    @app.exception_handler(Forged)
    async def _forged(request: Request, _: Forged) -> Response:
        return _refuse(request, 403, "forged", portal_of(request).words(request)("Yêu cầu không hợp lệ. Tải lại trang rồi thử lại."))

    @app.exception_handler(StorageError)
    async def _storage(request: Request, error: StorageError) -> Response:
        unavailable = isinstance(error, DatabaseUnavailable | ObjectStoreUnavailable)
        missing = isinstance(error, NoSuchEntry | NoSuchDossier)
        status = 403 if isinstance(error, NotAllowed) else 404 if missing else 503 if unavailable else 409
        return _refuse(request, status, error.code, error.message(portal_of(request).words(request).lang))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        words = portal_of(request).words(request)
        said = words("Không có trang này.") if error.status_code == 404 else words("Không làm được yêu cầu này.")
        return _refuse(request, error.status_code, "http", said)

    @app.exception_handler(RequestValidationError)
    async def _values(request: Request, _: RequestValidationError) -> Response:
        return _refuse(request, 422, "invalid", portal_of(request).words(request)("Dữ liệu gửi lên không hợp lệ."))


def _by_script(request: Request) -> bool:
    return request.method not in ("GET", "HEAD") and "text/html" not in request.headers.get("accept", "")


def _refuse(request: Request, status: int, code: str, message: str) -> Response:
    if _by_script(request):
        return JSONResponse({"code": code, "message": message}, status)
    portal = portal_of(request)
    return render(portal, request, portal.words(request), "refused.html", status, message=message, code=code)
