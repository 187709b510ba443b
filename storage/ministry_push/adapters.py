"""The envelopes of the Ministry's interface, v1 (XML in JSON) and v2 (JSON in JSON): a dossier into a body, an answer into its meaning."""
from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from records.ministry.cells import CONTROL
from records.ministry.date_styles import say_moment
from records.ministry.joined_messages import split_messages
from records.text import fold
from storage.ministry_push.endpoints import Endpoint

_KNOWN_THERE = fold("đã được tiếp nhận")


@dataclass(frozen=True)
class Attachment:
    """A file of a dossier. kind: loaiGiayTo; title: tenGiayTo; name: of the file."""

    kind: str
    title: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Parcel:
    """What is sent. data: the fields, already in the endpoint's styles; linked: maHoSoLT; agency: maDonVi."""

    module: str
    dossier: str
    linked: str
    agency: str
    received: datetime
    data: Mapping[str, Any]
    files: Sequence[Attachment] = ()


@dataclass(frozen=True)
class Answer:
    """taken: the other side has the dossier; again: it had it before; lines: what it says, a message each."""

    taken: bool
    again: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """What the other side says of one dossier. result: soDangKy, quyenSo, …; empty until there is one."""

    dossier: str
    state: str
    result: Mapping[str, Any]


def body_of(endpoint: Endpoint, parcel: Parcel) -> dict[str, Any]:
    """The JSON body of the call."""
    received = say_moment("slashed", parcel.received)
    if endpoint.protocol == "xml-in-json":
        return {"maDonVi": parcel.agency, "ngayTiepNhan": received, "module": parcel.module, "maHoSo": parcel.dossier,
                "data": to_xml(parcel.data)}
    return {"module": parcel.module, "maHoSoMCDT": parcel.dossier, "maHoSoLT": parcel.linked, "maDonVi": parcel.agency,
            "ngayTiepNhan": received, "data": json.dumps(parcel.data, ensure_ascii=False),
            "fileDinhKem": [{"id": n, "loaiGiayTo": f.kind, "tenGiayTo": f.title, "tenTepDinhKem": f.name, "huyGiayTo": "0",
                             "duLieuTepDinhKem": base64.b64encode(f.data).decode()} for n, f in enumerate(parcel.files, 1)]}


def to_xml(data: Mapping[str, Any]) -> str:
    """<hotich><hoso>…</hoso></hotich>; an address is an element of elements. What XML cannot hold is left out."""
    root = etree.Element("hotich")
    _fill(etree.SubElement(root, "hoso"), data)
    return etree.tostring(root, encoding="unicode")


def _fill(parent: etree._Element, data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        element = etree.SubElement(parent, name)
        if isinstance(value, Mapping):
            _fill(element, value)
        else:
            element.text = CONTROL.sub("", str(value))


def answer_of(said: Mapping[str, Any]) -> Answer:
    """What an answer means. "Đã được tiếp nhận" anywhere in it is success: the dossier was taken at an earlier try."""
    texts = [str(said.get(k) or "") for k in ("statusDescription", "errorDescription", "message")]
    again = any(_KNOWN_THERE in fold(t) for t in texts)
    lines = tuple(line for t in dict.fromkeys(texts) for line in split_messages(t))
    good = str(said.get("status", "")).strip() == "1" and str(said.get("errorCode") or "0").strip() in ("0", "00", "")
    return Answer(good or again, again, lines)


def poll_body(dossiers: Sequence[str], module: str, province: str) -> dict[str, Any]:
    return {"maDinhDanhHoSo": list(dossiers), "maTinh": province, "module": module}


def states_of(said: Mapping[str, Any]) -> list[State]:
    """The states in an answer of the poll; what has no code is left out."""
    found = []
    values = said.get("value")
    for v in values if isinstance(values, list) else []:
        code = next((str(v[k]) for k in ("maDinhDanhHoSo", "maHoSoMCDT", "maHoSo") if isinstance(v, dict) and v.get(k)), "")
        if code:
            result = v.get("ketQuaXuLy")
            found.append(State(code, str(v.get("trangThai") or ""), result if isinstance(result, dict) else {}))
    return found
