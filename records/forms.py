"""Form generations as data: one TOML file a form in `records/form_data/`, loaded into frozen values.

Lengths are millimetres on the nominal page, origin at its top left corner. A file says where label, blank and tick box
lie on an undistorted page; registration (`ocr`) finds where they lie on a real one.
"""
from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

Region = Literal["header", "main", "side", "footer"]
FieldType = Literal[
    "entry_number", "book_number", "page_number", "date", "year", "date_words", "name", "sex", "ethnicity", "nationality",
    "place", "personal_number", "relation", "signer", "text",
]


@dataclass(frozen=True)
class Label:
    """A printed text: `x` left edge, `y` baseline, `size` in points."""

    text: str
    x: float
    y: float
    bold: bool = False
    size: float = 12.0
    region: Region = "main"
    centred: bool = False       # x is then the centre


@dataclass(frozen=True)
class Blank:
    """A dotted blank to be filled by hand: from x0 to x1 on the baseline y; `label` is the index of the label it follows, if any.

    `code` is the Ministry's field code, or None for signatures and notes that are not read as a field.
    """

    code: str | None
    type: FieldType
    x0: float
    x1: float
    y: float
    label: int | None = None


@dataclass(frozen=True)
class Tick:
    """A small square; ticked it means `code` = `value`. x, y: its top left corner; `size` its side."""

    code: str
    value: str | int
    label: str
    x: float
    y: float
    size: float = 4.0


@dataclass(frozen=True)
class Line:
    """A printed rule from (x0, y0) to (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Form:
    id: str                       # KS2016
    kind: str                     # KS
    generation: str               # G4
    title: str                    # Sổ đăng ký khai sinh
    legal_basis: str
    valid_from: date
    valid_to: date | None
    width: float                  # mm
    height: float
    labels: tuple[Label, ...]
    blanks: tuple[Blank, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    roles: tuple[str, ...]        # prefixes of the people it names and links: nks me cha
    known_by: tuple[str, ...]     # label texts that set it apart from other forms
    stamp: tuple[float, float] | None = None   # usual centre of the office's round stamp

    def blank(self, code: str) -> Blank:
        for b in self.blanks:
            if b.code == code:
                return b
        raise KeyError(f"{self.id} has no blank {code}")


def parse_form(data: dict) -> Form:
    """A form from its TOML table; KeyError or TypeError name what is missing or unknown."""
    page = data["page"]
    return Form(
        id=data["id"], kind=data["kind"], generation=data["generation"], title=data["title"], legal_basis=data["legal_basis"],
        valid_from=data["valid_from"], valid_to=data.get("valid_to"), width=page["width"], height=page["height"],
        labels=tuple(Label(**x) for x in data["label"]),
        blanks=tuple(Blank(code=x.pop("code", None), **x) for x in map(dict, data["blank"])),
        ticks=tuple(Tick(**x) for x in data.get("tick", [])), lines=tuple(Line(**x) for x in data.get("line", [])),
        roles=tuple(data["roles"]), known_by=tuple(data["known_by"]), stamp=tuple(page["stamp"]) if "stamp" in page else None,
    )


@cache
def load_forms() -> dict[str, Form]:
    """All forms by id, in the order of their validity."""
    folder = resources.files("records") / "form_data"
    forms = [parse_form(tomllib.loads(f.read_text("utf-8"))) for f in folder.iterdir() if f.name.endswith(".toml")]
    return {f.id: f for f in sorted(forms, key=lambda f: (f.kind, f.valid_from))}
