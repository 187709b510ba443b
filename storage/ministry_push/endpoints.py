"""Which endpoint takes a module's dossiers on a day. Endpoints are data (endpoints.toml), an installation may bring its own."""
from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from records.ministry.addresses import AddressModel
from records.ministry.date_styles import DateStyle
from records.ministry.messages import MODULES, Styles
from storage.ministry_push.errors import BadEndpoints, NoEndpoint

Protocol = Literal["xml-in-json", "json-in-json"]
_KEYS = {"name", "modules", "protocol", "path", "valid_from", "valid_to", "dates", "addresses", "poll", "url"}


@dataclass(frozen=True)
class Endpoint:
    """One version of the interface. path, poll: behind ministry.url, or behind `url` where it has one of its own; poll "": none."""

    name: str
    modules: tuple[str, ...]
    protocol: Protocol
    path: str
    valid_from: date
    valid_to: date | None
    styles: Styles
    poll: str = ""
    url: str = ""

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def load_endpoints(own: Path | None = None) -> tuple[Endpoint, ...]:
    """Those that come with the program; those of the file `own` are added, or stand in the place of one of the same name.
    Raises BadEndpoints."""
    built_in = (resources.files("storage") / "ministry_push" / "endpoints.toml").read_text("utf-8")
    found = {e.name: e for e in _read("endpoints.toml", built_in)}
    if own is not None:
        try:
            text = own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise BadEndpoints(file=own, cause=type(e).__name__) from e
        found |= {e.name: e for e in _read(str(own), text)}
    return tuple(found.values())


def endpoint_for(endpoints: Sequence[Endpoint], module: str, on: date) -> Endpoint:
    """The endpoint that takes the module on that day. Raises NoEndpoint."""
    in_force = [e for e in endpoints if module in e.modules and e.in_force(on)]
    if not in_force:
        raise NoEndpoint(module=module, day=on.strftime("%d/%m/%Y"))
    return max(in_force, key=lambda e: e.valid_from)


def _read(file: str, text: str) -> list[Endpoint]:
    try:
        return [_endpoint(e) for e in tomllib.loads(text).get("endpoint", [])]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as e:
        raise BadEndpoints(file=file, cause=str(e)) from e


def _endpoint(e: Mapping[str, Any]) -> Endpoint:
    unknown = set(e) - _KEYS
    if unknown:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    for key, allowed in (("protocol", get_args(Protocol)), ("dates", get_args(DateStyle)), ("addresses", get_args(AddressModel))):
        if e[key] not in allowed:
            raise ValueError(f"{key} = {e[key]!r}; one of {', '.join(allowed)}")
    if not set(e["modules"]) <= set(MODULES):
        raise ValueError(f"modules: of {', '.join(MODULES)}")
    if not isinstance(e["valid_from"], date) or not isinstance(e.get("valid_to"), date | None):
        raise ValueError("valid_from and valid_to are days, as 2027-01-01")
    if e.get("url", "https://").split("://")[0] not in ("http", "https"):
        raise ValueError("url begins with https://")
    return Endpoint(str(e["name"]), tuple(e["modules"]), e["protocol"], str(e["path"]), e["valid_from"], e.get("valid_to"),
                    Styles(e["dates"], e["addresses"]), str(e.get("poll", "")), str(e.get("url", "")))
