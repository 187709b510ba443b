"""The API as an application of its own, mounted at /api/v1, with its own OpenAPI 3.1 description and a page that shows it."""
from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from pipelines.services import Services
from portal.api import access_reports, copies, oauth, problems, records, sync
from portal.api.context import Desk
from portal.api.docs import operations
from portal.api.tokens import Tokens
from portal.context import template_environment
from portal.keys import portal_key
from portal.language import LANGUAGES, NAMES, Words
from portal.rate_limit import RateLimit

PATH = "/api/v1"
_DESCRIPTION = """API của Sổ Gốc cho hệ thống một cửa:
tìm hồ sơ hộ tịch đã lưu trữ, đọc các trường được phép chia sẻ, lấy bản sao có chữ ký số.

The API of Sổ Gốc for one-stop systems: find archived civil-status records, read the fields that may be shared, fetch the signed copy.
Every request names its dossier, service and officer (`X-Dossier-Code`, `X-Service-Code`,
    `X-Officer-Code`) and is written into the access log."""


def create_api(services: Services, per_minute: float = 600.0, start_reading: Callable[[str], None] | None = None) -> FastAPI:
    """per_minute: requests a client may make in a minute; a tenth of it at once. start_reading: as for `portal.app.create_app`."""
    api = FastAPI(title="Sổ Gốc", version=version("sogoc"), description=_DESCRIPTION, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
                  servers=[{"url": PATH}], root_path_in_servers=False)
    tokens = Tokens(portal_key(services.secrets, "api-tokens"), services.portal.token_seconds)
    api.state.desk = Desk(services, tokens, RateLimit(per_minute, max(10.0, per_minute / 10)),
                          RateLimit(per_minute * 20, per_minute * 2), start_reading)
    problems.install(api)
    for part in (oauth, records, copies, access_reports, sync):
        api.include_router(part.router)
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
