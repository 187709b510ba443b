"""The columns of the Ministry's Excel: dated data, one file a version (records/code_data/ministry_*.toml)."""
from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from records.codes import REGISTER_KINDS, CodeList, list_for_field, registration_list
from records.forms import load_forms

KINDS = tuple(k for k in REGISTER_KINDS if k != "HS")


@dataclass(frozen=True)
class Template:
    """One version of the template. page_bytes: how large one page of a PDF may be."""

    valid_from: date
    page_bytes: int
    columns: Mapping[str, tuple[str, ...]]
    coded: tuple[str, ...]
    aged: tuple[str, ...]

    def code_list(self, kind: str, code: str) -> CodeList | None:
        """The list whose code, not whose words, stands in the column; None for any other column."""
        if code == "loaiDangKy":
            try:
                return registration_list(kind)
            except ValueError:
                return None
        return list_for_field(code) if code.endswith(self.coded) else None

    def is_date(self, code: str) -> bool:
        """Whether the column holds a day (or what is known of one)."""
        return ("Ngay" in code or code.startswith("ngay") or code.endswith(("CuTruTu", "CuTruDen"))) and not code.endswith("BangChu")


def _wide(text: str, groups: Mapping[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    for word in text.split():
        person, star, group = word.partition("*")
        out += [person + ending for ending in groups[group].split()] if star else [word]
    return tuple(out)


def _of_forms(kind: str, head: tuple[str, ...], tail: tuple[str, ...]) -> tuple[str, ...]:
    own: list[str] = []
    for form in load_forms().values():
        if form.kind == kind:
            own += [*(b.code for b in form.blanks if b.code), *(x.code for x in form.ticks if x.code)]
    return (*head, *dict.fromkeys(c for c in own if c not in (*head, *tail)), *tail)


@cache
def templates() -> tuple[Template, ...]:
    """All versions, oldest first."""
    found = []
    for file in (resources.files("records") / "code_data").iterdir():
        if file.name.startswith("ministry_") and file.name.endswith(".toml"):
            data: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            head, tail = tuple(data["head"].split()), tuple(data["tail"].split())
            columns = {kind: _wide(data["columns"][kind], data["groups"]) if kind in data["columns"] else _of_forms(kind, head, tail)
                       for kind in KINDS}
            found.append(Template(data["valid_from"], data["page_bytes"], columns, tuple(data["coded"]), tuple(data["aged"])))
    return tuple(sorted(found, key=lambda t: t.valid_from))


def template_on(day: date) -> Template:
    """The version in force on a day; before the first one, the first."""
    return next((t for t in reversed(templates()) if t.valid_from <= day), templates()[0])
