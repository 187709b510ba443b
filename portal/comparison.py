"""The book and the population side by side: which attributes, which words of them differ, and why each is likely."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from portal.link_sentence import sentence
from portal.waterfall import Waterfall, waterfall
from portal.wording import Pair
from records.field_text import shown
from records.text import fold
from storage.models import Person

Agreement = Literal["same", "differs", "unknown"]
PieceKind = Literal["same", "other", "lacks"]

# attribute of the person -> (wording, field codes of the entry by role; the first that has a value is compared)
_ATTRIBUTES: tuple[tuple[str, Pair, Mapping[str, tuple[str, ...]]], ...] = (
    ("name", ("Họ và tên", "Name"), {r: (f"{r}HoTen",) for r in ("nks", "me", "cha", "vo", "chong", "nkt")}),
    ("birth_date", ("Ngày sinh", "Born"), {r: (f"{r}NgaySinh",) for r in ("nks", "me", "cha", "vo", "chong", "nkt")}),
    ("sex", ("Giới tính", "Sex"), {"nks": ("nksGioiTinh",), "nkt": ("nktGioiTinh",)}),
    ("personal_id", ("Số định danh", "Number"), {"nks": ("nksSoDinhDanh",),
        **{r: (f"{r}SoGiayToTuyThan",) for r in ("me", "cha", "vo", "chong", "nkt")}}),
    ("mother_name", ("Mẹ", "Mother"), {"nks": ("meHoTen",)}),
    ("father_name", ("Cha", "Father"), {"nks": ("chaHoTen",)}),
    ("spouse_name", ("Vợ/chồng", "Spouse"), {"me": ("chaHoTen",), "cha": ("meHoTen",), "vo": ("chongHoTen",), "chong": ("voHoTen",)}),
    ("home_place", ("Quê quán", "Native place"), {"nks": ("nksQueQuan",)}),
    ("residence", ("Nơi cư trú", "Residence"), {r: (f"{r}NoiCuTru",) for r in ("me", "cha", "vo", "chong", "nkt")}),
)
COMPARED = frozenset(code for _, _, codes in _ATTRIBUTES for mine in codes.values() for code in mine)     # fields that anything compares


@dataclass(frozen=True)
class Piece:
    """A run of words. kind: same in both; other: said otherwise in the population; lacks: in the book only, missing in the population."""

    text: str
    kind: PieceKind


@dataclass(frozen=True)
class Cell:
    agreement: Agreement
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Column:
    """One attribute that either the book or a candidate knows. code: the field of the entry, for jumping to it."""

    label: Pair
    code: str
    written: str


@dataclass(frozen=True)
class CandidateRow:
    """probability, why, chart: None where the linker's opinion is not to be shown."""

    personal_id: str
    probability: float | None
    cells: tuple[Cell, ...]
    why: Pair | None
    chart: Waterfall | None = None


@dataclass(frozen=True)
class SideBySide:
    columns: tuple[Column, ...]
    rows: tuple[CandidateRow, ...]


def compare(role: str, written: Mapping[str, str], candidates: Sequence[Mapping[str, Any]], people: Mapping[str, Person],
            blind: bool = False) -> SideBySide:
    """`written`: field code -> value of the entry; `people`: the candidates' population rows by personal number. blind: nothing tells what
    the linker thinks of whom."""
    columns: list[tuple[str, Column]] = []
    for attribute, label, codes in _ATTRIBUTES:
        if role not in codes:
            continue
        code = next((c for c in codes[role] if written.get(c)), codes[role][0])
        if attribute == "personal_id" or written.get(code) or any(getattr(p, attribute) for p in people.values()):
            columns.append((attribute, Column(label, code, shown(code, written.get(code, "")))))
    rows = []
    for candidate in candidates:
        person = people.get(candidate["personal_id"])
        cells = tuple(_cell(attribute, column, person, candidate["personal_id"], written) for attribute, column in columns)
        said = {attribute: written.get(column.code, "") for attribute, column in columns}
        probability = float(candidate["probability"])
        evidence = candidate.get("evidence") or ()
        why = None if blind else sentence(said, person, candidate["personal_id"], probability, evidence)
        chart = None if blind else waterfall(evidence, probability)
        rows.append(CandidateRow(candidate["personal_id"], None if blind else probability, cells, why, chart))
    return SideBySide(tuple(c for _, c in columns), tuple(rows))


def _cell(attribute: str, column: Column, person: Person | None, personal_id: str, written: Mapping[str, str]) -> Cell:
    theirs = personal_id if attribute == "personal_id" else str(getattr(person, attribute, "") or "") if person is not None else ""
    ours, is_date = written.get(column.code, ""), attribute == "birth_date"
    text = shown(column.code, theirs) if is_date else theirs
    if not ours or not theirs:
        return Cell("unknown", (Piece(text, "same"),) if text else ())
    if is_date and (theirs.startswith(ours) or ours.startswith(theirs)):
        return Cell("same", (Piece(text, "same"),))
    pieces = date_pieces(column.written, text) if is_date else word_pieces(ours, theirs)
    return Cell("differs" if any(p.kind != "same" for p in pieces) else "same", pieces)


def word_pieces(ours: str, theirs: str) -> tuple[Piece, ...]:
    """`theirs` cut into runs of words that `ours` says too (case and punctuation aside), runs that it does not, and what is lacking."""
    mine, other = ours.split(), theirs.split()
    matcher = SequenceMatcher(None, [fold(w) for w in mine], [fold(w) for w in other], autojunk=False)
    pieces: list[Piece] = []
    for tag, i0, i1, j0, j1 in matcher.get_opcodes():
        if tag == "delete":
            pieces.append(Piece(" ".join(mine[i0:i1]) + " ", "lacks"))
        else:
            pieces.append(Piece(" ".join(other[j0:j1]) + " ", "same" if tag == "equal" else "other"))
    return (*pieces[:-1], Piece(pieces[-1].text.rstrip(), pieces[-1].kind)) if pieces else ()


def date_pieces(ours: str, theirs: str) -> tuple[Piece, ...]:
    """A date in figures, cut at its slashes: parts that are not the same as in `ours` (counted from the year) are `other`."""
    mine, other = ours.split("/")[::-1], theirs.split("/")
    pieces: list[Piece] = []
    for n, part in enumerate(other):
        place = len(other) - 1 - n
        slash = "/" if n < len(other) - 1 else ""
        pieces.append(Piece(part, "other" if place < len(mine) and mine[place] != part else "same"))
        if slash:
            pieces.append(Piece(slash, "same"))
    return tuple(pieces)
