"""Form generations as data: one TOML file a form in `records/form_data/`, loaded into frozen values.

Lengths are millimetres on the nominal page, origin at its top left corner. A file says where label, blank and tick box
lie on an undistorted page; registration (`ocr`) finds where they lie on a real one. A form that was issued anew with the same page
is an edition of it (records.editions). A form with columns is a ruled table,
an entry a row: there only the order, headings and relative widths of the columns count, for rows are found on the page.
Besides the forms of this package there may be a folder of one's own (`use_folder`); docs/forms.md tells how to write a file.
"""
from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

Region = Literal["header", "main", "side", "footer"]
FieldType = Literal[
    "entry_number", "book_number", "page_number", "date", "year", "date_words", "name", "sex", "ethnicity", "nationality",
    "place", "personal_number", "relation", "signer", "text", "age", "time",
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
    """A blank to be filled by hand: from x0 to x1 on the baseline y; `label` is the index of the label it follows, if any.

    `code` is the Ministry's field code, or None for signatures and notes that are not read as a field. Several blanks of one code are
    parts of one value, in the order of writing: lines of a note, or day, month and year (hour and minute) with print between them.
    `dotted`: a leader is printed there (a ruled cell has none).
    """

    code: str | None
    type: FieldType
    x0: float
    x1: float
    y: float
    label: int | None = None
    dotted: bool = True


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
class CellField:
    """One of the values that a column's cells hold; `code` is None for what is written there but not kept (an occupation)."""

    code: str | None
    type: FieldType


@dataclass(frozen=True)
class Column:
    """A column of a ruled table. `heading`: its printed words, `also`: other wordings met; `width` in mm on the nominal page.

    fields: what a cell holds, in the order of writing; none for signatures. `starts`: ink in this column begins a new entry.
    `mark`: the value of its one field where the cell is merely ticked (a column Nam beside a column Nữ).
    """

    heading: str
    width: float
    fields: tuple[CellField, ...] = ()
    also: tuple[str, ...] = ()
    starts: bool = False
    mark: str | None = None


@dataclass(frozen=True)
class Table:
    """Where a table lies on the nominal page: left edge, top of its heading, heights of heading and row, rows a page.

    fold: x of the spread's middle fold, None for a single page. printed: the rules and headings come from a press, not a ruler.
    """

    columns: tuple[Column, ...]
    left: float
    top: float
    heading: float
    row: float
    rows: int
    fold: float | None = None
    printed: bool = True

    @property
    def edges(self) -> tuple[float, ...]:
        """x of the columns' edges in mm, one more than there are columns."""
        return tuple(accumulate((c.width for c in self.columns), initial=self.left))

    def first_row(self) -> tuple[Blank, ...]:
        """The fields as blanks of the page's first row, several of a cell one below the other."""
        out = []
        for column, (x0, x1) in zip(self.columns, pairwise(self.edges), strict=True):
            for n, f in enumerate(column.fields, 1):
                y = self.top + self.heading + self.row * n / (len(column.fields) + 0.5)
                out.append(Blank(f.code, f.type, x0 + 1, x1 - 1, round(y, 1)))
        return tuple(out)


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
    blanks: tuple[Blank, ...]     # of a table: those of its first row
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    roles: tuple[str, ...]        # prefixes of the people it names and links: nks me cha
    known_by: tuple[str, ...]     # label texts that set it apart from other forms
    stamp: tuple[float, float] | None = None   # usual centre of the office's round stamp
    table: Table | None = None    # of a form whose entries are rows
    source: str = ""              # where labels, millimetres and codes are from, and what of it is reconstruction
    layout: str | None = None     # of a later edition: id of the form whose page it has
    printed_code: str = ""        # how the code begins that an edition prints on its pages: TP/HT-2020

    def blank(self, code: str) -> Blank:
        for b in self.blanks:
            if b.code == code:
                return b
        raise KeyError(f"{self.id} has no blank {code}")


def parse_form(data: dict) -> Form:
    """A form from its TOML table; KeyError or TypeError name what is missing or unknown."""
    page = data["page"]
    table = _table(data) if "column" in data else None
    labels, blanks, ticks = _with_what_follows(data, data.get("label", []) if table else data["label"])
    return Form(
        id=data["id"], kind=data["kind"], generation=data["generation"], title=data["title"], legal_basis=data["legal_basis"],
        valid_from=data["valid_from"], valid_to=data.get("valid_to"), width=page["width"], height=page["height"],
        labels=tuple(Label(**x) for x in labels),
        blanks=table.first_row() if table else tuple(Blank(code=x.pop("code", None), **x) for x in blanks),
        ticks=tuple(Tick(**x) for x in ticks), lines=tuple(Line(**x) for x in data.get("line", [])),
        roles=tuple(data["roles"]), known_by=tuple(data["known_by"]), stamp=tuple(page["stamp"]) if "stamp" in page else None,
        table=table, source=" ".join(data.get("source", "").split()),
    )


def _with_what_follows(data: dict, labels: list[dict]) -> tuple[list[dict], list[dict], list[dict]]:
    """Labels, blanks and ticks as tables of their own, from a file that may write a label's blank and tick box with the label.

    Such a file's blanks come in the order of the page, from the top and from the left.
    """
    labels, blanks, ticks = [dict(x) for x in labels], [dict(x) for x in data.get("blank", [])], [dict(x) for x in data.get("tick", [])]
    own = [(n, x.pop("blank")) for n, x in enumerate(labels) if "blank" in x]
    for n, blank in own:
        blanks.append({"y": labels[n]["y"], **blank, "label": n})
    for x in labels:
        if "tick" in x:
            ticks.append({"label": x["text"], **x.pop("tick")})
    return labels, sorted(blanks, key=lambda b: (b["y"], b["x0"])) if own else blanks, ticks


def _table(data: dict) -> Table:
    return Table(tuple(_column(dict(c)) for c in data["column"]), **data["table"])


def _column(c: dict) -> Column:
    """A column with one field names it by `code` and `type`; one with several has a list of them under `field`."""
    fields = [dict(f) for f in c.pop("field", [])]
    if "type" in c:
        fields.append({"code": c.pop("code", None), "type": c.pop("type")})
    if c.get("mark") is not None and len(fields) != 1:
        raise TypeError(f"column {c['heading']!r}: a mark stands for one field")
    return Column(fields=tuple(CellField(f.pop("code", None), **f) for f in fields), also=tuple(c.pop("also", ())), **c)


def page_forms() -> tuple[Form, ...]:
    """The layouts of one entry a page, in the order of `load_forms`: of a form issued anew with the same page, the first edition."""
    return tuple(f for f in load_forms().values() if f.table is None and f.layout is None)


def table_forms() -> tuple[Form, ...]:
    """The ruled tables, in the order of `load_forms`."""
    return tuple(f for f in load_forms().values() if f.table is not None)


_own_folder: Path | None = Path(os.environ["SOGOC_READING__FORMS"]) if os.environ.get("SOGOC_READING__FORMS") else None


def use_folder(folder: Path | None) -> None:
    """Load the form files of this folder too, from now on; None: only those of the package. A folder that is not there holds none.

    A process starts with the folder that SOGOC_READING__FORMS names, so that reading processes see their parent's.
    """
    global _own_folder
    if folder != _own_folder:
        _own_folder = folder
        load_forms.cache_clear()


def own_folder() -> Path | None:
    """The folder in use besides the package's."""
    return _own_folder


@cache
def load_forms() -> dict[str, Form]:
    """All forms by id, in the order of their kind and validity. Raises records.form_file.FormFileError for a bad file of one's own."""
    from records.editions import with_editions
    folder = resources.files("records") / "form_data"
    files = [tomllib.loads(f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".toml")]
    forms = [f for data in files for f in with_editions(parse_form(data), data)]
    if _own_folder is not None and _own_folder.is_dir():
        from records.form_file import read_own
        forms += read_own(_own_folder, {f.id for f in forms})
    return {f.id: f for f in sorted(forms, key=lambda f: (f.kind, f.valid_from, f.id))}


def codes_of_kind(kind: str) -> tuple[str, ...]:
    """The codes of all fields that forms of this kind have, in the order of the newest form that has each."""
    forms = sorted((f for f in load_forms().values() if f.kind == kind), key=lambda f: f.valid_from, reverse=True)
    return tuple(dict.fromkeys(code for f in forms for code in (*(b.code for b in f.blanks), *(t.code for t in f.ticks)) if code))
