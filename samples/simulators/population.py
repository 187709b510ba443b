"""The national population database, simulated: SOAP operation TraCuuThongTinCongDan at /soap, a REST façade at /rest.

It is as strict as programs in use found the real one: element order, AuthHash of the officer, MaTichHop, a service code, names in capitals,
dates as yyyyMMdd or a year, no question without a person. What it is asked is counted, never printed.
"""
from __future__ import annotations

import base64
import binascii
import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from samples.simulators.faults import Reply, Simulated

_NS, _SOAP = "http://dancuquocgia.bca", "http://schemas.xmlsoap.org/soap/envelope/"
_ORDER = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh", "Paging")
_NEEDED = _ORDER[:4]
_XML = "text/xml; charset=utf-8"
_SEX = {"Nam": "1", "Nữ": "2"}


class _No(Exception):
    """A refusal, in the words of the other side."""


@dataclass
class Population(Simulated):
    """people: rows with the columns of the population CSV; officers: MaCanBo -> (keyName, keyPass)."""

    people: Sequence[Mapping[str, str]] = ()
    officers: dict[str, tuple[str, str]] = field(default_factory=lambda: {"CB001": ("khoa-hoa", "mat-khau-hoa")})
    integration: str = "037"
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of_file(cls, file: Path, **more: Any) -> Population:
        with file.open(encoding="utf-8", newline="") as f:
            return cls(people=list(csv.DictReader(f)), **more)

    def works(self, path: str) -> bool:
        return path in ("/soap", "/rest")

    def figures(self) -> dict[str, Any]:
        return {"people": len(self.people), "questions": len(self.asked), "different": len(set(self.asked))}

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/soap":
            return self._soap(headers, body)
        if path == "/rest":
            return self._rest(headers, body)
        return Reply({"message": "not found"}, 404)

    def expire(self) -> None:
        """There are none: each question carries its officer's own key."""

    def _soap(self, headers: dict[str, str], body: bytes) -> Reply:
        try:
            if not headers.get("content-type", "").startswith("text/xml") or "TraCuuThongTinCongDan" not in headers.get("soapaction", ""):
                raise _No("SOAPAction không hợp lệ")
            found = self._find(_asked_by_soap(body, self._auth_of(body)))
        except _No as e:
            fault = f"<s:Fault><faultcode>s:Client</faultcode><faultstring>{escape(str(e))}</faultstring></s:Fault>"
            return Reply(_envelope(fault), 500, _XML)
        people = "".join(_citizen(p) for p in found)
        return Reply(_envelope(f"<q:CongdanCollection>{people}</q:CongdanCollection>"), 200, _XML)

    def _rest(self, headers: dict[str, str], body: bytes) -> Reply:
        try:
            said = json.loads(body)
            auth = headers.get("authhash", "")
            asked = {name[0].upper() + name[1:]: str(value) for name, value in said.items() if name != "userNameService"}
            if not said.get("userNameService"):
                raise _No("userNameService không được để trống")
            found = self._find({**asked, "NgayThangNamSinh": asked.pop("NgayThangNam", ""), "auth": auth})
        except (ValueError, AttributeError, IndexError):
            return Reply({"status": "99", "message": "Dữ liệu không hợp lệ"}, 400)
        except _No as e:
            return Reply({"status": "01", "message": str(e)})
        return Reply({"status": "00", "data": [_json(p) for p in found]})

    def _auth_of(self, body: bytes) -> str:
        return _parse(body).findtext(f"{{{_SOAP}}}Header/{{{_NS}}}AuthHash") or ""

    def _find(self, asked: Mapping[str, str]) -> list[Mapping[str, str]]:
        for name in _NEEDED:
            if not asked.get(name):
                raise _No(f"{name} không được để trống")
        if asked["MaTichHop"] != self.integration:
            raise _No("MaTichHop không tồn tại")
        if not re.fullmatch(r"\d\.\d{6}", asked["MaDVC"]):
            raise _No("MaDVC không tồn tại")
        try:
            given = tuple(base64.b64decode(asked["auth"], validate=True).decode().split(":", 1))
        except (binascii.Error, ValueError):
            given = ()
        if given != self.officers.get(asked["MaCanBo"]):
            raise _No("AuthHash không hợp lệ")
        number, card, name, born = (asked.get(k, "") for k in ("SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh"))
        if name != name.upper():
            raise _No("HoVaTen phải viết hoa")
        if born and not re.fullmatch(r"\d{8}|\d{4}", born):
            raise _No("NgayThangNamSinh không đúng định dạng")
        if not number and not card and not (name and born):
            raise _No("Thiếu thông tin tra cứu")
        self.asked.append(asked["MaYeuCau"])
        if number:
            return [p for p in self.people if p["so_dinh_danh"] == number]
        alike = [p for p in self.people if p["ho_ten"].upper() == name and p["ngay_sinh"].replace("-", "").startswith(born)]
        return alike[:10] if name else []


def _parse(body: bytes) -> etree._Element:
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise _No("XML không hợp lệ") from None


def _asked_by_soap(body: bytes, auth: str) -> dict[str, str]:
    asked = _parse(body).find(f"{{{_SOAP}}}Body/{{{_NS}}}TraCuuThongTinCongDan")
    if asked is None or any(e.prefix != "qldc" for e in asked):
        raise _No("Không có TraCuuThongTinCongDan")
    names = [etree.QName(e).localname for e in asked]
    if names != [n for n in _ORDER if n in names]:
        raise _No("Sai thứ tự phần tử")
    values = {etree.QName(e).localname: (e[0].text if len(e) else e.text) or "" for e in asked if not e.tag.endswith("}Paging")}
    inside = asked.find(f"{{{_NS}}}NgayThangNamSinh")
    if inside is not None and etree.QName(inside[0]).localname != ("NgayThangNam" if len(values["NgayThangNamSinh"]) == 8 else "Nam"):
        raise _No("NgayThangNamSinh không đúng cấu trúc")
    return {**values, "auth": auth}


def _envelope(inside: str) -> str:
    return (f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{_SOAP}" xmlns:q="{_NS}"><s:Body>{inside}</s:Body></s:Envelope>')


def _citizen(p: Mapping[str, str]) -> str:
    first, *rest = p["ho_ten"].split() or [""]
    born = p["ngay_sinh"].replace("-", "")
    parts = [("SoDinhDanh", p["so_dinh_danh"]), ("GioiTinh", _SEX.get(p["gioi_tinh"], "3")), ("DanToc", p["dan_toc"]),
             ("QuocTich", p["quoc_tich"]), ("QueQuan", p["que_quan"])]
    simple = "".join(f"<q:{name}>{escape(value)}</q:{name}>" for name, value in parts)
    middle, given = " ".join(rest[:-1]), rest[-1] if rest else ""
    name = f"<q:Ho>{escape(first)}</q:Ho><q:ChuDem>{escape(middle)}</q:ChuDem><q:Ten>{escape(given)}</q:Ten>"
    day = f"<q:NgayThangNam>{born}</q:NgayThangNam>" if len(born) == 8 else f"<q:Nam>{born[:4]}</q:Nam>"
    live = f"<q:ThuongTru><q:ChiTiet>{escape(p['noi_thuong_tru'])}</q:ChiTiet></q:ThuongTru>"
    family = "".join(f"<q:{tag}><q:HoVaTen>{escape(p[f'ho_ten_{who}'])}</q:HoVaTen>"
                     f"<q:SoDinhDanh>{p[f'so_dinh_danh_{who}']}</q:SoDinhDanh></q:{tag}>"
                     for tag, who in (("Cha", "cha"), ("Me", "me"), ("VoChong", "vo_chong")))
    return f"<q:CongDan>{simple}<q:HoVaTen>{name}</q:HoVaTen><q:NgayThangNamSinh>{day}</q:NgayThangNamSinh>{live}{family}</q:CongDan>"


def _json(p: Mapping[str, str]) -> dict[str, Any]:
    return {"soDinhDanh": p["so_dinh_danh"], "hoVaTen": p["ho_ten"], "gioiTinh": _SEX.get(p["gioi_tinh"], "3"),
            "ngayThangNamSinh": {"ngayThangNam": p["ngay_sinh"].replace("-", "")}, "danToc": p["dan_toc"], "quocTich": p["quoc_tich"],
            "queQuan": p["que_quan"], "thuongTru": {"chiTiet": p["noi_thuong_tru"]},
            "cha": {"hoVaTen": p["ho_ten_cha"], "soDinhDanh": p["so_dinh_danh_cha"]},
            "me": {"hoVaTen": p["ho_ten_me"], "soDinhDanh": p["so_dinh_danh_me"]}}
