"""Whether a row of a population file is a person, and if not, why: cell by cell, or a block of rows at once where nothing is odd.

What a row gives is said by `person_of` alone. `people_of` looks at whole columns first, finds the rows in which any cell needs a closer
look and gives those to `person_of`; the others come out just as `person_of` would have made them, in a fraction of the time.
"""
from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matching.population import PERSON_COLUMNS
from records.legacy_text import to_unicode
from records.text import is_vietnamese_syllable, nfc

# The agreed header, in the order of matching.population.PersonRecord.
HEADER = ("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "dan_toc", "quoc_tich", "noi_sinh", "que_quan", "noi_thuong_tru",
          "ho_ten_cha", "so_dinh_danh_cha", "ho_ten_me", "so_dinh_danh_me", "ho_ten_vo_chong", "so_dinh_danh_vo_chong", "tinh_trang")
REASONS = {
    "wrong_columns": "số cột khác dòng tiêu đề / not as many cells as the header has",
    "no_number": "không có số định danh / no personal number",
    "bad_number": "số định danh không phải 12 (hay 9) chữ số / the personal number is not 12 (or 9) digits",
    "duplicate_number": "số định danh đã có ở dòng trước / the personal number occurs in an earlier row",
    "no_name": "không có họ tên / no name",
    "bad_name": "họ tên không có chữ cái / no letter in the name",
    "bad_date": "ngày sinh không hợp lệ / not a date of birth",
    "bad_sex": "giới tính không hợp lệ / not a sex",
    "too_long": "ô quá dài / a cell is too long",
    "control_characters": "ô có ký tự điều khiển / control characters in a cell",
}
_LONGEST = {"ethnicity": 60, "nationality": 60, "status": 20}
_LONGEST_TEXT = 500
_SEXES = {"": "", "nam": "Nam", "m": "Nam", "1": "Nam", "nữ": "Nữ", "nu": "Nữ", "f": "Nữ", "2": "Nữ", "3": "Chưa xác định",
          "chưa xác định": "Chưa xác định"}
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ]00:00(?::00)?)?")
_LOCAL = re.compile(r"(?:(?:(\d{1,2})[./-])?(\d{1,2})[./-])?(\d{4})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_NUMBER_COLUMNS = ("personal_id", "father_id", "mother_id", "spouse_id")
_NOT_LETTERS = re.compile(r"[\x00-\x40\x5b-\x60\x7b-\x7f]+")
_PERSONAL_ID, _NAME, _BIRTH_DATE, _SEX = (PERSON_COLUMNS.index(c) for c in ("personal_id", "name", "birth_date", "sex"))

Person = tuple[str, ...]        # values of PERSON_COLUMNS


@dataclass(frozen=True)
class Refused:
    """A row that could not be taken; `detail` names columns, never values."""

    line: int
    reason: str
    detail: str


def person_of(line: int, cells: Sequence[str], order: Sequence[int], width: int) -> Person | Refused:
    """One row. order: for each of PERSON_COLUMNS its place in the row, -1 where the file lacks it; width: cells of the header."""
    if (len(cells) < width and any(k >= len(cells) for k in order)) or any(cells[width:]):
        return Refused(line, "wrong_columns", f"{len(cells)} / {width}")
    values: list[str] = []
    for column, title, k in zip(PERSON_COLUMNS, HEADER, order, strict=True):
        text = cells[k] if k >= 0 else ""
        if _CONTROL.search(text):
            return Refused(line, "control_characters", title)
        text = _number(text) if column in _NUMBER_COLUMNS else to_unicode(text)
        if len(text) > _longest(column):
            return Refused(line, "too_long", title)
        values.append(text)
    return _checked(line, values)


def people_of(lines: Sequence[int], rows: Sequence[Sequence[str]], order: Sequence[int], width: int) -> list[tuple[int, Person | Refused]]:
    """(line, what `person_of` gives) of each row, in their order; rows of empty cells are left out."""
    odd = {k for k, cells in enumerate(rows) if len(cells) != width}
    whole = [cells for cells in rows if len(cells) == width] if odd else rows
    places = [k for k in range(len(rows)) if k not in odd] if odd else range(len(rows))
    columns = list(zip(*whole, strict=True))
    values: list[Sequence[str]] = []
    for column, k in zip(PERSON_COLUMNS, order, strict=True):
        cells = columns[k] if k >= 0 and columns else ("",) * len(whole)
        changed = _cleaned(column, set(cells))
        if changed:
            refused = {cell for cell, text in changed.items() if text is None}
            if refused:
                odd.update(places[n] for n, cell in enumerate(cells) if cell in refused)
            values.append([changed.get(cell, cell) or "" for cell in cells])
        else:
            values.append(cells)
    people = zip(*values, strict=True)
    if not odd:
        return list(zip(lines, people, strict=True))
    found: dict[int, Person | Refused] = dict(zip(places, people, strict=True))
    for k in odd:
        found.pop(k, None)
        if any(rows[k]):
            found[k] = person_of(lines[k], rows[k], order, width)
    return [(lines[k], found[k]) for k in sorted(found)]


def _cleaned(column: str, cells: set[str]) -> dict[str, str | None]:
    """The cells of one column that do not stay as they are: what they become, None where the row needs a closer look."""
    if column in _NUMBER_COLUMNS:
        return _clean_numbers(cells, (9, 12) if column == "personal_id" else None)
    if column == "birth_date":
        return _differing(cells, lambda cell: _date_cell(cell))
    if column == "sex":
        return _differing(cells, lambda cell: None if _CONTROL.search(cell) else _SEXES.get(to_unicode(cell).strip().lower()))
    must_speak = column == "name"
    changed: dict[str, str | None] = {}
    for cell in _not_plain(cells) | {c for c in cells if len(c) > _longest(column)}:
        text = None if _CONTROL.search(cell) else to_unicode(cell)
        if text != cell or len(cell) > _longest(column):
            changed[cell] = text if text is not None and len(text) <= _longest(column) else None
    if must_speak:
        changed.update({c: None for c in cells if not c[:1].isalpha() and not any(map(str.isalpha, changed.get(c) or c))})
    return changed


def _differing(cells: Iterable[str], clean: Callable[[str], str | None]) -> dict[str, str | None]:
    return {cell: text for cell in cells if (text := clean(cell)) != cell}


def _clean_numbers(cells: set[str], lengths: tuple[int, ...] | None) -> dict[str, str | None]:
    joined = "".join(cells)
    if joined.isascii() and (joined.isdecimal() or not joined):
        found = set(map(len, cells))
        if found <= set(lengths or (0, 9, 12)):
            return {}

    def clean(cell: str) -> str | None:
        if _CONTROL.search(cell):
            return None
        text = _number(cell)
        return text if lengths is None or (len(text) in lengths and text.isdecimal()) else None

    return _differing(cells, clean)


@lru_cache(maxsize=65536)
def _date_cell(cell: str) -> str | None:
    return None if _CONTROL.search(cell) else parse_birth_date(to_unicode(cell))


def _not_plain(cells: set[str]) -> set[str]:
    """The cells that `to_unicode` may change: all but those of printable letters, single spaces, words that are ASCII or Vietnamese."""
    spaced = {c for c in cells if "  " in c or not c.isprintable() or c[:1] == " " or c[-1:] == " "}
    strange = {w for w in set(" ".join(cells - spaced if spaced else cells).split(" ")) if not _plain_word(w)}
    return spaced | {c for c in cells if not strange.isdisjoint(c.split(" "))} if strange else spaced


@lru_cache(maxsize=65536)
def _plain_word(word: str) -> bool:
    if "`" in word:
        return False                # one of the apostrophes
    return word.isascii() or all(w.isascii() or (nfc(w) == w and is_vietnamese_syllable(w)) for w in _NOT_LETTERS.split(word))


def _longest(column: str) -> int:
    return _LONGEST.get(column, _LONGEST_TEXT)


def _checked(line: int, values: list[str]) -> Person | Refused:
    if not values[_PERSONAL_ID]:
        return Refused(line, "no_number", HEADER[_PERSONAL_ID])
    if len(values[_PERSONAL_ID]) not in (9, 12) or not values[_PERSONAL_ID].isdecimal():
        return Refused(line, "bad_number", f"{HEADER[_PERSONAL_ID]}: {len(values[_PERSONAL_ID])}")
    if not values[_NAME]:
        return Refused(line, "no_name", HEADER[_NAME])
    if not any(c.isalpha() for c in values[_NAME]):
        return Refused(line, "bad_name", HEADER[_NAME])
    date, sex = parse_birth_date(values[_BIRTH_DATE]), _SEXES.get(values[_SEX].strip().lower())
    if date is None:
        return Refused(line, "bad_date", HEADER[_BIRTH_DATE])
    if sex is None:
        return Refused(line, "bad_sex", HEADER[_SEX])
    values[_BIRTH_DATE], values[_SEX] = date, sex
    return tuple(values)


def _number(text: str) -> str:
    """Digits of a number; the zeros that a spreadsheet dropped from a 12-digit one are put back. What is no number stays as it is."""
    digits = re.sub(r"[\s.'\u00a0-]", "", text)
    if not digits.isascii() or not digits.isdecimal():
        return digits[:20]
    return digits.zfill(12) if len(digits) in (10, 11) else digits[:20]


def parse_birth_date(text: str) -> str | None:
    """YYYY-MM-DD, YYYY-MM or YYYY from ISO or day/month/year; "" for an empty cell; None if it is no date."""
    text = text.strip()
    if not text:
        return ""
    if m := _ISO.fullmatch(text):
        year, month, day = m.groups()
    elif m := _LOCAL.fullmatch(text):
        day, month, year = m.groups()
    else:
        return None
    try:
        dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "-".join((year, *(f"{int(p):02d}" for p in (month, day) if p)))
