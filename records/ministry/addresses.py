"""The three ways in which systems of one country say where somebody lives: as text, with a district, without one. All in one place."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from records.places import TWO_TIERS, Unit, default_gazetteer

AddressModel = Literal["text", "district", "commune"]
_SURE = 0.97            # a place that reads less alike gets no code: a wrong commune is worse than none


@dataclass(frozen=True)
class Address:
    """text: as it is written, whole. Codes of the statistics office, empty where not known; country: ISO 3166."""

    text: str
    province: str = ""
    district: str = ""
    commune: str = ""
    country: str = "VN"


def address_of(text: str, on: date, code: str = "") -> Address:
    """A written place with the codes that its unit had on that day. code: the commune's, if a person or the reader settled it.

    For days since July 2025 an old commune becomes the one that took over all its land; where that is not one, it gets no code.
    """
    gazetteer = default_gazetteer()
    unit = gazetteer.unit(code) if code else None
    if unit is None:
        found = [m for m in gazetteer.find(text, on=on, limit=2) if m.score >= _SURE] if text.strip() else []
        certain = len(found) == 1 or (len(found) == 2 and found[0].score > found[1].score)
        unit = found[0].unit if certain else None
    unit = _on(unit, on) if unit is not None else None
    if unit is None or unit.level != "commune":
        return Address(text)
    return Address(text, unit.province_code, unit.district_code, unit.code)


def commune_on(code: str, on: date) -> str:
    """The code, on that day, of the commune that had this code or took over all its land; "" where there is no single one."""
    unit = default_gazetteer().unit(code)
    found = _on(unit, on) if unit is not None else None
    return found.code if found is not None and found.level == "commune" else ""


def _on(unit: Unit, on: date) -> Unit | None:
    if unit.existed(on):
        return unit
    if on < TWO_TIERS:
        return None
    gazetteer = default_gazetteer()
    whole = [code for code, kind in gazetteer.succession(unit.code) if kind in ("whole", "earlier")]
    return gazetteer.unit(whole[0], on) if len(whole) == 1 else None


def say_address(model: AddressModel, address: Address) -> str | dict[str, str]:
    """text: as written. district: DiaChi of the older programs. commune: that of 2025, which has no maHuyen."""
    if model == "text":
        return address.text
    if model == "district":
        return {"maTinh": address.province, "maHuyen": address.district, "maXa": address.commune, "dcChiTiet": address.text}
    return {"dcChiTiet": address.text, "quocGia": address.country, "maTinh": address.province, "maXa": address.commune}


def read_address(model: AddressModel, said: str | Mapping[str, Any]) -> Address:
    """What `say_address` wrote."""
    if isinstance(said, str):
        return Address(said)
    district = str(said.get("maHuyen") or "") if model == "district" else ""
    return Address(str(said.get("dcChiTiet") or ""), str(said.get("maTinh") or ""), district, str(said.get("maXa") or ""),
                   str(said.get("quocGia") or "VN"))
