"""One value as the Ministry's cell holds it, and back. `from_cell(to_cell(v)) == v` is what "the template holds v" means."""
from __future__ import annotations

import re
from unicodedata import normalize

from records.codes import ETHNICITY
from records.dates import PartialDate, ministry_format, parse_age, parse_figures
from records.filenames import parse_entry_number
from records.ministry.template import Template
from records.text import fold
from records.times import parse_time

LONGEST = 32_000            # characters; Excel's own limit is 32,767
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")     # not allowed in XML, or read back as something else
_DAY = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")


def to_cell(template: Template, kind: str, code: str, value: str, year: int | None = None, slash: bool = True) -> str:
    """The cell's text. year: of registration, which stands behind `so` (123/2007) unless `slash` is False.

    A value the column cannot say stays as it is written, for the checks to name.
    """
    text = CONTROL.sub("", value).strip()[:LONGEST]
    if not text:
        return ""
    if code == "so":
        return _number(text, year, slash)
    if template.is_date(code):
        return _date(text)
    if code.endswith("DanToc"):
        return _ethnicity(text)
    codes = template.code_list(kind, code)
    if codes is None or text in map(str, codes.words):
        return text
    found = codes.to_code(text)
    return text if found is None else str(found)


def from_cell(template: Template, kind: str, code: str, text: str) -> str:
    """The value that a cell says: dates EDTF, words for codes (loaiDangKy stays a code), `so` without its year."""
    text = normalize("NFC", text).strip()
    if not text:
        return ""
    if code == "so":
        number = parse_entry_number(text)
        return text if number is None else str(number)
    if template.is_date(code):
        return _edtf(text)
    if code == "nktGioPhutChet":
        return parse_time(text) or text
    codes = template.code_list(kind, code)
    if codes is None:
        return text
    found = int(text) if text.isascii() and text.isdigit() and int(text) in codes.words else codes.to_code(text)
    if found is None:
        return text
    return str(found) if code == "loaiDangKy" else codes.words[found]


def _number(text: str, year: int | None, slash: bool) -> str:
    number = parse_entry_number(text)
    if number is None:
        return text
    behind = number.year or year
    return f"{number}/{behind}" if slash and behind else str(number)


def _date(text: str) -> str:
    try:
        return ministry_format(PartialDate.parse(text))
    except ValueError:
        age = parse_age(text)
        return text if age is None else f"{age}T"


def _edtf(text: str) -> str:
    day = _DAY.fullmatch(text)
    try:
        if day:
            return str(PartialDate(int(day[3]), int(day[2]), int(day[1])))
        if re.fullmatch(r"\d{4}", text):
            return str(PartialDate(int(text)))
    except ValueError:
        return text
    age = parse_age(text)
    if age is not None:
        return f"{age}T"
    found = parse_figures(text)
    return text if found is None else str(found)


def _ethnicity(text: str) -> str:
    """A group as the list names it, or with the name it was written by behind it: Mèo is "Mông (Mèo)". Unknown names stay."""
    code = None if "(" in text else ETHNICITY.to_code(text)
    if code is None or fold(ETHNICITY.words[code]) == fold(text):
        return text
    return f"{ETHNICITY.words[code]} ({text})"
