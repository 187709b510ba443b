"""What is said to the Ministry's civil-status software of one dossier: a registration, or a request for the copy of an extract.

Field names as programs in use send them (docs/exchange.md says what was seen where); nothing here knows HTTP, XML or JSON.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from records.codes import SEX
from records.ministry.addresses import AddressModel, address_of, commune_on, say_address
from records.ministry.cells import to_cell
from records.ministry.date_styles import DateStyle, say_date
from records.ministry.template import template_on
from records.names import parse_name
from records.partial_date import PartialDate

MODULES: Mapping[str, tuple[str, ...]] = {"LTKS": ("KS",), "LTKT": ("KT",), "LTKH": ("KH",), "BS": ("KS", "KH", "KT", "NCM")}
REGISTRATION: Mapping[str, str] = {"KS": "LTKS", "KT": "LTKT", "KH": "LTKH"}
_COPY_KIND = {"KS": "1", "KH": "2", "KT": "3", "NCM": "4"}      # loaiBanSao: no list is published; docs/exchange.md
_SUBJECT = {"KS": "nks", "KH": "chong", "KT": "nkt", "NCM": "nc"}
BS_FIELDS = ("cbsHoTen", "cbsNgaySinh", "cbsGioiTinh", "cbsDanToc", "cbsQuocTich", "cbsNoiCuTru", "cbsSoDDCN", "nycHoTen", "nycQuanHe",
             "loaiBanSao", "soLuong", "soDangKyTruocDay", "quyenSoDangKyTruocDay", "ngayDangKyTruocDay", "noiDangKyTruocDay")


@dataclass(frozen=True)
class Styles:
    """How one version of the interface writes."""

    dates: DateStyle = "slashed"
    addresses: AddressModel = "commune"


@dataclass(frozen=True)
class Facts:
    """One archived entry: field code -> value in this program's canonical form. units: field code -> code of its administrative unit;
    office_code: of the commune that holds the register today; personal_id: of the subject, from the accepted link."""

    kind: str
    values: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    book: str = ""
    office_code: str = ""
    personal_id: str = ""


@dataclass(frozen=True)
class Requester:
    """Who asks for a copy: name as on their papers, relation in words, how many copies."""

    name: str = ""
    relation: str = ""
    copies: int = 1


def registration(facts: Facts, styles: Styles, on: date) -> dict[str, Any]:
    """The registration's fields under the codes of the Ministry's import (records/code_data/ministry_*.toml), empty ones left out."""
    template = template_on(on)
    said: dict[str, Any] = {}
    for code in template.columns[facts.kind]:
        value = facts.values.get(code, "").strip()
        if not value:
            continue
        if template.is_date(code):
            said[code] = _date(value, styles.dates)
        elif code.endswith("NoiCuTru"):
            said[code] = say_address(styles.addresses, address_of(value, on, facts.units.get(code, "")))
        else:
            said[code] = to_cell(template, facts.kind, code, value, _year(facts.values))
    return {**said, **({"quyenSo": facts.book} if facts.book and "quyenSo" not in said else {})}


def copy_request(facts: Facts, requester: Requester, styles: Styles, on: date) -> dict[str, Any]:
    """The fields of module BS (2025) for the subject of an entry. Dates of former registrations are always slashed there."""
    person, values = _SUBJECT[facts.kind], facts.values
    residence = values.get(f"{person}NoiCuTru", "") or values.get("meNoiCuTru", "")
    units = facts.units.get(f"{person}NoiCuTru", "") or facts.units.get("meNoiCuTru", "")
    sex = SEX.to_code(values.get(f"{person}GioiTinh", "") or {"chong": "Nam"}.get(person, ""))
    return {
        "cbsHoTen": _name(values.get(f"{person}HoTen", "")), "cbsNgaySinh": _parts(values.get(f"{person}NgaySinh", "")),
        "cbsGioiTinh": str(sex or 3), "cbsDanToc": values.get(f"{person}DanToc", ""), "cbsQuocTich": "VN",
        "cbsNoiCuTru": say_address(styles.addresses, address_of(residence, on, units)), "cbsSoDDCN": facts.personal_id,
        "nycHoTen": requester.name, "nycQuanHe": requester.relation, "loaiBanSao": _COPY_KIND[facts.kind],
        "soLuong": str(requester.copies), "soDangKyTruocDay": values.get("so", ""), "quyenSoDangKyTruocDay": facts.book,
        "ngayDangKyTruocDay": _date(values.get("ngayDangKy", ""), "slashed"), "noiDangKyTruocDay": commune_on(facts.office_code, on),
    }


def _name(text: str) -> dict[str, str]:
    if not text.strip():
        return {"Ho": "", "ChuDem": "", "Ten": ""}
    name = parse_name(text)
    return {"Ho": name.surname, "ChuDem": " ".join(name.middle), "Ten": name.given}


def _parts(text: str) -> dict[str, str]:
    try:
        d = PartialDate.parse(text)
    except ValueError:
        return {"namSinh": "", "thangSinh": "", "ngaySinh": ""}
    return {"namSinh": f"{d.year:04d}" if d.year else "", "thangSinh": f"{d.month:02d}" if d.month else "",
            "ngaySinh": f"{d.day:02d}" if d.day else ""}


def _date(text: str, style: DateStyle) -> str:
    """In that style; an age (28T) stays an age."""
    try:
        return say_date(style, PartialDate.parse(text))
    except ValueError:
        return text


def _year(values: Mapping[str, str]) -> int | None:
    day = values.get("ngayDangKy", "")
    return int(day[:4]) if day[:4].isdigit() else None
