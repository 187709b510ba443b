"""The checks that those who load the Ministry's Excel make, made before it is handed over."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from records.codes import ethnicity_group
from records.ministry.rows import Row
from records.ministry.template import Template
from records.text import fold

WORDING: dict[str, tuple[str, str]] = {         # code: Vietnamese, English
    "no_number": ("Chưa có số đăng ký.", "There is no registration number."),
    "no_day": ("Chưa có ngày đăng ký.", "There is no day of registration."),
    "number_without_year": ("Số đăng ký phải có dạng số/năm, ví dụ 24/2007.", "The number must be number/year, such as 24/2007."),
    "book_without_year": ("Quyển số phải có dạng số/năm, ví dụ 01/2007.", "The book's number must be number/year, such as 01/2007."),
    "day_of_registration": ("Ngày đăng ký phải đủ ngày.tháng.năm.", "The day of registration must be complete: dd.mm.yyyy."),
    "date_length": ("Ngày phải là ngày.tháng.năm hoặc chỉ năm.", "A date must be dd.mm.yyyy or the year alone."),
    "year_differs": ("Năm trong số đăng ký khác năm của ngày đăng ký.", "The number's year is not that of the day of registration."),
    "page_not_number": ("Trang số phải là chữ số.", "The page must be figures."),
    "not_in_list": ("Giá trị không có trong danh mục của Bộ.", "The value is not in the Ministry's list."),
    "ethnicity_unknown": ("Dân tộc không có trong danh mục.", "The ethnicity is not in the list."),
    "no_office": ("Chưa có nơi đăng ký.", "There is no place of registration."),
    "duplicate": ("Trùng nơi đăng ký, quyển số và số với bản ghi khác.", "Another record has the same place, book and number."),
    "no_image": ("Chưa có bản chụp trang sổ.", "There is no image of the page."),
    "name_outside_rule": ("Không đặt được tên tệp đúng quy tắc.", "The file cannot be named by the rule."),
    "page_too_large": ("Không nén được trang xuống cỡ quy định mà vẫn rõ.", "The page cannot be made small enough and stay readable."),
    "not_held": ("Mẫu Excel của Bộ không giữ đủ giá trị này.", "The Ministry's Excel cannot hold this value in full."),
}
NOTES = frozenset({"not_held", "page_too_large"})       # told, but no reason to hold the delivery back


@dataclass(frozen=True)
class CheckFinding:
    """What falls short, of which columns; never a value. See WORDING."""

    code: str
    columns: tuple[str, ...] = ()

    @property
    def is_note(self) -> bool:
        return self.code in NOTES

    def message(self, lang: str = "vi") -> str:
        vi, en = WORDING[self.code]
        return vi if lang == "vi" else en


def check_row(template: Template, row: Row, slash: bool = True) -> list[CheckFinding]:
    """What is wrong with one row by itself. slash: `so` is to be number/year."""
    return [*_identity(row, slash), *_values(template, row), *([CheckFinding("not_held", row.not_held)] if row.not_held else [])]


def _identity(row: Row, slash: bool) -> Iterable[CheckFinding]:
    cells = row.cells
    number, day = cells["so"], cells["ngayDangKy"]
    if not number:
        yield CheckFinding("no_number", ("so",))
    elif slash and not re.search(r"/\d{4}$", number):
        yield CheckFinding("number_without_year", ("so",))
    if "quyenSo" in cells and not re.search(r"/\d{4}$", cells["quyenSo"]) and row.kind != "HN":     # those books print no number
        yield CheckFinding("book_without_year", ("quyenSo",))
    if not day:
        yield CheckFinding("no_day", ("ngayDangKy",))
    elif not re.fullmatch(r"\d{2}\.\d{2}\.\d{4}", day):
        yield CheckFinding("day_of_registration", ("ngayDangKy",))
    elif slash and "/" in number and number[-4:] != day[-4:]:
        yield CheckFinding("year_differs", ("so", "ngayDangKy"))
    if not cells.get("noiDangKy") and not cells.get("noiCap"):
        yield CheckFinding("no_office", ("noiDangKy" if "noiDangKy" in cells else "noiCap",))
    if cells.get("trangSo") and not re.fullmatch(r"[0-9]+", cells["trangSo"]):
        yield CheckFinding("page_not_number", ("trangSo",))


def _values(template: Template, row: Row) -> Iterable[CheckFinding]:
    lengths, lists, ethnic = [], [], []
    for column, text in row.cells.items():
        if not text:
            continue
        if template.is_date(column) and column != "ngayDangKy":
            if not re.fullmatch(r"\d{2}\.\d{2}\.\d{4}|\d{4}", text) and not (column in template.aged and re.fullmatch(r"\d{1,3}T", text)):
                lengths.append(column)
        elif column.endswith("DanToc"):
            if ethnicity_group(text) is None:
                ethnic.append(column)
        else:
            codes = template.code_list(row.kind, column)
            if codes is not None and text not in map(str, codes.words):
                lists.append(column)
    for code, columns in (("date_length", lengths), ("not_in_list", lists), ("ethnicity_unknown", ethnic)):
        if columns:
            yield CheckFinding(code, tuple(columns))


def key_of(row: Row) -> tuple[str, str, str, str]:
    """What tells entries apart: kind, place, book, number with its year; as the Ministry's loader compares them."""
    office = row.cells.get("noiDangKy") or row.cells.get("noiCap") or ""
    return row.kind, fold(office), row.cells.get("quyenSo", ""), row.cells["so"].lower()
