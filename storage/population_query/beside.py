"""An answer of the population database beside what the register says, value by value: both are shown, neither replaces the other."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.text import fold

_OWN: Mapping[str, str] = {         # of the person asked about: their value -> ending of the register's field code
    "name": "HoTen", "birth_date": "NgaySinh", "sex": "GioiTinh", "ethnicity": "DanToc", "nationality": "QuocTich",
    "birth_place": "NoiSinh", "home_place": "QueQuan", "residence": "NoiCuTru", "personal_id": "SoDinhDanh",
}
_PARENTS: Mapping[str, str] = {"father_name": "chaHoTen", "mother_name": "meHoTen"}     # where the register is about the child
LABELS: Mapping[str, tuple[str, str]] = {       # of values that the register has no field for
    "card": ("Số CMND", "Old identity card"), "personal_id": ("Số định danh", "Personal number"),
    "father_name": ("Họ tên cha", "Father's name"), "father_id": ("Số định danh cha", "Father's number"),
    "mother_name": ("Họ tên mẹ", "Mother's name"), "mother_id": ("Số định danh mẹ", "Mother's number"),
    "spouse_name": ("Họ tên vợ/chồng", "Spouse's name"), "spouse_id": ("Số định danh vợ/chồng", "Spouse's number"),
}


@dataclass(frozen=True)
class Beside:
    """value: its name in the answer; code: the register's field, "" without one; same: None where the register says nothing."""

    value: str
    code: str
    written: str
    told: str
    same: bool | None


def beside(role: str, written: Mapping[str, str], told: Mapping[str, str]) -> list[Beside]:
    """written: field code -> value of the entry; told: one person of the answer. In the order of the answer."""
    lines = []
    for value, text in told.items():
        code = f"{role}{_OWN[value]}" if value in _OWN else _PARENTS.get(value, "") if role == "nks" else ""
        there = written.get(code, "")
        lines.append(Beside(value, code if there or (value in _OWN and value != "personal_id") else "", there, text,
                            _same(value, there, text) if there else None))
    return lines


def _same(value: str, written: str, told: str) -> bool:
    if value == "birth_date":           # a year is the same as a day in it: what one side does not know is no difference
        return written.startswith(told) or told.startswith(written)
    return fold(written) == fold(told)
