"""What the fields of registers are called, and whose they are: (Vietnamese, English)."""
from __future__ import annotations

import re
from collections.abc import Mapping

from records.forms import load_forms

Pair = tuple[str, str]         # Vietnamese, English
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


def full_label(code: str) -> Pair:
    """The field with its person, for sentences: `Mẹ: Họ, chữ đệm, tên`."""
    role, label = role_of(code), field_label(code)
    if role in ("", "sign"):
        return label
    person = ROLES[role]
    return f"{person[0]}: {label[0].lower()}", f"{person[1]}: {label[1].lower()}"
