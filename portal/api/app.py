"""The API as an application of its own, mounted at /api/v1, with its own OpenAPI 3.1 description and a page that shows it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from pipelines.services import PortalOptions, Services
from portal.api import access_reports, changes, copies, copy_links, extracts, oauth, problems, pushes, records, sync, vault
from portal.api.context import Desk
from portal.api.docs import operations
from portal.api.openapi import described
from portal.api.pace import PaceHeaders
from portal.api.tokens import Tokens
from portal.context import template_environment
from portal.keys import portal_key
from portal.language import LANGUAGES, NAMES, Words
from storage.event_writer import EventWriter
from storage.extracts.revocation import Published
from storage.rates import SharedPace, SharedQuota

PATH = "/api/v1"
_DESCRIPTION = """API của Sổ Gốc cho hệ thống một cửa:
tìm hồ sơ hộ tịch đã lưu trữ, đọc các trường được phép chia sẻ, lấy bản sao có chữ ký số.

The API of Sổ Gốc for one-stop systems: find archived civil-status records, read the fields that may be shared, fetch the signed copy.
Every request names its dossier, service and officer (`X-Dossier-Code`, `X-Service-Code`,
    `X-Officer-Code`) and is written into the access log."""


def create_api(services: Services, per_minute: float | None = None, start_reading: Callable[[str], None] | None = None,
               options: PortalOptions | None = None) -> FastAPI:
    """per_minute: requests a client may make in a minute, a tenth of it at once; None: what the settings say. start_reading, options: as
    for `portal.app.create_app`. Call `close_api` when it serves no more."""
    api = FastAPI(title="Sổ Gốc", version=version("sogoc"), description=_DESCRIPTION, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
                  servers=[{"url": PATH}], root_path_in_servers=False)
    portal = options or services.portal
    services = replace(services, portal=portal)
    pace = per_minute if per_minute is not None else services.api.per_minute
    public = (portal.public_url or f"http://{portal.host}:{portal.port}").rstrip("/")
    tokens = Tokens(services.database, portal_key(services.secrets, "api-tokens"), portal.token_seconds, public + PATH,
                    services.api.key_days)
    api.state.desk = Desk(
        services, tokens, SharedPace(services.database, pace, max(10.0, pace / 10)),
        SharedPace(services.database, pace * 20, pace * 2), SharedQuota(services.database),
        portal_key(services.secrets, "watch"), portal_key(services.secrets, "gateway"), portal_key(services.secrets, "copy-links"),
        EventWriter(services.database), Published(lambda: services.extract_office), start_reading)
    problems.install(api)
    api.add_middleware(PaceHeaders)
    for part in (oauth, copy_links, records, copies, vault, access_reports, extracts, changes, pushes, sync):
        api.include_router(part.router)
    described(api)
    templates = template_environment()

    @api.get("/docs", include_in_schema=False)
    def docs(request: Request) -> Response:
        words = Words("en" if request.query_params.get("lang") == "en" else services.lang)
        page = templates.get_template("api_docs.html").render(
            _=words, lang=words.lang, here=f"{PATH}/docs", actor=None, csrf="", languages={code: NAMES[code] for code in LANGUAGES},
            api=api.openapi(), operations=operations(api.openapi()),
            path=PATH)
        return HTMLResponse(page)

    return api


def close_api(api: FastAPI) -> None:
    """Give back what was counted ahead."""
    desk: Desk = api.state.desk
    desk.quota.close()
