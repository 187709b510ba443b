"""The way of programs' requests: to the API before anything is done that only pages need, and straight to what is answered in one go."""
from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.api.one_thread import Handler, OneThread
from portal.api.pace import pace_headers
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


class StraightThere:
    """ASGI: requests for what is answered in one go reach it by their path; everything else, and every refusal, is the API's.

    To a search of 2 ms the framework's way there (middlewares, matching of all routes, exit stacks) adds as much again.
    """

    def __init__(self, api: FastAPI, *routers: APIRouter) -> None:
        self._api = api
        known = [(route, handle, method) for router in routers for route in router.routes
                 if isinstance(route, OneThread) and (handle := route.in_one_go()) for method in route.methods or ()]
        self._whole = {(method, route.path): (route, handle) for route, handle, method in known if not route.param_convertors}
        self._with_texts = [way for way in known if way[0].param_convertors]

    def _way(self, method: str, path: str) -> tuple[OneThread, Handler, dict[str, str]] | None:
        """The route, what answers there, and the texts of the path; None for all else."""
        if (whole := self._whole.get((method, path))) is not None:
            return *whole, {}
        return next(((route, handle, match.groupdict()) for route, handle, served in self._with_texts
                     if served == method and (match := route.path_regex.match(path))), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._way(scope.get("method", ""), scope["path"].removeprefix(scope.get("root_path", "")))
        if found is None:
            await self._api(scope, receive, send)
            return
        route, handle, texts = found
        scope.update(app=self._api, route=route, path_params=texts)
        scope.setdefault("state", {})
        request = Request(scope, receive)
        try:
            answer = await handle(request)
        except Exception as e:
            refuse = next((self._api.exception_handlers[c] for c in type(e).__mro__ if c in self._api.exception_handlers), None)
            if refuse is None:                  # answered here, where headers are added; what went wrong goes on to be logged
                await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
                raise
            refusal: Any = refuse(request, e)
            answer = await refusal
        answer.headers.update(pace_headers(scope))
        await answer(scope, receive, send)
