"""Is a form file right? Every mistake in words, before a page is read with it; and the files of one's own folder.

`sogoc form check` shows what is found here; docs/forms.md tells how a file is written.
"""
from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, get_args

from records.codes import REGISTER_KINDS
from records.editions import layout_of, with_editions
from records.forms import Blank, FieldType, Form, Label, Line, Region, Tick, load_forms, parse_form

_LEAST_CODE = 6             # letters and digits of an edition's code: fewer are found in any print
LEAST_LABELS = 6            # with fewer a page can hardly be told from a letter
_ID = re.compile(r"[A-Z][A-Za-z0-9]{2,15}")
_CODE = re.compile(r"[a-z][A-Za-z]{1,59}")
_ROLE = re.compile(r"[a-z][A-Za-z]{1,7}")
_TEXT, _NUMBER = (str,), (int, float)
_TOP: Mapping[str, tuple[type, ...]] = {
    "id": _TEXT, "kind": _TEXT, "generation": _TEXT, "title": _TEXT, "legal_basis": _TEXT, "valid_from": (date,), "roles": (list,),
    "known_by": (list,), "page": (dict,),
}
_OPTIONAL: Mapping[str, tuple[type, ...]] = {"valid_to": (date,), "source": _TEXT, "label": (list,), "blank": (list,), "tick": (list,),
                                             "line": (list,), "table": (dict,), "column": (list,), "edition": (list,)}
_EDITION: Mapping[str, tuple[type, ...]] = {"id": _TEXT, "generation": _TEXT, "legal_basis": _TEXT, "valid_from": (date,),
                                            "printed_code": _TEXT}


@dataclass(frozen=True)
class Problem:
    """What is wrong where, in both languages. where: `label 4 «Số:»`, `page` …"""

    where: str
    vi: str
    en: str


class FormFileError(ValueError):
    """A form file cannot be used. problems: all that was found; message: the first of them (Vietnamese, English)."""

    code = "form-file"

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path, self.problems = path, problems
        first, more = problems[0], len(problems) - 1
        vi = f"{path}: {first.where}: {first.vi}" + (f" (và {more} lỗi khác)" if more else "") + ". Xem: sogoc form check"
        en = f"{path}: {first.where}: {first.en}" + (f" (and {more} more)" if more else "") + ". See: sogoc form check"
        super().__init__(en)
        self.message = vi, en


def read_form(path: Path) -> Form:
    """The form of a file, without its later editions. Raises FormFileError with all that is wrong with it, OSError if it
    cannot be opened."""
    return read_forms(path)[0]


def read_forms(path: Path) -> list[Form]:
    """The form of a file and its later editions. Raises as `read_form`."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise FormFileError(path, (Problem("TOML", f"không đúng cú pháp: {e}", f"not valid TOML: {e}"),)) from e
    problems = tuple(_shape(data))
    if problems:
        raise FormFileError(path, problems)
    try:
        form = parse_form(data)
    except (KeyError, TypeError, ValueError) as e:      # what a table's columns lack
        raise FormFileError(path, (Problem("column", f"thiếu hoặc sai: {e}", f"missing or wrong: {e}"),)) from e
    forms = with_editions(form, data)
    problems = (*_sense(form), *_later(forms))
    if problems:
        raise FormFileError(path, problems)
    return forms


def read_own(folder: Path, taken: Collection[str]) -> list[Form]:
    """The forms of a folder's .toml files, by file name. Raises FormFileError for a bad one or an id that is `taken` or there twice."""
    found: dict[str, Form] = {}
    for path in sorted(folder.glob("*.toml")):
        for form in read_forms(path):
            if form.id in taken or form.id in found:
                raise FormFileError(path, (Problem("id", f"mã mẫu {form.id} đã có", f"there is a form {form.id} already"),))
            found[form.id] = form
    return list(found.values())


def look_alikes(form: Form) -> list[tuple[str, str]]:
    """Labels that the form is known by and another form has too: (label, id of the other). They do not tell it apart."""
    return [(text, other.id) for text in form.known_by for other in load_forms().values()
            if layout_of(other.id) != layout_of(form.id) and other.layout is None
            and any(label.text == text for label in other.labels)]


def _shape(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Keys and their types, so that the file can be parsed at all."""
    yield from _keys("", data, _TOP, _OPTIONAL)
    if "label" not in data and "column" not in data:
        yield _missing("", "label")
    if isinstance(page := data.get("page"), dict):
        yield from _keys("page", page, {"width": _NUMBER, "height": _NUMBER}, {"stamp": (list,)})
    yield from _tables(data, "label", Label, ("text", "x", "y"), {"blank": (dict,), "tick": (dict,)})
    yield from _tables(data, "blank", Blank, ("type", "x0", "x1", "y"))
    yield from _tables(data, "tick", Tick, ("code", "value", "label", "x", "y"))
    yield from _tables(data, "line", Line, ("x0", "y0", "x1", "y1"))
    for n, edition in enumerate(_list(data, "edition")):
        yield from _keys(f"edition {n + 1}", edition, _EDITION, {"valid_to": (date,), "source": _TEXT})
    for n, label in enumerate(_list(data, "label")):
        where = _at("label", n, label)
        if isinstance(blank := label.get("blank"), dict):
            yield from _fields(f"{where} blank", blank, Blank, ("type", "x0", "x1"))
        if isinstance(tick := label.get("tick"), dict):
            yield from _fields(f"{where} tick", tick, Tick, ("code", "value", "x", "y"))


def _list(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = data.get(name, [])
    return [x for x in found if isinstance(x, dict)] if isinstance(found, list) else []


def _at(name: str, n: int, x: Mapping[str, Any]) -> str:
    said = x.get("text") or x.get("code") or x.get("label")
    return f"{name} {n + 1}" + (f" «{said}»" if said else "")


def _tables(data: Mapping[str, Any], name: str, kind: type, needed: tuple[str, ...],
            more: Mapping[str, tuple[type, ...]] | None = None) -> Iterator[Problem]:
    for n, x in enumerate(_list(data, name)):
        yield from _fields(_at(name, n, x), x, kind, needed, more)


def _fields(where: str, x: Mapping[str, Any], kind: type, needed: tuple[str, ...],
            more: Mapping[str, tuple[type, ...]] | None = None) -> Iterator[Problem]:
    types = {f.name: _types(str(f.type)) for f in fields(kind)}
    optional = {k: v for k, v in types.items() if k not in needed} | dict(more or {})
    yield from _keys(where, x, {k: types[k] for k in needed}, optional)
    if x.get("region", "main") not in get_args(Region):
        regions = ", ".join(get_args(Region))
        yield Problem(where, f"region phải là một trong {regions}", f"region must be one of {regions}")
    if kind is Blank and "type" in x and x["type"] not in get_args(FieldType):
        yield Problem(where, f"type «{x['type']}» không có; dùng một trong {', '.join(get_args(FieldType))}",
                      f"there is no type “{x['type']}”; use one of {', '.join(get_args(FieldType))}")


def _types(annotation: str) -> tuple[type, ...]:
    if "bool" in annotation:
        return (bool,)
    if "float" in annotation:
        return _NUMBER
    return (*((str,) if "str" in annotation or annotation in ("FieldType", "Region") else ()), *((int,) if "int" in annotation else ()))


def _keys(where: str, x: Mapping[str, Any], needed: Mapping[str, tuple[type, ...]],
          optional: Mapping[str, tuple[type, ...]]) -> Iterator[Problem]:
    for key in needed:
        if key not in x:
            yield _missing(where, key)
    for key, value in x.items():
        allowed = needed.get(key) or optional.get(key)
        if allowed is None:
            known = ", ".join((*needed, *optional))
            yield Problem(where or key, f"khóa «{key}» không có; các khóa: {known}", f"there is no key “{key}”; the keys are {known}")
        elif not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            kinds = " | ".join(k.__name__ for k in allowed)
            yield Problem(where or key, f"«{key}» phải là {kinds}", f"“{key}” must be {kinds}")


def _missing(where: str, key: str) -> Problem:
    return Problem(where or key, f"thiếu «{key}»", f"“{key}” is missing")


def _sense(form: Form) -> Iterator[Problem]:
    """What a parsed form says: names, dates, that everything lies on the page and nothing on something else."""
    if not _ID.fullmatch(form.id):
        yield Problem("id", "gồm 3–16 chữ và số, bắt đầu bằng chữ hoa (KS2016)", "3 to 16 letters and digits, the first a capital (KS2016)")
    if form.kind not in REGISTER_KINDS:
        yield Problem("kind", f"phải là một trong {', '.join(REGISTER_KINDS)}", f"must be one of {', '.join(REGISTER_KINDS)}")
    if form.valid_to is not None and form.valid_to < form.valid_from:
        yield Problem("valid_to", "trước valid_from", "lies before valid_from")
    for role in form.roles:
        if not _ROLE.fullmatch(role):
            yield Problem("roles", f"«{role}»: 2–8 chữ không dấu, chữ đầu thường", f"“{role}”: 2 to 8 letters, the first small")
        elif not any(b.code == f"{role}HoTen" for b in form.blanks):
            yield Problem("roles", f"«{role}» không có ô {role}HoTen", f"“{role}” has no blank {role}HoTen")
    codes = {b.code for b in form.blanks if b.code}
    for code in ("so", "ngayDangKy"):
        if code not in codes:
            yield Problem("blank", f"chưa có ô «{code}»", f"there is no blank “{code}”")
    for code in sorted(codes | {t.code for t in form.ticks}):
        if not _CODE.fullmatch(code):
            yield Problem("code", f"«{code}»: chữ không dấu, chữ đầu thường", f"“{code}”: letters only, the first small")
    for code in sorted(codes):
        if len({b.type for b in form.blanks if b.code == code}) > 1:
            yield Problem("blank", f"các ô «{code}» khác type", f"blanks of “{code}” differ in type")
    if form.table is None:
        yield from _layout(form)


def _later(forms: Sequence[Form]) -> Iterator[Problem]:
    """What is wrong with a form's later editions: ids, codes that do not tell them apart, dates that go back."""
    for before, edition in pairwise(forms):
        where = f"edition «{edition.id}»"
        if not _ID.fullmatch(edition.id) or edition.id in {f.id for f in forms if f is not edition}:
            yield Problem(where, "id gồm 3–16 chữ và số, bắt đầu bằng chữ hoa, không trùng",
                          "the id is 3 to 16 letters and digits, the first a capital, and no other's")
        if not before.valid_from < edition.valid_from or (edition.valid_to is not None and edition.valid_to < edition.valid_from):
            yield Problem(where, "valid_from phải sau lần ban hành trước và trước valid_to",
                          "valid_from must lie after the edition before and before valid_to")
        if sum(c.isalnum() for c in edition.printed_code) < _LEAST_CODE or edition.printed_code == before.printed_code:
            yield Problem(where, f"printed_code cần ít nhất {_LEAST_CODE} chữ, số và khác lần trước",
                          f"printed_code needs {_LEAST_CODE} letters and digits and must differ from the edition before")


def _layout(form: Form) -> Iterator[Problem]:
    printed = {label.text for label in form.labels}
    for text in form.known_by:
        if text not in printed:
            yield Problem("known_by", f"«{text}» không có trong các nhãn", f"“{text}” is none of the labels")
    if len(form.labels) < LEAST_LABELS:
        yield Problem("label", f"cần ít nhất {LEAST_LABELS} nhãn để nhận ra mẫu", f"a page is known by {LEAST_LABELS} labels at least")
    for n, label in enumerate(form.labels):
        if not (0 <= label.x < form.width and 0 < label.y <= form.height):
            yield _off(f"label {n + 1} «{label.text}»")
    for b in form.blanks:
        where = f"blank «{b.code or '–'}» y {b.y}"
        if not 0 <= b.x0 < b.x1 <= form.width or not 0 < b.y <= form.height:
            yield _off(where)
        if b.label is not None and not 0 <= b.label < len(form.labels):
            yield Problem(where, f"không có nhãn số {b.label} (đếm từ 0)", f"there is no label number {b.label} (counted from 0)")
        elif b.label is not None and abs(form.labels[b.label].y - b.y) > 3:
            yield Problem(where, "không cùng dòng với nhãn của nó", "is not on its label's line")
    for t in form.ticks:
        if min(t.x, t.y) < 0 or t.x + t.size > form.width or t.y + t.size > form.height:
            yield _off(f"tick «{t.label}»")
    for a, b in combinations(form.blanks, 2):
        if abs(a.y - b.y) < 3 and a.x0 < b.x1 and b.x0 < a.x1:
            yield Problem(f"blank «{a.code or '–'}», «{b.code or '–'}» y {a.y}", "hai ô chồng lên nhau", "two blanks lie on each other")


def _off(where: str) -> Problem:
    return Problem(where, "nằm ngoài trang (mm, gốc ở góc trên trái), hoặc x0 không nhỏ hơn x1",
                   "lies off the page (mm from its top left corner), or x0 is not below x1")
