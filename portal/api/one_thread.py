"""Routes whose whole work, from the token to the answer's text, is done in one go on one of a few threads."""
from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, get_type_hints

import anyio.to_thread
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from portal.api.context import inquiry

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OneThread(APIRoute):
    """For endpoints that ask for no more than `body` (a model), `asked`, `request` and texts of the path, and answer a model or a response:
    described in OpenAPI as any other, but the asker is looked at, the body read and the answer written on one thread. FastAPI changes
    threads for each and checks the answer once more, which costs more than a search.

    threads: more of them only wait for one another: for the interpreter, and for the log's turn.
    """

    threads: ClassVar[int] = 8

    def in_one_go(self) -> Handler | None:
        """What answers a request for such an endpoint; None for any other."""
        types = get_type_hints(self.endpoint)
        types.pop("return", None)
        texts = [name for name in self.param_convertors if types.get(name) is str]
        if "asked" not in types or not set(types) <= {"body", "asked", "request", *texts}:
            return None
        model: type[BaseModel] | None = types.get("body")

        def work(request: Request, raw: bytes) -> Response:
            said = request.headers
            given: dict[str, Any] = {name: request.path_params[name] for name in texts}
            given["asked"] = inquiry(request, request.app.state.desk, said.get("x-dossier-code"), said.get("x-service-code"),
                                     said.get("x-officer-code"), said.get("x-purpose"))
            if "request" in types:
                given["request"] = request
            if model is not None:
                given["body"] = _read(model, raw)
            answer: BaseModel | Response = self.endpoint(**given)
            return answer if isinstance(answer, Response) else Response(answer.model_dump_json(), media_type="application/json")

        async def handle(request: Request) -> Response:
            raw = await request.body() if model is not None else b""
            return await anyio.to_thread.run_sync(work, request, raw, limiter=self._limiter(request))

        return handle

    def get_route_handler(self) -> Handler:
        return self.in_one_go() or super().get_route_handler()

    def _limiter(self, request: Request) -> anyio.CapacityLimiter:
        """One for all routes of this class in an application."""
        state = request.app.state
        if not hasattr(state, "one_thread_limiters"):
            state.one_thread_limiters = {}
        limiters: dict[type[OneThread], anyio.CapacityLimiter] = state.one_thread_limiters
        return limiters.setdefault(type(self), anyio.CapacityLimiter(self.threads))


class OneThreadThatFetches(OneThread):
    """The same for what waits for the object store, on threads of its own: a store that is slow holds up no search. As many as
    `storage.objects` keeps connections."""

    threads: ClassVar[int] = 16


def _read(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw)
    except ValidationError as e:
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in e.errors(include_url=False)]) from None
