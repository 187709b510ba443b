"""An entry as the linker sees it: for each role what was read of the person, whatever form or spreadsheet it came from."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from matching.population import FEMALE, MALE, SEX_CODES, UNKNOWN
from matching.vocabulary import tokens_of
from ocr.lattice import Lattice
from ocr.table_ditto import DITTO
from records.forms import FieldType, load_forms
from records.record import DraftRecord, FieldValue

ROLES: Mapping[str, tuple[str, ...]] = {
    "KS": ("nks", "me", "cha"), "KH": ("vo", "chong"), "KT": ("nkt",), "NCM": ("cm", "nc"), "GH": ("ngh", "ndgh"), "CC": ("ntd",),
    "HN": ("nxn",), "CN": ("cn", "meNuoi", "chaNuoi", "meGiao", "chaGiao"),
}
SEX_OF_ROLE: Mapping[str, int] = {
    "me": FEMALE, "cha": MALE, "vo": FEMALE, "chong": MALE, "meNuoi": FEMALE, "chaNuoi": MALE, "meGiao": FEMALE, "chaGiao": MALE,
}
_ALWAYS = frozenset(("KS", "KH", "KT"))         # registers whose every role counts, though nothing of it be read
_NUMBER_FIELDS = ("SoDinhDanh", "SoDinhDanhCaNhan", "SoGiayToTuyThan")
_PLACE_FIELDS = ("NoiSinh", "NoiCuTru")
_WEDDED = frozenset(("vo", "chong"))            # who need not live where they are registered
_AGE = re.compile(r"^(\d{1,3})\s*[Tt]")


@dataclass(frozen=True)
class RoleReading:
    """What was read of one person. date: YYYY[-MM[-DD]] digits as read, right or not, unknown parts empty; sex: 0 unknown 1 male 2 female;
    number: digits only; places: where the event or the person is said to be; images: lattices by part: name, date or (where the form asks
    for no more) year, words (the date in words), number; by_age: the date is the year that an age at registration means."""

    role: str
    tokens: tuple[str, ...] = ()
    date: str = ""
    sex: int = UNKNOWN
    number: str = ""
    places: tuple[str, ...] = ()
    home: str = ""
    images: Mapping[str, Lattice] = field(default_factory=dict)
    by_age: bool = False

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
    images = {code: x for code, x in (lattices or {}).items() if _shows(record.fields.get(code))}
    form = load_forms().get(record.form or "")
    types = {b.code: b.type for b in form.blanks if b.code} if form else {}
    return entry_of(record.kind, values, images, types)


def _shows(field: FieldValue | None) -> bool:
    """Whether the field's value is what its image shows: not where a person corrected it, nor where it was taken from the row above."""
    return field is not None and bool(field.value) and field.source != "reviewer" and DITTO not in field.evidence


def entry_of(kind: str, values: Mapping[str, str], lattices: Mapping[str, Lattice] | None = None,
             types: Mapping[str, FieldType] | None = None) -> Entry:
    """The entry of plain field values by the Ministry's codes (also `namDangKy` for a year alone). types: of the form's fields, by code.

    Births, marriages and deaths have all their roles; in the other registers a role of which nothing is written (the husband of a woman
    who adopts alone) is none.
    """
    year = _registered(values.get("ngayDangKy") or values.get("namDangKy") or "")
    office = values.get("noiDangKy", "") or ""
    roles = (_read_role(role, values, lattices or {}, types or {}, year, office) for role in ROLES.get(kind, ()))
    return Entry(kind, year, office, tuple(r for r in roles if kind in _ALWAYS or not r.silent))


def _registered(date: str) -> int:
    """The year of a date YYYY[-MM[-DD]], 0 when it is none that a register can have."""
    year = int(_digits(date[:4]) or 0)
    return year if 1850 <= year <= 2199 else 0


def _read_role(role: str, values: Mapping[str, str], lattices: Mapping[str, Lattice], types: Mapping[str, FieldType], year: int,
               office: str) -> RoleReading:
    sex = SEX_OF_ROLE.get(role) or SEX_CODES.get((values.get(role + "GioiTinh") or "").strip().lower(), UNKNOWN)
    number = next((d for f in _NUMBER_FIELDS if (d := _digits(values.get(role + f) or ""))), "")
    places = tuple(p for f in _PLACE_FIELDS if (p := values.get(role + f) or ""))
    if role == "nks":
        places = tuple(p for p in (office, *places) if p)
    elif role == "nkt":
        places = tuple(p for p in (*places, office) if p)
    elif role not in _WEDDED and not places and office:
        places = (office,)
    born, years = values.get(role + "NgaySinh") or "", _years_of_age(values.get(role + "NgaySinh") or "")
    return RoleReading(role, tuple(split_joined(values.get(role + "HoTen") or "")), _date(born, year), sex, number, places,
                       values.get(role + "QueQuan") or "", _images(role, lattices, types), years is not None)


def _images(role: str, lattices: Mapping[str, Lattice], types: Mapping[str, FieldType]) -> dict[str, Lattice]:
    """The role's lattices by part. An age in the place of a birthday is compared by what was read of it."""
    born = role + "NgaySinh"
    kind = types.get(born) or ("year" if role in ("me", "cha") else "date")
    codes = {"name": role + "HoTen", **({kind: born, "words": born + "BangChu"} if kind in ("date", "year") else {})}
    codes |= {"number": next((role + f for f in _NUMBER_FIELDS if role + f in lattices), "")}
    return {part: lattices[code] for part, code in codes.items() if code in lattices}


def split_joined(name: str) -> list[str]:
    """Comparison tokens of a name as read; tokens run together before a capital are parted (ThịKiều, but not LÊ VĂN)."""
    parted = "".join(" " + c if c.isupper() and k and name[k - 1].islower() else c for k, c in enumerate(name))
    return tokens_of(parted)


def _date(text: str, registered: int) -> str:
    """YYYY-MM-DD as far as digits were read; an age (28T) becomes the year of birth it means."""
    age = _years_of_age(text)
    if age is not None:
        return str(registered - age) if registered else ""
    parts = [p if p.isdecimal() else "" for p in text.strip().split("-")[:3]]
    return "-".join(parts) if any(parts) else ""


def _years_of_age(text: str) -> int | None:
    found = _AGE.match(text.strip())
    return int(found[1]) if found else None


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
