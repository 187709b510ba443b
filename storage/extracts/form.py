"""The forms of extracts as data (forms.toml), by kind and day."""
from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from storage.extracts.errors import NoFormInForce

SUBTITLE = "(BẢN SAO)"
KINDS = ("KS", "KH", "KT", "NCM")


@dataclass(frozen=True)
class Item:
    """A printed label and the field behind it."""

    label: str
    code: str


@dataclass(frozen=True)
class ExtractForm:
    """suffix: behind the number, `TLKS-BS`. subjects: roles of those the extract is about. rows: lines of items."""

    kind: str
    valid_from: date
    title: str
    suffix: str
    subjects: tuple[str, ...]
    rows: tuple[tuple[Item, ...], ...]

    def items(self) -> Iterator[Item]:
        return (item for row in self.rows for item in row)


@cache
def extract_forms() -> tuple[ExtractForm, ...]:
    data = tomllib.loads((resources.files("storage.extracts") / "forms.toml").read_text("utf-8"))["form"]
    rows = {f["kind"]: tuple(tuple(Item(label, code) for label, code in row) for row in f["rows"]) for f in data if "rows" in f}
    return tuple(ExtractForm(f["kind"], f["valid_from"], f["title"], f["suffix"], tuple(f["subjects"]), rows[f.get("like", f["kind"])])
                 for f in data)


def form_in_force(kind: str, on: date) -> ExtractForm:
    """Raises NoFormInForce."""
    found = [f for f in extract_forms() if f.kind == kind and f.valid_from <= on]
    if not found:
        raise NoFormInForce(kind=kind, day=on.isoformat())
    return max(found, key=lambda f: f.valid_from)
