"""Refusals as application/problem+json (RFC 9457), in Vietnamese and English."""
from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

PROBLEM = "application/problem+json"
_LOG = logging.getLogger(__name__)


class ProblemBody(BaseModel):
    """`code` is stable; `detail` and `detail_vi` say what to do."""

    type: str = "about:blank"
    title: str
    title_vi: str
    status: int
    code: str
    detail: str = ""
    detail_vi: str = ""
    errors: list[dict[str, str]] = []


@dataclass
class Problem(Exception):
    """Raised anywhere in the API; becomes a ProblemBody."""

    code: str
    detail: str = ""
    detail_vi: str = ""
    headers: Mapping[str, str] | None = None


_KNOWN: Mapping[str, tuple[int, str, str]] = {
    "missing_context": (400, "The request does not say what it is for", "Yêu cầu thiếu thông tin hồ sơ, dịch vụ công, cán bộ"),
    "bad_request": (400, "The request cannot be understood", "Không hiểu được yêu cầu"),
    "not_authenticated": (401, "A valid access token is needed", "Cần mã truy cập còn hiệu lực"),
    "not_permitted": (403, "This client may not see records of this kind", "Ứng dụng không được phép với loại sổ này"),
    "wrong_purpose": (403, "No data is given for this public service", "Không cung cấp dữ liệu cho dịch vụ công này"),
    "gateway_refused": (403, "The call did not come through the gateway as it should", "Yêu cầu không đi qua trục LGSP đúng cách"),
    "certificate_refused": (403, "The TLS certificate is missing or another one", "Thiếu hoặc sai chứng thư TLS"),
    "not_found": (404, "There is no such record", "Không có hồ sơ này"),
    "method_not_allowed": (405, "This method is not offered here", "Không dùng được phương thức này"),
    "cursor_elsewhere": (409, "The cursor is not of this feed", "Con trỏ không thuộc dòng thay đổi này"),
    "conflict": (409, "The request does not fit what is there now", "Yêu cầu không khớp với trạng thái hiện tại"),
    "link_invalid": (403, "This address was altered or is not from here", "Đường dẫn đã bị sửa hoặc không phải của hệ thống này"),
    "link_gone": (410, "This address is good no longer", "Đường dẫn không còn dùng được"),
    "bad_range": (416, "The range cannot be served", "Khoảng byte không hợp lệ"),
    "invalid": (422, "The request's values are not valid", "Giá trị trong yêu cầu không hợp lệ"),
    "too_many": (429, "Too many requests", "Quá nhiều yêu cầu"),
    "quota_spent": (429, "The quota is used up", "Đã dùng hết hạn mức"),
    "unavailable": (503, "A part of the service does not answer", "Một phần hệ thống không trả lời"),
}
_BY_STATUS = {400: "bad_request", 401: "not_authenticated", 403: "not_permitted", 404: "not_found", 405: "method_not_allowed",
    422: "invalid"}


def problem_answer(problem: Problem, errors: list[dict[str, str]] | None = None) -> Response:
    status, title, title_vi = _KNOWN[problem.code]
    body = ProblemBody(title=title, title_vi=title_vi, status=status, code=problem.code, detail=problem.detail, detail_vi=problem.detail_vi,
                       errors=errors or [])
    return JSONResponse(body.model_dump(), status, headers=dict(problem.headers or {}), media_type=PROBLEM)


def install(api: FastAPI) -> None:
    """Make every refusal of the app a problem: our own, the framework's, and wrong values."""

    @api.exception_handler(Problem)
    async def _ours(request: Request, problem: Problem) -> Response:
        await _note(request, problem.code)
        return problem_answer(problem)

    @api.exception_handler(HTTPException)
    async def _frameworks(_: Request, error: HTTPException) -> Response:
        code = _BY_STATUS.get(error.status_code, "unavailable" if error.status_code >= 500 else "bad_request")
        return problem_answer(Problem(code, headers=error.headers))

    @api.exception_handler(OverflowError)           # a number no database takes (SQLite)
    @api.exception_handler(DataError)               # the same, or a character it does not take (PostgreSQL)
    async def _not_storable(_: Request, __: Exception) -> Response:
        return problem_answer(Problem("invalid"))

    @api.exception_handler(OperationalError)        # the database does not answer
    async def _away(_: Request, error: OperationalError) -> Response:
        _LOG.error("api: %s", type(error.orig).__name__)
        return problem_answer(Problem("unavailable", headers={"Retry-After": "5"}))

    @api.exception_handler(RequestValidationError)
    async def _values(request: Request, error: RequestValidationError) -> Response:
        await _note(request, "invalid")
        # never the sent values: they may be a person's
        errors = [{"field": ".".join(str(p) for p in e["loc"][1:]) or str(e["loc"][0]), "message": str(e["msg"])} for e in error.errors()]
        return problem_answer(Problem("invalid"), errors)


async def _note(request: Request, code: str) -> None:
    """Into the log, where the client is known (portal.api.context.inquiry) and the database answers."""
    refused: Callable[[str], None] | None = getattr(request.state, "refused", None)
    if refused is not None and code != "unavailable":
        await run_in_threadpool(refused, code)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The documented refusals of an operation; of codes with one status the first tells what it is called."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title, title_vi = _KNOWN[code]
        found.setdefault(status, {"description": f"{title} / {title_vi}", "content": {PROBLEM: {
            "schema": {"$ref": "#/components/schemas/ProblemBody"},
            "example": ProblemBody(title=title, title_vi=title_vi, status=status, code=code).model_dump()}}})
    return found
