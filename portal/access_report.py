"""A person's report "ai đã xem hồ sơ của tôi" in words: rows for the page, the spreadsheet and the API."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal import log_wording, wording
from portal.grant_wording import commune_name
from portal.language import Words
from portal.notation import local_time
from portal.wording import Pair
from storage.access_log import NOBODY
from storage.person_access import AccessReport, Look, Registered
from storage.sheet_file import Column, Sheet, workbook
from storage.watermark import Watermark

_PARTS: Mapping[str, Pair] = {
    "population": ("dữ liệu dân cư", "population data"), "personal_number": ("số định danh cá nhân", "personal number"),
}
_WHOLE: Mapping[str, Pair] = {"page image": ("ảnh trang sổ", "picture of the page"), "copy": ("bản sao có chữ ký số", "signed copy")}
_BY_ACTION: Mapping[str, Pair] = {      # where a line names no fields
    "record.search": ("chỉ việc có hồ sơ", "only that there is a record"), "records.export": ("cả bản ghi", "the whole record"),
    "page.view": ("ảnh trang sổ", "picture of the page"), "log.person": ("chỉ nhật ký", "the log alone"),
    "log.who_saw": ("chỉ nhật ký", "the log alone"),
}


@dataclass(frozen=True)
class LookAnswer:
    """One look, in words. officer: a code, or a number of this report's own, as the installation is set; result: allowed, or why not."""

    seq: int
    at: str
    agency: str
    role: str
    officer: str
    action: str
    fields: str
    purpose: str
    dossier: str
    service: str
    basis: str
    result: str
    records: str


@dataclass(frozen=True)
class Brief:
    """A look in four cells, of some lines each, for people to read."""

    who: tuple[str, ...]
    what: tuple[str, ...]
    seen: tuple[str, ...]
    why: tuple[str, ...]


def brief(r: LookAnswer, words: Words) -> Brief:
    """What is said once is not said again, nor that a look was allowed."""
    what = (r.action, r.result) if r.result != words("được") else (r.action,)
    if r.result.casefold().startswith(r.action.casefold()):
        what = (r.result.capitalize(),)
    why = (r.purpose, words("Hồ sơ: {code}", code=r.dossier) if r.dossier else "",
           words("Thủ tục: {code}", code=r.service) if r.service and r.service not in r.purpose else "", r.basis)
    return Brief(_said_lines(r.officer, r.role, r.agency), what, _said_lines(r.fields, r.records), _said_lines(*why))


def _said_lines(*parts: str) -> tuple[str, ...]:
    return tuple(p for p in parts if p) or ("–",)


def rows(report: AccessReport, words: Words, show_officers: bool) -> list[LookAnswer]:
    """The newest first. show_officers: officers by their code; else each by a number, the same person by the same one in this report."""
    numbers: dict[str, int] = {}
    return [_row(look, report.called, words, show_officers, numbers) for look in report.looks]


def _row(look: Look, called: Mapping[str, Sequence[Registered]], words: Words, show_officers: bool, numbers: dict[str, int]) -> LookAnswer:
    d = look.detail
    officer = _text(d, "officer") or ("" if look.actor.startswith("client:") or look.actor == NOBODY else look.actor)
    if officer and not show_officers:
        officer = words("Cán bộ {n}", n=numbers.setdefault(officer, len(numbers) + 1))
    refused = d.get("decision") == "refused"
    reason = _said("reason", d, words)
    return LookAnswer(
        look.seq, local_time(look.at, "%d/%m/%Y %H:%M:%S"), _agency(look, words),
        ", ".join(words.pick(wording.USER_ROLES.get(r) or log_wording.told("roles", r)) for r in _list(d, "roles")), officer,
        words.pick(log_wording.action(look.action)), field_groups(look, words), _purpose(d, words), _text(d, "dossier"),
        _text(d, "service"), _text(d, "basis"), (words("bị từ chối: {why}", why=reason) if reason else words("bị từ chối")) if refused
        else words("được"), "; ".join(dict.fromkeys(_record(r, called.get(r, ()), words) for r in look.records)))


def _record(code: str, entries: Sequence[Registered], words: Words) -> str:
    """A record as the person knows it: `Khai sinh số 3, quyển 01/2017`, `trang sổ có Khai sinh số 3, quyển 01/2017`."""
    known = [e for e in entries if e.number]
    if len(known) < len(entries) or not known:
        return words.pick(log_wording.subject(code))
    said = ", ".join(_registered(e, words) for e in known)
    return {"page": words("trang sổ có {entry}", entry=said), "batch": words("quyển sổ có {entry}", entry=said)}.get(
        code.partition(":")[0], said)


def _registered(e: Registered, words: Words) -> str:
    kind = words.pick(wording.kind(e.kind))
    if e.book:
        return words("{kind} số {number}, quyển {book}", kind=kind, number=e.number or "", book=e.book)
    return words("{kind} số {number}", kind=kind, number=f"{e.number}/{e.year}" if e.year else e.number or "")


def _agency(look: Look, words: Words) -> str:
    """The agency that the line names, the commune the officer works for, or the connected system."""
    d = look.detail
    if look.actor == NOBODY:
        return words("chưa rõ là ai (truy cập từ mạng)")
    commune = _text(d, "commune")
    client = look.actor.removeprefix("client:") if look.actor.startswith("client:") else ""
    parts = [_text(d, "agency"), commune_name(commune) if commune else "", words.pick(log_wording.actor(look.actor)) if client else ""]
    return ", ".join(p for p in parts if p) or words("cơ quan quản lý cơ sở dữ liệu này")


def field_groups(look: Look, words: Words) -> str:
    """What was seen, by person and kind of thing: `Mẹ; đăng ký; ảnh trang sổ`, never a value."""
    fields = look.detail.get("fields")
    if not isinstance(fields, list) or not fields:
        field = _text(look.detail, "field")
        fields = [field] if field else []
    groups = dict.fromkeys(words.pick(_group(code)) for code in fields if isinstance(code, str))
    if groups:
        return "; ".join(groups)
    return words.pick(_BY_ACTION[look.action]) if look.action in _BY_ACTION and fields == [] else ""


def _group(code: str) -> Pair:
    role, colon, part = code.partition(":")
    if colon:
        person, what = wording.ROLES.get(role, (role, role)), _PARTS.get(part, (part, part))
        return f"{person[0]}: {what[0]}", f"{person[1]}: {what[1]}"
    if code in _WHOLE:
        return _WHOLE[code]
    return wording.full_label(code) if code == "ghiChu" else wording.ROLES[wording.role_of(code)]


def _purpose(detail: Mapping[str, Any], words: Words) -> str:
    """A program that says no more is taken at the service it named (portal.api.context)."""
    service = _text(detail, "service")
    if service and _text(detail, "purpose") == f"service {service}":
        return words("giải quyết thủ tục {code}", code=service)
    return _said("purpose", detail, words)


def _said(key: str, detail: Mapping[str, Any], words: Words) -> str:
    text = _text(detail, key)
    return words.pick(log_wording.told(key, text)) if text else ""


def _text(detail: Mapping[str, Any], key: str) -> str:
    found = detail.get(key)
    return found if isinstance(found, str) else ""


def _list(detail: Mapping[str, Any], key: str) -> Sequence[str]:
    found = detail.get(key)
    return [x for x in found if isinstance(x, str)] if isinstance(found, list) else []


def silent(report: AccessReport, words: Words) -> list[str]:
    """What the report does not cover, in words; empty when it covers all it was asked for."""
    said = [words("Chưa đọc được nhật ký từ {first} đến {last} trong kho lưu trữ; báo cáo không nói gì về thời gian đó.",
                  first=local_time(a, "%d/%m/%Y"), last=local_time(b, "%d/%m/%Y")) for a, b in report.unread]
    return [*said, *([words("Còn lượt xem cũ hơn: hãy chọn khoảng ngày ngắn hơn.")] if report.more else [])]


def columns(words: Words) -> Mapping[str, str]:
    """Title of each part of a look."""
    return {"seq": "#", "at": words("Lúc"), "agency": words("Cơ quan"), "role": words("Vai trò"), "officer": words("Cán bộ"),
            "action": words("Việc"), "fields": words("Đã xem phần nào"), "purpose": words("Mục đích"), "dossier": words("Mã hồ sơ"),
            "service": words("Thủ tục"), "basis": words("Căn cứ"), "result": words("Kết quả"), "records": words("Bản ghi")}


def sheet(found: Iterable[LookAnswer], report: AccessReport, words: Words, mark: Watermark) -> bytes:
    """The report as XLSX, every page marked with who made it, when and what for."""
    lead = (words("AI ĐÃ XEM HỒ SƠ"), words("Số bản ghi: {n} · Số lượt: {looks}", n=len(report.entries), looks=len(report.looks)),
            *silent(report, words))
    names = columns(words)
    heads = tuple(Column(title, "number" if name == "seq" else "text") for name, title in names.items())
    lines = tuple(tuple(getattr(r, name) for name in names) for r in found)
    return workbook([Sheet(words("Lượt xem"), heads, lines, lead)], mark)


def plain(text: str) -> str:
    """A number as somebody typed it, without spaces and points."""
    return re.sub(r"[\s.]", "", text)
