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
from records.forms import load_forms
from storage.field_groups import field_groups

Pair = tuple[str, str]

KINDS: Mapping[str, Pair] = {
    "KS": ("Khai sinh", "Birth"), "KH": ("Kết hôn", "Marriage"), "KT": ("Khai tử", "Death"),
    "NCM": ("Nhận cha, mẹ, con", "Parentage"), "GH": ("Giám hộ", "Guardianship"), "CN": ("Nuôi con nuôi", "Adoption"),
    "CC": ("Thay đổi, cải chính", "Correction"), "HN": ("Tình trạng hôn nhân", "Marital status"), "HS": ("Hồ sơ hành chính", "Dossier"),
}
ROLES: Mapping[str, Pair] = {
    "nks": ("Người được khai sinh", "Child"), "me": ("Mẹ", "Mother"), "cha": ("Cha", "Father"), "vo": ("Vợ", "Wife"),
    "chong": ("Chồng", "Husband"), "nkt": ("Người được khai tử", "Deceased"), "nyc": ("Người đi đăng ký", "Applicant"),
    "gbt": ("Giấy báo tử", "Death notice"), "cm": ("Người nhận", "Parent"), "nc": ("Người con", "Child"),
    "nxn": ("Người được xác nhận", "Person certified"), "ngh": ("Người giám hộ", "Guardian"), "ndgh": ("Người được giám hộ", "Ward"),
    "ntd": ("Người được thay đổi, cải chính", "Person corrected"), "cn": ("Con nuôi", "Adopted child"),
    "chaNuoi": ("Cha nuôi", "Adoptive father"), "meNuoi": ("Mẹ nuôi", "Adoptive mother"),
    "chaGiao": ("Ông (bên giao con nuôi)", "Man giving for adoption"), "meGiao": ("Bà (bên giao con nuôi)", "Woman giving for adoption"),
    "bg": ("Bên giao con nuôi", "Giving party"), "csnd": ("Cơ sở nuôi dưỡng", "Care institution"),
    "gcn": ("Giấy chứng nhận/Quyết định", "Certificate or decision"), "gtht": ("Giấy tờ hộ tịch", "Civil-status paper"),
    "gh": ("Việc giám hộ", "Guardianship"), "": ("Đăng ký", "Registration"), "sign": ("Người ký", "Signer"),
}
_WHOLE: Mapping[str, Pair] = {
    "so": ("Số", "Number"), "quyenSo": ("Quyển số", "Book number"), "trangSo": ("Trang số", "Page number"),
    "ngayDangKy": ("Ngày đăng ký", "Registered on"), "loaiDangKy": ("Loại đăng ký", "Type of registration"),
    "noiDangKy": ("Nơi đăng ký", "Registry office"), "nguoiKy": ("Người ký, chức vụ", "Signed by"),
    "chucVuNguoiKy": ("Chức vụ", "Office held"),
    "nguoiThucHien": ("Người thực hiện", "Officer"), "ghiChu": ("Ghi chú", "Notes"),
    "ngayXacNhan": ("Ngày xác nhận quan hệ hôn nhân", "Marriage confirmed on"), "nktNgayChet": ("Ngày chết", "Died on"),
    "nktGioPhutChet": ("Giờ, phút chết", "Time of death"), "nktNoiChet": ("Nơi chết", "Place of death"),
    "nktNguyenNhanChet": ("Nguyên nhân chết", "Cause of death"), "gbtSo": ("Số", "Number"), "gbtNgay": ("Ngày cấp", "Issued on"),
    "nksLoaiKhaiSinh": ("Loại khai sinh", "Type of birth"), "nycQuanHe": ("Quan hệ", "Relation"),
    "tinhTrangKetHon": ("Tình trạng", "Status"), "loaiXacNhan": ("Loại xác nhận", "Who recognises whom"),
    "nycQHNguoiDuocNhan": ("Quan hệ với người được nhận", "Relation to the person recognised"),
    "loaiGiamHo": ("Loại giám hộ", "Kind of guardianship"), "lyDoChamDut": ("Lý do chấm dứt giám hộ", "Why the guardianship ended"),
    "loaiThayDoi": ("Loại việc", "Kind of change"), "noiDungThayDoi": ("Nội dung thay đổi, cải chính", "What was changed"),
    "nxnThoiGianCuTruTai": ("Thời gian cư trú tại", "Lived in"), "nxnThoiGianCuTruTu": ("Cư trú từ ngày", "Lived there from"),
    "nxnThoiGianCuTruDen": ("Cư trú đến ngày", "Lived there until"), "nxnTinhTrangHonNhan": ("Tình trạng hôn nhân", "Marital status"),
    "nxnMucDichSuDung": ("Mục đích sử dụng", "Purpose"), "nxnLoaiMucDichSuDung": ("Loại mục đích", "Kind of purpose"),
    "noiCap": ("Nơi cấp", "Issued by"),
}
_ENDINGS: Mapping[str, Pair] = {
    "HoTen": ("Họ, chữ đệm, tên", "Full name"), "NgaySinhBangChu": ("Ngày sinh bằng chữ", "Born on, in words"),
    "NgaySinh": ("Ngày sinh", "Born on"), "GioiTinh": ("Giới tính", "Sex"), "DanToc": ("Dân tộc", "Ethnicity"),
    "QuocTich": ("Quốc tịch", "Nationality"), "NoiSinh": ("Nơi sinh", "Born in"), "QueQuan": ("Quê quán", "Native place"),
    "NoiCuTru": ("Nơi cư trú", "Residence"), "SoDinhDanh": ("Số định danh cá nhân", "Personal number"),
    "SoGiayToTuyThan": ("Giấy tờ tùy thân", "Identity paper"), "LoaiGiayToTuyThan": ("Loại giấy tờ", "Kind of paper"),
    "NgayCapGiayToTuyThan": ("Ngày cấp", "Issued on"), "NoiCapGiayToTuyThan": ("Nơi cấp", "Issued by"),
    "LoaiCuTru": ("Loại cư trú", "Residence type"), "QuanHe": ("Quan hệ", "Relation"), "So": ("Số", "Number"), "Ten": ("Tên", "Name"),
    "Ngay": ("Ngày cấp", "Issued on"), "CoQuanCap": ("Cơ quan cấp", "Issued by"), "NgayDangKy": ("Ngày đăng ký", "Registered on"),
    "DaiDien": ("Họ tên, chức vụ người đại diện", "Represented by"),
}
_ROLE_OF = re.compile(rf"^({'|'.join(sorted((r for r in ROLES if r not in ('', 'sign')), key=len, reverse=True))})(?=[A-Z])")
_SIGNING = {"nguoiKy", "chucVuNguoiKy", "nguoiThucHien"}
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


def role_of(code: str) -> str:
    """The person (or part) of the entry that field `code` belongs to: nks, me …, `sign`, or `` for the registration itself."""
    if code in _SIGNING:
        return "sign"
    match = _ROLE_OF.match(code)
    return match[1] if match else ""


def field_label(code: str) -> Pair:
    """What the field is called under its person's heading: a code that is not known here by the label some form prints before it, else
    the code itself."""
    if code in _WHOLE:
        return _WHOLE[code]
    known = _ENDINGS.get(_ROLE_OF.sub("", code))
    return known or _printed(code) or (code, code)


def _printed(code: str) -> Pair | None:
    """The printed label of a form that has this field: forms may come from one's own folder, with codes of their own."""
    for form in load_forms().values():
        text = next((form.labels[b.label].text for b in form.blanks if b.code == code and b.label is not None), None)
        text = text or next((tick.label for tick in form.ticks if tick.code == code), None)
        if text:
            return text.rstrip(" :…"), text.rstrip(" :…")
    return None


def population_label(code: str, about: str) -> Pair:
    """The field under the heading of the person that was asked about: another person's (a parent's) is called by its person too."""
    return field_label(code) if role_of(code) == about else full_label(code)


def full_label(code: str) -> Pair:
    """The field with its person, for sentences: `Mẹ: Họ, chữ đệm, tên`."""
    role, label = role_of(code), field_label(code)
    if role in ("", "sign"):
        return label
    person = ROLES[role]
    return f"{person[0]}: {label[0].lower()}", f"{person[1]}: {label[1].lower()}"


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
