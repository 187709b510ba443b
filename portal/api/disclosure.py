"""Which fields may be given out, by kind, day and public service; the lists are data (disclosure.toml)."""
from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Disclosure:
    """fields: codes as written in the book. numbers_of: roles whose personal number may be given. services: codes of public services it
    holds for; None: every one that is known."""

    kind: str
    valid_from: date
    basis: str
    fields: tuple[str, ...]
    numbers_of: tuple[str, ...]
    services: frozenset[str] | None = None

    def holds_for(self, service: str) -> bool:
        return self.services is None or service in self.services


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("portal") / "api" / "disclosure.toml").read_text("utf-8"))


@cache
def rules() -> tuple[Disclosure, ...]:
    return tuple(Disclosure(r["kind"], r["valid_from"], r["basis"], tuple(r["fields"]), tuple(r["numbers_of"]),
                            frozenset(r["services"]) if "services" in r else None) for r in _data()["rule"])


@cache
def known_services() -> frozenset[str]:
    """Codes of the public services that requests may be for; an installation adds its own (setting api.services)."""
    return frozenset(s["code"] for s in _data()["service"])


def service_known(service: str, more: Collection[str] = ()) -> bool:
    return service in known_services() or service in more


def disclosure(kind: str, on: date, service: str | None = None) -> Disclosure | None:
    """The rule in force for that kind on that day, and for that service where one is given; None: nothing may be given."""
    in_force = [r for r in rules() if r.kind == kind and r.valid_from <= on and (service is None or r.holds_for(service))]
    return max(in_force, key=lambda r: r.valid_from) if in_force else None
