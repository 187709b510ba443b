"""The OpenAPI description cut into what a reader wants to see of each operation."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Property:
    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    tag: str
    summary: str
    description: str
    headers: tuple[Property, ...]
    body: tuple[Property, ...]
    body_about: str
    answers: tuple[tuple[str, str], ...]


def operations(openapi: Mapping[str, Any]) -> tuple[Operation, ...]:
    """In the order of the description."""
    found = []
    for path, methods in openapi["paths"].items():
        for method, said in methods.items():
            schema = _body(openapi, said)
            headers = tuple(Property(p["name"], _type(p["schema"]), p.get("required", False) or p["name"].lower() in _NEEDED,
                p.get("description", ""))
                            for p in said.get("parameters", ()) if p["in"] in ("header", "path"))
            answers = tuple((code, a.get("description", "")) for code, a in sorted(said["responses"].items()))
            found.append(Operation(method.upper(), path, (said.get("tags") or [""])[0], said.get("summary", ""),
                said.get("description", ""), headers,
                                   _properties(schema), schema.get("description", ""), answers))
    return tuple(found)


_NEEDED = ("x-dossier-code", "x-service-code", "x-officer-code")


def _body(openapi: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = said.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = next(iter(content.values()))["schema"] if content else {}
    return _resolved(openapi, schema)


def _resolved(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _properties(schema: Mapping[str, Any]) -> tuple[Property, ...]:
    required = schema.get("required", ())
    return tuple(Property(name, _type(p), name in required, p.get("description", "")) for name, p in schema.get("properties", {}).items())


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " | ".join(_type(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(str(v) for v in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return schema.get("pattern") or schema.get("type", "object")
