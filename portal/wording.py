"""How data is called on the screen: register kinds, field codes, roles, states, reasons. Each wording is a (Vietnamese, English) pair."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr.quality import REASONS
from portal import notation
from portal.notation import VIETNAM as VIETNAM
from portal.notation import local_time as local_time
from records.field_names import ROLES as ROLES
from records.field_names import Pair as Pair
from records.field_names import field_label as field_label
from records.field_names import full_label as full_label
from records.field_names import role_of as role_of
from storage.field_groups import field_groups

KINDS: Mapping[str, Pair] = {
    "KS": ("Khai sinh", "Birth"), "KH": ("Kết hôn", "Marriage"), "KT": ("Khai tử", "Death"),
    "NCM": ("Nhận cha, mẹ, con", "Parentage"), "GH": ("Giám hộ", "Guardianship"), "CN": ("Nuôi con nuôi", "Adoption"),
    "CC": ("Thay đổi, cải chính", "Correction"), "HN": ("Tình trạng hôn nhân", "Marital status"), "HS": ("Hồ sơ hành chính", "Dossier"),
}
ENTRY_STATES: Mapping[str, Pair] = {
    "draft": ("Chờ xác nhận", "To confirm"), "review": ("Cần người xem", "Needs a person"),
    "verified": ("Đã xác nhận", "Verified"), "archived": ("Đã lưu trữ", "Archived"),
}
EXTRACT_STATES: Mapping[str, Pair] = {
    "requested": ("Chờ ký", "To be signed"), "signed": ("Chờ cấp số", "To be numbered"), "numbered": ("Chờ phát hành", "To be issued"),
    "issued": ("Chờ giao", "To be handed over"), "delivered": ("Đã giao", "Handed over"), "refused": ("Từ chối", "Refused"),
    "cancelled": ("Đã hủy", "Cancelled"),
}
PAGE_STATES: Mapping[str, Pair] = {
    "received": ("Mới nhận", "Received"), "stored": ("Chờ đọc", "Waiting to be read"), "read": ("Đã đọc", "Read"),
    "set_aside": ("Để riêng", "Set aside"),
}
USER_ROLES: Mapping[str, Pair] = {
    "commune_officer": ("Công chức tư pháp – hộ tịch", "Commune officer"), "reviewer": ("Cán bộ rà soát", "Reviewer"),
    "commune_head": ("Lãnh đạo xã", "Head of commune"), "approver": ("Người phê duyệt", "Approver"),
    "archivist": ("Lưu trữ viên", "Archivist"), "auditor": ("Kiểm tra viên", "Auditor"), "administrator": ("Quản trị", "Administrator"),
}
VERDICTS: Mapping[str, Pair] = {"good": ("Rõ", "Good"), "poor": ("Ảnh chưa tốt", "Poor"), "retake": ("Cần quét lại", "Scan again")}
FINDINGS: Mapping[str, Pair] = {      # rules of records.rules, in a few words; the finding itself says it whole
    "missing-value": ("thiếu mục bắt buộc", "a required blank is empty"), "not-a-number": ("số không đúng dạng", "not a number"),
    "no-such-date": ("ngày không có thật", "no such date"),
    "personal-number-other-province": ("số định danh của tỉnh khác", "number of another province"),
    "personal-number-shared": ("hai người chung một số giấy tờ", "two people with one number"),
    "before-opening": ("đăng ký trước ngày mở sổ", "registered before the book was opened"),
    "after-closing": ("đăng ký sau ngày khóa sổ", "registered after the book was closed"),
    "number-year": ("năm của số khác năm đăng ký", "number and date of different years"),
    "before-book-year": ("đăng ký trước năm của sổ", "registered before the book's year"),
    "before-event": ("đăng ký trước khi việc xảy ra", "registered before it happened"),
    "in-time": ("đúng hạn, quá hạn không khớp ngày", "in time or late does not fit the dates"),
    "registered-again": ("đăng ký lại không đúng thời gian", "registered again at the wrong time"),
    "date-words-unread": ("ngày bằng chữ không đọc được", "date in words not understood"),
    "date-words-differ": ("ngày bằng số và bằng chữ khác nhau", "date in figures and in words differ"),
    "place-at-that-time": ("địa danh chưa có lúc đăng ký", "place not there at that time"),
    "parent-after-child": ("cha mẹ sinh sau con", "parent born after the child"),
    "adoptive-age": ("cha mẹ nuôi không đủ lớn tuổi hơn con", "adoptive parent too young"),
    "parent-age": ("tuổi cha mẹ bất thường", "unusual age of a parent"), "marriage-age": ("chưa đủ tuổi kết hôn", "under age to marry"),
    "death-before-birth": ("chết trước khi sinh", "died before being born"), "very-old": ("tuổi quá cao", "very old"),
    "surname": ("họ không theo cha mẹ", "surname of neither parent"),
    "ethnicity": ("dân tộc không theo cha mẹ", "ethnicity of neither parent"),
    "birth-parents": ("loại khai sinh không khớp cha mẹ", "type of birth does not fit the parents"),
    "number-repeated": ("số bị trùng", "number repeated"), "number-gap": ("thiếu số", "a number is missing"),
    "date-order": ("ngày không theo thứ tự số", "dates out of order"), "lone-signer": ("người ký khác các mục bên cạnh", "another signer"),
}


def population_label(code: str, about: str) -> Pair:
    """The field under the heading of the person that was asked about: another person's (a parent's) is called by its person too."""
    return field_label(code) if role_of(code) == about else full_label(code)


@dataclass(frozen=True)
class Section:
    """Fields of one person (or of the registration itself), in the order of the form."""

    role: str
    codes: tuple[str, ...]


def sections(codes: Iterable[str]) -> tuple[Section, ...]:
    """`codes` grouped by person, people in order of first appearance, the signer last."""
    groups: dict[str, list[str]] = {}
    for code in codes:
        groups.setdefault(role_of(code), []).append(code)
    order = sorted(groups, key=lambda r: (r == "sign", list(groups).index(r)))
    return tuple(Section(role, tuple(groups[role])) for role in order)


def quality_remarks(quality: Mapping[str, Any]) -> tuple[Pair, ...]:
    """What is wrong with the page's image, in the clerk's words, both languages."""
    reasons = [str(r) for r in quality.get("reasons") or ()]
    return tuple((REASONS[r].vi, REASONS[r].en) if r in REASONS else (r, r) for r in reasons)


def sureness(confidence: float, source: str) -> str:
    """person | sure | unsure | doubtful: how a value is coloured and marked."""
    if source == "reviewer":
        return "person"
    return "sure" if confidence >= 0.95 else "unsure" if confidence >= 0.80 else "doubtful"


def kind(code: str | None) -> Pair:
    """The kind of register; a book or entry whose kind nobody knows yet says so."""
    return KINDS.get(code or "", ("Chưa rõ loại sổ", "Kind of book not known yet"))


_REASONS: Mapping[str, Pair] = {
    "low_confidence": ("Đọc chưa chắc: {what}", "Read with doubt: {what}"),
    "doubtful_fields": ("Đọc chưa chắc: {what}", "Read with doubt: {what}"),
    "missing_field": ("Chưa đọc được: {what}", "Could not be read: {what}"),
    "link_review": ("Chưa chắc là ai: {what}", "Unsure who this is: {what}"),
    "link_undecided": ("Chưa chắc là ai: {what}", "Unsure who this is: {what}"),
    "finding": ("Có mâu thuẫn: {what}", "Contradiction: {what}"),
    "link_changed": ("Dữ liệu dân cư đã đổi với người đã chọn: {what}", "The population changed about a choice: {what}"),
    "unknown_form": ("Không nhận ra mẫu sổ", "The form was not recognised"),
    "poor_image": ("Ảnh xấu", "Poor image"),
}


def reason(item: Any) -> Pair:
    """Why an entry waits, in words. `item`: a code, [code, argument …] or {"code": …, "fields": […]}; field codes and roles are named."""
    if isinstance(item, Mapping):
        code = str(item.get("code", ""))
        arguments: Sequence[Any] = [a for k, v in item.items() if k != "code" for a in (v if isinstance(v, list) else [v])]
    elif isinstance(item, list | tuple) and item:
        code, arguments = str(item[0]), [a for v in item[1:] for a in (v if isinstance(v, list) else [v])]
    else:
        code, arguments = str(item), []
    pair = _REASONS.get(code, (f"{code}: {{what}}", f"{code}: {{what}}") if arguments else (code, code))
    named = [ROLES.get(str(a)) or FINDINGS.get(str(a)) or full_label(str(a)) for a in arguments if isinstance(a, str)]
    said = [(pair[i].replace("{what}", "; ".join(n[i] for n in named[:4]) + (" …" if len(named) > 4 else ""))) for i in (0, 1)]
    return said[0].rstrip(": "), said[1].rstrip(": ")


_SMALL = re.compile(r"^(so|quyenSo|trangSo|ngayDangKy)$|(GioiTinh|DanToc|QuocTich)$")
_WIDE = re.compile(r"(BangChu|NoiSinh|QueQuan|NoiCuTru|NoiChet|nguoiKy|ghiChu|noiDangKy|CuTruTai|noiDungThayDoi|lyDoChamDut|DaiDien)$")


def width(code: str) -> str:
    """How much room a field takes on the screen: small, wide, or medium."""
    return "small" if _SMALL.search(code) else "wide" if _WIDE.search(code) else "medium"


def choice_text(view: Any, words: Any) -> str:
    """A field's value as it is read: the wording of its choice, else what is shown."""
    for value, pair in view.choices:
        if value == view.value:
            return words.pick(pair)
    return view.shown


def choice_list(view: Any, words: Any) -> list[list[str]]:
    """[value, wording] of each choice, the empty one first; a value outside the list is kept."""
    known = [["", ""], *([value, words.pick(pair)] for value, pair in view.choices)]
    return known if any(v == view.value for v, _ in known) else [*known, [view.value, view.shown]]


def percent(probability: float, lang: str) -> str:
    """A probability for people: 99,8 %; never 100 % unless it is."""
    return notation.percent(probability, lang=lang)


_WHOLE_SCOPES: Mapping[str, Pair] = {
    "person:vault": ("mọi hồ sơ của một người", "everything of one person"),
    "person:report": ("ai đã xem hồ sơ của một người", "who looked"),
    "push:status": ("trạng thái hồ sơ gửi Bộ", "how far dossiers for the Ministry are"),
    "feed:read": ("báo thay đổi của các loại sổ được xem", "changes of the kinds it may read"),
}


def client_scope(scope: str) -> Pair:
    """What a connected program may do: `KS:copy` -> bản sao Khai sinh."""
    left, _, right = scope.partition(":")
    if left == "sync":
        return f"gửi sổ của xã {right}", f"send books of commune {right}"
    if scope in _WHOLE_SCOPES:
        return _WHOLE_SCOPES[scope]
    vi, en = KINDS.get(left, (left, left))
    group = field_groups().get(right.partition(".")[2])
    if group is not None:
        return f"xem {vi}: {group.vi}", f"read {en}: {group.en}"
    return {"read": (f"xem {vi}", f"read {en}"), "copy": (f"bản sao {vi}", f"copy of {en}"),
            "extract": (f"trích lục {vi}", f"extracts of {en}")}.get(right, (scope, scope))
