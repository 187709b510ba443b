"""Routes whose whole work, from the token to the answer's text, is done in one go on one of a few threads."""
from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

import anyio.to_thread
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from portal.api.context import inquiry

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


def _limiter_of(request: Request) -> anyio.CapacityLimiter:
    """One for all such routes of an application."""
    state = request.app.state
    if not hasattr(state, "one_thread_limiter"):
        state.one_thread_limiter = anyio.CapacityLimiter(THREADS)
    found: anyio.CapacityLimiter = state.one_thread_limiter
    return found
