"""How fast and how much a client may ask, and the headers that tell it (draft-ietf-httpapi-ratelimit-headers-10)."""
from __future__ import annotations

import math

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.api.problems import Problem
from storage.rates import Answer, SharedPace

_STATE = "paces"
_WINDOWS = {"day": 86_400, "month": 2_678_400}


class PaceHeaders:
    """ASGI middleware: `RateLimit-Policy` and `RateLimit` on every answer whose request was counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(pace_headers(scope))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def pace_headers(scope: Scope) -> dict[str, str]:
    """What to say of the paces and quotas that this request was counted against."""
    paces: list[tuple[Answer, int]] = scope.get("state", {}).get(_STATE, [])
    if not paces:
        return {}
    return {"RateLimit-Policy": ", ".join(f'"{a.span}";q={a.limit};w={window}' for a, window in paces),
            "RateLimit": ", ".join(f'"{a.span}";r={a.left};t={math.ceil(a.seconds)}' for a, _ in paces)}


def slow_down(request: Request, pace: SharedPace, name: str) -> None:
    """Count one request. Raises Problem too_many."""
    answer = pace.take(name)
    _tell(request, answer, max(1, round(pace.burst * 60 / pace.per_minute)))
    if answer.wait > 0:
        raise _refused("too_many", answer.wait)


def tell_quota(request: Request, answer: Answer) -> None:
    """Say what is left of a quota. Raises Problem quota_spent where nothing is."""
    if answer.limit:
        _tell(request, answer, _WINDOWS[answer.span])
    if answer.wait > 0:
        raise _refused("quota_spent", answer.wait)


def _tell(request: Request, answer: Answer, window: int) -> None:
    paces: list[tuple[Answer, int]] = request.scope.setdefault("state", {}).setdefault(_STATE, [])
    paces.append((answer, window))


def _refused(code: str, wait: float) -> Problem:
    seconds = max(1, math.ceil(wait))
    return Problem(code, f"Try again in {seconds} s.", f"Thử lại sau {seconds} giây.", {"Retry-After": str(seconds)})
