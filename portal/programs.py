"""Programs' requests go to the API before anything is done that only pages need."""
from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from portal.security import BodyLimit


class ProgramsFirst:
    """ASGI middleware: what is asked below `path` goes to `api`, as a mount there would hand it on, past compression, page routes and their
    exception handlers."""

    def __init__(self, app: ASGIApp, path: str, api: ASGIApp) -> None:
        self._app, self._path, self._below, self._api = app, path, path + "/", BodyLimit(api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
            return
        root = scope.get("root_path", "")
        inner = {**scope, "app_root_path": scope.get("app_root_path", root), "root_path": root + self._path}
        await self._api(inner, receive, send)
