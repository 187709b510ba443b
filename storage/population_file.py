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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

from records.legacy_text import to_unicode
from storage.errors import PopulationFileUnreadable
from storage.population_rows import HEADER, REASONS, Person, Refused, parse_birth_date, people_of

__all__ = ["HEADER", "REASONS", "FileFacts", "Person", "Refused", "inspect_file", "parse_birth_date", "read_blocks", "read_people"]

REQUIRED = ("so_dinh_danh", "ho_ten")
_MOST_CELLS, _BLOCK = 64, 4_000                        # cells of a row, rows checked at once
_MOST_UNPACKED, _SMALL_PART, _MOST_RATIO = 16 << 30, 64 << 20, 200      # bytes of a workbook, of a part; how much smaller it may be packed
_LINE_END = re.compile(r"\r\n|\r|\n")


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


def read_people(path: Path, facts: FileFacts, column_map: Mapping[str, str]) -> Iterator[Person | Refused]:
    """Each row as the values of PERSON_COLUMNS, or why it is refused, in the order of the file.

    column_map: agreed column -> the file's header. A number that an earlier row has is not refused here: only the
    whole file tells (storage.population).
    Raises PopulationFileUnreadable when the file breaks off, or lacks a required column.
    """
    for block in read_blocks(path, facts, column_map):
        yield from (person for _, person in block)


def read_blocks(path: Path, facts: FileFacts, column_map: Mapping[str, str]) -> Iterator[list[tuple[int, Person | Refused]]]:
    """The same by some thousands (more fall out of the processor's cache), each with its line."""
    blocks = _xlsx_blocks(path) if facts.kind == "xlsx" else _csv_blocks(path, facts.encoding)
    try:
        _, (header,) = next(blocks)
        order = _columns(header, column_map, path.name)
        for lines, rows in blocks:
            yield people_of(lines, rows, order, len(header))
    except (csv.Error, UnicodeError, zipfile.BadZipFile, KeyError, EOFError) as error:
        raise PopulationFileUnreadable(file=path.name, cause=type(error).__name__) from error


def _csv_blocks(path: Path, encoding: str) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """(line of each row, rows), the header first and alone; the line of a row with line feeds in it is its last."""
    with open(path, encoding=encoding, newline="", errors="strict" if encoding.startswith("utf") else "replace") as f:
        first = f.readline(1 << 16)
        delimiter = max(",;\t", key=first.count)
        yield (1,), [next(csv.reader(io.StringIO(first), delimiter=delimiter), [])]
        reader, line = csv.reader(f, delimiter=delimiter), 2
        while rows := list(islice(reader, _BLOCK)):
            lines: Sequence[int] = range(line, line + len(rows))
            line = reader.line_num + 2
            if lines[-1] + 1 != line:
                ends = accumulate(1 + sum(len(_LINE_END.findall(cell)) for cell in cells) for cells in rows)
                lines = [lines[0] - 1 + end for end in ends]
            yield lines, rows


def _xlsx_blocks(path: Path) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    rows = _xlsx_rows(path)
    line, header = next(rows, (1, []))
    yield (line,), [header]
    while block := list(islice(rows, _BLOCK)):
        yield [line for line, _ in block], [cells for _, cells in block]


def _xlsx_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet, and of those after it that have the same header: a sheet holds 1,048,576 rows at most."""
    import openpyxl

    with zipfile.ZipFile(path) as z:
        parts = z.infolist()
        if sum(i.file_size for i in parts) > _MOST_UNPACKED or any(
                i.file_size > max(_SMALL_PART, _MOST_RATIO * i.compress_size) for i in parts):
            raise PopulationFileUnreadable(file=path.name, cause="tệp nén nở quá lớn / the workbook unpacks to too much")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    header: list[str] = []
    before = 0                                          # rows of the sheets already read
    try:
        for sheet in book.worksheets:
            line = 0
            for line, row in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_CELLS), start=1):
                cells = ["" if v is None else _cell(v) for v in row]
                if line > 1:
                    cells += [""] * (len(header) - len(cells))
                    yield before + line, cells
                    continue
                while cells and not cells[-1]:
                    cells.pop()
                if header and cells != header:
                    break
                if not header:
                    header = cells
                    yield line, cells
            before += line
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
