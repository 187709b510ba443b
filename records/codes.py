"""The Ministry's code lists of the civil-status import (Công văn 1437 and its systems): code <-> words as written.

Values inside this program are words (Nam, Kinh, Cha); codes are for what goes out and comes in. loaiDangKy is the exception: its code.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from rapidfuzz import fuzz

from records.text import fold, strip_marks

REGISTER_KINDS: Mapping[str, str] = MappingProxyType({
    "KS": "Khai sinh", "KH": "Kết hôn", "KT": "Khai tử", "NCM": "Nhận cha, mẹ, con", "GH": "Giám hộ", "CN": "Nuôi con nuôi",
    "CC": "Thay đổi, cải chính, bổ sung hộ tịch, xác định lại dân tộc", "HN": "Cấp Giấy xác nhận tình trạng hôn nhân",
    "HS": "Hồ sơ hành chính",
})
KIND_ALIASES: Mapping[str, str] = MappingProxyType({"CMC": "NCM", "XNHN": "HN", "XACNHANHONNHAN": "HN", "TDCC": "CC", "NCN": "CN"})


@dataclass(frozen=True)
class CodeList:
    """One list. `words`: code -> canonical words. `others`: other words that mean the code."""

    name: str
    words: Mapping[int, str]
    others: Mapping[str, int]

    def from_code(self, code: int | str) -> str:
        """The words of a code. KeyError for a code the list does not have."""
        return self.words[int(code)]

    def to_code(self, text: str) -> int | None:
        """The code of words, whatever their case, marks' place and abbreviation; None if they are none of the list's."""
        wanted = fold(text)
        for code, words in self.words.items():
            if fold(words) == wanted:
                return code
        for words, code in self.others.items():
            if fold(words) == wanted or strip_marks(fold(words)) == wanted:
                return code
        return None

    def nearest(self, text: str, minimum: float = 0.6) -> tuple[str, float] | None:
        """The canonical words nearest to what was read, with similarity 0..1, or None if nothing is near."""
        wanted = fold(text)
        if not wanted:
            return None
        forms = [(fold(w), c) for c, w in self.words.items()] + [(fold(w), c) for w, c in self.others.items()]
        score, code = max(((fuzz.ratio(wanted, f) + fuzz.ratio(strip_marks(wanted), strip_marks(f))) / 200, -c) for f, c in forms)
        return (self.words[-code], score) if score >= minimum else None


def _list(name: str, words: dict[int, str], others: dict[str, int] | None = None) -> CodeList:
    return CodeList(name, MappingProxyType(words), MappingProxyType(others or {}))


SEX = _list("gioiTinh", {1: "Nam", 2: "Nữ", 3: "Chưa xác định"},
            {"trai": 1, "gái": 2, "con trai": 1, "con gái": 2, "nam giới": 1, "nữ giới": 2})
REGISTRATION_BIRTH_DEATH = _list("loaiDangKy", {
    0: "Không có thông tin", 1: "Đúng hạn", 2: "Đăng ký lại", 3: "Ghi vào sổ việc đã đăng ký ở nước ngoài", 4: "Quá hạn"},
    {"Đăng ký đúng hạn": 1, "Đăng ký quá hạn": 4, "Ghi vào sổ hộ tịch việc khai sinh": 3, "Ghi vào sổ hộ tịch việc khai tử": 3})
REGISTRATION_MARRIAGE = _list("loaiDangKy", {1: "Kết hôn lần đầu", 2: "Đăng ký lại", 3: "Ghi chú kết hôn"},
                              {"lần đầu": 1, "đăng ký mới": 1, "đăng ký lần đầu": 1})
REGISTRATION_PARENTHOOD = _list("loaiDangKy", {0: "Không có thông tin", 1: "Đăng ký mới", 2: "Ghi vào sổ việc đã đăng ký ở nước ngoài"})
REGISTRATION_OTHER = REGISTRATION_PARENTHOOD       # guardianship, corrections: no list is published; theirs has the same two squares
RESIDENCE = _list("loaiCuTru", {0: "Không có thông tin", 1: "Thường trú", 2: "Tạm trú"})
DOCUMENT = _list("loaiGiayToTuyThan", {
    0: "", 1: "CMND", 2: "Hộ chiếu", 3: "Thẻ thường trú", 4: "CCCD", 5: "CM quân đội", 6: "CM sĩ quan", 7: "CM công an", 8: "Khác"},
    {"Chứng minh nhân dân": 1, "Giấy chứng minh nhân dân": 1, "CMT": 1, "CMTND": 1, "Chứng minh thư": 1, "Passport": 2,
     "Căn cước công dân": 4, "Căn cước": 4,
     "Thẻ căn cước": 4, "Thẻ CCCD": 4, "Chứng minh quân đội": 5, "Chứng minh sĩ quan": 6, "Chứng minh công an": 7})
BIRTH_PARENTS = _list("nksLoaiKhaiSinh", {
    1: "Có đủ cha mẹ", 2: "Chưa xác định được mẹ", 3: "Chưa xác định được cha", 4: "Chưa xác định được cả cha và mẹ", 5: "Trẻ bị bỏ rơi"})
DEATH_DOCUMENT = _list("gbtLoai", {
    0: "Không có thông tin", 1: "Giấy báo tử", 2: "Biên bản thi hành án tử hình", 3: "Bản án, quyết định tuyên bố chết của tòa án",
    4: "Văn bản của công an hoặc giám định pháp y", 5: "Văn bản về nguyên nhân chết của y tế cấp huyện", 6: "Biên bản xác nhận việc chết",
    7: "Văn bản của người làm chứng"})
PARENTHOOD = _list("loaiXacNhan", {1: "Cha nhận con", 2: "Mẹ nhận con", 3: "Con nhận cha", 4: "Con nhận mẹ"})
MARRIAGE_STATE = _list("tinhTrangKetHon", {0: "Không có thông tin", 1: "Đã ly hôn", 2: "Đã hủy", 3: "Đã được công nhận"})


def _ethnicities() -> CodeList:
    text = (resources.files("records") / "code_data" / "ethnicities.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    others = {other: int(n) for n, _, line in rows for other in line.split(";") if other}
    return _list("danToc", {int(n): name for n, name, _ in rows}, others)


ETHNICITY = _ethnicities()
NATIONALITY = _list("quocTich", {
    1: "Việt Nam", 2: "Lào", 3: "Campuchia", 4: "Trung Quốc", 5: "Đài Loan", 6: "Hàn Quốc", 7: "Nhật Bản", 8: "Hoa Kỳ", 9: "Pháp",
    10: "Đức", 11: "Úc", 12: "Canada", 13: "Anh", 14: "Nga", 15: "Thái Lan", 16: "Malaysia", 17: "Singapore", 18: "Ấn Độ",
    19: "Không quốc tịch", 20: "Khác"},
    {"VN": 1, "V.Nam": 1, "V Nam": 1, "Mỹ": 8, "Cam-pu-chia": 3, "Kampuchia": 3, "Trung Hoa": 4, "Ôxtrâylia": 11, "Australia": 11,
     "Liên bang Nga": 14})
RELATION = _list("nycQuanHe", dict(enumerate((
    "Cha", "Mẹ", "Ông nội", "Bà nội", "Ông ngoại", "Bà ngoại", "Anh", "Chị", "Em", "Bác", "Chú", "Cô", "Dì", "Cậu", "Mợ", "Thím",
    "Dượng", "Con", "Con trai", "Con gái", "Con dâu", "Con rể", "Vợ", "Chồng", "Cháu", "Ông", "Bà", "Bản thân", "Người giám hộ",
    "Người thân thích", "Cha đẻ", "Mẹ đẻ", "Cha nuôi", "Mẹ nuôi", "Anh trai", "Chị gái", "Em trai", "Em gái", "Cháu nội",
    "Cháu ngoại"), start=1)),
    {"Bố": 1, "Ba": 1, "Bố đẻ": 31, "Má": 2, "Cha ruột": 31, "Mẹ ruột": 32, "Anh ruột": 7, "Chị ruột": 8, "Em ruột": 9, "Tự khai": 28,
     "Chính mình": 28})
DEATH_CAUSES = (
    "Già yếu", "Bệnh", "Ung thư", "Tai nạn giao thông", "Tai nạn lao động", "Tai nạn", "Đuối nước", "Sơ sinh", "Hy sinh",
    "Tai biến mạch máu não", "Nhồi máu cơ tim", "Suy tim", "Bệnh tim", "Cao huyết áp", "Tiểu đường", "Lao phổi", "Viêm phổi",
    "Suy thận", "Xơ gan", "Ung thư gan", "Ung thư phổi", "Ung thư dạ dày", "Đột tử", "Đột quỵ", "Tự tử", "Điện giật", "Ngộ độc",
    "Sét đánh", "Chết non", "Không rõ", "Bệnh già", "Ốm", "Tai biến", "HIV/AIDS", "COVID-19",
)


def registration_list(kind: str) -> CodeList:
    """The list of loaiDangKy that books of a kind use; ValueError for a kind without one (HN, CN: their pages do not tell)."""
    lists = {"KS": REGISTRATION_BIRTH_DEATH, "KT": REGISTRATION_BIRTH_DEATH, "KH": REGISTRATION_MARRIAGE, "NCM": REGISTRATION_PARENTHOOD,
             "GH": REGISTRATION_OTHER, "CC": REGISTRATION_OTHER}
    if kind not in lists:
        raise ValueError(f"books of kind {kind} have no loaiDangKy")
    return lists[kind]


def ethnicity_group(text: str) -> str | None:
    """The one of the 54 groups that a written ethnicity belongs to: "Ba Na (Rơ-ngao)" -> "Ba Na", "Mèo" -> "Mông"; None if unknown.
    What was written stays the value."""
    code = ETHNICITY.to_code(text)
    if code is None and "(" in text:
        code = ETHNICITY.to_code(text.split("(")[0]) or ETHNICITY.to_code(text.split("(")[1].rstrip(") "))
    return ETHNICITY.words[code] if code else None


def list_for_field(code: str) -> CodeList | None:
    """The code list of a field by its Ministry code (nksGioiTinh -> SEX), or None if it is free text or depends on the book's kind."""
    endings = {"GioiTinh": SEX, "DanToc": ETHNICITY, "QuocTich": NATIONALITY, "LoaiCuTru": RESIDENCE, "LoaiGiayToTuyThan": DOCUMENT,
               "QuanHe": RELATION, "nksLoaiKhaiSinh": BIRTH_PARENTS, "gbtLoai": DEATH_DOCUMENT, "loaiXacNhan": PARENTHOOD,
               "tinhTrangKetHon": MARRIAGE_STATE}
    return next((found for ending, found in endings.items() if code.endswith(ending)), None)
