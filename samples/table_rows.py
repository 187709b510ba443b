"""Entries of a ruled table, drawn: the values of each row, and what the pen writes into its cells, ditto marks and strike-outs included."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from records.forms import Column, Form
from samples.naming import draw_name, draw_surname
from samples.texts import draw_place

DITTO_MARKS = ("〃", "〃", "nt", "-nt-", "như trên")
_OCCUPATIONS = ("LR", "Làm ruộng", "CN", "NN", "BĐ", "Giáo viên", "Buôn bán")


@dataclass(frozen=True)
class Row:
    """One entry. `values`: field code to the true value (dates ISO, ages 28T); `cells`: column number to its lines as written.

    `struck`: column number to a first line that is written and then struck out. `ditto`: codes whose cell says: as above.
    """

    values: Mapping[str, str]
    cells: Mapping[int, tuple[str, ...]]
    struck: Mapping[int, str] = field(default_factory=dict)
    ditto: frozenset[str] = frozenset()


def draw_rows(form: Form, count: int, year: int, rng: np.random.Generator, *, first: int = 1, dittos: float = 0.25,
              strikes: float = 0.03, separator: str = "/", places: Sequence[str] = ()) -> list[Row]:
    """Entries that could follow one another in the book from number `first` on. dittos: share of the cells that may bear a ditto mark and
    whose value is that of the row above; strikes: share of cells where something was struck out first; places: where people live, made up
    if there are none."""
    if form.table is None: raise ValueError(f"{form.id} is no table")
    rows: list[Row] = []
    day = date(year, 1, 3) + timedelta(int(rng.integers(0, 60)))
    village = list(places) or [draw_place(rng) for _ in range(4)]
    for n in range(count):
        day += timedelta(int(rng.choice([0, 0, 1, 3, 7, 12])))
        values = _values(form, first + n, day, village, rng)
        cells: dict[int, tuple[str, ...]] = {}
        struck: dict[int, str] = {}
        ditto: set[str] = set()
        for c, column in enumerate(form.table.columns):
            above = rows[-1].values if rows else {}
            codes = [f.code for f in column.fields if f.code]
            if above and codes and not column.starts and rng.random() < dittos and not codes[0].endswith("HoTen"):
                values |= {code: above[code] for code in codes if code in above}
            if above and codes and all(above.get(x) == values.get(x) for x in codes) and any(values.get(x) for x in codes) \
                    and not column.starts and not codes[0].endswith(("HoTen", "GioiTinh")) and dittos > 0:
                cells[c] = (str(rng.choice(DITTO_MARKS)),)
                ditto |= set(codes)
                continue
            lines = _lines(column, values, separator, rng)
            if lines:
                cells[c] = lines
            if lines and len(codes) == 1 and codes[0].endswith(("NoiSinh", "NoiCuTru")) and rng.random() < strikes:
                struck[c] = draw_place(rng).split(",")[0]
        rows.append(Row(values, cells, struck, frozenset(ditto)))
    return rows


def _values(form: Form, number: int, day: date, village: Sequence[str], rng: np.random.Generator) -> dict[str, str]:
    values = {"so": str(number), "ngayDangKy": day.isoformat()}
    here = str(rng.choice(village))
    if form.kind == "KS":
        sex = str(rng.choice(["Nam", "Nữ"]))
        surname, other = draw_surname("Kinh", rng), draw_surname("Kinh", rng)
        values |= {"nksHoTen": draw_name(surname, sex, "Kinh", day.year, rng), "nksGioiTinh": sex,
                   "nksNgaySinh": (day - timedelta(int(rng.integers(1, 40)))).isoformat(), "nksNoiSinh": here}
        for role, family, own in (("cha", surname, "Nam"), ("me", other, "Nữ")):
            age = int(rng.integers(19, 45))
            values |= {f"{role}HoTen": draw_name(family, own, "Kinh", day.year - age, rng), f"{role}NgaySinh": f"{age}T",
                       f"{role}DanToc": str(rng.choice(["Kinh", "Kinh", "Kinh", "Tày", "Mường"])), f"{role}NoiCuTru": here}
        values["nycHoTen"] = values["chaHoTen"]
    elif form.kind == "KH":
        for role, own in (("chong", "Nam"), ("vo", "Nữ")):
            born = day - timedelta(int(rng.integers(19 * 365, 38 * 365)))
            values |= {f"{role}HoTen": draw_name(draw_surname("Kinh", rng), own, "Kinh", born.year, rng),
                       f"{role}NgaySinh": born.isoformat(), f"{role}DanToc": "Kinh", f"{role}NoiCuTru": str(rng.choice(village))}
    else:
        sex = str(rng.choice(["Nam", "Nữ"]))
        born = day - timedelta(int(rng.integers(40 * 365, 90 * 365)))
        surname = draw_surname("Kinh", rng)
        values |= {"nktHoTen": draw_name(surname, sex, "Kinh", born.year, rng), "nktGioiTinh": sex, "nktNgaySinh": born.isoformat(),
                   "nktDanToc": "Kinh", "nktNoiCuTru": here, "nktNgayChet": (day - timedelta(int(rng.integers(0, 6)))).isoformat(),
                   "nktNoiChet": here, "nktNguyenNhanChet": str(rng.choice(["Già yếu", "Bệnh", "Ung thư", "Tai nạn giao thông"])),
                   "nycHoTen": draw_name(surname, "Nam", "Kinh", born.year + 30, rng)}
    return values


def _lines(column: Column, values: Mapping[str, str], separator: str, rng: np.random.Generator) -> tuple[str, ...]:
    """The cell's text: a single value on a line (it may wrap), several as clerks put them: name, then age, people and trade, then place."""
    texts = [_ink(f.code, f.type, values, separator, rng) for f in column.fields]
    if len(texts) <= 1: return tuple(t for t in texts if t)
    name, *middle, place = texts
    return tuple(t for t in (name, ", ".join(m for m in middle if m), place) if t)


def _ink(code: str | None, kind: str, values: Mapping[str, str], separator: str, rng: np.random.Generator) -> str:
    if code is None: return str(rng.choice(_OCCUPATIONS)) if kind == "text" else ""
    value = values.get(code, "")
    if kind == "date" and len(value) == 10:
        y, m, d = value.split("-")
        return separator.join((str(int(d)), str(int(m)), y))
    return value
