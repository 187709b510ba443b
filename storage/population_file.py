"""The rows of a population file: CSV or XLSX, in UTF-8 or an old encoding, under its own headers or a column map; each row a person or
a reason."""
from __future__ import annotations

import codecs
import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from matching.population import PERSON_COLUMNS
from records.legacy_text import to_unicode
from storage.errors import PopulationFileUnreadable

# The agreed header, in the order of matching.population.PersonRecord.
HEADER = ("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "dan_toc", "quoc_tich", "noi_sinh", "que_quan", "noi_thuong_tru",
          "ho_ten_cha",
          "so_dinh_danh_cha", "ho_ten_me", "so_dinh_danh_me", "ho_ten_vo_chong", "so_dinh_danh_vo_chong", "tinh_trang")
REQUIRED = ("so_dinh_danh", "ho_ten")
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
_LONGEST_TEXT, _MOST_CELLS, _MOST_UNPACKED = 500, 64, 2 << 30
_SEXES = {"": "", "nam": "Nam", "m": "Nam", "1": "Nam", "nữ": "Nữ", "nu": "Nữ", "f": "Nữ", "2": "Nữ", "3": "Chưa xác định",
          "chưa xác định": "Chưa xác định"}
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ]00:00(?::00)?)?")
_LOCAL = re.compile(r"(?:(?:(\d{1,2})[./-])?(\d{1,2})[./-])?(\d{4})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_NUMBER_COLUMNS = ("personal_id", "father_id", "mother_id", "spouse_id")


@dataclass(frozen=True)
class Refused:
    """A row that could not be taken; `detail` names columns, never values."""

    line: int
    reason: str
    detail: str


@dataclass(frozen=True)
class FileFacts:
    """sha256 of the bytes; lines: an estimate of the rows, for progress; encoding: utf-8, utf-16, cp1258 or latin-1 (old fonts); kind:
    csv or xlsx."""

    sha256: str
    lines: int
    encoding: str
    kind: str


def inspect_file(path: Path) -> FileFacts:
    """Hash the file and find what it is; PopulationFileUnreadable if it is neither CSV nor XLSX."""
    digest, lines, utf8, sample = hashlib.sha256(), 0, codecs.getincrementaldecoder("utf-8")(), b""
    is_utf8 = True
    try:
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                digest.update(block)
                lines += block.count(b"\n")
                sample = sample or block
                if is_utf8:
                    try:
                        utf8.decode(block)
                    except UnicodeDecodeError:
                        is_utf8 = False
    except OSError as error:
        raise PopulationFileUnreadable(file=path.name, cause=error.strerror or type(error).__name__) from error
    if not sample:
        raise PopulationFileUnreadable(file=path.name, cause="tệp rỗng / the file is empty")
    if sample.startswith(b"PK\x03\x04"):
        return FileFacts(digest.hexdigest(), 0, "utf-8", "xlsx")
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return FileFacts(digest.hexdigest(), lines, "utf-16", "csv")
    if b"\x00" in sample[:65536]:
        raise PopulationFileUnreadable(file=path.name, cause="không phải CSV hay XLSX / neither CSV nor XLSX")
    return FileFacts(digest.hexdigest(), lines, "utf-8-sig" if is_utf8 else _old_encoding(sample[:65536]), "csv")


def _old_encoding(sample: bytes) -> str:
    """cp1258 (Windows Vietnamese) or latin-1 (TCVN3, VNI, converted cell by cell): the one whose words read better."""
    from records.text import is_vietnamese_syllable
    scores = {}
    for name in ("cp1258", "latin-1"):
        text = sample.decode(name, errors="replace")
        cells = [to_unicode(c) for c in set(re.split(r"[,;\t\r\n\"]+", text))]
        scores[name] = sum(is_vietnamese_syllable(w) for c in cells for w in re.split(r"[\W\d_]+", c) if w and not w.isascii())
    return max(scores, key=lambda k: (scores[k], k == "latin-1"))


def read_people(path: Path, facts: FileFacts, column_map: Mapping[str, str]) -> Iterator[tuple[str, ...] | Refused]:
    """Each row as the values of PERSON_COLUMNS, or why it is refused. column_map: agreed column -> the file's header.

    Raises PopulationFileUnreadable when the file breaks off, or lacks a required column.
    """
    rows = _xlsx_rows(path) if facts.kind == "xlsx" else _csv_rows(path, facts.encoding)
    seen: set[str] = set()
    try:
        _, header = next(rows, (0, []))
        order = _columns(header, column_map, path.name)
        for line, cells in rows:
            if not any(cells):
                continue
            person = _person(line, cells, order, len(header))
            if not isinstance(person, Refused):
                if person[0] in seen:
                    person = Refused(line, "duplicate_number", HEADER[0])
                else:
                    seen.add(person[0])
            yield person
    except (csv.Error, UnicodeError, zipfile.BadZipFile, KeyError, EOFError) as error:
        raise PopulationFileUnreadable(file=path.name, cause=type(error).__name__) from error


def _csv_rows(path: Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    with open(path, encoding=encoding, newline="", errors="strict" if encoding.startswith("utf") else "replace") as f:
        first = f.readline(1 << 16)
        delimiter = max(",;\t", key=first.count)
        rest = csv.reader(f, delimiter=delimiter)
        yield 1, next(csv.reader(io.StringIO(first), delimiter=delimiter), [])
        for cells in rest:
            yield rest.line_num + 1, cells


def _xlsx_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    import openpyxl

    with zipfile.ZipFile(path) as z:
        if sum(i.file_size for i in z.infolist()) > _MOST_UNPACKED:
            raise PopulationFileUnreadable(file=path.name, cause="tệp nén nở quá lớn / the workbook unpacks to more than 2 GiB")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        for line, row in enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=_MOST_CELLS), start=1):
            cells = ["" if v is None else _cell(v) for v in row]
            while line == 1 and cells and not cells[-1]:
                cells.pop()
            yield line, cells
    finally:
        book.close()


def _cell(value: object) -> str:
    if isinstance(value, dt.datetime | dt.date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _columns(header: list[str], column_map: Mapping[str, str], name: str) -> list[int]:
    """For each of PERSON_COLUMNS its place in the row, -1 if the file does not have it."""
    found: dict[str, int] = {}
    for k, title in enumerate(header):
        found.setdefault(to_unicode(title).strip().lower(), k)
    unknown = sorted(set(column_map) - set(HEADER))
    if unknown:
        raise PopulationFileUnreadable(file=name, cause=f"bảng cột có tên lạ / unknown columns in the column map: {', '.join(unknown)}")
    order = [found.get(to_unicode(column_map.get(c, c)).strip().lower(), -1) for c in HEADER]
    missing = [column_map.get(c, c) for c, k in zip(HEADER, order, strict=True) if k < 0 and c in REQUIRED]
    if missing:
        raise PopulationFileUnreadable(file=name, cause=f"thiếu cột / lacks the columns: {', '.join(missing)}")
    return order


def _person(line: int, cells: list[str], order: list[int], width: int) -> tuple[str, ...] | Refused:
    if (len(cells) < width and any(k >= len(cells) for k in order)) or any(cells[width:]):
        return Refused(line, "wrong_columns", f"{len(cells)} / {width}")
    values: list[str] = []
    for column, title, k in zip(PERSON_COLUMNS, HEADER, order, strict=True):
        text = cells[k] if k >= 0 else ""
        if _CONTROL.search(text):
            return Refused(line, "control_characters", title)
        text = _number(text) if column in _NUMBER_COLUMNS else to_unicode(text)
        if len(text) > _LONGEST.get(column, _LONGEST_TEXT):
            return Refused(line, "too_long", title)
        values.append(text)
    return _checked(line, values)


def _checked(line: int, values: list[str]) -> tuple[str, ...] | Refused:
    if not values[0]:
        return Refused(line, "no_number", HEADER[0])
    if len(values[0]) not in (9, 12):
        return Refused(line, "bad_number", f"{HEADER[0]}: {len(values[0])}")
    if not values[1]:
        return Refused(line, "no_name", HEADER[1])
    if not any(c.isalpha() for c in values[1]):
        return Refused(line, "bad_name", HEADER[1])
    date, sex = parse_birth_date(values[2]), _SEXES.get(values[3].strip().lower())
    if date is None:
        return Refused(line, "bad_date", HEADER[2])
    if sex is None:
        return Refused(line, "bad_sex", HEADER[3])
    values[2], values[3] = date, sex
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
