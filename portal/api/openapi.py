"""The OpenAPI 3.1 description made whole: security schemes, headers that must be sent, every refusal, an example on every operation.

Examples are data (examples/*.json), by `METHOD /path`: `request`, and `answer` (null where it is no JSON).
"""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from fastapi import FastAPI

from portal.api.problems import ProblemBody, responses
from storage.clients import SCOPES
from storage.gateway_keys import HEADER

_OPEN = {"POST /oauth/token", "GET /oauth/jwks.json", "GET /.well-known/oauth-authorization-server", "GET /sync/key",
         "GET /copies/{token}", "GET /extracts/revoked"}       # without a token
_NEEDED = {"x-dossier-code": "H21.129-250812-0035", "x-service-code": "2.000635", "x-officer-code": "cb.hoa"}
_CODE = r"^[A-Za-z0-9][A-Za-z0-9._@/-]{0,79}$"
_RATE = {"RateLimit-Policy": ('"minute";q=60;w=6', "What may be asked: q requests in w seconds, by span (minute, day, month)"),
         "RateLimit": ('"minute";r=42;t=2', "What is left of it: r requests; whole again in t seconds")}
_RETRY = ("12", "Seconds until it may be asked again")
_TOO_LONG = {"description": "The request is too long / Yêu cầu quá dài", "content": {"text/plain": {"schema": {"type": "string"}}}}


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """Of every operation, by `METHOD /path`."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted((resources.files("portal") / "api" / "examples").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            found |= json.loads(file.read_text("utf-8"))
    return found


def described(api: FastAPI) -> None:
    """Have the app tell the whole description; it is made once, when somebody asks."""
    plain: Callable[[], dict[str, Any]] = api.openapi

    def whole() -> dict[str, Any]:
        if api.openapi_schema is None or "securitySchemes" not in api.openapi_schema.get("components", {}):
            _complete(plain(), api)
        assert api.openapi_schema is not None
        return api.openapi_schema

    api.openapi = whole     # type: ignore[method-assign]


def _complete(schema: dict[str, Any], api: FastAPI) -> None:
    parts = schema.setdefault("components", {})
    parts.setdefault("schemas", {})["ProblemBody"] = ProblemBody.model_json_schema()
    parts["schemas"].pop("HTTPValidationError", None)
    parts["schemas"].pop("ValidationError", None)
    parts["securitySchemes"] = {
        "oauth2": {"type": "oauth2", "description": "ES256 access tokens (RFC 9068) / Mã truy cập",
                   "flows": {"clientCredentials": {"tokenUrl": "oauth/token", "scopes": {s: "" for s in sorted(SCOPES)}}}},
        "client": {"type": "http", "scheme": "basic", "description": "The client's id and secret / Mã và khóa bí mật của hệ thống"},
        "lgsp": {"type": "apiKey", "in": "header", "name": HEADER,
                 "description": "base64 JSON {AccessKey, SecretKey, AppName, PartnerCode, PartnerCodeCus}, where it is wanted"},
    }
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _operation(f"{method.upper()} {path}", operation)
    api.openapi_schema = schema


def _operation(name: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    if name not in _OPEN:
        operation["security"] = [{"oauth2": []}, {"oauth2": [], "lgsp": []}]
    elif name == "POST /oauth/token":
        operation["security"] = [{"client": []}, {}]
    else:
        operation["security"] = []
    for code, said in responses("unavailable", *(() if name in _OPEN else ("bad_request", "not_authenticated", "not_permitted", "too_many"))
                                ).items():
        answers.setdefault(str(code), said)
    if "requestBody" in operation:
        answers.setdefault("413", _TOO_LONG)
    if "404" in answers:        # an address that leads nowhere is a problem, beside what the operation says itself
        answers["404"].setdefault("content", {}).update(responses("not_found")[404]["content"])
    if "422" in answers:        # what the framework says of wrong values is a problem too, beside what the operation says itself
        content = answers["422"].setdefault("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("ValidationError"):
            del content["application/json"]
        content |= responses("invalid")[422]["content"]
    for code, said in answers.items():
        if name not in _OPEN or code == "429":
            headers = {**_RATE, **({"Retry-After": _RETRY} if code == "429" else {})}
            if code != "401":
                said.setdefault("headers", {}).update(
                    {h: {"description": d, "schema": {"type": "string"}, "example": e} for h, (e, d) in headers.items()})
    for parameter in operation.get("parameters", ()):
        _parameter(parameter)
    _example(examples().get(name, {}), operation)


def _parameter(parameter: dict[str, Any]) -> None:
    example = _NEEDED.get(parameter["name"].lower())
    if parameter["in"] == "header" and example is not None:
        parameter.update(required=True, example=example, schema={"type": "string", "pattern": _CODE})
    elif parameter["name"].lower() == "x-purpose":
        parameter.update(example="c%E1%BA%A5p%20b%E1%BA%A3n%20sao", schema={"type": "string", "pattern": "^[\\x21-\\x7e]*$"})
    elif parameter["name"] == "record_id":
        parameter["example"] = "5b3c0d6e-0000-4000-8000-000000000001"
    elif parameter["name"] == "dossier":
        parameter["example"] = _NEEDED["x-dossier-code"]
    elif parameter["in"] == "path":
        parameter["example"] = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


def _example(known: Mapping[str, Any], operation: dict[str, Any]) -> None:
    if "request" in known:
        for said in operation["requestBody"]["content"].values():
            said["example"] = known["request"]
    for code, said in operation["responses"].items():
        if code.startswith("2") and known.get("answer") is not None and "application/json" in said.get("content", {}):
            said["content"]["application/json"]["example"] = known["answer"]
