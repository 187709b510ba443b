"""Every route of the running application, and values for its parameters: a new route is in the tests without being named."""
from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import Mount
from three_communes import Holdings

API = "/api/v1"


@dataclass(frozen=True)
class Known:
    """A route as requests see it. path: with its {parameters}; query: names; body: the model of a JSON body, if it has one."""

    method: str
    path: str
    query: tuple[str, ...]
    body: type[BaseModel] | None

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{(\w+)(?::\w+)?\}", self.path))

    @property
    def changes(self) -> bool:
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def api(self) -> bool:
        return self.path.startswith(API)

    def filled(self, values: dict[str, Any]) -> str:
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: str(values[m[1]]), self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def known_routes(app: FastAPI, under: str = "") -> list[Known]:
    found: list[Known] = []
    for context in iter_route_contexts(app.routes):
        route = context.route
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            found += known_routes(route.app, under + route.path)
        elif isinstance(route, APIRoute):
            asked = list(_dependants(context.dependant))
            models = [f.field_info.annotation for d in asked for f in d.body_params if isinstance(f.field_info.annotation, type)
                      and issubclass(f.field_info.annotation, BaseModel)]
            query = tuple(f.alias for d in asked for f in d.query_params)
            found += [Known(method, under + context.path, query, models[0] if models else None) for method in sorted(context.methods or ())]
    assert under or len(found) > 20, "the routes were not found"
    return found


def _dependants(dependant: Any) -> Iterator[Any]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _dependants(inner)


# One value each: parts of a page's picture are held by page and ticket; every combination of nine names would be thousands of requests.
_PLACES: dict[str, Sequence[Any]] = {"ticket": ["0" * 40], "level": [0], "column": [0], "line": [0], "x": [0], "y": [0], "width": [10],
                                     "height": [10], "what": ["turn", "send"]}


def values_for(name: str, held: Holdings) -> Sequence[Any]:
    """What a parameter of that name may stand for among the things held; a name nobody foresaw gets one of each kind."""
    if name in _PLACES:
        return _PLACES[name]
    hints = {"batch": held.batches, "entry": held.entries, "page": held.pages, "dossier": held.dossiers, "record": held.records,
             "push": held.pushes,
             "size": ["thumb", "full", "desk", "whole"], "sha": ["0" * 64], "upload": ["0" * 64], "number": [0]}
    for hint, values in hints.items():
        if hint in name:
            return values or [0]
    return [*held.batches[:1], *held.entries[:2], *held.pages[:1], *held.dossiers[:1], *held.records[:1]]


def addresses(route: Known, held: Holdings) -> Iterator[str]:
    """The route's paths with every combination of what its parameters may stand for."""
    for combination in itertools.product(*(values_for(p, held) for p in route.parameters)):
        yield route.filled(dict(zip(route.parameters, combination, strict=True)))


def body_of(model: type[BaseModel] | None, held: Holdings, text: str = "x") -> dict[str, Any] | None:
    """A body its model takes (or nearly): numbers 0, texts `text`, names of persons and roles that exist."""
    if model is None:
        return None
    schema = model.model_json_schema()
    return {name: _value(name, said, schema, text) for name, said in schema.get("properties", {}).items()}


def _value(name: str, said: dict[str, Any], whole: dict[str, Any], text: str) -> Any:
    if "$ref" in said:
        said = whole["$defs"][said["$ref"].rpartition("/")[2]]
    if "anyOf" in said:
        said = said["anyOf"][0]
    if "enum" in said or "const" in said:
        return said.get("const", (said.get("enum") or [None])[0])
    kind = said.get("type")
    if kind in ("integer", "number"):
        return 0
    if kind == "boolean":
        return True
    if kind == "array":
        return [_value(name, said.get("items", {}), whole, text)]
    if kind == "object":
        inner = said.get("properties", {})
        return {k: _value(k, v, whole, text) for k, v in inner.items()} or {text: text}
    return {"role": "nks", "code": "ghiChu"}.get(name, text)
