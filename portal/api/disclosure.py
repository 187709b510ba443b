"""Which fields may be given out, by kind and day; the lists are data (disclosure.toml)."""
from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Disclosure:
    """fields: codes as written in the book. numbers_of: roles whose personal number may be given."""

    kind: str
    valid_from: date
    basis: str
    fields: tuple[str, ...]
    numbers_of: tuple[str, ...]


@cache
def rules() -> tuple[Disclosure, ...]:
    data = tomllib.loads((resources.files("portal") / "api" / "disclosure.toml").read_text("utf-8"))
    return tuple(Disclosure(r["kind"], r["valid_from"], r["basis"], tuple(r["fields"]), tuple(r["numbers_of"])) for r in data["rule"])


def disclosure(kind: str, on: date) -> Disclosure | None:
    """The rule in force for that kind on that day; None: nothing may be given."""
    in_force = [r for r in rules() if r.kind == kind and r.valid_from <= on]
    return max(in_force, key=lambda r: r.valid_from) if in_force else None
