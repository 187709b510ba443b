"""Groups of fields that a program's scope may be narrowed to; the list is data (field_groups.toml)."""
from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class FieldGroup:
    """fields: patterns of field codes; numbers_of: roles whose linked personal number goes with the group."""

    code: str
    vi: str
    en: str
    fields: tuple[str, ...]
    numbers_of: frozenset[str]


@cache
def field_groups() -> Mapping[str, FieldGroup]:
    """By code, in the order in which they take fields."""
    data = tomllib.loads((resources.files("storage") / "field_groups.toml").read_text("utf-8"))
    return {g["code"]: FieldGroup(g["code"], g["vi"], g["en"], tuple(g["fields"]), frozenset(g["numbers_of"])) for g in data["group"]}


@cache
def group_of(field: str) -> str | None:
    """The group that a field belongs to; None: only who may read all groups sees it."""
    return next((g.code for g in field_groups().values() if any(fnmatchcase(field, p) for p in g.fields)), None)


def in_groups(fields: Iterable[str], groups: frozenset[str] | None) -> tuple[str, ...]:
    """Those of the fields that the groups let through, in their order. groups None: all."""
    return tuple(f for f in fields if groups is None or group_of(f) in groups)


def numbers_in_groups(roles: Iterable[str], groups: frozenset[str] | None) -> tuple[str, ...]:
    """Those of the roles whose personal number the groups let through. groups None: all."""
    return tuple(r for r in roles if groups is None or any(r in field_groups()[g].numbers_of for g in groups if g in field_groups()))
