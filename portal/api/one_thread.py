"""Routes whose whole work, from the token to the answer's text, is done in one go on one of a few threads."""
from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from portal.api.context import inquiry
from portal.api.pace import pace_headers

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
THREADS = 8         # more of them only wait for one another: for the interpreter, and for the log's turn


class OneThread(APIRoute):
    """For endpoints `(body, asked)` that answer a model: described in OpenAPI as any other, but the asker is looked at, the body read and
    the answer written on one thread. FastAPI changes threads for each and checks the answer once more, which costs more than a search."""

    def in_one_go(self) -> Handler | None:
        """What answers a request for such an endpoint; None for any other."""
        types = get_type_hints(self.endpoint)
        if set(types) != {"body", "asked", "return"}:
            return None
        model: type[BaseModel] = types["body"]

        def work(request: Request, raw: bytes) -> Response:
            said = request.headers
            asked = inquiry(request, request.app.state.desk, said.get("x-dossier-code"), said.get("x-service-code"),
                            said.get("x-officer-code"), said.get("x-purpose"))
            try:
                body = model.model_validate_json(raw)
            except ValidationError as e:
                raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in e.errors(include_url=False)]) from None
            answer: BaseModel = self.endpoint(body, asked)
            return Response(answer.model_dump_json(), media_type="application/json")

        async def handle(request: Request) -> Response:
            return await anyio.to_thread.run_sync(work, request, await request.body(), limiter=_limiter_of(request))

        return handle

    def get_route_handler(self) -> Handler:
        return self.in_one_go() or super().get_route_handler()


class StraightThere:
    """ASGI: requests for what is answered in one go reach it by their path; everything else, and every refusal, is the API's.

    To a search of 2 ms the framework's way there (middlewares, matching of all routes, exit stacks) adds as much again.
    """

    def __init__(self, api: FastAPI, *routers: APIRouter) -> None:
        self._api = api
        self._known = {(method, route.path): (route, handle) for router in routers for route in router.routes
                       if isinstance(route, OneThread) and (handle := route.in_one_go()) for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._known.get((scope.get("method", ""), scope["path"].removeprefix(scope.get("root_path", ""))))
        if found is None:
            await self._api(scope, receive, send)
            return
        route, handle = found
        scope.update(app=self._api, route=route, path_params={})
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


def _limiter_of(request: Request) -> anyio.CapacityLimiter:
    """One for all such routes of an application."""
    state = request.app.state
    if not hasattr(state, "one_thread_limiter"):
        state.one_thread_limiter = anyio.CapacityLimiter(THREADS)
    found: anyio.CapacityLimiter = state.one_thread_limiter
    return found
