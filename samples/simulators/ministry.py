"""The Ministry's civil-status software, simulated: tokens of three styles, v1 and v2 envelopes, module BS, the poll of states.

Its checks are those that public programs are known to meet: lengths, code lists, number and date formats; several errors come in one string
joined by the letter n; a dossier it has is answered "đã được tiếp nhận". Where a list or limit is not published the number here is ours.
"""
from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from lxml import etree

from records.codes import ethnicity_group
from records.places import TWO_TIERS, default_gazetteer
from samples.simulators.faults import Reply, Simulated

_V1, _V2, _SCAN = "/hotich/1.0/dangKyHoTich", "/apiLienThongKSKT/1.0/nhanHoSoDKHT", "/apiLienThongKSKT/1.0/scanHoSo"
_MOST = 255
_NAMED = {"LTKS": ("nksHoTen",), "LTKT": ("nktHoTen",), "LTKH": ("chongHoTen", "voHoTen")}
_LISTS = {"GioiTinh": range(1, 4), "LoaiCuTru": range(3), "LoaiGiayToTuyThan": range(9), "nksLoaiKhaiSinh": range(1, 6),
          "gbtLoai": range(8)}
_BS = {"cbsGioiTinh": "123", "loaiBanSao": "1234"}


@dataclass
class Taken:
    """A dossier that was taken. data: its fields as they were read; files: name -> bytes; times: how often it came."""

    module: str
    data: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)
    times: int = 1


@dataclass
class Ministry(Simulated):
    """accounts: name -> secret, of any style; token_seconds: life of a token; ready_seconds: after that a dossier has a result."""

    accounts: dict[str, str] = field(default_factory=lambda: {"sogoc": "bi-mat"})
    token_seconds: float = 3600.0
    ready_seconds: float = 0.0
    tokens: dict[str, float] = field(default_factory=dict)
    dossiers: dict[str, Taken] = field(default_factory=dict)

    def works(self, path: str) -> bool:
        return path in (_V1, _V2, _SCAN)

    def expire(self) -> None:
        self.tokens.clear()

    def figures(self) -> dict[str, Any]:
        return {"dossiers": len(self.dossiers), "received": sum(d.times for d in self.dossiers.values()), "tokens": len(self.tokens)}

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/token":
            return self._token(headers, body)
        if not self.works(path):
            return Reply({"message": "not found"}, 404)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self.tokens.get(token, 0.0) < time.monotonic():
            return Reply({"message": "token expired"}, 401)
        try:
            said = json.loads(body)
            return self._states(said) if path == _SCAN else self._take(path, said)
        except (ValueError, KeyError, TypeError, AttributeError, etree.XMLSyntaxError):
            return _refused(["Dữ liệu không đúng cấu trúc"])

    def _token(self, headers: dict[str, str], body: bytes) -> Reply:
        try:
            if "lgspaccesstoken" in headers:
                said = json.loads(base64.b64decode(headers["lgspaccesstoken"], validate=True))
                name, secret = said["AccessKey"], said["SecretKey"]
                good = parse_qs(body.decode()).get("grant_type") == ["client_credentials"] and {"AppName", "PartnerCode",
                                                                                               "PartnerCodeCus"} <= set(said)
            else:
                said, good = json.loads(body), True
                name, secret = (said["userName"], said["password"]) if "userName" in said else (said["SecretId"], said["SecretPass"])
        except (ValueError, KeyError, TypeError, binascii.Error):
            return Reply({"error": "invalid_request"}, 400)
        if not good or not secret or self.accounts.get(name) != secret:
            return Reply({"error": "invalid_client"}, 401)
        token = secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + self.token_seconds
        return Reply({"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds})

    def _take(self, path: str, said: dict[str, Any]) -> Reply:
        module, data, code = said["module"], _data(path, said), said["maHoSo" if path == _V1 else "maHoSoMCDT"]
        problems = list(_envelope(path, said, module, code))
        checks: Callable[[dict[str, Any]], Iterator[str]] = _copy if module == "BS" else lambda d: _registration(d, module, path == _V1)
        problems += checks(data)
        if problems:
            return _refused(problems)
        if code in self.dossiers:
            self.dossiers[code].times += 1
            known = f"Hồ sơ {code} đã được tiếp nhận"
            return Reply({"status": "0", "statusDescription": "", "errorCode": "DUP", "errorDescription": known})
        files = {f["tenTepDinhKem"]: base64.b64decode(f["duLieuTepDinhKem"], validate=True) for f in said.get("fileDinhKem", [])}
        self.dossiers[code] = Taken(module, data, files)
        return Reply({"status": "1", "statusDescription": "Tiếp nhận thành công", "errorCode": "0", "errorDescription": ""})

    def _states(self, said: dict[str, Any]) -> Reply:
        found: list[dict[str, Any]] = []
        for code in said["maDinhDanhHoSo"]:
            taken = self.dossiers.get(code)
            if taken is None or taken.module != said["module"]:
                continue
            ready = time.monotonic() - taken.at >= self.ready_seconds
            result = {"soDangKy": "15", "quyenSo": "01/2026", "trangSo": "15", "ngayDangKy": "05/01/2026"} if ready else {}
            found.append({"maDinhDanhHoSo": code, "trangThai": "4" if ready else "2", "ketQuaXuLy": result})
        return Reply({"status": 1 if found else 0, "value": found})


def _refused(problems: list[str]) -> Reply:
    """As it arrives in practice: one string, joined by what a lost backslash left."""
    return Reply({"status": "0", "statusDescription": "Không thành công", "errorCode": "VALIDATE",
                  "errorDescription": "".join(f"{p}n" for p in problems)})


def _data(path: str, said: dict[str, Any]) -> dict[str, Any]:
    if path == _V2:
        return dict(json.loads(said["data"]))
    root = etree.fromstring(said["data"], etree.XMLParser(resolve_entities=False, no_network=True))
    if root.tag != "hotich" or len(root) != 1 or root[0].tag != "hoso":
        raise ValueError
    return {e.tag: {c.tag: c.text or "" for c in e} if len(e) else e.text or "" for e in root[0]}


def _envelope(path: str, said: dict[str, Any], module: str, code: str) -> Iterator[str]:
    if not said.get("maDonVi"):
        yield "maDonVi không được để trống"
    if not re.fullmatch(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}", str(said.get("ngayTiepNhan"))):
        yield "ngayTiepNhan không đúng định dạng dd/MM/yyyy HH:mm:ss"
    if module not in (*_NAMED, *(["BS"] if path == _V2 else [])):
        yield f"module {module} không tồn tại"
    if not code or len(code) > 50:
        yield "Mã hồ sơ không hợp lệ"


def _registration(data: dict[str, Any], module: str, first: bool) -> Iterator[str]:
    day = r"\d{2}\.\d{2}\.\d{4}" if first else r"\d{2}/\d{2}/\d{4}"
    for name in _NAMED.get(module, ()):
        if not str(data.get(name, "")).strip():
            yield f"{name} không được để trống"
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _address(name, value, first)
        elif len(str(value)) > _MOST:
            yield f"{name} vượt quá {_MOST} ký tự"
        elif ("Ngay" in name or name.startswith("ngay")) and not name.endswith("BangChu"):
            if not re.fullmatch(rf"{day}|\d{{4}}|(?:\d{{1,3}}T)?", str(value)):
                yield f"{name} không đúng định dạng ngày"
        else:
            yield from _coded(name, str(value))
    if not re.fullmatch(r"\d+[a-zA-Z]?(/\d{4})?", str(data.get("so", ""))):
        yield "Số đăng ký không đúng định dạng"


def _coded(name: str, value: str) -> Iterator[str]:
    allowed = next((codes for ending, codes in _LISTS.items() if name.endswith(ending)), None)
    if allowed is not None and not (value.isdigit() and int(value) in allowed):
        yield f"{name} không tồn tại trong danh mục"
    if name.endswith("DanToc") and value and ethnicity_group(value) is None:
        yield f"{name} không tồn tại trong danh mục"


def _address(name: str, said: dict[str, Any], first: bool) -> Iterator[str]:
    wanted = {"maTinh", "maHuyen", "maXa", "dcChiTiet"} if first else {"dcChiTiet", "quocGia", "maTinh", "maXa"}
    if set(said) != wanted:
        yield f"{name} không đúng cấu trúc địa chỉ"
    elif said["maXa"] and not re.fullmatch(r"\d{5}", said["maXa"]):
        yield f"{name}.maXa không hợp lệ"
    elif said["maTinh"] and not first and said["maTinh"] not in _provinces():
        yield f"{name}.maTinh không tồn tại trong danh mục"


@cache
def _provinces() -> frozenset[str]:
    return frozenset(u.code for u in default_gazetteer().provinces_on(TWO_TIERS))


def _copy(data: dict[str, Any]) -> Iterator[str]:
    name, born = data["cbsHoTen"], data["cbsNgaySinh"]
    if not str(name["Ten"]).strip() or set(name) != {"Ho", "ChuDem", "Ten"}:
        yield "cbsHoTen không được để trống"
    if not re.fullmatch(r"\d{4}", born["namSinh"]) or not all(re.fullmatch(r"(\d{2})?", born[k]) for k in ("thangSinh", "ngaySinh")):
        yield "cbsNgaySinh không hợp lệ"
    for field_name, codes in _BS.items():
        if data.get(field_name) not in tuple(codes):
            yield f"{field_name} không tồn tại trong danh mục"
    if data["cbsDanToc"] and ethnicity_group(data["cbsDanToc"]) is None:
        yield "cbsDanToc không tồn tại trong danh mục"
    yield from _address("cbsNoiCuTru", data["cbsNoiCuTru"], False)
    if data["cbsSoDDCN"] and not re.fullmatch(r"\d{12}", data["cbsSoDDCN"]):
        yield "cbsSoDDCN phải có 12 chữ số"
    if not str(data["nycHoTen"]).strip() or len(data["nycHoTen"]) > _MOST:
        yield "nycHoTen không hợp lệ"
    if not re.fullmatch(r"[1-9]\d?", str(data["soLuong"])):
        yield "soLuong không hợp lệ"
    if not re.fullmatch(r"\d+[a-zA-Z]?(/\d{4})?", data["soDangKyTruocDay"]):
        yield "soDangKyTruocDay không đúng định dạng"
    if not re.fullmatch(r"\d{2}/\d{2}/\d{4}", data["ngayDangKyTruocDay"]):
        yield "ngayDangKyTruocDay không đúng định dạng dd/MM/yyyy"
    if default_gazetteer().unit(data["noiDangKyTruocDay"], TWO_TIERS) is None:
        yield "noiDangKyTruocDay không tồn tại trong danh mục"
