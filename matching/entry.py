"""An entry as the linker sees it: for each role what was read of the person, whatever form or spreadsheet it came from."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from matching.population import FEMALE, MALE, SEX_CODES, UNKNOWN
from matching.vocabulary import tokens_of
from ocr.lattice import Lattice
from records.record import DraftRecord

ROLES = {"KS": ("nks", "me", "cha"), "KH": ("vo", "chong"), "KT": ("nkt",)}
_ROLE_SEX = {"me": FEMALE, "cha": MALE, "vo": FEMALE, "chong": MALE}
_NUMBER_FIELDS = ("SoDinhDanh", "SoDinhDanhCaNhan", "SoGiayToTuyThan")
_PLACE_FIELDS = ("NoiSinh", "NoiCuTru")
_AGE = re.compile(r"^(\d{1,3})\s*[Tt]")


@dataclass(frozen=True)
class RoleReading:
    """What was read of one person. date: YYYY[-MM[-DD]] digits as read, right or not, unknown parts empty; sex: 0 unknown 1 male 2 female;
    number: digits only; places: where the event or the person is said to be; images: lattices of the name, date and number fields."""

    role: str
    tokens: tuple[str, ...] = ()
    date: str = ""
    sex: int = UNKNOWN
    number: str = ""
    places: tuple[str, ...] = ()
    home: str = ""
    images: Mapping[str, Lattice] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether nothing of the person themselves was read."""
        return not (self.tokens or self.date or self.number or self.images)


@dataclass(frozen=True)
class Entry:
    """The people of one registered event. year: of registration, 0 unknown; office: the registering commune as written."""

    kind: str
    year: int
    office: str
    roles: tuple[RoleReading, ...]

    def role(self, name: str) -> RoleReading:
        return next(r for r in self.roles if r.role == name)


def read_entry(record: DraftRecord, lattices: Mapping[str, Lattice] | None = None) -> Entry:
    """The entry of a draft record; lattices by field code. A kind without roles to link gives an entry without roles."""
    values = {code: f.value for code, f in record.fields.items()}
    certain = {code for code, f in record.fields.items() if f.source == "reviewer"}
    images = {code: x for code, x in (lattices or {}).items() if code not in certain}
    return entry_of(record.kind, values, images)


def entry_of(kind: str, values: Mapping[str, str], lattices: Mapping[str, Lattice] | None = None) -> Entry:
    """The entry of plain field values by the Ministry's codes (also `namDangKy` for a year alone)."""
    year = _registered(values.get("ngayDangKy") or values.get("namDangKy") or "")
    office = values.get("noiDangKy", "") or ""
    roles = tuple(_read_role(kind, role, values, lattices or {}, year, office) for role in ROLES.get(kind, ()))
    return Entry(kind, year, office, roles)


def _registered(date: str) -> int:
    """The year of a date YYYY[-MM[-DD]], 0 when it is none that a register can have."""
    year = int(_digits(date[:4]) or 0)
    return year if 1850 <= year <= 2199 else 0


def _read_role(kind: str, role: str, values: Mapping[str, str], lattices: Mapping[str, Lattice], year: int, office: str) -> RoleReading:
    sex = _ROLE_SEX.get(role) or SEX_CODES.get((values.get(role + "GioiTinh") or "").strip().lower(), UNKNOWN)
    number = next((d for f in _NUMBER_FIELDS if (d := _digits(values.get(role + f) or ""))), "")
    places = tuple(p for f in _PLACE_FIELDS if (p := values.get(role + f) or ""))
    if role in ("nks", "me", "cha") and office:
        places = (office, *places) if role == "nks" or not places else places
    if role == "nkt":
        places = tuple(p for p in (*places, office) if p)
    images = {part: lattices[role + code] for part, code in (("name", "HoTen"), ("date", "NgaySinh")) if role + code in lattices}
    for f in _NUMBER_FIELDS:
        if role + f in lattices:
            images["number"] = lattices[role + f]
    return RoleReading(role, tuple(split_joined(values.get(role + "HoTen") or "")), _date(values.get(role + "NgaySinh") or "", year),
                       sex, number, places, values.get(role + "QueQuan") or "", images)


def split_joined(name: str) -> list[str]:
    """Comparison tokens of a name as read; tokens run together before a capital are parted (ThịKiều, but not LÊ VĂN)."""
    parted = "".join(" " + c if c.isupper() and k and name[k - 1].islower() else c for k, c in enumerate(name))
    return tokens_of(parted)


def _date(text: str, registered: int) -> str:
    """YYYY-MM-DD as far as digits were read; an age (28T) becomes the year of birth it means."""
    age = _AGE.match(text.strip())
    if age:
        return str(registered - int(age[1])) if registered else ""
    parts = [p if p.isdecimal() else "" for p in text.strip().split("-")[:3]]
    return "-".join(parts) if any(parts) else ""


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
